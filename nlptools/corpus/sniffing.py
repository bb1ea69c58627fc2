"""What a file holds, from its first bytes."""

import re
import shlex

from nlptools.corpus.byte_stream import STDIN, SUFFIXES, ByteStream
from nlptools.errors import InputError

HEAD_BYTES = 64 << 10
BOM = b"\xef\xbb\xbf"

_UTF16 = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_BINARY = {
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF document",
    b"\x7fELF": "a program",
    b"SQLite format 3\0": "an SQLite database",
    b"PK\x03\x04": "a zip archive (or an Office document)",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\0": "xz data",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
}
_TEXT_BYTES = bytes(range(0x20, 0x100)) + b"\t\n\r\f\x1b"
_WORDS = {b"BZh", b"GIF8", b"PAR1"}  # could begin a text as well, so only count with a byte that no text has


def check_text(stream: ByteStream, name: str) -> None:
    """Raise InputError, with the way out, if the stream begins like no UTF-8 text; drop a byte order mark."""
    head = stream.peek(HEAD_BYTES)
    for mark, encoding in _UTF16.items():
        if head.startswith(mark):
            raise InputError(f"{name}: is {encoding}, not UTF-8; convert it first: {_iconv(encoding, name)}")
    kind = next((kind for magic, kind in _BINARY.items() if head.startswith(magic)), None)
    strange = len(head.translate(None, _TEXT_BYTES))
    if kind is not None and (strange or not head.startswith(tuple(_WORDS))):
        raise InputError(f"{name}: looks binary, like {kind}; give text, or extract the text first")
    if strange * 100 > len(head) and strange > 1:
        raise InputError(
            f"{name}: looks binary, with {strange * 100 // len(head)} % control characters; "
            "give text, or extract the text first"
        )
    lines = re.findall(rb"[^\n]*\n", head) if len(head) == HEAD_BYTES and b"\n" in head else head.split(b"\n")
    lines = [line for line in lines if line.strip()]
    bad = sum(not _is_utf8(line, len(head) == HEAD_BYTES) for line in lines)
    if 2 * bad > len(lines):
        raise InputError(
            f"{name}: not UTF-8 ({bad} of the first {len(lines)} lines not valid), perhaps GB18030 or Big5; "
            f"convert it first: {_iconv('GB18030', name)}"
        )
    if head.startswith(BOM):
        stream.read(len(BOM))


def _is_utf8(line: bytes, cut: bool) -> bool:
    """Say whether a line is valid; if the line may be `cut`, its last character need not be whole."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return cut and error.reason == "unexpected end of data"
    return True


def _iconv(encoding: str, name: str) -> str:
    command = f"iconv -f {encoding} -t UTF-8"
    if name == STDIN:
        return f"… | {command} | …"
    unpack = next((f"{tool} -dc" for suffix, tool in SUFFIXES.items() if name.lower().endswith(suffix)), None)
    if unpack is not None:
        return f"{unpack} {shlex.quote(name)} | {command} > utf8.txt"
    return f"{command} {shlex.quote(name)} > utf8.txt"


def first_lines(stream: ByteStream, max_line_bytes: int) -> list[bytes]:
    """Return the lines of the first 64 KiB, whole ones only, at least one; takes nothing from the stream."""
    size = HEAD_BYTES
    while True:
        head = stream.peek(size)
        if len(head) < size or size > max_line_bytes:
            return head.split(b"\n")
        if b"\n" in head:
            return head.split(b"\n")[:-1]
        size *= 4
