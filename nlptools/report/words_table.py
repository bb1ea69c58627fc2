"""Tables of words: read from files, and made ready for the page."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nlptools.corpus import open_records
from nlptools.errors import InputError

WHY = "why_"
"""Columns that begin so are terms of the score."""

_TEXTS = ("word", "first", "last", "peak", "trend", "change", "burst_start", "burst_end", "part_of", "limit")
_PERIOD = re.compile(r"\d{4}(-W?\d\d(-\d\d)?)?")
_EXACT = 2**53
"""Whole numbers below it are exact in a browser."""


def read_words(path: str | Path) -> pa.Table:
    """Return a table that `newwords -o` or `trends -o` wrote; numbers in CSV and TSV are numbers again.

    Raises InputError if it cannot be read, or has no column `word`.
    """
    records = open_records([Path(path)])
    table = _with_names(pa.Table.from_batches(list(records), records.schema))
    if "word" not in table.column_names:
        raise InputError(f"{path}: no column 'word'; give a table that `nlptools newwords -o` or `trends -o` wrote")
    if records.report.rejected:
        raise InputError(f"{path}: {records.report.summary()}; give a whole table")
    for place, name in enumerate(table.column_names):
        if name not in _TEXTS and pa.types.is_large_string(table.schema.types[place]):
            table = table.set_column(place, name, _numbers(table[name]))
    return _with_series(table)


def _with_names(table: pa.Table) -> pa.Table:
    """Return the table with its first row as the names of the columns, where it was not taken for these: periods are dates."""
    first = [column[0].as_py() for column in table.columns] if table.num_rows else []
    names = {name for name in first if isinstance(name, str)}
    if "word" not in names or len(names) < len(first) or "word" in table.column_names:
        return table
    return table.slice(1).rename_columns(first)


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return text as numbers or truth values if all of it is; an empty cell is null."""
    filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    for kind in (pa.int64(), pa.float64(), pa.bool_()):
        try:
            return filled.cast(kind)
        except pa.ArrowInvalid:
            continue
    return column


def _with_series(table: pa.Table) -> pa.Table:
    """Return a table of trends whose columns of periods are one column of lists again."""
    labels = [name for name in table.column_names if _PERIOD.fullmatch(name)]
    if "series" in table.column_names or len(labels) < 2:
        return table
    series = pa.array(list(map(list, zip(*(table[label].to_pylist() for label in labels), strict=True))))
    metadata = {**(table.schema.metadata or {}), b"periods": json.dumps({"labels": labels}).encode()}
    return table.drop_columns(labels).append_column("series", series).replace_schema_metadata(metadata)


def check_columns(table: pa.Table, kinds: Mapping[str, str], name: str, remedy: str) -> None:
    """Raise InputError if a column is not there, or holds no text, or no numbers; kinds: as of `columns_of`."""
    for column, kind in kinds.items():
        if column not in table.column_names:
            raise InputError(f"{name} has no column {column!r}; give {remedy}")
        kept = ("text",) if kind == "text" else ("int", "float")
        if _kind(table.schema.field(column)) not in kept:
            raise InputError(f"{name} has no {'text' if kind == 'text' else 'numbers'} as {column!r}; give {remedy}")


def columns_of(table: pa.Table) -> tuple[list[dict[str, str]], dict[str, list[Any]]]:
    """Return name and kind (text, int, float, bool, series) of the columns that a page can show, and their values."""
    described, values = [], {}
    for field in table.schema:
        kind = _kind(field)
        if kind is not None and not field.name.startswith(WHY):
            described.append({"name": field.name, "kind": kind})
            values[field.name] = page_values(table[field.name], kind)
    return described, values


def page_values(column: pa.ChunkedArray, kind: str) -> list[Any]:
    """Return values that JSON has, and that a browser reads as they are."""
    if kind == "float":
        return [value if value is not None and abs(value) < float("inf") else None for value in column.to_pylist()]
    if kind == "int":
        return [value if value is None or abs(value) <= _EXACT else float(value) for value in column.to_pylist()]
    return list(column.to_pylist())


def _kind(field: Any) -> str | None:
    types = pa.types
    if types.is_list(field.type) or types.is_large_list(field.type):
        return "series" if field.name == "series" and types.is_integer(field.type.value_type) else None
    checks = {"int": types.is_integer, "float": types.is_floating, "bool": types.is_boolean}
    for kind, check in checks.items():
        if check(field.type):
            return kind
    return "text" if types.is_string(field.type) or types.is_large_string(field.type) else None


def terms_of(table: pa.Table) -> tuple[list[str], list[list[float]]]:
    """Return the names of the terms of the score, without why_, and the terms of each word."""
    names = [field.name for field in table.schema if field.name.startswith(WHY) and _kind(field) in ("int", "float")]
    columns = [[round(value or 0, 3) for value in page_values(table[name], "float")] for name in names]
    rows = [list(row) for row in zip(*columns, strict=True)] if names else [[] for _ in range(table.num_rows)]
    return [name.removeprefix(WHY) for name in names], rows


def periods_of(table: pa.Table) -> dict[str, Any] | None:
    """Return the periods of a table of trends: labels, and characters where known; None if it has none."""
    if "series" not in table.column_names:
        return None
    kept = json.loads((table.schema.metadata or {}).get(b"periods", b"{}"))
    length = max((len(series or ()) for series in table["series"].to_pylist()), default=0)
    labels = kept.get("labels", [str(number) for number in range(1, length + 1)])
    return {"labels": labels, "characters": kept.get("characters")}
