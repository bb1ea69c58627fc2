"""Plain text: a document for each line, or for each file."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.byte_stream import Block, line_blocks
from nlptools.corpus.column_types import batch_of
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Bad, Content, Reading, Wanted, large_strings
from nlptools.errors import InputError
from nlptools.threads import in_order

TEXT_SCHEMA = pa.schema([pa.field("text", pa.large_string())])


class TextReader:
    """The lines of a text as column `text`, without LF or CRLF; or the whole text as one row."""

    def __init__(self, content: Content, options: ReadOptions) -> None:
        self.name = content.name
        self.schema = TEXT_SCHEMA
        self._content = content
        self._options = options

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the lines, or the text; what is not valid UTF-8 is rejected."""
        arrays = self._whole(reading) if self._options.document_per == "file" else self._lines(reading)
        for array in arrays:
            yield batch_of({"text": array}, len(array), wanted.schema)

    def _lines(self, reading: Reading) -> Iterator[Any]:
        options = self._options
        blocks = line_blocks(self._content.stream, self.name, options.batch_bytes, options.max_line_bytes)
        for array, bads in in_order(partial(_parse, reason=self._content.invalid), blocks, options.workers):
            reading.reject_all(self._content, bads)
            yield array

    def _whole(self, reading: Reading) -> Iterator[Any]:
        limit = self._options.max_line_bytes
        text = self._content.stream.peek(limit + 1)
        if len(text) > limit:
            raise InputError(
                f"{self.name}: longer than {limit} bytes, too long for one document; "
                f"raise --max-line-bytes, or leave out --document-per file"
            )
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            reading.reject_all(self._content, [Bad(1, self._content.invalid, text)])
        else:
            yield large_strings(np.array([0, len(text)], dtype=np.int64), np.frombuffer(text, dtype=np.uint8))


def _parse(block: Block, reason: str) -> tuple[Any, list[Bad]]:
    """Return the valid lines of a block, and the others."""
    from nlptools.corpus._kernels import read_lines  # here, because numba takes its time to import

    data = np.frombuffer(block.data, dtype=np.uint8)
    out = np.empty(data.size, dtype=np.uint8)
    offsets = np.empty(block.lines + 1, dtype=np.int64)
    bad = np.empty((block.lines, 3), dtype=np.int64)  # costs no memory until it is written to
    _, accepted, bads = read_lines(data, out, offsets, bad)
    rejected = [Bad(block.before + line + 1, reason, block.data[start:end]) for line, start, end in bad[:bads].tolist()]
    return large_strings(offsets[: accepted + 1], out[: offsets[accepted]]), rejected
