"""CSV and TSV: rows of cells, which are strings. Quoted cells may hold line breaks (RFC 4180)."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.column_types import batch_of
from nlptools.corpus.json_lines import not_whole
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Bad, Content, Reading, Wanted, large_strings
from nlptools.errors import InputError

HEAD_BYTES = 64 << 10
_TOO_LONG = 3  # of the reasons of read_cells
_NO_NAME = re.compile(r"(?!(?:19|20)\d\d$)[-+]?\d[\d.,:/\- ]*")  # a number or date, but no year, which heads columns


class _Rows(NamedTuple):
    used: int  # bytes of whole rows
    lines: int  # in these
    cells: Any  # large_string, row by row; of rows that are not accepted none
    bads: list[list[int]]  # see read_cells


class _DelimitedReader:
    """The rows of a table in text. The names of the columns are in its first row.

    They are 1, 2, … if the first row is no header: by option, or because a number or a date stands in it.
    """

    delimiter: str

    def __init__(self, content: Content, options: ReadOptions) -> None:
        if options.document_per == "file":
            raise not_whole(content.name)
        self.name = content.name
        self._content = content
        self._options = options
        self._columns = 0
        first = self._first_row()
        if options.header and first.bads:
            reason = self._bad(b"", 0, *first.bads[0]).reason
            raise InputError(f"{self.name}, line 1: {reason}, where the names of columns should be; mend it")
        names = first.cells.to_pylist() if options.header else []
        has_names = options.header and not any(map(_NO_NAME.fullmatch, names))
        self._head_bytes, self._head_lines = (first.used, first.lines) if has_names else (0, 0)
        names = names if has_names else [""] * len(first.cells)
        self._columns = len(names)
        names = [name or str(number) for number, name in enumerate(names, 1)]
        if len(set(names)) < len(names):
            raise InputError(
                f"{self.name}: the first line names two columns alike ({', '.join(names)[:100]}); give each its own "
                "name, or if it is no header read it with --no-header"
            )
        self.schema = pa.schema(
            [pa.field(name, pa.large_string()) for name in names or [options.text_column or "text"]]
        )

    def batches(self, wanted: Wanted, reading: Reading) -> Iterator[Any]:
        """Yield the rows; those with more or fewer cells than the first one are rejected."""
        if not self._columns:  # only blank lines
            return
        self._content.stream.read(self._head_bytes)
        for cells in self._cells(reading):
            rows = len(cells) // self._columns
            columns = {
                name: cells.take(pa.array(np.arange(number, len(cells), self._columns)))
                for number, name in enumerate(self.schema.names)
                if name in wanted.schema.names
            }
            yield batch_of(columns, rows, wanted.schema)

    def _cells(self, reading: Reading) -> Iterator[Any]:
        """Yield the cells of the rows."""
        options, stream = self._options, self._content.stream
        before = self._head_lines
        data = b""
        last = False
        while not last:
            chunk = stream.read(max(options.batch_bytes, len(data)))
            data += chunk
            last = not chunk
            rows = self._read(data, self._columns, last)
            reading.reject_all(self._content, [self._bad(data, before, *bad) for bad in rows.bads])
            yield rows.cells
            before += rows.lines
            data = data[rows.used :]
            if not last and not rows.used and len(data) > options.max_line_bytes:
                raise self._too_long(before)

    def _too_long(self, before: int) -> InputError:
        limit = self._options.max_line_bytes
        return InputError(
            f"{self.name}, line {before + 1}: longer than {limit} bytes; if it is right raise the limit, e.g. "
            f"--max-line-bytes {2 * limit}"
        )

    def _bad(self, data: bytes, before: int, line: int, start: int, end: int, why: int, cells: int) -> Bad:
        if why == _TOO_LONG:
            raise self._too_long(before + line)
        return Bad(before + line + 1, self._reason(why, cells), data[start:end])

    def _reason(self, why: int, cells: int) -> str:
        return (f"{cells} cells, not {self._columns}", self._content.invalid, "a quote is not closed")[why]

    def _first_row(self) -> _Rows:
        """Return the cells of the first row, whatever is in them; none if all lines are blank."""
        size = HEAD_BYTES
        while True:
            head = self._content.stream.peek(size)
            rows = self._read(head, 0, len(head) < size)
            if len(rows.cells) or len(head) < size:
                return rows
            if size > self._options.max_line_bytes:
                raise self._too_long(0)
            size = min(4 * size, self._options.max_line_bytes + 1)

    def _read(self, content: bytes, columns: int, last: bool) -> _Rows:
        from nlptools.corpus._kernels import read_cells  # here, because numba takes its time to import

        data = np.frombuffer(content, dtype=np.uint8)
        lines = content.count(b"\n") + 1
        out = np.empty(data.size, dtype=np.uint8)
        offsets = np.empty(content.count(self.delimiter.encode()) + lines + 1, dtype=np.int64)
        bad: NDArray[np.int64] = np.empty((lines, 5), dtype=np.int64)
        used, used_lines, accepted, bads = read_cells(
            data, ord(self.delimiter), columns, last, self._options.max_line_bytes, out, offsets, bad
        )
        cells = large_strings(offsets[: accepted * max(columns, 1) + 1], out)
        return _Rows(used, used_lines, cells, bad[:bads].tolist())


class CsvReader(_DelimitedReader):
    """Cells with commas between."""

    delimiter = ","


class TsvReader(_DelimitedReader):
    """Cells with tabs between."""

    delimiter = "\t"
