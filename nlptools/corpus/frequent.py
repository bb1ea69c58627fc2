"""The most frequent values of a column, in bounded memory."""

from collections import Counter
from typing import Any

import pyarrow as pa

from nlptools.corpus.normalise import is_list

LIMIT = 1 << 16
"""How many different values are counted at a time."""

LONGEST = 200
"""Values of more bytes are no labels, and not counted."""


class FrequentValues:
    """Counts the values of a column, of a column of lists their items (Misra & Gries 1982).

    Exact while there are at most `limit` different values; beyond that all values seen once in N / limit or
    more often are kept, and counts are too low by at most `missed`.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.missed = 0  # what a count may lack
        self._counts: Counter[Any] = Counter()
        self._limit = limit

    def add(self, array: Any) -> None:
        """Count the values of an Arrow array; types that are no labels, such as structures, are passed over."""
        import pyarrow.compute as pc

        if is_list(array.type):
            array = array.flatten()
        if pa.types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        if not _is_label(array.type):
            return
        if _is_string(array.type):
            array = array.filter(pc.less_equal(pc.binary_length(array), LONGEST))
        found = pc.value_counts(array.drop_null())
        for value, count in zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True):
            self._counts[value] += count
        if len(self._counts) > self._limit:
            self._forget()

    def _forget(self) -> None:
        """Keep `limit` values: take the greatest count that is left out from all."""
        cut = sorted(self._counts.values(), reverse=True)[self._limit]
        self.missed += cut
        self._counts = Counter({value: count - cut for value, count in self._counts.items() if count > cut})

    @property
    def different(self) -> int | None:
        """How many different values there are; None if more than could be counted."""
        return None if self.missed else len(self._counts)

    def most_common(self, number: int) -> list[tuple[Any, int]]:
        """Return the most frequent values with their counts; equal counts by value."""
        return sorted(self._counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[:number]


def _is_string(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_label(kind: Any) -> bool:
    return _is_string(kind) or bool(pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_date(kind))
