"""Types of columns: what counts as text, and one schema for several inputs."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from nlptools.errors import InputError

STRINGS = pa.list_(pa.large_string())
_KINDS = b"nlptools.json"


def json_text(name: str, kinds: Iterable[str]) -> Any:
    """Return a column that holds JSON as text, since its values are of these kinds."""
    return pa.field(name, pa.large_string(), metadata={_KINDS: ",".join(kinds).encode()})


def is_json_text(field: Any) -> bool:
    """Say whether a column holds JSON as text."""
    return field.metadata is not None and _KINDS in field.metadata


def is_text(field: Any) -> bool:
    """Say whether a column holds strings, or mostly; of JSON as text only if some values are strings."""
    if is_json_text(field):
        return b"string" in field.metadata[_KINDS].split(b",")
    return is_string(field.type)


def is_string(kind: Any) -> bool:
    """Say whether a type is one of strings."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_list_of_strings(kind: Any) -> bool:
    """Say whether a type is one of lists of strings."""
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(is_list and is_string(kind.value_type))


def plain_schema(schema: Any) -> Any:
    """Return the schema of a table as we read it: one type for strings, and one for lists of them."""
    return pa.schema([_plain(field) for field in schema])


def _plain(field: Any) -> Any:
    if is_string(field.type):
        return pa.field(field.name, pa.large_string(), metadata=field.metadata)
    if is_list_of_strings(field.type):
        return pa.field(field.name, STRINGS)
    return pa.field(field.name, field.type)


def batch_of(columns: Mapping[str, Any], rows: int, schema: Any) -> Any:
    """Return these columns as a record batch of the schema, with nulls for those that are not there."""
    arrays = [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def check_names(schema: Any, source: str) -> None:
    """Raise InputError if two columns have the same name."""
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise InputError(f"{source}: has {schema.names.count(name)} columns named {name!r}; give each its own name")


def unified(schemas: Iterable[tuple[str, Any]]) -> Any:
    """Return the schema that holds the records of all inputs, given as (name, schema).

    Columns keep the order in which they come first. Raises InputError where types do not go together.
    """
    fields: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for source, schema in schemas:
        check_names(schema, source)
        for field in schema:
            before = fields.setdefault(field.name, field)
            first = seen.setdefault(field.name, source)
            if not before.equals(field, check_metadata=True):
                fields[field.name] = _common(before, field, first, source)
    return pa.schema(list(fields.values()))


def _common(one: Any, other: Any, first: str, second: str) -> Any:
    if {one.type, other.type} == {pa.int64(), pa.float64()}:
        return pa.field(one.name, pa.float64())
    if one.type == other.type and is_json_text(one) == is_json_text(other):
        return one
    raise InputError(
        f"{second}: column {other.name!r} is {_said(other)}, but {_said(one)} in {first}; read them one by one"
    )


def _said(field: Any) -> str:
    return "JSON of mixed types" if is_json_text(field) else str(field.type)
