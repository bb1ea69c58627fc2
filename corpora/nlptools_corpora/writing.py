"""Rows to a file, in the format that the file's suffix names."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

ROWS = 1 << 12
"""How many rows are made before they are written."""

Row = Mapping[str, Any]


def write_rows(path: str | Path, rows: Iterable[Row], schema: Any, text_field: str, tsv_header: bool = True) -> None:
    """Write `rows`, whose fields are those of an Arrow schema, to `path`, whole or not at all.

    .jsonl, .ndjson  one object a line
    .json            an array of objects, as `json.dumps(list(rows), ensure_ascii=False, indent=4)` writes it
    .txt             `text_field` only, one a line
    .csv, .tsv       a line of names and a line for each row; a list becomes JSON. Without `tsv_header` a TSV file
                     has no names, and its fields are written as they are
    .parquet, .arrow typed columns
    .gz, .zst, .bz2, .xz after the names of text: packed, without the time of writing

    Rows are written as they come, and never all held. Raises OutputError where nothing can be written, or if
    the suffix is another.
    """
    from nlptools.corpus.table_files import CORPUS_FORMATS, open_output, write_batches_to  # bring Arrow

    with open_output(path, CORPUS_FORMATS) as (stream, kind):
        if kind == "json":
            _write(stream, _array(rows))
        elif kind == "tsv" and not tsv_header:
            _write(stream, ("\t".join(row.values()) + "\n" for row in rows))
        else:
            schema = schema if kind != "txt" else schema.empty_table().select([text_field]).schema
            write_batches_to(_batches(rows, schema), schema, stream, kind)


def write_counts(path: str | Path, counts: Mapping[str, int]) -> None:
    """Write one `word count` a line, in the order of `counts`."""
    from nlptools.corpus import atomic_file

    with atomic_file(path) as file:
        _write(file, (f"{word} {count}\n" for word, count in counts.items()))


def _batches(rows: Iterable[Row], schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    waiting = iter(rows)
    while block := list(islice(waiting, ROWS)):
        yield pa.RecordBatch.from_pylist([{name: row[name] for name in schema.names} for row in block], schema=schema)


def _array(rows: Iterable[Row]) -> Iterator[str]:
    before = "["
    for row in rows:
        lines = json.dumps(row, ensure_ascii=False, indent=4).replace("\n", "\n    ")
        yield f"{before}\n    {lines}"
        before = ","
    yield "\n]\n" if before == "," else "[]\n"


def _write(file: IO[bytes], chunks: Iterable[str]) -> None:
    for chunk in chunks:
        file.write(chunk.encode("utf-8"))
