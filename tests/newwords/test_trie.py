"""The trie of frequent n-grams, against a dictionary that counts every substring."""

import random
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.newwords.chains import Chains
from nlptools.ngrams.trie import Trie, build_trie
from nlptools.text.encode import EncodedText, encode_symbols

AWKWARD = [
    "",
    "。",
    "的",
    "研究生命起源，研究生的命",
    "的的的的的的的的的的的的的的的的的的",
    "K线图，看K线图𠮷野家K线图",
    "5G手机2024年5Ｇ手机１年",
    "一二三四五六七八九十",
]
documents = st.one_of(
    st.sampled_from(AWKWARD),
    st.text("研究", max_size=30),
    st.text("的了在是研究生命起源，", max_size=40),
    st.text("研a1Ａ𠮷， ", max_size=20),
    st.lists(st.sampled_from(["研究", "生命", "起源", "研究生命起源", "的", "，", "5G", "𠮷野家"]), max_size=12).map(
        "".join
    ),
)
texts_of_a_corpus = st.lists(documents, max_size=6).flatmap(
    lambda texts: st.lists(st.sampled_from(texts), max_size=8) if texts else st.just([])
)
# bits of a code: windows of as many codes as the alphabet allows, or of 4, 3 or 2
window_bits = st.sampled_from([None, 16, 21, 22, 32])


def encode(texts: list[str]) -> EncodedText:
    batch = pa.record_batch({"text": pa.array(texts, pa.large_string())})
    return encode_symbols([batch], 1, deduplicate=False, min_run_count=lambda size: 1)


def build(text: EncodedText, min_count: int, max_length: int, threads: int, bits: int | None) -> Trie:
    with pytest.MonkeyPatch.context() as patch:
        if bits is not None:
            patch.setattr("nlptools.ngrams.trie.window_bits", lambda codes: bits)
            patch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)  # quicker for small texts
        return build_trie(text, min_count, max_length, threads)


def grams_of_nodes(text: EncodedText, trie: Trie) -> list[tuple[str, ...]]:
    alphabet = text.alphabet.to_pylist()
    places = zip(trie.example.tolist(), trie.lengths.tolist(), strict=True)
    return [tuple(alphabet[code] for code in text.codes[at : at + n].tolist()) for at, n in places]


def check(twins: ModuleType, text: EncodedText, trie: Trie, min_count: int, max_length: int) -> None:
    alphabet = text.alphabet.to_pylist()
    symbols = [alphabet[code] for code in text.codes.tolist()]
    counts = twins.frequent_grams(symbols, max_length, min_count)
    nodes = grams_of_nodes(text, trie)
    assert nodes[0] == ()
    order = sorted(counts, key=lambda gram: (len(gram), [alphabet.index(symbol) for symbol in gram]))
    assert nodes[1:] == order
    assert trie.counts.tolist() == [0, *map(counts.__getitem__, order)]
    assert [nodes[node] for node in trie.parents.tolist()] == [gram[:-1] for gram in nodes]
    assert [nodes[node] for node in trie.suffixes.tolist()] == [gram[1:] for gram in nodes]
    assert [nodes[node] for node in trie.node_at.tolist()] == [
        twins.longest_at(symbols, i, counts) for i in range(len(symbols))
    ]
    assert (trie.total, trie.single) == (text.size, len(alphabet) - 1)
    solidity = [twins.solidity(gram, counts, text.size) for gram in order]
    np.testing.assert_allclose(trie.pmi, [0.0, *solidity], rtol=0, atol=1e-9)


@given(texts_of_a_corpus, st.integers(1, 4), st.integers(1, 14), st.integers(1, 4), window_bits)
@example(AWKWARD * 2, 1, 14, 3, 16)
@example(AWKWARD * 2, 2, 8, 1, 16)
@example(AWKWARD * 2, 2, 14, 4, 22)
@example(AWKWARD * 2, 3, 13, 2, 32)
@example(AWKWARD * 2, 2, 14, 2, None)
def test_any_text(
    twins: ModuleType, texts: list[str], min_count: int, max_length: int, threads: int, bits: int | None
) -> None:
    text = encode(texts)
    check(twins, text, build(text, min_count, max_length, threads, bits), min_count, max_length)


@pytest.mark.parametrize("texts", [[], [""], ["。"], ["，！", "", "——"]])
@pytest.mark.parametrize("bits", [None, 16, 32])
def test_no_symbol_at_all(twins: ModuleType, texts: list[str], bits: int | None) -> None:
    text = encode(texts)
    for max_length in (1, 4, 12):
        trie = build(text, 2, max_length, 2, bits)
        check(twins, text, trie, 2, max_length)
        assert trie.lengths.tolist() == [0]


@pytest.mark.parametrize("texts", [["命"], ["研究生命起源"], ["研", "究", "生"]])
@pytest.mark.parametrize("bits", [None, 16, 32])
def test_nothing_recurs(twins: ModuleType, texts: list[str], bits: int | None) -> None:
    text = encode(texts)
    check(twins, text, build(text, 2, 12, 2, bits), 2, 12)


@pytest.mark.parametrize("size", range(1, 14))
@pytest.mark.parametrize("bits", [16, 21, 32])
def test_a_passage_as_long_as_some_windows(twins: ModuleType, size: int, bits: int) -> None:
    passage = "天地玄黄宇宙洪荒日月盈昃辰"[:size]  # recurs, but nothing longer does
    text = encode([passage, f"甲{passage}乙{passage}"])
    check(twins, text, build(text, 2, 14, 1, bits), 2, 14)


def test_alphabet_that_makes_windows_short(interpreted: bool) -> None:
    rare = "，".join(map(chr, range(0x20000, 0x20000 + (600 if interpreted else 17_000))))
    text = encode(["研究生命起源", rare, "研究生命起源的", "研究生命"])
    trie = build_trie(text, 2, 12, 2)
    nodes = grams_of_nodes(text, trie)
    longer = {"".join(gram): n for gram, n in zip(nodes, trie.counts.tolist(), strict=True) if len(gram) > 1}
    passage = "研究生命起源"
    parts = {passage[i:j] for i in range(6) for j in range(i + 2, 7)}
    assert longer == {part: 3 if part in "研究生命" else 2 for part in parts}


@given(texts_of_a_corpus, st.integers(1, 3), st.integers(2, 4))
def test_threads_change_nothing(texts: list[str], min_count: int, threads: int) -> None:
    text = encode(texts)
    one, many = (build_trie(text, min_count, 12, t) for t in (1, threads))
    for name in ("counts", "lengths", "parents", "suffixes", "example", "pmi", "node_at"):
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes(), name


def test_many_symbols(twins: ModuleType, interpreted: bool) -> None:
    chance = random.Random(5)
    words = ["研究", "生命", "起源", "自然语言处理", "的", "了", "，", "K线图"]
    texts = ["".join(chance.choices(words, k=40)) for _ in range(4 if interpreted else 40)]
    text = encode(texts)
    check(twins, text, build(text, 3, 10, 2, 16), 3, 10)


# ---- chains of chosen n-grams


def check_chains(
    twins: ModuleType, text: EncodedText, trie: Trie, chains: Chains, chosen: set[tuple[str, ...]]
) -> None:
    nodes = grams_of_nodes(text, trie)
    words = [nodes[node] for node in chains.nodes.tolist()]
    assert len(words) == len(chosen)
    assert set(words) == chosen
    assert trie.counts[chains.nodes].tolist() == sorted(trie.counts[chains.nodes].tolist(), reverse=True)
    assert chains.lengths.tolist() == [len(word) for word in words]
    alphabet = text.alphabet.to_pylist()
    symbols = [alphabet[code] for code in text.codes.tolist()]
    for i, word in enumerate(chains.word_at.tolist()):
        chain = []
        while word >= 0:
            link = int(chains.links[word])
            assert link & 0xFFFF == len(words[word])
            chain.append(words[word])
            word = (link >> 16) - 1
        longest = twins.longest_at(symbols, i, chosen)
        assert chain == [longest[:n] for n in range(len(longest), 0, -1) if longest[:n] in chosen]
    for word, at in zip(words, chains.example.tolist(), strict=True):
        assert tuple(symbols[at : at + len(word)]) == word


@given(texts_of_a_corpus, st.integers(1, 4), st.data())
def test_chains(twins: ModuleType, texts: list[str], threads: int, data: st.DataObject) -> None:
    text = encode(texts)
    trie = build_trie(text, 2, 8, 1)
    nodes = grams_of_nodes(text, trie)
    size = len(nodes)
    flags = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    chosen = np.array([False, *flags[1:]])
    chains = Chains(trie, chosen, threads)
    check_chains(twins, text, trie, chains, {nodes[node] for node in np.flatnonzero(chosen).tolist()})
    for _ in range(2):  # take some out, twice
        size = chains.nodes.size
        kept = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), np.bool_)
        left = {nodes[node] for node in chains.nodes[kept].tolist()}
        chains.keep(kept)
        check_chains(twins, text, trie, chains, left)
