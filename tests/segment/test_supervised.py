"""The supervised tagger against slow twins: all segmentations of short texts, and sums of weights feature by feature."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.errors import InputError
from nlptools.segment import _chain_kernels
from nlptools.segment import _tagger_kernels as kernels
from nlptools.segment.evidence import learn_evidence, no_evidence, with_words
from nlptools.segment.gold import read_gold
from nlptools.segment.supervised import (
    RawText,
    SupervisedTagger,
    gold_alphabet,
    states,
    templates,
    train_supervised,
)
from nlptools.segment.units import Alphabet

BEGIN, INSIDE, END, SINGLE = range(4)
GOLD = ["我 爱 北京 天安门 ，", "北京 大学 在 北京 。 2001 年", "我 在 天安门 ， 大学生 爱 我"] * 4
AWKWARD = [
    "",
    " ",
    "𠮷",
    "😀",
    "a",
    "ab\r\n我们",
    "\ufeff我",
    "\x00",
    "我\x00们",
    "ｱ我 2,000．5％ Ünïcode",
    "。",
    "我" * 50,
]


def legal_paths(n: int) -> list[tuple[int, ...]]:
    """Return the states of all segmentations of n symbols."""
    paths = []
    for cuts in itertools.product((False, True), repeat=n - 1):
        lengths = [len(list(word)) for word in _words_of(cuts)]
        paths.append(tuple(s for k in lengths for s in ([SINGLE] if k == 1 else [BEGIN] + [INSIDE] * (k - 2) + [END])))
    return paths


def _words_of(cuts: tuple[bool, ...]) -> list[list[int]]:
    words = [[0]]
    for i, cut in enumerate(cuts):
        if cut:
            words.append([])
        words[-1].append(i + 1)
    return words


def path_score(path: tuple[int, ...], scores: np.ndarray, transitions: np.ndarray) -> float:
    moved = sum(transitions[r, s] for r, s in itertools.pairwise(path))
    return float(sum(scores[t, s] for t, s in enumerate(path)) + moved)


def slow_expectations(scores: np.ndarray, transitions: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return ln of the sum, the probabilities of states and the expected moves, by listing all segmentations."""
    paths = legal_paths(len(scores))
    values = np.array([path_score(path, scores, transitions) for path in paths])
    whole = float(np.logaddexp.reduce(values))
    at, moves = np.zeros_like(scores), np.zeros((4, 4))
    for path, p in zip(paths, np.exp(values - whole), strict=True):
        for t, s in enumerate(path):
            at[t, s] += p
        for r, s in itertools.pairwise(path):
            moves[r, s] += p
    return whole, at, moves


def expectations(scores: np.ndarray, transitions: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    n = len(scores)
    at, moves = np.empty((n, 4)), np.empty((4, 4))
    whole = kernels.expect(scores, n, transitions, np.empty((n, 4)), np.empty((n, 4)), at, moves)
    return whole, at, moves


@given(st.integers(1, 7), st.integers(0, 1000))
def test_expectations_are_those_of_all_segmentations(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, transitions = random.normal(0, 3, (n, 4)), random.normal(0, 2, (4, 4))
    pairs: Any = zip(expectations(scores, transitions), slow_expectations(scores, transitions), strict=True)
    for fast, slow in pairs:
        np.testing.assert_allclose(fast, slow, atol=1e-9)


@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_gradient_is_that_of_the_loss(n: int, seed: int) -> None:
    """The expected states and moves are the slope of ln of the sum over all segmentations."""
    random = np.random.default_rng(seed)
    scores, transitions, h = random.normal(size=(n, 4)), random.normal(size=(4, 4)), 1e-5
    _, at, moves = expectations(scores, transitions)
    for slopes, moved in ((at, scores), (moves, transitions)):
        for place in np.ndindex(slopes.shape):
            sums = []
            for step in (h, -h):
                moved[place] += step
                sums.append(expectations(scores, transitions)[0])
                moved[place] -= step
            assert slopes[place] == pytest.approx((sums[0] - sums[1]) / (2 * h), abs=1e-5)


def test_the_first_step_is_against_the_gradient() -> None:
    """With all weights 0 each segmentation is equally probable; symbols that occur once get one step each."""
    text = np.array([0, 0, 4, 5, 6, 0, 0], np.uint16)
    gold = np.array([0, 0, BEGIN, END, SINGLE, 0, 0], np.uint8)
    one = kernels.Templates(
        *(np.array([row]) for row in ([0, -1, -1, -1], [0] * 4, [16, 0, 0, 0])), *np.array([[0], [0], [1]])
    )
    weights, squares = np.zeros((2, 1 + (1 << 16), 4), np.float32)
    transitions, transition_squares = np.zeros((2, 4, 4))
    loss = kernels.train(
        text, gold, np.array([2]), np.array([5]), np.array([0]), no_evidence(), one, np.zeros(16, np.uint64),
        np.array([0.5], np.float32), 0.25, weights, squares, transitions, transition_squares,
    )  # fmt: skip
    whole, at, moves = slow_expectations(np.zeros((3, 4)), np.zeros((4, 4)))
    assert loss == pytest.approx(whole / 3)
    for t, state in enumerate((BEGIN, END, SINGLE)):
        at[t, state] -= 1
    moves[BEGIN, END] -= 1
    moves[END, SINGLE] -= 1
    np.testing.assert_allclose(weights[5:8], -0.5 * at / np.sqrt(at**2 + 0.1), rtol=1e-5)
    np.testing.assert_allclose(transitions, -0.25 * moves / np.sqrt(moves**2 + 1), atol=1e-12)


@pytest.fixture(scope="module")
def raw() -> RawText:
    """Raw text in which every second place is a cut, and some symbols."""
    random = np.random.default_rng(5)
    codes = np.minimum(random.geometric(0.15, 1500) + 3, 40).astype(np.uint16)
    codes[random.random(codes.size) < 0.1] = 0
    codes[[0, -1]] = 0
    begins = (random.random(codes.size) < 0.5) | (codes == 0) | (np.append(0, codes[:-1]) == 0)
    return RawText(codes, begins.astype(np.uint8))


@pytest.fixture(scope="module")
def taught(raw: RawText) -> SupervisedTagger:
    characters = sorted(set("".join(GOLD)) - set(" ，。2001"))
    alphabet = Alphabet([*characters, *map(chr, range(0x9000, 0x9000 + 37 - len(characters)))])
    return train_supervised(read_gold(GOLD), alphabet, raw)


def slow_columns(text: list[int], evidence_of: "SlowEvidence") -> dict[int, list[int]]:
    """Return some of the columns of a laid out text, n-gram by n-gram."""
    n = len(text)
    columns = {c: [0] * n for c in (*range(kernels.WORDS, kernels.COLUMNS), kernels.REPEATED)}
    for i in range(n):
        if text[i] == 0:
            continue
        near = ((-1, 1), (1, 2), (-2, 4), (2, 8))
        columns[kernels.REPEATED][i] = sum(bit for shift, bit in near if text[i + shift] == text[i])
        for length in range(1, kernels.LONGEST + 1):
            gram = tuple(text[i : i + length])
            bin_ = math.ceil(math.log2(evidence_of.words[gram] + 1)) if gram in evidence_of.known else 0
            columns[kernels.WORDS + length - 1][i] = min(bin_, 15)
            if length <= 3:
                columns[kernels.HALVED + length - 1][i] = min(bin_, 15) // 2
            if bin_ and 0 not in gram and len(gram) == length:
                columns[kernels.STARTS][i] = length
                columns[kernels.ENDS][i + length - 1] = max(columns[kernels.ENDS][i + length - 1], length)
                for j in range(i + 1, i + length - 1):
                    columns[kernels.AROUND][j] = max(columns[kernels.AROUND][j], length)
    return columns


class SlowEvidence:
    """The words of a text, counted one by one, and its n-grams that occur twice."""

    def __init__(self, raw: RawText) -> None:
        grams: Counter[tuple[int, ...]] = Counter()
        self.words: Counter[tuple[int, ...]] = Counter()
        codes = raw.codes.tolist()
        for i in range(len(codes)):
            for length in range(1, kernels.LONGEST + 1):
                gram = tuple(codes[i : i + length])
                if len(gram) == length and 0 not in gram:
                    grams[gram] += 1
        starts = [*np.flatnonzero(raw.begins).tolist(), len(codes)]
        self.words.update(tuple(codes[lo:hi]) for lo, hi in itertools.pairwise(starts))
        self.known = {gram for gram, count in grams.items() if count >= 2 or len(gram) == 1}


def test_what_raw_text_tells_is_counted_one_by_one(raw: RawText) -> None:
    evidence = with_words(learn_evidence(raw.codes, 41, 1, 2), raw.codes, raw.begins)
    text = np.concatenate([[0, 0], raw.codes[1:120], [0, 0]]).astype(np.uint16)
    columns = np.zeros((kernels.COLUMNS, text.size), np.uint16)
    kernels.describe(text, 0, text.size, evidence, columns)
    slow = slow_columns(text.tolist(), SlowEvidence(raw))
    for column, values in slow.items():
        assert columns[column].tolist() == values, column
    grams = Counter(itertools.pairwise(raw.codes.tolist()))
    for i, pair in enumerate(itertools.pairwise(text.tolist())):
        assert (columns[kernels.QUALITY, i] > 0) == (0 not in pair and grams[pair] >= 2)


def slow_emissions(tagger: SupervisedTagger, symbols: np.ndarray) -> np.ndarray:
    """Return the scores of one segment without edges, feature by feature from a dictionary."""
    chosen, _ = templates(tagger.evidence)
    text = np.concatenate([[0, 0], symbols, [0, 0]]).astype(np.uint16)
    columns = np.zeros((kernels.COLUMNS, text.size), np.uint16)
    kernels.describe(text, 0, text.size, tagger.evidence, columns)
    rows = {int(slot >> np.uint64(32)): int(slot) & 0xFFFFFFFF for slot in tagger.features if slot}
    sums = np.zeros((text.size, 4), np.int64)
    for f, i in np.ndindex(chosen.first.size, text.size):
        value = 0
        for column, shift, bits in zip(chosen.columns[f], chosen.shifts[f], chosen.bits[f], strict=True):
            if column >= 0:
                value = value << int(bits) | (int(columns[column, i + shift]) if i + shift < text.size else 0)
        width = int(chosen.last[f] - chosen.first[f]) + 1
        mixed = ((value * 64 + f) * 0xD6E8FEB86659FD93) % 2**64
        row = int(chosen.rows[f]) + value * width if chosen.rows[f] >= 0 else rows.get(mixed >> 32 | 1, 0)
        if value == 0 and chosen.rows[f] >= 0:
            row = 0
        for place in range(width):
            if 0 <= i + chosen.first[f] + place < text.size:
                sums[i + chosen.first[f] + place] += tagger.weights[row + place]
    return sums[2:-2] * 8.0 / 32767


@pytest.mark.parametrize("with_raw", [False, True])
def test_emissions_are_sums_of_the_weights_of_features(with_raw: bool, taught: SupervisedTagger) -> None:
    gold = read_gold(GOLD)
    tagger = taught if with_raw else train_supervised(gold, gold_alphabet(gold))
    symbols = np.array([4, 5, 6, 7, 4, 4, 1, 9, 3, 8, 8, 10], np.uint16)
    found = tagger.emissions(symbols)
    np.testing.assert_allclose(found, slow_emissions(tagger, symbols), atol=1e-5)
    assert np.abs(found).max() > 0


@given(st.lists(st.integers(0, 40), max_size=60), st.lists(st.integers(0, 40), max_size=60))
def test_nothing_counts_beyond_an_edge(taught: SupervisedTagger, one: list[int], other: list[int]) -> None:
    parts = [np.array([*codes, 0], np.uint16) for codes in (one, other)]
    apart = [tagger_out for part in parts for tagger_out in taught.emissions(part).tolist()]
    assert taught.emissions(np.concatenate(parts)).tolist() == apart
    begins = taught.begins(np.concatenate(parts))
    assert begins.tolist() == [b for part in parts for b in taught.begins(part).tolist()]
    edges = np.append(True, np.concatenate(parts)[:-1] == 0) | (np.concatenate(parts) == 0)
    assert begins[edges].all()


def test_a_long_segment_is_cut_into_blocks_that_nobody_sees(taught: SupervisedTagger) -> None:
    size = kernels.BLOCK + 60
    symbols = (np.arange(size) * 7919 % 37 + 4).astype(np.uint16)
    whole = taught.emissions(symbols)
    shifted = taught.emissions(np.append(symbols[:30], symbols))[30:]
    np.testing.assert_array_equal(whole[10:], shifted[10:])


def test_illegal_moves_never_appear(taught: SupervisedTagger) -> None:
    legal = {(BEGIN, INSIDE), (BEGIN, END), (INSIDE, INSIDE), (INSIDE, END)}
    legal |= {(r, s) for r in (END, SINGLE) for s in (BEGIN, SINGLE)}
    finite = {tuple(pair) for pair in np.argwhere(np.isfinite(taught.chain.transitions)).tolist()}
    assert finite == legal
    symbols = np.array([4, 5, 6, 7, 8], np.uint16)
    begins, scores = np.zeros((40, 5), np.uint8), np.zeros(40)
    chain, emissions = taught.chain, taught.emissions(symbols)
    assert _chain_kernels.n_best(symbols, emissions, *chain, begins, scores) == 16
    assert len({tuple(row) for row in begins[:16].tolist()}) == 16
    for row, score in zip(begins[:16], scores, strict=False):
        path = tuple(states(symbols, row).tolist())
        assert path in legal_paths(5)
        assert score == pytest.approx(path_score(path, emissions, chain.transitions), abs=1e-4)


def test_what_was_taught_is_known() -> None:
    gold = read_gold(GOLD)
    alphabet = gold_alphabet(gold)
    symbols, begins = gold.symbols(alphabet)
    assert train_supervised(gold, alphabet).begins(symbols).tolist() == begins.tolist()


def test_equal_seeds_give_equal_models(raw: RawText, taught: SupervisedTagger) -> None:
    alphabet = Alphabet([chr(0x4E00 + i) for i in range(37)])
    models = [train_supervised(read_gold(GOLD), alphabet, raw, threads=threads).arrays() for threads in (1, 2)]
    for name in models[0]:
        np.testing.assert_array_equal(models[0][name], models[1][name])


def test_a_model_is_its_arrays(taught: SupervisedTagger) -> None:
    alphabet = Alphabet([chr(0x4E00 + i) for i in range(37)])
    again = SupervisedTagger.from_arrays(taught.arrays(), alphabet)
    symbols = np.array([4, 5, 0, 6, 1, 2, 3, 40, 0], np.uint16)
    np.testing.assert_array_equal(again.emissions(symbols), taught.emissions(symbols))


@pytest.mark.parametrize(
    "name", ["evidence.ngrams", "evidence.words", "evidence.classes", "features", "weights", "transitions"]
)
def test_damaged_arrays_are_refused(taught: SupervisedTagger, name: str) -> None:
    alphabet = Alphabet([chr(0x4E00 + i) for i in range(37)])
    arrays = taught.arrays()
    damaged = [arrays[name][:-1], arrays[name].astype(np.float64), np.full_like(arrays[name], 200)]
    for array in damaged if name != "weights" else [damaged[1], arrays[name][:100]]:
        with pytest.raises(ValueError):
            SupervisedTagger.from_arrays({**arrays, name: array}, alphabet)
    with pytest.raises(KeyError):
        SupervisedTagger.from_arrays({key: array for key, array in arrays.items() if key != name}, alphabet)


def test_gold_is_read_with_any_white_space() -> None:
    gold = read_gold(["我  爱\u3000北京", "", " \t", "𠮷 野家 😀 ！"])
    assert gold.texts.to_pylist() == ["我爱北京", "𠮷野家😀！"]
    assert gold.cuts.tolist() == [0, 3, 6, 12, 16, 22, 26, 29]
    alphabet = gold_alphabet(read_gold(["我 爱 我 爱", "北京 一一"]))
    assert alphabet.characters == ["一", "我", "爱"]
    symbols, begins = gold.symbols(alphabet)
    assert symbols.tolist() == [5, 6, 3, 3, 0, 3, 3, 3, 0, 0, 0]
    assert begins.tolist() == [1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]
    assert states(symbols, begins)[:4].tolist() == [SINGLE, SINGLE, BEGIN, END]


def test_words_that_begin_inside_a_unit_are_part_of_it() -> None:
    gold = read_gold(["Iron Man 好", "3 .5 元"])
    symbols, begins = gold.symbols(Alphabet(["元", "好"]))
    assert symbols.tolist() == [2, 5, 0, 1, 4, 0]
    assert begins.tolist() == [1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("lines", [[], ["", " "], ["我爱北京", "天安门"]])
def test_gold_without_words_is_refused(lines: list[str]) -> None:
    with pytest.raises(InputError, match="white space"):
        read_gold(lines)


def test_gold_files_are_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("gold") / "gold.txt"
    path.write_bytes("\ufeff我 爱\r\n北京\r\n".encode())
    assert read_gold(path).texts.to_pylist() == ["我爱", "北京"]
    path.write_text("我爱北京\n")
    with pytest.raises(InputError, match=r"gold\.txt: no line"):
        read_gold(path)


def test_any_text_can_be_taught_and_cut() -> None:
    gold = read_gold([*GOLD, *AWKWARD, "！ ？"])
    tagger = train_supervised(gold, gold_alphabet(gold))
    symbols, _ = gold.symbols(gold_alphabet(gold))
    assert tagger.begins(symbols).size == symbols.size
    assert tagger.begins(np.zeros(0, np.uint16)).size == 0
    only_edges = read_gold(["！ ？"])
    assert train_supervised(only_edges, gold_alphabet(only_edges)).begins(np.zeros(3, np.uint16)).tolist() == [1, 1, 1]
