"""Bytes of a file or of standard input, decompressed on the way, with a look ahead."""

import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyarrow as pa

from nlptools.errors import InputError

STDIN = "standard input"

SUFFIXES = {".gz": "gzip", ".zst": "zstd"}
"""The decoders: suffix -> compression, which is pyarrow's word for it and the tool's name.

Another compression needs a line here and in _MAGIC."""

_MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}


class ByteStream:
    """Bytes that are read once, forward; pyarrow takes it for a Python file."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.closed = False
        self.taken = 0  # bytes handed out so far
        self._read = read
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end, without taking them."""
        while len(self._ahead) < size and (more := self._read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Take and return the next `size` bytes, fewer only at the end."""
        data = self.peek(size) if self._ahead else self._read(size)
        self._ahead = self._ahead[size:]
        self.taken += len(data)
        return data

    def close(self) -> None:
        """Mark as closed; whoever opened the file closes it."""
        self.closed = True


def raw_stream(read: Callable[[int], bytes], name: str) -> ByteStream:
    """Return the bytes as they are on disk; a failing disk raises InputError."""

    def checked(size: int) -> bytes:
        try:
            return read(size)
        except OSError as error:
            raise InputError(
                f"{name}: cannot be read ({error.strerror or error}); check the file and its disk"
            ) from error

    return ByteStream(checked)


def content_stream(raw: ByteStream, name: str, compression: str | None) -> ByteStream:
    """Return the decompressed bytes of `raw`.

    compression: what the file's name promises, None if nothing: then the first bytes decide.
    Raises InputError if the content is something else, is damaged or ends early.
    """
    head = raw.peek(4)
    if compression is None:
        compression = next((kind for kind, magic in _MAGIC.items() if head.startswith(magic)), None)
        if compression is None:
            return raw
    elif not head:  # zero bytes: an empty file under any name
        return raw
    elif not head.startswith(_MAGIC[compression]) and not (compression == "zstd" and _skippable(head)):
        raise InputError(f"{name}: the name says {compression} but the content is not; rename the file to what it is")
    packed = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), compression)

    def decompressed(size: int) -> bytes:
        try:
            data: bytes = packed.read(size)
        except (OSError, pa.ArrowException) as error:
            if "Truncated" in str(error):
                reason = f"the {compression} data ends early, so the file is incomplete"
            else:
                reason = f"the {compression} data is damaged ({error})"
            raise InputError(
                f"{name}: {reason}; copy it again (test with: {compression} -t {shlex.quote(name)})"
            ) from error
        return data

    return ByteStream(decompressed)


def _skippable(head: bytes) -> bool:
    """Say whether zstd data begins with a skippable frame, as pzstd writes it."""
    return len(head) == 4 and head[0] & 0xF0 == 0x50 and head[1:] == b"\x2a\x4d\x18"


class Block(NamedTuple):
    """Whole lines."""

    data: bytes
    before: int  # lines before it in the file
    lines: int  # lines in it


def line_blocks(stream: ByteStream, name: str, block_bytes: int, max_line_bytes: int) -> Iterator[Block]:
    """Yield the stream in blocks of whole lines, each about `block_bytes`.

    Only the last line of the last block may lack its newline. Raises InputError at a line beyond
    `max_line_bytes`.
    """
    before = 0
    begun: list[bytes] = []  # the line that the blocks so far have not ended
    begun_bytes = 0
    while chunk := stream.read(block_bytes):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            data = b"".join([*begun, memoryview(chunk)[:cut]])
            _check_lines(data, name, before, max_line_bytes)
            lines = data.count(b"\n")
            yield Block(data, before, lines)
            before += lines
            begun, begun_bytes = [], 0
        if cut < len(chunk):
            begun.append(chunk[cut:])
            begun_bytes += len(chunk) - cut
        if begun_bytes > max_line_bytes:
            raise _too_long(name, before, max_line_bytes)
    if begun:
        yield Block(b"".join(begun), before, 1)


def _check_lines(data: bytes, name: str, before: int, limit: int) -> None:
    start = 0
    while len(data) - start > limit + 1:  # else no line here can be too long
        end = data.find(b"\n", start)
        if end - start > limit:
            raise _too_long(name, before, limit)
        before += 1
        start = end + 1


def _too_long(name: str, before: int, limit: int) -> InputError:
    return InputError(
        f"{name}, line {before + 1}: longer than {limit} bytes; is it text with line breaks? "
        f"If so raise the limit, e.g. --max-line-bytes {2 * limit}"
    )
