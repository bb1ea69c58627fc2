"""Rare n-grams that begin alike for more characters than one word of the machine holds: what is left out, and what stays."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from nlptools.ngrams.count import count_ngrams

ORDER = 40
HEAD = "一七" * 16  # with four codes of two bits, 32 characters fill the first word of a row
RARE = [
    *(HEAD + "七一" + end for end in ("", "一", "七", "一七", "七七一", "七七七")),
    *(HEAD + "七七七" + end for end in ("一一", "一七", "七")),
    *(HEAD + end for end in ("一", "一一一一一一一", "一一一一一一七")),
]


@pytest.mark.parametrize("min_count", [2, 3, 4, 5])
def test_counts_stay_exact(twin: Callable[[Iterable[str], int], Any], min_count: int) -> None:
    counts = count_ngrams(["。".join(RARE)], ORDER, min_count=min_count, threads=1)
    assert counts.layout.tail_length == ORDER - 32
    expected = {ngram: count for ngram, count in twin(RARE, ORDER).items() if count >= min_count}
    table = counts.to_table()
    assert dict(zip(table["ngram"].to_pylist(), table["count"].to_pylist(), strict=True)) == expected
    keys = [(head, tail) for part in counts.chunks for head, tail in zip(part.heads, part.tails, strict=True)]
    assert keys == sorted(set(keys))
