"""Description length: the lattice against all segmentations, the prices against an EM over dictionaries."""

import math
import random
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nlptools.newwords import _lattice_kernels as kernels
from nlptools.newwords.chains import Chains
from nlptools.newwords.description_length import LONGEST_SEGMENT, Prices, price_words
from nlptools.ngrams.trie import Trie, build_trie
from nlptools.text.encode import EncodedText, encode_symbols

Gram = tuple[str, ...]

documents = st.one_of(
    st.text("研究", max_size=20),
    st.text("研究生命", max_size=30),
    st.text("的了在是研究生命起源，", max_size=40),
    st.lists(st.sampled_from(["研究", "生命", "起源", "的", "是", "，", "5G", "𠮷野家"]), max_size=12).map("".join),
)
texts_of_a_corpus = st.lists(documents, min_size=1, max_size=6)
WORDS = ["研究", "生命", "起源", "研究生", "自然", "语言", "处理", "的", "了", "是", "在", "5G", "𠮷野家", "，", "。"]


def some_text(seed: int, words: int) -> str:
    return "".join(random.Random(seed).choices(WORDS, k=words))


def encode(texts: list[str]) -> EncodedText:
    batch = pa.record_batch({"text": pa.array(texts, pa.large_string())})
    return encode_symbols([batch], 1, deduplicate=False, min_run_count=lambda size: 1)


def symbols_of(text: EncodedText) -> list[str]:
    alphabet = text.alphabet.to_pylist()
    return [alphabet[code] for code in text.codes.tolist()]


def grams_of_nodes(text: EncodedText, trie: Trie) -> list[Gram]:
    symbols = symbols_of(text)
    places = zip(trie.example.tolist(), trie.lengths.tolist(), strict=True)
    return [tuple(symbols[at : at + n]) for at, n in places]


# ---- one pass of the lattice, one search for splits


@given(
    st.lists(st.text("研究生", min_size=1, max_size=8), min_size=1, max_size=4),
    st.integers(1, 9),
    st.sampled_from([0, 1, 60, -60, 150, -150, 39, -39]),
    st.randoms(),
)
@example(["研究研究研究研究"], 8, 0, random.Random(1))
@example(["研究研究研究研究"], 3, 0, random.Random(1))
@example(["研究研究研究研究", "研", "研究生"], 8, 150, random.Random(1))  # the product of 8 weights is infinite,
@example(["研究研究研究研究", "研", "研究生"], 8, -150, random.Random(1))  # is nothing,
@example(["研究研究研究研究", "研", "研究生"], 8, -39, random.Random(2))  # is something of which few bits are left
def test_expected_counts_over_all_segmentations(
    twins: ModuleType, segments: list[str], longest: int, powers: int, chance: random.Random
) -> None:
    text = encode(["，".join(segments)])
    trie = build_trie(text, 1, 8, 1)
    nodes = grams_of_nodes(text, trie)
    chosen = np.array([len(gram) == 1 or (len(gram) > 1 and chance.random() < 0.7) for gram in nodes])
    chains = Chains(trie, chosen, 1)
    grams = [nodes[node] for node in chains.nodes.tolist()]
    weights = {gram: chance.choice([1.0, 0.5, 2.0, 1e-3, 0.01 + chance.random()]) for gram in grams}

    # each code makes a weight 10^powers times as large: no expectation changes, but float64 may not hold the weights
    lengths = chains.lengths.astype(np.int64)
    logs = np.log([weights[gram] for gram in grams]) + powers * math.log(10) * lengths
    rate = chance.choice([0.0, 3.5])
    words = np.zeros(len(grams), kernels.WORD)
    with np.errstate(over="ignore", under="ignore"):
        words["weight"] = np.exp(logs)
    words["link"] = chains.links
    gaps = np.full(text.codes.size, 9, np.float32)
    log_likelihood = kernels.expected_counts(
        chains.word_at, 0, text.codes.size, words, logs - rate * lengths, rate, longest, gaps, True
    )

    expected, likelihood, all_gaps = dict.fromkeys(grams, 0.0), powers * math.log(10) * text.size, [9.0]
    for segment in segments:
        for start in range(0, len(segment), longest):
            total, counts, some_gaps = twins.expected_by_hand(tuple(segment[start : start + longest]), weights)
            likelihood += math.log(total)
            all_gaps += some_gaps
            for gram, count in counts.items():
                if gram in weights:
                    expected[gram] += count
                else:
                    assert count == 0
        all_gaps.append(9.0)
    found = words["sum"] / kernels.COUNT_UNIT
    np.testing.assert_allclose(found, [expected[gram] for gram in grams], rtol=0, atol=1e-5)
    assert log_likelihood / kernels.LOG_UNIT == pytest.approx(likelihood, abs=1e-4)
    np.testing.assert_allclose(gaps, all_gaps, rtol=0, atol=1e-6)
    assert found @ lengths == pytest.approx(text.size, abs=1e-4)  # every symbol is in one word


@given(texts_of_a_corpus, st.randoms())
def test_best_splits(twins: ModuleType, texts: list[str], chance: random.Random) -> None:
    text = encode(texts)
    assume(text.size)
    trie = build_trie(text, 2, 8, 1)
    nodes = grams_of_nodes(text, trie)
    chosen = np.array([len(gram) == 1 or (len(gram) > 1 and chance.random() < 0.7) for gram in nodes])
    chains = Chains(trie, chosen, 1)
    grams = [nodes[node] for node in chains.nodes.tolist()]
    logs = {gram: chance.choice([-5.0, -50.0, -math.inf, -20 * chance.random()]) for gram in grams}
    out = np.full(len(grams), 9.0)
    longest = int(chains.lengths.max())
    array = np.array([logs[gram] for gram in grams])
    first = len(grams) // 2
    for lo, hi in ((0, first), (first, len(grams))):
        kernels.best_splits(lo, hi, chains.word_at, chains.example, chains.links, array, longest, out)
    by_hand = [
        max(
            sum(logs.get(piece, -math.inf) for piece in pieces)
            for pieces in twins.segmentations(gram)
            if pieces != [gram] or len(gram) == 1
        )
        if len(gram) > 1
        else -math.inf
        for gram in grams
    ]
    np.testing.assert_allclose(out, by_hand, rtol=1e-12)


@given(st.lists(st.sampled_from("研究生"), min_size=1, max_size=8).map(tuple), st.randoms())
def test_the_twin_itself(twins: ModuleType, segment: Gram, chance: random.Random) -> None:
    grams = {gram for _, gram in twins.grams_of(segment, 8) if len(gram) == 1 or chance.random() < 0.7}
    weights = {gram: chance.random() + 0.01 for gram in grams}
    _, expected, gaps = twins.expected_by_hand(segment, weights)
    logs = {gram: math.log(weight) for gram, weight in weights.items()}
    found, found_gaps = twins.expected_counts(segment, logs)
    assert found_gaps == pytest.approx(gaps)
    assert found == pytest.approx({gram: count for gram, count in expected.items() if gram in weights})


# ---- prices


def check(twins: ModuleType, text: EncodedText, trie: Trie, prices: Prices, candidates: set[Gram]) -> float:
    """Compare; return by how little the closest decision was made."""
    symbols, nodes = symbols_of(text), grams_of_nodes(text, trie)
    counts = dict(zip(nodes, trie.counts.tolist(), strict=True))
    counts.pop(())
    priced = twins.price_words(symbols, counts, candidates)
    if priced.doubt < 1e-5:
        return float(priced.doubt)
    assert {nodes[node] for node in np.flatnonzero(prices.kept).tolist()} == priced.kept
    expected = [priced.expected.get(gram, 0.0) for gram in nodes]
    np.testing.assert_allclose(prices.expected, expected, rtol=1e-5, atol=1e-5)
    gains = [priced.gains.get(gram, 0.0) for gram in nodes]
    np.testing.assert_allclose(prices.gains, gains, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(prices.gaps, priced.gaps, rtol=0, atol=1e-5)
    return float(priced.doubt)


def candidates_of(trie: Trie, min_pmi: float = 0.0) -> np.ndarray:
    return (trie.lengths > 1) & (trie.pmi >= min_pmi)


@given(texts_of_a_corpus, st.integers(1, 3), st.integers(2, 12), st.integers(1, 4))
@example([some_text(1, 40)], 2, 12, 1)
@example([some_text(2, 60), some_text(3, 60)], 2, 4, 3)
@example(["研究生命" * 10], 1, 12, 2)
@example(["的" * 120], 2, 12, 2)
@example(["，".join(["甲乙丙丁戊己庚辛壬癸子丑"] * 2)], 2, 12, 1)
def test_prices(twins: ModuleType, texts: list[str], min_count: int, max_length: int, threads: int) -> None:
    text = encode(texts)
    trie = build_trie(text, min_count, max_length, 1)
    nodes = grams_of_nodes(text, trie)
    candidates = candidates_of(trie)
    prices = price_words(trie, candidates, threads)
    doubt = check(twins, text, trie, prices, {nodes[node] for node in np.flatnonzero(candidates).tolist()})
    assume(doubt >= 1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_prices_of_a_page(twins: ModuleType, seed: int, interpreted: bool) -> None:
    words = 60 if interpreted else 400
    text = encode([some_text(10 * seed + line, words // 4) for line in range(8)])
    trie = build_trie(text, 2, 12, 2)
    nodes = grams_of_nodes(text, trie)
    candidates = candidates_of(trie)
    prices = price_words(trie, candidates, 2)
    assert check(twins, text, trie, prices, {nodes[n] for n in np.flatnonzero(candidates).tolist()}) > 1e-5
    if not interpreted:
        kept = {"".join(nodes[node]) for node in np.flatnonzero(prices.kept).tolist()}
        assert kept >= {"研究", "生命", "起源", "自然", "语言", "处理", "𠮷野家"}


@pytest.mark.parametrize("size", [99, 100, 101, 200, 201, 350])
def test_long_segments_are_cut(twins: ModuleType, size: int) -> None:
    line = "".join(word for word in [some_text(7, 300)] for word in word if word not in "，。")
    text = encode([line[:size], f"{line[:150]}，{line[20:60]}"])
    trie = build_trie(text, 2, 6, 1)
    nodes = grams_of_nodes(text, trie)
    candidates = candidates_of(trie)
    prices = price_words(trie, candidates, 3)
    assert check(twins, text, trie, prices, {nodes[n] for n in np.flatnonzero(candidates).tolist()}) > 1e-5
    assert LONGEST_SEGMENT == 100


@given(texts_of_a_corpus, st.integers(2, 4))
def test_threads_change_no_byte(texts: list[str], threads: int) -> None:
    trie = build_trie(encode(texts), 2, 12, 1)
    one, many = (price_words(trie, candidates_of(trie), t) for t in (1, threads))
    for name in ("gains", "expected", "kept", "gaps"):
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes(), name


def test_ten_thousand_symbols_without_a_break(interpreted: bool) -> None:
    size = 1000 if interpreted else 10_000
    line = some_text(5, size).replace("，", "").replace("。", "")
    text = encode([line[:size]])
    trie = build_trie(text, 2, 12, 2)
    prices = price_words(trie, candidates_of(trie), 2)
    for values in (prices.gains, prices.expected, prices.gaps):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert prices.expected @ trie.lengths == pytest.approx(text.size, abs=0.01)


def test_no_symbol_at_all() -> None:
    trie = build_trie(encode(["。"]), 2, 12, 2)
    prices = price_words(trie, candidates_of(trie), 2)
    assert prices.gains.tolist() == prices.expected.tolist() == [0.0]
    assert prices.kept.tolist() == [False]
    assert prices.gaps.tolist() == [1.0]


def compare(twins: ModuleType, texts: list[str], max_length: int = 12) -> None:
    text = encode(texts)
    trie = build_trie(text, 2, max_length, 1)
    nodes = grams_of_nodes(text, trie)
    candidates = candidates_of(trie)
    prices = price_words(trie, candidates, 2)
    assert prices.expected @ trie.lengths == pytest.approx(text.size, rel=1e-4)
    assert (prices.expected >= 0).all()
    assert check(twins, text, trie, prices, {nodes[n] for n in np.flatnonzero(candidates).tolist()}) > 1e-5


@pytest.mark.parametrize("size", [60, 88, 91, 94, 97, 150])
def test_a_line_of_characters_seen_nowhere_else(twins: ModuleType, size: int) -> None:
    """Each is one of three thousand words, where a symbol costs 0.2 nats as a rule: about 1e-308 for 90 of them."""
    once = "".join(map(chr, range(0x20000, 0x20000 + size)))
    compare(twins, ["研究，" * 3000 + once, once[:50]], 4)


def test_a_line_far_commoner_than_the_rest(twins: ModuleType) -> None:
    others = "".join(map(chr, range(0x20000, 0x20000 + 3000)))
    compare(twins, ["哈" * 400, *(others[i : i + 50] for i in range(0, 3000, 50))], 12)


def test_nothing_but_words_that_do_not_pay(twins: ModuleType) -> None:
    """The singles of a long word have no count at all when it is dropped."""
    compare(twins, ["甲乙丙丁戊己庚辛壬癸子丑，甲乙丙丁戊己庚辛壬癸子丑"])


def test_words_longer_than_a_segment() -> None:
    passage = "".join(map(chr, range(0x4E00, 0x4E00 + 150)))
    text = encode([f"{passage}，{passage}"])
    trie = build_trie(text, 2, 150, 1)
    prices = price_words(trie, candidates_of(trie), 1)
    assert np.isfinite(prices.gains).all()
    assert prices.expected @ trie.lengths == pytest.approx(text.size, rel=1e-4)
