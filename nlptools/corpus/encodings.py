"""Encodings of text: which one it is, and how it becomes UTF-8."""

import codecs
import re
from collections.abc import Iterator

from nlptools.corpus.byte_stream import ByteStream, chunk_stream
from nlptools.corpus.sniffing import check_text
from nlptools.errors import InputError, OptionError

COMMON = ("utf-8", "gb18030", "gbk", "big5", "utf-16", "utf-32")
"""The encodings that a message proposes."""

CHUNK_BYTES = 1 << 20
_CODECS = {"GB18030": "gb18030", "Big5": "big5hkscs"}  # the two that are guessed: name -> the widest codec
_LABELS = {"big5": "Big5", "big5hkscs": "Big5-HKSCS"}
_NO_TEXT = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}
_MARKS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}

# Characters that a page of Chinese is hardly ever without, in both scripts.
_FREQUENT = frozenset(
    "的一是不了在人有我他这個个們们中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過"
    "发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心"
    "她本前开開但因只从從想实實这日月电電问問长長很文與与及此新高公無无间間等使将將被最"
    "，。、！？：；「」“”（）《》"
)
_SAMPLE = 4000  # characters that are looked at to tell two encodings apart
_WIDE = ("UTF-32-LE", "UTF-32-BE", "UTF-16-LE", "UTF-16-BE")
_LEAST_SCORE = 0.14  # half of what a text of 100 bytes or more must have


def check_encoding(name: str) -> str:
    """Return the name by which the codec is known; raises OptionError if there is none for text."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        codec = None
    if codec is None or not getattr(codec, "_is_text_encoding", True) or codec.name.replace("_", "-") in _NO_TEXT:
        raise OptionError(f"encoding={name!r} is not known; common ones are {', '.join(COMMON)}")
    return codec.name


def as_utf8(stream: ByteStream, name: str, encoding: str | None, head_bytes: int) -> tuple[ByteStream, str]:
    """Return the stream as UTF-8 without a byte order mark, and what its encoding was called.

    encoding: of the stream; None to find it out from its first bytes, `head_bytes` or more.
    Bytes that are not valid in their encoding are bytes that are not valid UTF-8 then, on the same line; see
    `unescaped`. Raises InputError if no encoding fits.
    """
    if encoding is None:
        label = _detected(stream, name, head_bytes)
        codec = _CODECS.get(label, label)
    else:
        codec = check_encoding(encoding)
        label = _LABELS.get(codec, codec.upper())
    if codec.lower() in ("utf-8", "utf-8-sig"):
        label = "UTF-8"
    else:
        stream = chunk_stream(_transcoded(stream, name, codec, label))
    if stream.peek(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        stream.read(len(codecs.BOM_UTF8))
    return stream, label


def unescaped(data: bytes) -> bytes:
    """Return the bytes of a transcoded line that were not valid as they were before."""
    return re.sub(rb"\xed[\xb0-\xb3][\x80-\xbf]", lambda found: bytes([_point(found[0]) & 0xFF]), data)


def _point(data: bytes) -> int:
    return ord(data.decode("utf-8", "surrogatepass"))


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Stand in for bytes that cannot be decoded: a lone surrogate for each, which is no valid UTF-8."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101  # registered for decoding only
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error("nlptools.escape", _escape)


def _transcoded(stream: ByteStream, name: str, codec: str, label: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("nlptools.escape")
    try:
        while chunk := stream.read(CHUNK_BYTES):
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:  # from a codec that does not ask the handler
        raise InputError(f"{name}: cannot be read as {label} ({error}); give another --encoding") from error


def _detected(stream: ByteStream, name: str, head_bytes: int) -> str:
    head = stream.peek(head_bytes)
    cut = len(head) == head_bytes
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    wide = _wide(head, cut)
    if wide is not None:
        return wide
    check_text(stream, name)
    if cut and head.isascii():
        cut = len(stream.peek(16 * head_bytes)) == 16 * head_bytes
        head = stream.peek(16 * head_bytes)
    lines = [line for line in head.split(b"\n") if line.strip()]
    foreign = [line for line in lines if not line.isascii()]
    bad = sum(not _is_utf8(line, cut and line is lines[-1]) for line in foreign)
    if 2 * bad <= len(foreign):
        return "UTF-8"
    scores = {label: _score(head, codec, cut) for label, codec in _CODECS.items()}
    best = max(scores, key=lambda label: scores[label])
    if scores[best] >= (_LEAST_SCORE if len(head) < 100 else 2 * _LEAST_SCORE):
        return best
    if 2 * bad <= len(lines):
        return "UTF-8"  # with some bad lines
    raise InputError(
        f"{name}: is not UTF-8 ({bad} of the first {len(lines)} lines are not valid), and looks like neither GB18030 "
        f"nor Big5; name the encoding: --encoding NAME"
    )


def _wide(head: bytes, cut: bool) -> str | None:
    """Return the encoding of UTF-16 or UTF-32 without a byte order mark, which bytes of NUL give away."""
    zeros = head.count(0)
    if not zeros or (10 * zeros < len(head) and _is_utf8(head, cut)):
        return None
    shares = {encoding: _readable_share(head, encoding, cut) for encoding in _WIDE}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= _LEAST_SCORE else None


def _readable_share(head: bytes, encoding: str, cut: bool) -> float:
    """Return which share of the characters is printable ASCII or frequent; 0 if some cannot be decoded."""
    text, errors = _errors(head, encoding, cut)
    sample = text[:_SAMPLE]
    known = sum(" " <= character <= "~" or character in "\t\r\n" or character in _FREQUENT for character in sample)
    return 0.0 if errors else known / max(1, len(sample))


def _is_utf8(line: bytes, cut: bool) -> bool:
    """Say whether a line is valid; if the line may be `cut`, its last character need not be whole."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return cut and error.reason == "unexpected end of data"
    return True


def _errors(data: bytes, codec: str, cut: bool) -> tuple[str, int]:
    """Return the text, without what cannot be decoded, and how many bytes that were."""
    text = codecs.getincrementaldecoder(codec)("nlptools.escape").decode(data, not cut)
    good = re.sub("[\udc00-\udcff]", "", text)
    return good, len(text) - len(good)


def _score(head: bytes, codec: str, cut: bool) -> float:
    """Return how much the bytes look like Chinese in this encoding: about 0 no, 0.4 yes."""
    text, errors = _errors(head, codec, cut)
    sample = re.sub(r"[\x00-\x7f]", "", text)[:_SAMPLE]
    if not sample:
        return -1.0
    frequent = sum(character in _FREQUENT for character in sample)
    ordinary = sum(_is_ordinary(character, codec) for character in sample)
    return (frequent + 0.2 * ordinary) / len(sample) - 5 * errors / (len(text) + errors)


def _is_ordinary(character: str, codec: str) -> bool:
    """Say whether a character is among the frequent half of GB 2312, or of Big5: both sort by that first."""
    try:
        lead = character.encode("gb2312" if codec == "gb18030" else "big5")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= lead < 0xD8 if codec == "gb18030" else 0xA4 <= lead < 0xC7
