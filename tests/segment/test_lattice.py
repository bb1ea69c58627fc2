"""The lattice of words against Counters and the enumeration of segmentations."""

import itertools
import math
from collections import Counter, defaultdict
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.ngrams.trie import Trie, build_trie
from nlptools.segment import _lattice_kernels as kernels
from nlptools.segment import lattice
from nlptools.segment.lattice import DISCOUNT, LONGEST, PREFER, STRENGTH, Lattice
from nlptools.text.encode import EncodedText

segment = st.lists(st.integers(1, 3), min_size=1, max_size=8)
texts = st.lists(segment, min_size=1, max_size=10)


def codes_of(segments: list[list[int]]) -> NDArray[np.uint16]:
    return np.array([0, *itertools.chain.from_iterable([*codes, 0] for codes in segments)], np.uint16)


def make(codes: NDArray[np.uint16], seed: int = 1, threads: int = 1, pieces: int = 2, begins: Any = None) -> Lattice:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.segment.lattice.PIECES", pieces)
        patch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)  # quicker for small texts
        begins = np.ones(codes.size, np.uint8) if begins is None else np.array(begins, np.uint8)
        return Lattice(codes, trie_of(codes), begins, seed, threads)


def trie_of(codes: NDArray[np.uint16]) -> Trie:
    text = EncodedText(codes, pa.nulls(int(codes.max()) + 1, pa.string()), np.array([codes.size]))
    return build_trie(text, 2, LONGEST + 1, 1)


@pytest.fixture(autouse=True)
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)


def spelled(made: Lattice) -> list[tuple[int, ...]]:
    """Return the symbols of each word; of word 0 none."""
    return [tuple(symbol for symbol in row if symbol) for row in made._spelling._spelled.tolist()]


def segmented(codes: NDArray[np.uint16], begins: NDArray[np.uint8]) -> list[list[tuple[int, ...]]]:
    """Return the words of each segment."""
    found: list[list[tuple[int, ...]]] = []
    for i, code in enumerate(codes.tolist()):
        if code == 0:
            continue
        if codes[i - 1] == 0:
            found.append([])
            assert begins[i]
        if begins[i]:
            found[-1].append(())
        found[-1][-1] += (code,)
    return found


def words_of(codes: NDArray[np.uint16], twins: ModuleType) -> set[tuple[int, ...]]:
    counts = twins.around(codes.tolist(), LONGEST).counts
    return {gram for gram, n in counts.items() if len(gram) == 1 or n >= 2}


@given(texts, st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=20)
def test_begins_make_words(twins: ModuleType, segments: list[list[int]], random: Any, threads: int) -> None:
    """Whatever the first begins are, and after every sweep: the words are words."""
    codes = codes_of(segments)
    made = make(codes, threads=threads, begins=[random.random() < 0.4 for _ in codes])
    words = words_of(codes, twins)
    assert sorted(words) == sorted(spelled(made)[1:])
    for _ in range(3):
        assert not made.begins[codes == 0].any()
        assert {word for found in segmented(codes, made.begins) for word in found} <= words
        made.sweep()


@given(texts)
def test_words_at_places(twins: ModuleType, segments: list[list[int]]) -> None:
    codes = codes_of(segments)
    made = make(codes)
    words, names = words_of(codes, twins), spelled(made)
    for i in range(codes.size):
        for k in range(LONGEST):
            gram = tuple(codes[i : i + k + 1].tolist())
            if codes[i] == 0:
                assert made._words[i, k] == (0 if k == 0 else -1)
            elif gram in words and len(gram) == k + 1:
                assert names[made._words[i, k]] == gram
            else:
                assert made._words[i, k] == -1


@given(texts, st.integers(1, 3))
@example([[1]], 1)
@settings(max_examples=20)
def test_bigrams_are_counted(twins: ModuleType, segments: list[list[int]], sweeps: int) -> None:
    codes = codes_of(segments)
    made = make(codes)
    for _ in range(sweeps):
        made.sweep()
    found = made._count(None)
    expected = twins.bigrams(segmented(codes, made.begins))
    names = spelled(made)
    for before, word in itertools.product(range(len(names)), repeat=2):
        key = np.uint64(before << 32 | word)
        assert kernels._look_up(key, found.table, found.values) == expected[names[before], names[word]]
    for word, name in enumerate(names):
        assert found.followed[word] == sum(n for (a, _), n in expected.items() if a == name)
        assert found.followers[word] == sum(1 for a, _ in expected if a == name)
        assert found.preceded[word] == sum(1 for _, b in expected if b == name)
    assert (found.types, found.pairs) == (len({b for _, b in expected}), len(expected))


@pytest.mark.parametrize("size", [40, 120, 160, 200, 330, 400])
def test_every_part_of_the_table_has_room(size: int) -> None:
    """A part without a free place would be searched for ever. This test does not end if there is none."""
    random = np.random.default_rng(size)
    for _ in range(10):
        codes = codes_of([random.integers(1, size // 2, 6).tolist() for _ in range(size // 6)])
        table = make(codes)._count(None).table.reshape(1 << kernels.PART_BITS, -1)
        assert (table == 0).any(axis=1).all()


def test_spellings_are_probabilities() -> None:
    random = np.random.default_rng(5)
    codes = codes_of([random.integers(1, 4, 12).tolist() for _ in range(60)])
    made = make(codes)
    lengths = made._spelling.lengths
    for used in (np.ones(lengths.size, np.bool_), lengths < 2):
        p = made._spelling.probabilities(used, 1)
        assert (p > 0).all()
        assert p[1:].sum() <= 1 + 1e-6
    p = made._spelling.probabilities(np.ones(lengths.size, np.bool_), 1)
    for length in (1, 2):  # all strings of so many of the three symbols are words
        assert np.count_nonzero(lengths == length) == 3**length
        assert p[lengths == length].sum() == pytest.approx(3**length / lengths[1:].size, rel=0.5)


def own_of(begins: NDArray[np.uint8], a: int, b: int, end: int) -> bool:
    """Say whether there is a word from a to b."""
    return bool(begins[a]) and not begins[a + 1 : b].any() and (b == end or bool(begins[b]))


def weight(twins: ModuleType, made: Lattice, codes: Any, found: kernels.Bigrams, begin: int, cut: Any) -> float:
    """Return the weight of a segmentation, cut at these places, of the segment at `begin`, given all others."""
    whole = twins.bigrams(segmented(codes, made.begins))
    names = spelled(made)
    end = begin + cut[-1]
    spans = [(begin + a, begin + b) for a, b in itertools.pairwise(cut)]
    words = [tuple(codes[a:b].tolist()) for a, b in spans]
    if any(word not in names for word in words):
        return 0.0
    own = [True, *(own_of(made.begins, a, b, end) for a, b in spans), True]
    product = 1.0
    for t, (before, word) in enumerate(itertools.pairwise([(), *words, ()])):
        counted, less = whole, int(own[t] and not own[t + 1])
        if own[t] and own[t + 1]:
            counted = whole - Counter({(before, word): 1})
        base = float(found.base[names.index(word)])
        product *= twins.word_probability(before, word, counted, whole, base, DISCOUNT, STRENGTH, less)
    for a, b in spans:
        product *= PREFER[b - a - 1] * (float(made.gaps[a]) if a > begin else 1.0)
    return product


def drawn_weights(twins: ModuleType, made: Lattice, codes: Any, begin: int, size: int, sure: float) -> Any:
    """Return the probability of each segmentation of a segment: of where its words begin."""
    found = made._count(None)
    weights = {cut: weight(twins, made, codes, found, begin, cut) for cut in twins.cuts(size)}
    gaps = dict(enumerate(made.gaps[begin : begin + size].tolist()))
    must = {t for t in range(1, size) if gaps[t] > sure}
    may = {t for t in range(1, size) if gaps[t] * sure >= 1}
    allowed = {cut: weight for cut, weight in weights.items() if weight and must <= {*cut} and {*cut[1:-1]} <= may}
    weights = allowed or weights
    whole = math.fsum(weights.values())
    return {cut: weight / whole for cut, weight in weights.items() if weight}


@given(st.lists(segment.filter(lambda codes: len(codes) <= 5), min_size=1, max_size=6), st.integers(0, 2))
def test_sums_are_those_of_all_segmentations(twins: ModuleType, segments: list[list[int]], sweeps: int) -> None:
    """Of the ways to each place that end with a word of each length; the segment's own words are left out."""
    codes = codes_of(segments)
    made = make(codes)
    for _ in range(sweeps):
        made.sweep()
    made.gaps[:] = np.random.default_rng(3).uniform(0.2, 5, codes.size)
    found = made._count(None)
    size = len(segments[0])
    forward = np.zeros((size + 1, LONGEST))
    kernels._sum_forward(
        made._words, 1, size + 1, made.begins, found, DISCOUNT, STRENGTH, np.array(PREFER), made.gaps, np.inf, forward
    )
    expected: defaultdict[int, float] = defaultdict(float)
    names = spelled(made)
    for cut in twins.cuts(size):
        last = cut[-1] - cut[-2]
        whole = weight(twins, made, codes, found, 1, cut)
        if whole:
            word = names.index(tuple(segments[0][cut[-2] :]))
            own = own_of(made.begins, 1 + cut[-2], 1 + size, 1 + size)
            expected[last] += whole / kernels._probability(word, 0, own, True, found, DISCOUNT, STRENGTH)
    for length in range(1, LONGEST + 1):
        assert forward[size, length - 1] == pytest.approx(expected[length], rel=1e-4, abs=1e-30)


@pytest.mark.parametrize("sure", [np.inf, 1.5, 1.05])
def test_segmentations_are_drawn_with_their_probabilities(twins: ModuleType, sure: float, interpreted: bool) -> None:
    """The same segment with many seeds: as often as it should be, within five standard deviations.

    Of those segmentations that do what gaps say that are sure, if there are any.
    """
    random = np.random.default_rng(7)
    codes = codes_of([[1, 2, 1, 2, 3], *(random.integers(1, 4, 6).tolist() for _ in range(8))])
    made = make(codes)
    made.sweep()
    made.gaps[:] = random.uniform(0.5, 2, codes.size)
    expected = drawn_weights(twins, made, codes, 1, 5, sure)
    found = made._count(None)
    drawn: Counter[tuple[int, ...]] = Counter()
    times = 200 if interpreted else 20_000
    for seed in range(times):
        begins = made.begins.copy()
        kernels.sample(made._words, 0, 7, begins, found, DISCOUNT, STRENGTH, np.array(PREFER), made.gaps, sure, seed)
        assert np.array_equal(begins[7:], made.begins[7:])
        drawn[(*np.flatnonzero(begins[1:6]).tolist(), 5)] += 1
    assert (len(expected) > 8) == (sure > 2)
    assert drawn.keys() <= expected.keys()
    for cut, p in expected.items():
        assert abs(drawn[cut] - times * p) <= 5 * math.sqrt(times * p * (1 - p)) + 1


@pytest.mark.parametrize("factor", [1e-7, 1.0, 1e7])
def test_long_segments(twins: ModuleType, factor: float, interpreted: bool) -> None:
    """Sums beyond the range of floats: in a long segment the last words are drawn as in its end alone."""
    size = 200 if interpreted else 2000
    text = [1, 2, 3, 1] * (size // 4)
    codes = codes_of([text])
    made = make(codes)
    made.gaps[:] = factor
    found = made._count(None)
    forward = np.zeros((size + 1, LONGEST))
    arguments = (made.begins, found, DISCOUNT, STRENGTH, np.array(PREFER), made.gaps, np.inf)
    kernels._sum_forward(made._words, 1, size + 1, *arguments, forward)
    rows = forward[1:].sum(axis=1)
    assert np.isfinite(forward).all()
    assert (rows > 0).all()
    # a cut that is worth so much, or so little, is always, or only where it must be, taken
    for _ in range(3):
        made.sweep()
    words = segmented(codes, made.begins)[0]
    if factor > 1:
        assert len(words) == size
    if factor < 1:
        assert len(words) == size // LONGEST


def test_threads_do_not_matter() -> None:
    random = np.random.default_rng(9)
    codes = codes_of([random.integers(1, 30, 9).tolist() for _ in range(40)])
    first = make(codes, threads=1, pieces=4)
    for threads in (2, 3):
        other = make(codes, threads=threads, pieces=4)
        for lattice_ in (first, other):
            lattice_.sweeps = 0
            lattice_.begins[:] = codes != 0
        for _ in range(3):
            assert np.array_equal(first.mean_begins(1), other.mean_begins(1))
    assert first.sweeps == 3
    mean = first.mean_begins(4)
    assert set((mean * 4).tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    assert (mean[1:][(codes[:-1] == 0) & (codes[1:] != 0)] == 1).all()


def test_seeds_matter() -> None:
    random = np.random.default_rng(9)
    codes = codes_of([random.integers(1, 9, 9).tolist() for _ in range(30)])
    begins = []
    for seed in (1, 2, 2**62):
        made = make(codes, seed=seed)
        made.sweep()
        begins.append(made.begins)
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(begins, 2))


def test_long_words_of_long_texts_must_be_seen_more_often() -> None:
    codes = codes_of([[1, 2, 3, 4]] * 3)
    trie = trie_of(codes)
    assert lattice._are_words(trie, codes.size).sum() >= lattice._are_words(trie, 10**9).sum() > 4
