"""Tables and corpora as files; the suffix says which kind. The same records give the same bytes.

A format is a function that takes record batches as they come, so that a corpus of any size is written in
bounded memory.
"""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from nlptools.corpus.column_types import is_json_text, is_list_of_strings, is_string
from nlptools.corpus.columns import strings
from nlptools.corpus.reading import array_offsets
from nlptools.corpus.writing import atomic_file, check_place, writes_through
from nlptools.errors import OutputError

ROWS = 1 << 16
"""How many rows are turned into text at a time, at most."""

GROUP_BYTES = 64 << 20
"""About how much Arrow data becomes one row group of a Parquet file."""

Batches = Iterable[Any]  # of pyarrow RecordBatch, all of one schema
Format = Callable[[Batches, Any, IO[bytes]], None]  # batches, their schema, where to
Formats = Mapping[str, Format]


def write_table(table: Any, path: str | Path, format: str | None = None) -> None:
    """Write a pyarrow Table to `path`, which appears there only when whole.

    format: a key of TABLE_FORMATS; if not given, the suffix decides (.csv, .tsv, .jsonl, .ndjson, .json,
        .parquet, .arrow, .feather, .dict; those of text also with .gz, .zst, .bz2 or .xz), and a device like
        /dev/stdout gets CSV.
    Raises OutputError if the place, the suffix or a column does not allow it.
    """
    with open_output(path, TABLE_FORMATS) as (stream, kind):
        write_table_to(table, stream, format or kind)


def write_table_to(table: Any, stream: IO[bytes], format: str = "csv") -> None:
    """Write a pyarrow Table to an open binary stream in a format of TABLE_FORMATS; the stream stays open."""
    if format not in TABLE_FORMATS:
        raise OutputError(f"format {format!r} is not known; choose one of {', '.join(TABLE_FORMATS)}")
    batches = table.combine_chunks().to_batches(max_chunksize=ROWS)  # however the table was cut before
    _write(TABLE_FORMATS[format], format, batches, table.schema, stream)


def write_batches(batches: Batches, schema: Any, path: str | Path) -> None:
    """Write record batches of `schema` to `path` as they come; the file appears there only when whole.

    The suffix decides the format: .txt, .jsonl, .ndjson, .json (an array, one record on a line), .csv, .tsv,
    each also with .gz, .zst, .bz2 or .xz; .parquet (zstd), .arrow, .feather. A device like /dev/stdout gets
    JSON lines. Raises OutputError if the place, the suffix or a column does not allow it.
    """
    with open_output(path, CORPUS_FORMATS) as (stream, kind):
        write_batches_to(batches, schema, stream, kind)


def write_batches_to(batches: Batches, schema: Any, stream: IO[bytes], format: str) -> None:
    """Write record batches of `schema` to an open binary stream in a format of CORPUS_FORMATS."""
    _write(CORPUS_FORMATS[format], format, batches, schema, stream)


def check_output(path: str | Path, formats: Formats | None = None) -> None:
    """Raise OutputError now if a file of one of `formats`, by default a table, could not be written to `path` later."""
    output_format(path, TABLE_FORMATS if formats is None else formats)
    check_place(path)


def output_format(path: str | Path, formats: Formats) -> str:
    """Return the name of the format in which `path` would be written; raises OutputError if it does not tell."""
    kind, _ = _kind(path, formats)
    return kind


@contextmanager
def open_output(path: str | Path, formats: Formats) -> Iterator[tuple[IO[bytes], str]]:
    """Open a file that appears at `path` when whole; yields a stream, packed as the suffix says, and the format."""
    kind, compression = _kind(path, formats)
    with atomic_file(path) as file, _compressed(file, compression) as packed:
        yield packed, kind


def _write(write: Format, name: str, batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    try:
        write(batches, schema, stream)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise OutputError(f"the table cannot be written as {name} ({error}); choose parquet or arrow") from error


def _kind(path: str | Path, formats: Formats) -> tuple[str, str | None]:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    compression = suffixes[-1] if suffixes and suffixes[-1] in _COMPRESSIONS else None
    kind = _SUFFIXES.get(suffixes[-2 if compression and len(suffixes) > 1 else -1]) if suffixes else None
    if kind is None and compression is None and writes_through(path):
        return next(iter(formats)), None
    if kind is None or kind not in formats or (compression and kind in _BINARY):
        known = ", ".join(suffix for suffix, name in _SUFFIXES.items() if name in formats)
        raise OutputError(
            f"{path}: the suffix does not say in which format to write; known are {known} "
            f"(those of text also with {', '.join(_COMPRESSIONS)})"
        )
    return kind, compression


@contextmanager
def _compressed(file: IO[bytes], compression: str | None) -> Iterator[IO[bytes]]:
    """Open a stream that packs into `file`, which stays open; the bytes depend on nothing but the data."""
    if compression is None:
        yield file
    else:
        with _COMPRESSIONS[compression](file) as packed:
            yield packed


def _zstd(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", pa.CompressedOutputStream(pa.PythonFile(_KeptOpen(file), mode="w"), "zstd"))


class _KeptOpen:
    """A file that pyarrow may close without closing ours."""

    def __init__(self, file: IO[bytes]) -> None:
        self.closed = False
        self.write = file.write
        self.flush = file.flush

    def close(self) -> None:
        self.closed = True


def _write_csv(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    _write_delimited(batches, schema, stream, ",")


def _write_tsv(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    _write_delimited(batches, schema, stream, "\t")


def _write_delimited(batches: Batches, schema: Any, stream: IO[bytes], delimiter: str) -> None:
    header = [_cells(strings([name]), delimiter) for name in schema.names]
    _write_lines(_joined(header, delimiter), stream)
    for batch in _short(batches):
        cells = [_cells(column, delimiter) for column in batch.columns]
        if len(cells) == 1:  # readers take a line with nothing on it for no row
            cells = [cells[0].fill_null('""')]
        _write_lines(_joined(cells, delimiter), stream)


def _cells(column: Any, delimiter: str) -> Any:
    """Return a column as text: quoted where needed, an empty string as "", a null as nothing.

    A list of strings becomes JSON: ["a", "b"].
    """
    import pyarrow.compute as pc

    cells = _as_json(column) if is_list_of_strings(column.type) else column.cast(pa.large_string())
    special = pc.match_substring_regex(cells, f'^$|["\r\n{delimiter}]')
    quoted = _joined(['"', pc.replace_substring(cells, '"', '""'), '"'], "")
    return pc.if_else(special, quoted, cells)


def _as_json(column: Any) -> Any:
    texts = [None if value is None else _encode(value) for value in column.to_pylist()]
    return pa.array(texts, pa.large_string())


def _joined(parts: list[Any], separator: str) -> Any:
    """Return columns, and words for every row between them, joined row by row; a null adds nothing."""
    import pyarrow.compute as pc  # here, because it takes its time to import

    whole = [strings([part])[0] if isinstance(part, str) else part for part in (*parts, separator)]
    return pc.binary_join_element_wise(*whole, null_handling="replace")


def _write_lines(lines: Any, stream: IO[bytes]) -> None:
    stream.write(_data(_joined([lines, "\n"], "")))


def _data(strings: Any) -> memoryview:
    """Return the bytes of a large_string array, one string after another."""
    offsets = array_offsets(strings)
    return memoryview(strings.buffers()[2] or b"")[offsets[0] : offsets[-1]]


def _write_text(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    """Write the column `text`, or the only one, a document on a line; each line break within becomes a blank."""
    import pyarrow.compute as pc

    names = schema.names
    if len(names) != 1 and "text" not in names:
        raise pa.ArrowInvalid(f"text is one column, and there are {', '.join(names)}")
    for batch in _short(batches):
        texts = batch.column("text" if "text" in names else 0).cast(pa.large_string())
        broken = pc.match_substring_regex(texts, "[\r\n]")
        if pc.any(broken).as_py():
            texts = pc.if_else(broken, pc.replace_substring_regex(texts, "\r\n|\r|\n", " "), texts)
        _write_lines(texts.fill_null(""), stream)


def _write_jsonl(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    for records in _json_records(batches):
        _write_lines(records, stream)


def _write_json(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    """Write one array, a record on a line."""
    before = b"["
    for records in _json_records(batches):
        stream.write(before + _data(_joined([",\n", records], ""))[len(before) :])
        before = b""
    stream.write(b"[]\n" if before else b"\n]\n")


def _json_records(batches: Batches) -> Iterator[Any]:
    """Yield the records, as `json.dumps` writes them, in large_string arrays."""
    for batch in _short(batches):
        parts: list[Any] = []
        for column, field in zip(batch.columns, batch.schema, strict=True):
            try:
                parts += [f"{', ' if parts else '{'}{_encode(field.name)}: ", _json_cells(column, field)]
            except ValueError as error:
                raise pa.ArrowInvalid(str(error)) from error
        yield _joined([*parts, "}"], "")


def _json_cells(column: Any, field: Any) -> Any:
    """Return each value as JSON."""
    import pyarrow.compute as pc

    if is_json_text(field):
        return column.fill_null("null")
    if is_list_of_strings(column.type):
        lists = (value and f"[{', '.join(map(_encode, value))}]" for value in column.to_pylist())
        return pa.array(("null" if text is None else text or "[]" for text in lists), pa.large_string())
    if not is_string(column.type):
        return pa.array(map(_encode, _finite(column).to_pylist()), pa.large_string())
    texts = column.cast(pa.large_string())
    cells = pc.if_else(texts.is_valid(), _joined(['"', texts, '"'], ""), "null")
    special = pc.match_substring_regex(texts, r'["\\\x00-\x1f]').fill_null(False)
    escaped = pa.array(map(_encode, texts.filter(special).to_pylist()), pa.large_string())
    return pc.replace_with_mask(cells, special, escaped) if len(escaped) else cells


def _json_value(value: Any) -> str:
    if isinstance(value, bytes):
        raise ValueError("a column is binary, which JSON does not have")
    return str(value)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_json_value).encode


def _finite(column: Any) -> Any:
    """Return the column with nulls for NaN and infinity, which JSON does not have."""
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, None)


def _write_parquet(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(_KeptOpen(stream), schema, compression="zstd") as writer:
        waiting: list[Any] = []
        for batch in batches:
            waiting.append(batch)
            if sum(batch.nbytes for batch in waiting) >= GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))


def _write_arrow(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    with pa.ipc.new_file(_KeptOpen(stream), schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _write_dict(batches: Batches, schema: Any, stream: IO[bytes]) -> None:
    """Write `word count` lines, as jieba loads them; needs the columns word and count."""
    import pyarrow.compute as pc

    if not {"word", "count"} <= set(schema.names):
        raise pa.ArrowInvalid(f"needs the columns word and count, has {', '.join(schema.names)}")
    for batch in _short(batches):
        words = batch.column("word").cast(pa.large_string())
        broken = words.filter(pc.match_substring_regex(words, r"[\r\n]|^\s*$"))
        if len(broken):
            raise pa.ArrowInvalid(f"the word {broken[0].as_py()!r} does not fit on a line")
        counts = batch.column("count").cast(pa.int64()).cast(pa.large_string())
        _write_lines(_joined([words, counts], " "), stream)


def _short(batches: Batches) -> Iterator[Any]:
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            yield batch.slice(start, ROWS)


TABLE_FORMATS: Formats = {
    "csv": _write_csv,
    "tsv": _write_tsv,
    "jsonl": _write_jsonl,
    "json": _write_json,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "dict": _write_dict,
}
"""The formats of result tables: name -> what writes one to a binary stream. A device gets the first."""

CORPUS_FORMATS: Formats = {
    "jsonl": _write_jsonl,
    "json": _write_json,
    "txt": _write_text,
    "csv": _write_csv,
    "tsv": _write_tsv,
    "parquet": _write_parquet,
    "arrow": _write_arrow,
}
"""The formats of corpora, likewise."""

_SUFFIXES = {
    **{f".{name}": name for name in (*TABLE_FORMATS, "txt")},
    ".ndjson": "jsonl",
    ".feather": "arrow",
    ".text": "txt",
}
_COMPRESSIONS: dict[str, Callable[[Any], Any]] = {
    ".gz": lambda file: gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0),
    ".zst": _zstd,
    ".bz2": lambda file: bz2.BZ2File(file, "wb"),
    ".xz": lambda file: lzma.LZMAFile(file, "wb"),  # noqa: SIM115
}
_BINARY = {"parquet", "arrow"}
