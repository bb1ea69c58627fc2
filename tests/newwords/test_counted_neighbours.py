"""Branching entropies from counts: a worked example in which the two sides differ."""

import math

import pytest

from nlptools import count_ngrams, find_new_words


def test_worked_example() -> None:
    counts = count_ngrams(["甲研究乙，甲研究丙，甲研究乙，研究"], order=4)
    rows = find_new_words(counts, min_count=2, min_pmi=-9.0, min_entropy=-9.0).to_pylist()
    (word,) = (row for row in rows if row["word"] == "研究")
    # left: three times 甲 and a break; right: twice 乙, 丙 and a break
    assert word["left_entropy"] == pytest.approx(math.log(4) - 3 * math.log(3) / 4, abs=1e-4)
    assert word["right_entropy"] == pytest.approx(math.log(4) - 2 * math.log(2) / 4, abs=1e-4)
