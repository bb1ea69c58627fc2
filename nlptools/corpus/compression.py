"""Decompression on the way, within bounds."""

import bz2
import lzma
import shlex
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from nlptools.corpus.byte_stream import ByteStream
from nlptools.errors import InputError

SUFFIXES = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
"""Suffix -> compression, which is also the name of the tool for it."""

_MAGIC = {
    "gzip": b"\x1f\x8b\x08",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
}
_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")  # what follows "BZh" and a digit
_FREE_BYTES = 64 << 20  # this much may come out of anything


def content_stream(raw: ByteStream, name: str, promised: str | None, max_ratio: int) -> tuple[ByteStream, str | None]:
    """Return the decompressed bytes of `raw`, and the compression they had.

    promised: the compression that the file's name tells, None if none: the first bytes decide.
    Raises InputError if the content is something else; reading does if it is damaged, ends early, or holds
    more than `max_ratio` (0: any) times as many bytes.
    """
    head = raw.peek(10)
    compression = _compression(head)
    if not head:  # zero bytes: an empty file under any name
        return raw, None
    if promised is not None and head.startswith(_MAGIC[promised]):
        compression = promised  # even if it ends early
    if promised is not None and compression != promised:
        raise InputError(f"{name}: the name says {promised} but the content is not; rename the file to what it is")
    if compression is None:
        return raw, None
    read = _DECODERS[compression](raw)
    given = 0

    def decompressed(size: int) -> bytes:
        nonlocal given
        try:
            data: bytes = read(size)
        except (OSError, EOFError, lzma.LZMAError, pa.ArrowException) as error:
            if isinstance(error, EOFError) or "Truncated" in str(error):
                reason = f"the {compression} data ends early, so the file is incomplete"
            else:
                reason = f"the {compression} data is damaged ({error})"
            raise InputError(
                f"{name}: {reason}; copy it again (test with: {compression} -t {shlex.quote(name)})"
            ) from error
        given += len(data)
        check_ratio(given, raw.taken, name, max_ratio)
        return data

    return ByteStream(decompressed), compression


def check_ratio(given: int, taken: int, name: str, max_ratio: int) -> None:
    """Raise InputError if more than `max_ratio` bytes came out of each byte; 0 allows any number."""
    if max_ratio and given > _FREE_BYTES and given > max_ratio * max(taken, 1):
        raise InputError(
            f"{name}: {taken} bytes hold more than {max_ratio} times as many (so far {given}), like a bomb; if it is "
            f"what it should be raise the limit, e.g. --max-ratio {10 * max_ratio}"
        )


def _compression(head: bytes) -> str | None:
    for compression, magic in _MAGIC.items():
        if head.startswith(magic) and (compression != "bzip2" or head[4:10] in _BZIP2_BLOCKS):
            return compression
    return "zstd" if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50 else None  # pzstd's skippable frame


def _with_arrow(compression: str) -> Callable[[ByteStream], Callable[[int], Any]]:
    return lambda raw: pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), compression).read


_DECODERS: dict[str, Callable[[ByteStream], Callable[[int], Any]]] = {
    "gzip": _with_arrow("gzip"),
    "zstd": _with_arrow("zstd"),
    "bzip2": lambda raw: bz2.BZ2File(raw).read,  # type: ignore[call-overload]
    "xz": lambda raw: lzma.LZMAFile(raw).read,  # type: ignore[arg-type]  # noqa: SIM115
}
