"""What a file holds, from its first bytes."""

import re

from nlptools.corpus.byte_stream import ByteStream
from nlptools.errors import InputError

HEAD_BYTES = 64 << 10

_BINARY = {
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF document",
    b"\x7fELF": "a program",
    b"BZh": "damaged bzip2 data",
    b"SQLite format 3\0": "an SQLite database",
    b"FEA1": "Feather data of version 1",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xd0\xcf\x11\xe0": "an old Office document",
}
_WORDS = {b"GIF8", b"FEA1", b"BZh"}  # could begin a text as well, so only count with a byte that no text has
_TEXT_BYTES = bytes(range(0x20, 0x100)) + b"\t\n\r\f\x1b"
_TAR = slice(257, 262)  # where "ustar" stands


def binary_kind(head: bytes) -> str | None:
    """Return what the first bytes of a file that is no text are, None if they may be text."""
    if head[_TAR] == b"ustar":
        return "a tar archive"
    kind = next((kind for magic, kind in _BINARY.items() if head.startswith(magic)), None)
    return kind if _strange(head) or not head.startswith(tuple(_WORDS)) else None


def check_text(stream: ByteStream, name: str) -> None:
    """Raise InputError if the stream begins like no text."""
    head = stream.peek(HEAD_BYTES)
    strange = _strange(head)
    if strange * 100 > len(head) and strange > 1:
        raise InputError(
            f"{name}: looks binary, with {strange * 100 // len(head)} % control characters; "
            "give text, or extract the text first"
        )


def _strange(head: bytes) -> int:
    return len(head.translate(None, _TEXT_BYTES))


def table_format(stream: ByteStream) -> str | None:
    """Return "TSV" or "CSV" if the first lines look like a table with a line of names, else None."""
    head = stream.peek(HEAD_BYTES)
    if len(head) == HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    lines = [line for line in head.decode("utf-8", "replace").replace("\r\n", "\n").split("\n") if line]
    for form, delimiter in (("TSV", "\t"), ("CSV", ",")):
        counts = {re.sub('"[^"]*"', "", line).count(delimiter) for line in lines}
        names = [name.strip(' "') for name in lines[0].split(delimiter)] if lines else []
        if len(lines) > 1 and len(counts) == 1 and 0 not in counts and _are_names(names):
            return form
    return None


def _are_names(names: list[str]) -> bool:
    """Say whether these could be the names of columns: short, different, words."""
    return len(set(names)) == len(names) and all(re.fullmatch(r"[^\W\d][\w .-]{0,39}", name) for name in names)


def first_lines(stream: ByteStream, max_line_bytes: int, size: int) -> list[bytes]:
    """Return the lines of the first `size` bytes, whole ones only, at least one; takes nothing from the stream."""
    while True:
        head = stream.peek(size)
        if len(head) < size or size > max_line_bytes:
            return head.split(b"\n")
        if b"\n" in head:
            return head.split(b"\n")[:-1]
        size = min(4 * size, max_line_bytes + 1)
