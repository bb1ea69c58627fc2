"""Bytes that are read once, forward, with a look ahead; and blocks of whole lines."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nlptools.errors import InputError

STDIN = "standard input"
_AT_ONCE = 64 << 20  # bytes of a file that room is made for before they are known to be there


class ByteStream:
    """Bytes that are read once, forward; pyarrow takes it for a Python file."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.closed = False
        self.taken = 0  # bytes handed out so far
        self._read = read
        self._ahead = b""  # what was looked at; the first `_start` bytes of it were handed out
        self._start = 0

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end, without taking them."""
        pieces = [self._ahead[self._start :]]
        missing = size - len(pieces[0])
        while missing > 0 and (more := self._read(min(missing, _AT_ONCE))):
            pieces.append(more)
            missing -= len(more)
        self._ahead, self._start = b"".join(pieces), 0
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Take and return the next bytes: at most `size`, at least one except at the end."""
        if self._start < len(self._ahead):
            data = self._ahead[self._start : self._start + size]
            self._start += len(data)
        else:
            self._ahead, self._start = b"", 0
            data = self._read(size)
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


def chunk_stream(chunks: Iterator[bytes]) -> ByteStream:
    """Return chunks of any size as one stream."""
    rest = memoryview(b"")

    def read(size: int) -> bytes:
        nonlocal rest
        while not rest:
            chunk = next(chunks, None)
            if chunk is None:
                return b""
            if 0 < len(chunk) <= size:
                return chunk
            rest = memoryview(chunk)
        data, rest = rest[:size], rest[size:]
        return bytes(data)

    return ByteStream(read)


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
