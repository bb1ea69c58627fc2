"""What is text in records: which columns, how they are joined, and which records are one document."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.column_types import check_names, is_list_of_strings, is_string, is_text
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Reader, Reading, Wanted, text_bytes
from nlptools.errors import InputError


class TextColumns:
    """The documents of a reader."""

    def __init__(self, reader: Reader, options: ReadOptions) -> None:
        """Choose the columns; raises InputError, listing the columns there are, if none fits."""
        schema, self._name = reader.schema, reader.name
        check_names(schema, self._name)
        columns = _chosen(schema, options, self._name)
        self.columns = columns
        fields = [_text_field(schema.field(column), self._name) for column in columns]
        self._texts = len(fields)
        self._group = options.group_by
        self._is_file = options.document_per == "file"
        self._limit = options.max_line_bytes
        if self._group is not None:
            if self._group not in schema.names:
                raise _no_column(self._name, self._group, schema.names, "--group-by")
            if pa.types.is_nested(schema.field(self._group).type):
                raise InputError(
                    f"{self._name}: column {self._group!r} is {schema.field(self._group).type}, whose values cannot be "
                    "compared; name another --group-by"
                )
            if self._group not in columns:
                fields.append(schema.field(self._group))
        self._wanted = Wanted(pa.schema(fields), required=tuple(columns))
        self._reader = reader

    def documents(self, reading: Reading) -> Iterator[Any]:
        """Yield the documents as large_string arrays without nulls."""
        batches = self._reader.batches(self._wanted, reading)
        on_names = reading.on_names or (lambda _: None)
        if self._group is not None:
            yield from self._grouped(batches, on_names)
            return
        for batch in batches:
            if self._is_file:
                on_names(_names(pa.array([self._name.encode("utf-8", "backslashreplace")] * batch.num_rows)))
            yield self._joined(batch)

    def _joined(self, batch: Any) -> Any:
        """Return the text of each record."""
        import pyarrow.compute as pc  # here, because it takes its time to import

        parts = [_lines(column) for column in batch.columns[: self._texts]]
        if len(parts) == 1:
            return pc.fill_null(parts[0], "") if parts[0].null_count else parts[0]
        # A row of nulls alone would be left out, not null.
        nothing = functools.reduce(pc.and_, [pc.is_null(part) for part in parts])
        parts[0] = pc.if_else(nothing, "", parts[0])
        return pc.binary_join_element_wise(*parts, pa.scalar("\n", pa.large_string()), null_handling="skip")

    def _grouped(self, batches: Iterable[Any], on_names: Callable[[Any], object]) -> Iterator[Any]:
        """Join the texts of consecutive records that are equal in the column of groups."""
        import pyarrow.compute as pc

        begun: list[Any] = []  # the texts of the document that has not ended
        begun_bytes = 0
        last: Any = None
        for batch in batches:
            if not batch.num_rows:
                continue
            texts = self._joined(batch)
            keys = batch.column(self._group)
            bounds = _runs(keys)
            goes_on = bool(begun) and keys[0] == last
            on_names(_names(keys.take(pa.array(bounds[goes_on:-1]))))
            if begun and not goes_on:
                yield _document(begun)
                begun, begun_bytes = [], 0
            begun.append(texts[: bounds[1]])
            begun_bytes += text_bytes(begun[-1])
            if begun_bytes > self._limit:
                raise InputError(
                    f"{self._name}: the document with {self._group} {keys[0].as_py()!r} is longer than {self._limit} "
                    f"bytes; group by another column, or raise the limit: --max-line-bytes {2 * self._limit}"
                )
            last = keys[-1]
            if len(bounds) > 2:
                yield _document(begun)
                middle = texts[bounds[1] : bounds[-2]]
                lists = pa.LargeListArray.from_arrays(pa.array(bounds[1:-1] - bounds[1]), middle)
                yield pc.binary_join(lists, pa.scalar("\n", pa.large_string()))
                begun = [texts[bounds[-2] :]]
                begun_bytes = text_bytes(begun[0])
        if begun:
            yield _document(begun)


def _runs(keys: Any) -> Any:
    """Return where runs of equal keys begin, and the end; shape (runs + 1,)."""
    import pyarrow.compute as pc

    codes = pc.fill_null(keys.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]]).astype(np.int64)


def _names(values: Any) -> Any:
    """Return values as large_string; null what cannot be one."""
    try:
        return values.cast(pa.large_string())
    except pa.ArrowException:
        return pa.nulls(len(values), pa.large_string())


def _document(pieces: list[Any]) -> Any:
    import pyarrow.compute as pc

    texts = pa.concat_arrays(pieces)
    return pc.binary_join(
        pa.LargeListArray.from_arrays(pa.array([0, len(texts)]), texts), pa.scalar("\n", pa.large_string())
    )


def _lines(column: Any) -> Any:
    """Return a column of strings as it is, one of lists with their strings joined; an empty list is null."""
    import pyarrow.compute as pc

    if is_string(column.type):
        return column
    values = pc.list_flatten(column)
    if values.null_count:
        column = pa.array(
            [None if row is None else [text for text in row if text is not None] for row in column.to_pylist()],
            column.type,
        )
    joined = pc.binary_join(column, pa.scalar("\n", pa.large_string()))
    return pc.if_else(pc.equal(pc.list_value_length(column), 0), None, joined)


def _chosen(schema: Any, options: ReadOptions, source: str) -> list[str]:
    names, wanted = list(schema.names), options.text_column
    strings = [field.name for field in schema if is_string(field.type) and is_text(field)]
    if wanted is None and "text" in strings:
        return ["text"]
    if wanted is None and options.recognise is not None:
        wanted = options.recognise(names)
    if wanted is not None:
        columns = [wanted] if wanted in names else wanted.split(",")
        for column in columns:
            if column not in names:
                raise _no_column(source, column, names, "--text-column")
        return list(dict.fromkeys(columns))
    if len(strings) == 1:
        return strings
    reason = "more than one column holds strings" if strings else "no column holds strings"
    raise InputError(f"{source}: {reason}; its columns are {_listed(names)}: name one with --text-column")


def _no_column(source: str, column: str, names: list[str], option: str) -> InputError:
    return InputError(f"{source}: no column {column!r}; its columns are {_listed(names)}: name one with {option}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return (shown or "none") + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _text_field(field: Any, source: str) -> Any:
    """Return the column as one of strings, or of lists of strings."""
    if is_list_of_strings(field.type):
        return field
    if is_text(field):
        return pa.field(field.name, pa.large_string())
    raise InputError(
        f"{source}: column {field.name!r} is {field.type}, not a string; cast it, or name another --text-column"
    )
