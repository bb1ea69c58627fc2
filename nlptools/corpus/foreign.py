"""Arrow data that others made: nothing is believed before it is validated in full."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from nlptools.corpus.column_types import batch_of, is_string
from nlptools.corpus.reading import NOT_UTF8, Reading, Wanted
from nlptools.errors import InputError

ROWS = 1 << 16
"""How many rows become one batch, at most."""

_PIECE_BYTES = 64 << 20

Item = TypeVar("Item")

ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, RuntimeError)
"""What Arrow raises, or who makes the data for it, when it is not as it should be."""


class Accepted(NamedTuple):
    """Rows that can be used, and the others."""

    batch: Any
    bads: list[tuple[int, str, bytes | None]]  # row from 0, reason, its bytes


def accepted_batches(batches: Iterable[Any], wanted: Wanted, name: str, remedy: str, reading: Reading) -> Iterator[Any]:
    """Yield the wanted columns of the rows that can be used, and reject the others.

    Raises InputError with the remedy if the batches cannot be read, or are damaged.
    """
    before = 0
    for rows in _guarded(_pieces(batches), name, remedy):
        with arrow_errors(name, remedy):
            accepted = _accepted(rows, wanted)
        for row, reason, data in accepted.bads:
            reading.reject(name, before + row + 1, reason, data)
        before += rows.num_rows
        if accepted.batch.num_rows:
            yield accepted.batch


@contextmanager
def arrow_errors(name: str, remedy: str) -> Iterator[None]:
    """Turn what Arrow raises into an InputError."""
    try:
        yield
    except ERRORS as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{name}: cannot be read as Arrow data ({reason}); {remedy}") from error


def _guarded(items: Iterable[Item], name: str, remedy: str) -> Iterator[Item]:
    """Yield the items; only what raises while they are made is an error of the data."""
    iterator = iter(items)
    while True:
        with arrow_errors(name, remedy):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def _pieces(batches: Iterable[Any]) -> Iterator[Any]:
    """Cut batches so that a piece does not become huge when its strings are written out."""
    for batch in batches:
        rows = rows_at_once(batch)
        for start in range(0, batch.num_rows, rows):
            yield batch[start : start + rows]


def rows_at_once(batch: Any) -> int:
    """Return how many rows of a batch to write out at a time, as long as the strings in its dictionaries are."""
    import pyarrow.compute as pc  # here, because it takes its time to import

    longest: list[int | None] = [
        pc.max(pc.binary_length(column.dictionary.cast(pa.large_string()))).as_py()
        for column in batch.columns
        if pa.types.is_dictionary(column.type) and is_string(column.type)
    ]
    return min(ROWS, max(1, _PIECE_BYTES // max([1, *filter(None, longest)])))


def _accepted(batch: Any, wanted: Wanted) -> Accepted:
    import pyarrow.compute as pc  # here, because it takes its time to import

    bads: dict[int, tuple[str, bytes | None]] = {}
    columns = {
        field.name: _valid(batch.column(field.name), bads).cast(field.type)
        for field in wanted.schema
        if field.name in batch.schema.names
    }
    if wanted.required:
        empty = np.logical_and.reduce(
            [columns[name].is_null().to_numpy(zero_copy_only=False) for name in wanted.required]
        )
        reason = _why_empty(wanted.required)
        for row in np.flatnonzero(empty).tolist():
            bads.setdefault(row, (reason, None))
    rows = batch_of(columns, batch.num_rows, wanted.schema)
    if bads:
        keep = np.ones(batch.num_rows, dtype=bool)
        keep[list(bads)] = False
        rows = pc.filter(rows, pa.array(keep))
    return Accepted(rows, [(row, *bads[row]) for row in sorted(bads)])


def _why_empty(required: tuple[str, ...]) -> str:
    if len(required) == 1:
        return f"column {required[0]!r} is null"
    return f"no text in columns {', '.join(map(repr, required))}"


def _valid(column: Any, bads: dict[int, tuple[str, bytes | None]]) -> Any:
    """Return the column, with nulls for strings that are not valid UTF-8, which are noted in `bads`.

    Raises ArrowInvalid if it is damaged in another way.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise
        data = column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())
        data.validate(full=True)
        texts: list[str | None] = []
        for row, value in enumerate(data.to_pylist()):
            try:
                texts.append(None if value is None else value.decode("utf-8"))
            except UnicodeDecodeError:
                bads[row] = (NOT_UTF8, value)
                texts.append(None)
        return pa.array(texts, column.type)
    if pa.types.is_dictionary(column.type) and is_string(column.type):
        return column.dictionary_decode()
    return column
