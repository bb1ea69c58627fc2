"""Plain text: a document for each line, or for each file."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from nlptools.corpus.byte_stream import ByteStream, line_blocks
from nlptools.corpus.reading import NOT_UTF8, Reading, large_strings
from nlptools.errors import InputError


def read_text(stream: ByteStream, name: str, reading: Reading) -> Iterator[Any]:
    """Yield the documents of a text file, as large_string arrays; lines come without LF or CRLF."""
    if reading.options.document_per == "file":
        return _read_whole(stream, name, reading)
    return _read_lines(stream, name, reading)


def _read_lines(stream: ByteStream, name: str, reading: Reading) -> Iterator[Any]:
    from nlptools.corpus._kernels import read_lines  # here, because numba takes its time to import

    options = reading.options
    for block in line_blocks(stream, name, options.batch_bytes, options.max_line_bytes):
        data = np.frombuffer(block.data, dtype=np.uint8)
        out = np.empty(data.size, dtype=np.uint8)
        offsets = np.empty(block.lines + 1, dtype=np.int64)
        bad = np.empty((block.lines, 3), dtype=np.int64)  # costs no memory until it is written to
        _, accepted, bads = read_lines(data, out, offsets, bad)
        for line, start, end in bad[:bads].tolist():
            reading.reject(name, block.before + line + 1, NOT_UTF8, block.data[start:end])
        yield large_strings(offsets[: accepted + 1], out[: offsets[accepted]])


def _read_whole(stream: ByteStream, name: str, reading: Reading) -> Iterator[Any]:
    limit = reading.options.max_line_bytes
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise InputError(
            f"{name}: longer than {limit} bytes, too long for one document; "
            f"raise --max-line-bytes, or leave out --document-per file"
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        reading.reject(name, 1, NOT_UTF8, content)
    else:
        yield large_strings(np.array([0, len(content)], dtype=np.int64), np.frombuffer(content, dtype=np.uint8))
