"""The attributes of triples: how often each occurs, and how many entities have it, in bounded memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.deduplicate import FirstOccurrences, digests
from nlptools.errors import InputError

LIMIT = 1 << 16
"""How many different attributes are counted; further ones are passed over."""

_CODE_BITS = 20  # of a digest, for the number of the attribute
_EXAMPLE = 80  # characters of an example value


@dataclass(frozen=True)
class Attribute:
    """An attribute of triples."""

    name: str
    count: int  # triples
    entities: int  # different entities that have it
    example: str | None  # the first value, cut to 80 characters


class AttributeCounts:
    """Counts the attributes of record batches; a context manager, for it may keep files.

    columns: of the entity, the attribute and the value; None counts nothing.
    """

    def __init__(self, columns: tuple[str, str, str] | None) -> None:
        self._columns = columns
        self._names: dict[str, int] = {}  # attribute -> its number
        self._examples: list[str | None] = []
        self._counts = np.zeros(LIMIT + 1, np.int64)  # the last one of all further attributes
        self._pairs = FirstOccurrences()

    def __enter__(self) -> "AttributeCounts":
        self._pairs.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self._pairs.__exit__(*failure)

    def add(self, batch: Any) -> None:
        """Count the attributes of a batch; records without one are passed over."""
        if self._columns is None:
            return
        missing = [name for name in self._columns if name not in batch.schema.names]
        if missing:
            raise InputError(f"no column {missing[0]!r}; the columns are {', '.join(batch.schema.names)}")
        batch = batch.select(self._columns).rename_columns(["entity", "attribute", "value"])
        batch = batch.filter(batch.column("attribute").is_valid())
        codes = self._codes(batch)
        self._counts += np.bincount(codes, minlength=LIMIT + 1)
        pairs = digests(batch, ("entity", "attribute")).copy()
        pairs["low"] = pairs["low"] >> np.uint64(_CODE_BITS) << np.uint64(_CODE_BITS) | codes.astype(np.uint64)
        self._pairs.add(pairs)

    def _codes(self, batch: Any) -> Any:
        """Return the number of each row's attribute; shape (N,)."""
        attributes = batch.column("attribute").cast(pa.large_string()).dictionary_encode()
        rows = attributes.indices.to_numpy(zero_copy_only=False)
        numbers = []
        for place, name in enumerate(attributes.dictionary.to_pylist()):
            number = self._names.get(name)
            if number is None and len(self._names) < LIMIT:
                number = self._names[name] = len(self._names)
                value = batch.column("value")[int(np.argmax(rows == place))].as_py()
                self._examples.append(None if value is None else str(value)[:_EXAMPLE])
            numbers.append(LIMIT if number is None else number)
        return np.array(numbers, np.int64)[rows]

    @property
    def different(self) -> int | None:
        """How many different attributes there are; None if nothing was counted, or not all of them."""
        return None if self._columns is None or self._counts[LIMIT] else len(self._names)

    def most_common(self, number: int) -> list[Attribute]:
        """Return the most frequent attributes, equal counts by name; call it once."""
        entities = np.zeros(LIMIT + 1, np.int64)
        for records in self._pairs.firsts():
            codes = records["low"] & np.uint64((1 << _CODE_BITS) - 1)
            entities += np.bincount(codes.astype(np.int64), minlength=LIMIT + 1)
        ranked = sorted(self._names, key=lambda name: (-self._counts[self._names[name]], name))[:number]
        return [
            Attribute(name, int(self._counts[code]), int(entities[code]), self._examples[code])
            for name, code in ((name, self._names[name]) for name in ranked)
        ]
