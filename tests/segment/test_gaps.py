"""The classifier of gaps, in training and packed, against dictionaries of features."""

import itertools
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.segment import _gap_kernels as kernels
from nlptools.segment import gaps
from nlptools.segment.gap_tagger import HIGHEST, GapTagger
from nlptools.segment.units import Alphabet

SYMBOLS = 5
segments_ = st.lists(st.lists(st.integers(1, SYMBOLS - 1), max_size=7), min_size=1, max_size=6)


def codes_of(segments: list[list[int]]) -> NDArray[np.uint16]:
    return np.array([0, *itertools.chain.from_iterable([*codes, 0] for codes in segments)], np.uint16)


def text(size: int, seed: int = 1) -> NDArray[np.uint16]:
    random = np.random.default_rng(seed)
    codes = np.where(random.random(size) < 0.15, 0, random.integers(1, SYMBOLS, size)).astype(np.uint16)
    codes[[0, -1]] = 0
    return codes


def place(weights: Any, feature: Any) -> tuple[str, int]:
    """Return the table and the place in it that hold the weight of a feature."""
    table, column, *gram = feature
    if table == "dense":
        return table, column
    columns = {"symbols": 4, "pairs": 8, "apart": 2, "triples": 4}[table]
    rows = getattr(weights, table).size // columns
    hashed: dict[str, Any] = {"pairs": kernels._pair_row, "apart": kernels._apart_row, "triples": kernels._triple_row}
    row = hashed[table](*gram, rows) if table in hashed else gram[0]
    assert 0 <= row < rows
    return table, int(row) * columns + column


def dense(bins: Any, i: int) -> list[Any]:
    """Return the features of the bins of a gap: each alone, and some pairs and triples of them together."""
    width, row = kernels.BINS, [int(b) for b in bins[i]]
    found = [f * width + b for f, b in enumerate(row)]
    base = kernels.DENSE * width
    found += [base + (p * width + row[a]) * width + row[b] for p, (a, b) in enumerate(kernels.BIN_PAIRS.tolist())]
    base += len(kernels.BIN_PAIRS) * width**2
    for p, (a, b, c) in enumerate(kernels.BIN_TRIPLES.tolist()):
        found.append(base + ((p * width + row[a]) * width + row[b]) * width + row[c])
    return [("dense", at) for at in found]


@pytest.mark.parametrize("with_bins", [False, True])
@pytest.mark.parametrize("fold", [-1, 0, 1])
def test_learning_and_predicting(twins: ModuleType, with_bins: bool, fold: int, interpreted: bool) -> None:
    codes = text(60 if interpreted else 400)
    random = np.random.default_rng(2)
    target = random.random(codes.size).astype(np.float32)
    bins = random.integers(0, kernels.BINS, (codes.size if with_bins else 0, kernels.DENSE)).astype(np.uint8)
    state = gaps._new_state(SYMBOLS, codes.size)
    weights = gaps._weights(state)
    block, rate = 7, 0.1
    student = twins.Student(lambda feature: place(weights, feature))

    def of_fold(i: int) -> bool:
        return fold < 0 or i // block % 2 == fold

    def more(i: int) -> Any:
        return dense(bins, i) if with_bins else []

    for _ in range(2):
        loss = kernels.train(codes, bins, target, fold, block, rate, state)
        expected = student.learn(codes.tolist(), target.tolist(), rate, of_fold, more)
        assert loss == pytest.approx(expected, rel=1e-4)
    weights = gaps._weights(state)
    for (table, at), weight in student.weights.items():
        assert getattr(weights, table)[at] == pytest.approx(weight, abs=1e-4)
    assert sum(np.count_nonzero(table) for table in weights) <= len(student.weights)

    odds = np.full(codes.size, np.nan, np.float32)
    kernels.predict(codes, bins, fold, block, 0, 20, weights, odds)
    kernels.predict(codes, bins, fold, block, 20, codes.size, weights, odds)
    predicted = [i for i in twins.gaps(codes.tolist()) if fold < 0 or not of_fold(i)]
    assert np.flatnonzero(~np.isnan(odds)).tolist() == predicted
    for i in predicted:
        assert odds[i] == pytest.approx(student.odds(codes.tolist(), i, more(i)), abs=1e-3)


def test_nothing_to_learn() -> None:
    for codes in (np.zeros(2, np.uint16), np.array([0, 1, 0, 2, 0], np.uint16)):
        odds = np.zeros(codes.size, np.float32)
        student = gaps.learn(codes, odds, SYMBOLS)
        assert not any(table.any() for table in student)
        assert not gaps.predict(codes, student, 2).any()
        bins = np.zeros((codes.size, kernels.DENSE), np.uint8)
        assert not gaps.teach(codes, bins, odds, 2).any()


def test_a_student_learns_what_it_is_taught(interpreted: bool) -> None:
    """A word begins at every symbol 1, and nowhere else."""
    codes = text(300 if interpreted else 3000)
    odds = np.where(codes == 1, 5, -5).astype(np.float32)
    student = gaps.learn(codes, odds, SYMBOLS)
    predicted = gaps.predict(codes, student, 1)
    inside = np.zeros(codes.size, np.bool_)
    inside[1:] = (codes[1:] != 0) & (codes[:-1] != 0)
    assert not predicted[~inside].any()
    assert ((predicted > 0) == (codes == 1))[inside].mean() > 0.98
    assert np.array_equal(predicted, gaps.predict(codes, student, 3))
    tagger = GapTagger.from_student(student)
    agree = (tagger.begins(codes) != 0) == (predicted > 0)
    assert agree[inside].mean() > 0.98


def test_each_half_is_taught_by_the_other(monkeypatch: pytest.MonkeyPatch, interpreted: bool) -> None:
    block = 7
    monkeypatch.setattr(gaps, "BLOCK", block)
    codes = text(150 if interpreted else 600)
    target = np.random.default_rng(3).random(codes.size).astype(np.float32)
    bins = np.zeros((codes.size, kernels.DENSE), np.uint8)
    odds = gaps.teach(codes, bins, target, 1)
    assert np.array_equal(odds, gaps.teach(codes, bins, target, 2))
    even = np.arange(codes.size) // block % 2 == 0
    changed = np.where(even, 1 - target, target).astype(np.float32)
    other = gaps.teach(codes, bins, changed, 1)
    assert np.array_equal(odds[even], other[even])  # what it is taught itself is of no account
    assert not np.allclose(odds[~even], other[~even])


def test_a_small_text_has_two_halves() -> None:
    """However small it is, what is right for one half is learned from the other."""
    codes = text(150)
    target = (codes == 1).astype(np.float32)
    bins = np.zeros((codes.size, kernels.DENSE), np.uint8)
    bins[:, 0] = target
    odds = gaps.teach(codes, bins, target, 1)
    inside = np.flatnonzero((codes[1:] != 0) & (codes[:-1] != 0)) + 1
    assert odds[inside][target[inside] == 1].mean() > odds[inside][target[inside] == 0].mean() + 0.2


def packed(seed: int, symbols: int = SYMBOLS) -> kernels.PackedWeights:
    """Return weights of all sizes at random."""
    random = np.random.default_rng(seed)
    return kernels.PackedWeights(
        random.integers(0, 1 << 32, symbols).astype(np.uint32),
        random.integers(0, 1 << 63, 64).astype(np.uint64),
        random.integers(0, 1 << 16, 32).astype(np.uint16),
        random.integers(0, 1 << 32, 128).astype(np.uint32),
    )


def score_of(twins: ModuleType, weights: kernels.PackedWeights, codes: list[int], i: int) -> int:
    """Return the sum of the weights of the gap before i, one byte of a row for each place."""
    tables = {name: getattr(weights, name).view(np.int8) for name in ("symbols", "pairs", "apart", "triples")}
    whole = kernels.Weights(**tables, dense=np.zeros(0, np.float32))
    return sum(int(tables[table][at]) for table, at in (place(whole, f) for f in twins.features(codes, i)))


@given(segments_, st.integers(0, 9))
@example([[1, 2]], 0)
@example([[1]], 0)
def test_packed_scores_are_sums(twins: ModuleType, segments: list[list[int]], seed: int) -> None:
    weights = packed(seed)
    for codes in (codes_of(segments), codes_of(segments)[1:]):
        scores = np.empty(codes.size, np.int16)
        kernels.score(codes, weights, scores)
        inside = set(twins.gaps(codes.tolist()))
        expected = [score_of(twins, weights, codes.tolist(), i) if i in inside else HIGHEST for i in range(codes.size)]
        assert scores.tolist() == expected


@given(segments_, st.integers(0, 9))
def test_segments_are_apart(segments: list[list[int]], seed: int) -> None:
    """What stands beyond an edge is of no account, and neither is whether anything does."""
    tagger = GapTagger(packed(seed), 0.5)
    together = tagger.scores(codes_of(segments))
    apart = [tagger.scores(np.array([*codes, 0], np.uint16)) for codes in segments]
    assert together.tolist() == [HIGHEST, *np.concatenate(apart).tolist()]


@given(segments_, st.integers(0, 9))
def test_log_odds_and_emissions(segments: list[list[int]], seed: int) -> None:
    codes = codes_of(segments)
    tagger = GapTagger(packed(seed), 0.25)
    scores = tagger.scores(codes)
    beside = np.array([i == 0 or codes[i] == 0 or codes[i - 1] == 0 for i in range(codes.size)])
    odds, emissions = tagger.log_odds(codes), tagger.emissions(codes)
    assert (odds[beside] == np.inf).all()
    assert (odds[~beside] == scores[~beside] * 0.25).all()
    assert (emissions[~beside, 0] - emissions[~beside, 1] == odds[~beside]).all()
    assert np.isfinite(emissions).all()
    assert tagger.begins(codes).tolist() == (odds > 0).astype(int).tolist()


def test_rounding() -> None:
    """Weights are rounded to multiples of the unit; few are so large that they are cut off."""
    random = np.random.default_rng(8)
    student = gaps._weights(gaps._new_state(SYMBOLS, 100))
    student.pairs[: 5 * 8] = random.normal(0, 1, 40)
    student.symbols[:] = random.normal(0, 1, student.symbols.size)
    tagger = GapTagger.from_student(student)
    for name in ("symbols", "pairs", "apart", "triples"):
        steps = getattr(tagger.weights, name).view(np.int8)
        np.testing.assert_allclose(steps * tagger.unit, getattr(student, name), atol=tagger.unit * 0.51 + 1e-3)
    nothing = GapTagger.from_student(gaps._weights(gaps._new_state(SYMBOLS, 100)))
    assert nothing.begins(text(50)).sum() == np.count_nonzero(nothing.scores(text(50)) == HIGHEST)


@pytest.mark.parametrize(
    "change",
    [
        {"symbols": np.zeros(SYMBOLS + 1, np.uint32)},
        {"symbols": np.zeros(SYMBOLS, np.int32)},
        {"pairs": np.zeros(3, np.uint64)},
        {"pairs": np.zeros(0, np.uint64)},
        {"apart": np.zeros(4, np.uint32)},
        {"triples": np.zeros(96, np.uint32)},
        {"unit": np.array([0.0])},
        {"unit": np.array([np.nan])},
        {"unit": np.array([np.inf])},
        {"unit": np.zeros(0)},
    ],
)
def test_arrays_that_are_no_tagger(change: dict[str, NDArray[Any]]) -> None:
    alphabet = Alphabet("研")  # five symbols
    arrays = GapTagger(packed(1), 0.5).arrays()
    assert GapTagger.from_arrays(arrays, alphabet).unit == 0.5
    with pytest.raises((ValueError, KeyError, IndexError)):
        GapTagger.from_arrays({**arrays, **change}, alphabet)


@given(st.lists(st.integers(0, SYMBOLS - 1), max_size=30))
def test_numerals_are_joined(symbols: list[int]) -> None:
    """Symbol 1 is a number, 3 and 4 are numerals."""
    codes = np.array([*symbols, 0], np.uint16)
    without, found = GapTagger(packed(1), 0.5), GapTagger(packed(1), 0.5, np.array([3, 4], np.uint16))
    plain, scores = without.scores(codes), found.scores(codes)
    for i, symbol in enumerate(codes.tolist()):
        if i > 0 and symbol in (3, 4) and codes[i - 1] in (1, 3, 4):
            assert scores[i] == -32767
            assert not found.begins(codes)[i]
        else:
            assert scores[i] == plain[i]
