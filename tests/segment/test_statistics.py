"""What stands around n-grams, the first segmentation and the bins of gaps, against dictionaries."""

import itertools
import math
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.ngrams.trie import Trie, build_trie
from nlptools.segment import _gap_kernels, gaps
from nlptools.segment import _statistics_kernels as kernels
from nlptools.segment.lattice import segment_bounds
from nlptools.segment.statistics import LONGEST, first_segmentation, measure
from nlptools.text.encode import EncodedText

segment = st.lists(st.integers(1, 3), min_size=1, max_size=9)
texts = st.lists(segment, min_size=1, max_size=12)


def codes_of(segments: list[list[int]]) -> NDArray[np.uint16]:
    return np.array([0, *itertools.chain.from_iterable([*codes, 0] for codes in segments)], np.uint16)


def trie_of(codes: NDArray[np.uint16], threads: int = 1) -> Trie:
    text = EncodedText(codes, pa.nulls(int(codes.max()) + 1, pa.string()), np.array([codes.size]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)  # quicker for small texts
        return build_trie(text, 2, LONGEST + 1, threads)


def grams_of(codes: NDArray[np.uint16], trie: Trie) -> list[tuple[int, ...]]:
    places = zip(trie.example.tolist(), trie.lengths.tolist(), strict=True)
    return [tuple(codes[at : at + length].tolist()) for at, length in places]


@given(texts)
@example([[1]])
@example([[1] * 30, [2]])
def test_statistics_are_those_of_the_twin(twins: ModuleType, segments: list[list[int]]) -> None:
    codes = codes_of(segments)
    trie = trie_of(codes)
    found = measure(codes, trie)
    counted = twins.around(codes.tolist(), LONGEST)
    for node, gram in enumerate(grams_of(codes, trie)):
        if not 1 <= len(gram) <= LONGEST:
            continue
        followers = [n for follower, n in counted.after[gram].items() if not isinstance(follower, tuple)]
        assert trie.counts[node] == counted.counts[gram]
        assert (found.begins[node], found.ends[node]) == (counted.begins[gram], counted.ends[gram])
        assert (found.followed[node], found.kinds[node]) == (sum(followers), len(followers))
        assert found.right_entropy[node] == pytest.approx(twins.entropy(counted.after[gram]), abs=1e-9)
        assert found.left_entropy[node] == pytest.approx(twins.entropy(counted.before[gram]), abs=1e-9)


@given(texts)
def test_probabilities_by_witten_and_bell(twins: ModuleType, segments: list[list[int]]) -> None:
    codes = codes_of(segments)
    trie = trie_of(codes)
    statistics = measure(codes, trie)
    out = np.full((codes.size - 1, 4), np.nan, np.float32)
    kernels.witten_bell(
        codes, trie.node_at, trie.parents, trie.lengths, trie.counts,
        statistics.kinds, statistics.followed, trie.total, 1, codes.size, out,
    )  # fmt: skip
    counted = twins.around(codes.tolist(), 4)
    total = int(np.count_nonzero(codes))
    i = 0
    for codes_here in segments:
        for t, symbol in enumerate(codes_here):
            for h in range(4):
                if h > t:
                    assert out[i, h] == -np.inf
                    continue
                p = twins.witten_bell(tuple(codes_here[t - h : t]), symbol, counted, total)
                assert out[i, h] == pytest.approx(math.log(p), abs=1e-4)
            i += 1
        i += 1


@given(texts, st.integers(1, 3))
def test_the_first_segmentation(twins: ModuleType, segments: list[list[int]], threads: int) -> None:
    """The best path of the four states of the article, with those probabilities; in any number of pieces."""
    codes = codes_of(segments)
    trie = trie_of(codes)
    begins = first_segmentation(codes, trie, measure(codes, trie), segment_bounds(codes, threads), threads)
    assert begins[codes == 0].all()
    counted = twins.around(codes.tolist(), 4)
    total = int(np.count_nonzero(codes))
    moves = {1: 1.0, 2: 0.15, 3: 0.15 * 0.01}
    i = 1
    for codes_here in segments:
        if len(codes_here) <= 6:
            scores: dict[tuple[int, ...], float] = {}
            for cut in twins.cuts(len(codes_here)):
                score = 0.0
                for a, b in itertools.pairwise(cut):
                    score += math.log(moves.get(b - a, 0.15 * 0.01 * 0.01 * 0.001 ** (b - a - 4)))
                    for t in range(a, b):
                        history = tuple(codes_here[max(a, t - 3) : t])
                        score += math.log(twins.witten_bell(history, codes_here[t], counted, total))
                scores[cut] = score
            here = (*np.flatnonzero(begins[i : i + len(codes_here)]).tolist(), len(codes_here))
            assert scores[here] == pytest.approx(max(scores.values()), abs=1e-4)
        i += len(codes_here) + 1


@given(st.lists(st.integers(0, 2), max_size=60), st.integers(1, 9))
def test_bounds_are_behind_breaks(symbols: list[int], pieces: int) -> None:
    codes = np.array([0, *symbols, 0], np.uint16)
    bounds = segment_bounds(codes, pieces)
    assert (bounds[0], bounds[-1]) == (0, codes.size)
    assert len(bounds) <= pieces + 1
    assert all(a < b for a, b in itertools.pairwise(bounds))
    assert all(codes[bound - 1] == 0 for bound in bounds[1:])


@given(texts)
def test_bins_of_gaps(segments: list[list[int]]) -> None:
    """The bins of a gap are those of the n-grams around it that the docstring names; 0 where there is none."""
    codes = codes_of(segments)
    trie = trie_of(codes)
    found = gaps.dense_bins(codes, trie, measure(codes, trie), 1)
    assert np.array_equal(found, gaps.dense_bins(codes, trie, measure(codes, trie), 3))
    values = np.arange(8 * trie.counts.size, dtype=np.uint8).reshape(8, -1) % 31 + 1
    values[:, 0] = 0
    bins = np.zeros_like(found)
    _gap_kernels.place_bins(codes, trie.node_at, trie.parents, trie.lengths, values, 0, codes.size, bins)
    nodes = {gram: node for node, gram in enumerate(grams_of(codes, trie))}
    assert found.max(initial=0) < _gap_kernels.BINS
    text = codes.tolist()

    def value(row: int, i: int, j: int) -> int:
        gram = tuple(text[max(i, 0) : j])
        return int(values[row, nodes.get(gram, 0)]) if i >= 0 and 0 not in gram else 0

    for i in range(len(text)):
        if i == 0 or text[i] == 0 or text[i - 1] == 0:
            assert not bins[i].any()
            assert not found[i].any()
            continue
        expected = [value(0, i - 1, i + 1)]  # PMI over the gap
        expected += [value(1, i - n, i) for n in (1, 2, 3)]  # right entropies of what is before it
        expected += [value(2, i, i + n) for n in (1, 2, 3)]  # left entropies of what is behind it
        expected += [value(3, i - 1, i), value(4, i, i + 1), value(3, i - 2, i), value(4, i, i + 2)]  # ends, begins
        expected += [value(5, i - 2, i + 1), value(6, i - 1, i + 2), value(7, i - 1, i + 1)]
        assert bins[i].tolist() == expected


def test_bins_are_quantiles() -> None:
    """Of each length, higher values have higher bins, and no bin has much more than its share of the occurrences."""
    random = np.random.default_rng(2)
    codes = np.where(random.random(4000) < 0.1, 0, random.integers(1, 60, 4000)).astype(np.uint16)
    codes[[0, -1]] = 0
    trie = trie_of(codes)
    statistics = measure(codes, trie)
    bins = gaps._bins_of_nodes(trie, statistics)
    assert not bins[:, 0].any()
    for row, values in ((0, trie.pmi), (1, statistics.right_entropy), (2, statistics.left_entropy)):
        for length in (1, 2):
            nodes = np.flatnonzero(trie.lengths == length)
            order = np.argsort(values[nodes], kind="stable")
            assert (np.diff(bins[row, nodes[order]].astype(int)) >= 0).all()
            assert bins[row, nodes].min() >= 1
            same = values[nodes[order]][1:] == values[nodes[order]][:-1]
            assert (np.diff(bins[row, nodes[order]].astype(int))[same] == 0).all()
    singles = np.flatnonzero(trie.lengths == 1)
    shares = np.bincount(bins[1, singles], trie.counts[singles]) / trie.counts[singles].sum()
    assert shares.max() < 0.1
