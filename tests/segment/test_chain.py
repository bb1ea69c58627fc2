"""Chains of states against the enumeration of all their paths."""

import itertools
import math
from collections import Counter
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import nlptools as nt
from nlptools.segment import _chain_kernels as kernels
from nlptools.segment.chain import Chain
from nlptools.segment.four_states import four_states
from nlptools.segment.gap_tagger import CHAIN
from nlptools.segment.options import WEIGHTS

weights = st.lists(st.sampled_from([0.001, 0.15, 0.5, 1.0, 2.0]), min_size=8, max_size=8)
chains = st.one_of(st.just(CHAIN), weights.map(four_states))
numbers = st.floats(-6, 6, width=32) | st.sampled_from([0.0, -1.0])


class Case(NamedTuple):
    symbols: NDArray[np.uint16]
    emissions: NDArray[np.float32]
    chain: Chain
    segments: list[tuple[int, int]]


@st.composite
def cases(draw: Any, most: int = 5) -> Case:
    """Some segments, with edges between, before and behind them, or not; what is emitted at edges is of no account."""
    chain = draw(chains)
    lengths = draw(st.lists(st.integers(0, most), max_size=4))
    symbols = [symbol for length in lengths for symbol in [*[7] * length, 0]]
    symbols = symbols[: len(symbols) - draw(st.integers(0, 1))]
    size = len(symbols) * chain.first.size
    values = np.array(draw(st.lists(numbers, min_size=size, max_size=size)), np.float32)
    emissions = values.reshape(len(symbols), chain.first.size)
    emissions[np.array(symbols) == 0] = np.nan
    edges = [-1, *(i for i, symbol in enumerate(symbols) if symbol == 0), len(symbols)]
    segments = [(a + 1, b) for a, b in itertools.pairwise(edges) if b > a + 1]
    return Case(np.array(symbols, np.uint16), emissions, chain, segments)


def paths(twins: ModuleType, case: Case, begin: int, end: int) -> Any:
    return twins.paths(case.emissions[begin:end], *case.chain)


def sums(case: Case, factor: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chain = case.chain
    forwards, backwards = np.zeros(case.emissions.shape), np.zeros(case.emissions.shape)
    kernels.forward(case.symbols, case.emissions, chain.transitions, chain.first, factor, forwards)
    kernels.backward(case.symbols, case.emissions, chain.transitions, chain.last, backwards)
    return forwards, backwards


def score_of(ways: Any, begins: Any) -> float:
    """Return the score of the path with these begins: there is one."""
    (score,) = [path.score for path in ways if path.begins == tuple(begins)]
    return float(score)


@given(cases())
def test_the_best_path(twins: ModuleType, case: Case) -> None:
    begins = np.full(case.symbols.size, 9, np.uint8)
    kernels.viterbi(case.symbols, case.emissions, *case.chain, begins)
    assert (begins[case.symbols == 0] == 1).all()
    for begin, end in case.segments:
        ways = paths(twins, case, begin, end)
        assert score_of(ways, begins[begin:end].tolist()) == pytest.approx(ways[0].score, abs=1e-5)


@given(cases(4), st.integers(1, 20))
def test_the_best_paths(twins: ModuleType, case: Case, n: int) -> None:
    for begin, end in case.segments:
        ways = paths(twins, case, begin, end)
        begins, scores = np.zeros((n, end - begin), np.uint8), np.zeros(n)
        found = kernels.n_best(case.symbols[begin:end], case.emissions[begin:end], *case.chain, begins, scores)
        assert found == min(n, len(ways))
        np.testing.assert_allclose(scores[:found], [path.score for path in ways[:found]], atol=1e-5)
        assert len({tuple(row) for row in begins[:found].tolist()}) == found
        for row, score in zip(begins[:found].tolist(), scores[:found].tolist(), strict=True):
            assert score_of(ways, row) == pytest.approx(score, abs=1e-5)


@given(cases(), st.sampled_from([0.5, 1.0, 2.0]))
def test_sums_are_those_of_all_paths(twins: ModuleType, case: Case, factor: float) -> None:
    forwards, _ = sums(case, factor)
    for begin, end in case.segments:
        whole = twins.log_sum(factor * path.score for path in paths(twins, case, begin, end))
        assert twins.log_sum(forwards[end - 1][case.chain.last].tolist()) == pytest.approx(whole, abs=1e-5)


@given(cases())
def test_a_gap_is_as_probable_as_its_paths(twins: ModuleType, case: Case) -> None:
    forwards, backwards = sums(case)
    both = forwards + backwards
    for begin, end in case.segments:
        ways = paths(twins, case, begin, end)
        whole = twins.log_sum(path.score for path in ways)
        for t in range(begin, end):
            cut = twins.log_sum(path.score for path in ways if path.begins[t - begin])
            assert twins.log_sum(both[t].tolist()) == pytest.approx(whole, abs=1e-5)
            assert twins.log_sum(both[t][case.chain.begins].tolist()) == pytest.approx(cut, abs=1e-5)


@given(cases(), st.randoms(use_true_random=False))
def test_a_word_is_as_probable_as_its_paths(twins: ModuleType, case: Case, random: Any) -> None:
    begins = np.array([random.random() < 0.5 for _ in case.symbols], np.uint8)
    for begin, _ in case.segments:
        begins[begin] = 1
    out = np.full(case.symbols.size, np.nan)
    kernels.word_log_probabilities(case.symbols, case.emissions, *case.chain, *sums(case), begins, out)
    assert (out[case.symbols == 0] == 0).all()
    for begin, end in case.segments:
        ways = paths(twins, case, begin, end)
        whole = twins.log_sum(path.score for path in ways)
        starts = [*(t for t in range(begin, end) if begins[t]), end]
        for a, b in itertools.pairwise(starts):
            wanted = [1, *[0] * (b - a - 1), *[1] * (b < end)]
            with_word = [p.score for p in ways if list(p.begins[a - begin : a - begin + len(wanted)]) == wanted]
            probability = math.exp(twins.log_sum(with_word) - whole)
            assert math.exp(out[a]) == pytest.approx(probability, abs=1e-5)


@pytest.mark.parametrize("chain", [CHAIN, four_states(), four_states([1.0] * 8)])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_drawn_paths_have_their_probabilities(
    twins: ModuleType, chain: Chain, factor: float, interpreted: bool
) -> None:
    """The same segment many times over: as often as it should be, within five standard deviations."""
    random = np.random.default_rng(4)
    emissions = random.normal(0, 1, (5, chain.first.size)).astype(np.float32)
    ways = twins.paths(emissions, *chain)
    whole = twins.log_sum(factor * path.score for path in ways)
    times = 300 if interpreted else 30_000
    symbols = np.tile(np.array([3, 3, 3, 3, 3, 0], np.uint16), times)
    many = np.tile(np.concatenate([emissions, np.zeros_like(emissions[:1])]), (times, 1))
    forwards = np.zeros(many.shape)
    kernels.forward(symbols, many, chain.transitions, chain.first, factor, forwards)
    begins = np.empty(symbols.size, np.uint8)
    uniform = random.random(symbols.size)
    kernels.draw(symbols, chain.transitions, chain.last, chain.begins, factor, forwards, uniform, begins)
    drawn = Counter(map(tuple, begins.reshape(times, 6)[:, :5].tolist()))
    assert (begins.reshape(times, 6)[:, 5] == 1).all()
    assert drawn.total() == times
    probabilities = {path.begins: math.exp(factor * path.score - whole) for path in ways}
    assert math.fsum(probabilities.values()) == pytest.approx(1)
    assert drawn.keys() <= probabilities.keys()
    for path, p in probabilities.items():
        assert abs(drawn[path] - times * p) <= 5 * math.sqrt(times * p * (1 - p)) + 1


def test_whatever_the_die_shows() -> None:
    """0 and what is almost 1 are among the numbers drawn."""
    chain = four_states()
    symbols = np.array([5, 5, 5, 0], np.uint16)
    emissions = np.zeros((4, 4), np.float32)
    forwards = np.zeros((4, 4))
    kernels.forward(symbols, emissions, chain.transitions, chain.first, 1.0, forwards)
    for value in (0.0, np.nextafter(1, 0), 1.0):
        begins = np.full(4, 9, np.uint8)
        uniform = np.full(4, value)
        kernels.draw(symbols, chain.transitions, chain.last, chain.begins, 1.0, forwards, uniform, begins)
        assert begins[0] == begins[3] == 1
        assert set(begins.tolist()) <= {0, 1}


def test_four_states() -> None:
    chain = four_states()
    assert WEIGHTS == (1, 0.15, 1, 0.01, 1, 0.01, 1, 0.001)  # those of the article
    moves: dict[Any, float] = {
        (0, 0): 1,
        (0, 1): 0.15,
        (1, 0): 1,
        (1, 2): 0.01,
        (2, 0): 1,
        (2, 3): 0.01,
        (3, 0): 1,
        (3, 3): 0.001,
    }
    for move in itertools.product(range(4), repeat=2):
        assert np.exp(chain.transitions[move]) == pytest.approx(moves.get(move, 0), rel=1e-6)
    assert chain.first.tolist() == chain.begins.tolist() == [True, False, False, False]
    assert chain.last.all()


@pytest.mark.parametrize("wrong", [(), (1.0,) * 7, (1.0,) * 9, (0.0,) * 8, (-1.0,) * 8, (np.inf,) * 8, (np.nan,) * 8])
def test_weights_that_cannot_be(wrong: tuple[float, ...]) -> None:
    with pytest.raises(nt.OptionError, match="give eight numbers above 0"):
        four_states(wrong)
