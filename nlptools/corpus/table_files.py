"""Result tables as files; the suffix says which kind. The same table gives the same bytes."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from nlptools.corpus.reading import array_offsets
from nlptools.corpus.writing import atomic_file, check_place, writes_through
from nlptools.errors import OutputError

ROWS = 1 << 16
"""How many rows are turned into text at a time."""


def write_table(table: Any, path: str | Path, format: str | None = None) -> None:
    """Write a pyarrow Table to `path`, which appears there only when whole.

    format: a key of TABLE_FORMATS; if not given, the suffix decides (.csv, .tsv, .jsonl, .ndjson, .parquet,
        .arrow, .feather, .dict; those of text also with .gz or .zst), and a device like /dev/stdout gets CSV.
    Raises OutputError if the place, the suffix or a column does not allow it.
    """
    kind, compression = _kind(path)
    with atomic_file(path) as file:
        if compression == "gzip":
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                write_table_to(table, packed, format or kind)
        elif compression == "zstd":
            with pa.CompressedOutputStream(pa.PythonFile(_KeptOpen(file), mode="w"), "zstd") as packed:
                write_table_to(table, packed, format or kind)
        else:
            write_table_to(table, file, format or kind)


def write_table_to(table: Any, stream: Any, format: str = "csv") -> None:
    """Write a pyarrow Table to an open binary stream in a format of TABLE_FORMATS; the stream stays open."""
    if format not in TABLE_FORMATS:
        raise OutputError(f"format {format!r} is not known; choose one of {', '.join(TABLE_FORMATS)}")
    try:
        TABLE_FORMATS[format](table, stream)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise OutputError(f"the table cannot be written as {format} ({error}); choose parquet or arrow") from error


def check_output(path: str | Path) -> None:
    """Raise OutputError now if `write_table` could not write a table to `path` later."""
    _kind(path)
    check_place(path)


def _kind(path: str | Path) -> tuple[str, str | None]:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    compression = _COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    kind = _SUFFIXES.get(suffixes[-2 if compression and len(suffixes) > 1 else -1]) if suffixes else None
    if kind is None and compression is None and writes_through(path):
        kind = "csv"
    if kind is None or (compression and kind not in _TEXT):
        known = ", ".join(suffix for suffix in _SUFFIXES)
        raise OutputError(
            f"{path}: the suffix does not say in which format to write; known are {known} "
            f"(those of text also with {' or '.join(_COMPRESSIONS)})"
        )
    return kind, compression


class _KeptOpen:
    """A file that pyarrow may close without closing ours."""

    def __init__(self, file: IO[bytes]) -> None:
        self.closed = False
        self.write = file.write
        self.flush = file.flush

    def close(self) -> None:
        self.closed = True


def _write_csv(table: Any, stream: Any) -> None:
    _write_delimited(table, stream, ",")


def _write_tsv(table: Any, stream: Any) -> None:
    _write_delimited(table, stream, "\t")


def _write_delimited(table: Any, stream: Any, delimiter: str) -> None:
    header = [_cells(pa.array([name]), delimiter) for name in table.column_names]
    _write_lines(_joined(header, delimiter), stream)
    for batch in table.to_batches(max_chunksize=ROWS):
        cells = [_cells(column, delimiter) for column in batch.columns]
        _write_lines(_joined(cells, delimiter), stream)


def _cells(column: Any, delimiter: str) -> Any:
    """Return a column as text: quoted where needed, an empty string as "" and a null as nothing."""
    import pyarrow.compute as pc

    cells = column.cast(pa.large_string())
    special = pc.match_substring_regex(cells, f'^$|["\r\n{delimiter}]')
    quoted = _joined(['"', pc.replace_substring(cells, '"', '""'), '"'], "")
    return pc.if_else(special, quoted, cells)


def _joined(parts: list[Any], separator: str) -> Any:
    """Return columns, and words for every row between them, joined row by row; a null adds nothing."""
    import pyarrow.compute as pc  # here, because it takes its time to import

    words = pa.large_string()
    whole = [pa.scalar(part, words) if isinstance(part, str) else part for part in (*parts, separator)]
    return pc.binary_join_element_wise(*whole, null_handling="replace")


def _write_lines(lines: Any, stream: Any) -> None:
    if len(lines):
        ended = _joined([lines, "\n"], "")
        offsets = array_offsets(ended)
        stream.write(memoryview(ended.buffers()[2])[offsets[0] : offsets[-1]])


def _write_jsonl(table: Any, stream: Any) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode
    for batch in table.to_batches(max_chunksize=ROWS):
        rows = pa.RecordBatch.from_arrays([_finite(column) for column in batch.columns], names=batch.schema.names)
        try:
            stream.write("".join(encode(row) + "\n" for row in rows.to_pylist()).encode("utf-8"))
        except ValueError as error:
            raise pa.ArrowInvalid(str(error)) from error


def _finite(column: Any) -> Any:
    """Return the column with nulls for NaN and infinity, which JSON does not have."""
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, None)


def _write_parquet(table: Any, stream: Any) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table.combine_chunks(), _KeptOpen(stream), compression="zstd")


def _write_arrow(table: Any, stream: Any) -> None:
    with pa.ipc.new_file(_KeptOpen(stream), table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _write_dict(table: Any, stream: Any) -> None:
    """Write `word count` lines, as jieba loads them; needs the columns word and count."""
    import pyarrow.compute as pc

    if not {"word", "count"} <= set(table.column_names):
        raise pa.ArrowInvalid(f"needs the columns word and count, has {', '.join(table.column_names)}")
    for batch in table.select(["word", "count"]).to_batches(max_chunksize=ROWS):
        words = batch.column("word").cast(pa.large_string())
        broken = words.filter(pc.match_substring_regex(words, r"[\r\n]|^\s*$"))
        if len(broken):
            raise pa.ArrowInvalid(f"the word {broken[0].as_py()!r} does not fit on a line")
        counts = batch.column("count").cast(pa.int64()).cast(pa.large_string())
        _write_lines(_joined([words, counts], " "), stream)


TABLE_FORMATS: dict[str, Callable[[Any, Any], None]] = {
    "csv": _write_csv,
    "tsv": _write_tsv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "dict": _write_dict,
}
"""The formats of tables: name -> what writes one to a binary stream."""

_SUFFIXES = {f".{name}": name for name in TABLE_FORMATS} | {".ndjson": "jsonl", ".feather": "arrow"}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_TEXT = {"csv", "tsv", "jsonl", "dict"}
