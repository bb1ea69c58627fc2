"""Rows to a file, in the format that the file's suffix names."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from nlptools.errors import OptionError

SUFFIXES = (".jsonl", ".ndjson", ".json", ".txt")

Row = Mapping[str, Any]


def format_of(path: str | Path) -> str:
    """Return the one of SUFFIXES that `path` has, `.gz` aside; raises OptionError if it has none."""
    name = Path(path).name.lower().removesuffix(".gz")
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return suffix
    raise OptionError(
        f"output {str(path)!r} does not say its format; end the name in one of {', '.join(SUFFIXES)}, "
        "alone or followed by .gz"
    )


def write_rows(path: str | Path, rows: Iterable[Row], text_field: str) -> None:
    """Write `rows` to `path`, whole or not at all: JSON lines, one indented JSON array, or the text alone.

    .jsonl, .ndjson  one object a line
    .json            an array of objects, as `json.dumps(list(rows), ensure_ascii=False, indent=4)` writes it
    .txt             `text_field` only, one a line
    .gz after these  compressed by the zlib at hand, without the time of writing

    Rows are written as they come, and never all held. Raises OptionError for another suffix, and OutputError
    where nothing can be written.
    """
    from nlptools.corpus import atomic_file  # brings Arrow, which a list of the corpora can do without

    chunks = _chunks(format_of(path), rows, text_field)
    with atomic_file(path) as file:
        if Path(path).suffix.lower() == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
                _write(cast("IO[bytes]", packed), chunks)
        else:
            _write(file, chunks)


def write_counts(path: str | Path, counts: Mapping[str, int]) -> None:
    """Write one `word count` a line, in the order of `counts`."""
    from nlptools.corpus import atomic_file

    with atomic_file(path) as file:
        _write(file, (f"{word} {count}\n" for word, count in counts.items()))


def _chunks(suffix: str, rows: Iterable[Row], text_field: str) -> Iterator[str]:
    if suffix == ".txt":
        for row in rows:
            yield row[text_field] + "\n"
    elif suffix == ".json":
        before = "["
        for row in rows:
            lines = json.dumps(row, ensure_ascii=False, indent=4).replace("\n", "\n    ")
            yield f"{before}\n    {lines}"
            before = ","
        yield "\n]\n" if before == "," else "[]\n"
    else:
        for row in rows:
            yield json.dumps(row, ensure_ascii=False) + "\n"


def _write(file: IO[bytes], chunks: Iterable[str]) -> None:
    for chunk in chunks:
        file.write(chunk.encode("utf-8"))
