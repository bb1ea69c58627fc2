"""Births and changes at the edges: a few stray occurrences before, and periods without any text."""

import numpy as np
import pytest

from nlptools.newwords.trend_scores import births, changes


@pytest.mark.parametrize(("before", "start"), [(0, 2), (1, 2), (2, 2), (3, 0), (500, 0)])
def test_two_in_a_thousand_may_stray(before: int, start: int) -> None:
    series = np.array([[before, 0, 900, 100 - before]])
    assert births(series, np.full(4, 10_000)).start.tolist() == [start]


@pytest.mark.parametrize("sizes", [[0, 0, 100, 100], [0, 0, 100, 0]])
def test_no_text_before(sizes: list[int]) -> None:
    series = np.array([[0, 0, 5, 5 * (sizes[3] > 0)], [0, 0, 0, 0]])
    found = births(series, np.array(sizes))
    assert found.start.tolist() == [2, 0]
    assert found.g2.tolist() == found.log_ratio.tolist() == [0.0, 0.0]
    assert found.q_value.tolist() == [1.0, 1.0]


def test_no_text_at_either_end() -> None:
    series = np.array([[0, 50, 1, 0], [0, 3, 30, 0], [0, 0, 0, 0]])
    found = changes(series, np.array([0, 100, 100, 0]))
    assert found.start.tolist() == [2, 2, 0]
    assert (np.sign(found.g2) == [-1, 1, 0]).all()
    assert found.log_ratio == pytest.approx([np.log(1.5 / 50.5), np.log(30.5 / 3.5), 0])
