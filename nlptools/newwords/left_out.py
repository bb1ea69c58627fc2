"""Why an n-gram is no word: the first limit that it failed, for the most frequent ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.newwords.rows import spell
from nlptools.ngrams.trie import Trie
from nlptools.text.encode import EncodedText

LEFT_OUT = 20_000
"""How many n-grams are kept if nothing else is asked for."""


@dataclass(frozen=True)
class Limit:
    """What K n-grams must pass.

    name: see `LeftOut`. failed: (K,). values: (K,), what was looked at, and least: what it must reach, or exceed; None
    where the limit is no number.
    """

    name: str
    failed: NDArray[np.bool_]
    values: NDArray[np.float64] | NDArray[np.int64] | None = None
    least: float | None = None

    def behind(self, first: int) -> "Limit":
        """Return the limit for all but the first n-grams."""
        return replace(self, failed=self.failed[first:], values=None if self.values is None else self.values[first:])


class LeftOut:
    """Collects the most frequent n-grams that were left out, and which limit each failed first.

    Limits: bound (always beside the same neighbour), pmi, price, score, entropy; cohesion (a part is not cohesive) and pieces (rarely alone between weak gaps)
    with method "cohesion"; stopword, known, phrase (with new_only), and top.
    """

    def __init__(self, size: int = LEFT_OUT) -> None:
        self._size = size
        self._tables: list[pa.Table] = []

    def add(
        self, counts: NDArray[np.int64], limits: Sequence[Limit], spelled: Callable[[NDArray[np.int64]], pa.Array]
    ) -> None:
        """Take those of K n-grams that fail a limit; counts: (K,); spelled: returns some of them, by index, as text."""
        first = np.full(counts.size, -1, np.int8)
        for place in reversed(range(len(limits))):
            first[limits[place].failed] = place
        rows = np.flatnonzero(first >= 0)
        rows = rows[np.argsort(-counts[rows], kind="stable")[: self._size]]
        names = pa.array([limit.name for limit in limits], pa.large_string())
        self._tables.append(
            pa.table(
                {
                    "word": spelled(rows).cast(pa.large_string()),
                    "count": pa.array(counts[rows], pa.int64()),
                    "limit": names.take(pa.array(first[rows])),
                    "value": _of_first(limits, first, rows),
                    "least": pa.array([limit.least for limit in limits], pa.float64()).take(pa.array(first[rows])),
                }
            )
        )

    def add_nodes(self, text: EncodedText, trie: Trie, limits: Sequence[Limit]) -> None:
        """Take the nodes of two codes or more that fail a limit of all G nodes."""
        first = trie.single + 1
        limits = [limit.behind(first) for limit in limits]
        self.add(trie.counts[first:], limits, lambda rows: spell(text, trie, rows + first))

    @property
    def table(self) -> pa.Table:
        """The most frequent n-grams: word, count, limit, value and least (null where the limit is no number)."""
        if not self._tables:
            self.add(np.empty(0, np.int64), (), lambda _: pa.array([], pa.large_string()))
        table = pa.concat_tables(self._tables)
        return table.sort_by([("count", "descending"), ("word", "ascending")]).slice(0, self._size).combine_chunks()


def _of_first(limits: Sequence[Limit], first: NDArray[np.int8], rows: NDArray[np.int64]) -> pa.Array:
    """Return the value that failed, of each row; null where there is none."""
    values = np.full(rows.size, np.nan)
    for place, limit in enumerate(limits):
        if limit.values is not None:
            failed = first[rows] == place
            values[failed] = limit.values[rows[failed]]
    return pa.array(np.round(values, 4), mask=np.isnan(values))
