"""Documents, neighbours and gaps of words, against a search through the text for each word."""

import math
import random
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.newwords.chains import Chains
from nlptools.newwords.evidence import Evidence, collect_evidence
from nlptools.ngrams.trie import build_trie
from nlptools.text.encode import EncodedText, encode_symbols

documents = st.one_of(
    st.sampled_from(["", "。", "的", "研究", "，研究，", "5G手机，5G手机"]),
    st.text("研究", max_size=15),
    st.text("研究生命的，", max_size=25),
    st.text("研a1𠮷， ", max_size=15),
)
texts_of_a_corpus = st.lists(documents, max_size=6).flatmap(
    lambda texts: st.lists(st.sampled_from(texts), max_size=9) if texts else st.just([])
)


def encode(texts: list[str]) -> EncodedText:
    batch = pa.record_batch({"text": pa.array(texts, pa.large_string())})
    return encode_symbols([batch], 1, deduplicate=False, min_run_count=lambda size: 1)


def gather(
    text: EncodedText, chosen: list[tuple[str, ...]] | None, threads: int, gaps: np.ndarray | None
) -> tuple[list[tuple[str, ...]], Evidence]:
    """Return n-grams and their evidence; chosen: which, None for all of 1 to 5 symbols."""
    symbols = [text.alphabet.to_pylist()[code] for code in text.codes.tolist()]
    trie = build_trie(text, 1, 5, 1)
    places = zip(trie.example.tolist(), trie.lengths.tolist(), strict=True)
    nodes = [tuple(symbols[at : at + n]) for at, n in places]
    flags = np.array([gram != () and (chosen is None or gram in chosen) for gram in nodes])
    chains = Chains(trie, flags, threads)
    evidence = collect_evidence(text, chains, trie.counts[chains.nodes], threads, gaps)
    return [nodes[node] for node in chains.nodes.tolist()], evidence


def check(
    twins: ModuleType, text: EncodedText, grams: list[tuple[str, ...]], evidence: Evidence, gaps: np.ndarray | None
) -> None:
    symbols = [text.alphabet.to_pylist()[code] for code in text.codes.tolist()]
    ends = text.document_ends.tolist()
    given_gaps = None if gaps is None else gaps.tolist()
    rows = [twins.collect_evidence(gram, symbols, ends, given_gaps) for gram in grams]
    assert evidence.documents.tolist() == [row.documents for row in rows]
    assert evidence.largest_neighbour.tolist() == [row.largest_neighbour for row in rows]
    for name in ("left_entropy", "right_entropy", "openness"):
        values = [getattr(row, name) for row in rows]
        np.testing.assert_allclose(getattr(evidence, name), values, rtol=0, atol=1e-6, err_msg=name)


@given(texts_of_a_corpus, st.integers(1, 4), st.booleans(), st.randoms())
@example(["研究生命，研究，研究生", "", "，研究", "研究"] * 3, 3, True, random.Random(0))
def test_any_text(twins: ModuleType, texts: list[str], threads: int, with_gaps: bool, chance: random.Random) -> None:
    text = encode(texts)
    gaps = None
    if with_gaps:
        gaps = np.array([chance.choice([0.0, 1.0, chance.random()]) for _ in text.codes], np.float32)
        gaps[text.codes == 0] = 1
    grams, evidence = gather(text, None, threads, gaps)
    few = [gram for gram in grams if chance.random() < 0.4]
    check(twins, text, grams, evidence, gaps)
    check(twins, text, *gather(text, few, threads, gaps), gaps)


@pytest.mark.parametrize("threads", [1, 4])
def test_worked_example(threads: int) -> None:
    # 研究 stands four times: left of it break, 的, 的, break; right of it 生, 生, break, 的
    text = encode(["研究生的研究", "的研究生", "研究的"])
    grams, evidence = gather(text, [("研", "究")], threads, None)
    assert grams == [("研", "究")]
    assert evidence.documents.tolist() == [3]
    # two breaks are two different neighbours
    assert evidence.left_entropy[0] == pytest.approx(math.log(4) - 2 * math.log(2) / 4)
    assert evidence.right_entropy[0] == pytest.approx(math.log(4) - 2 * math.log(2) / 4)
    assert evidence.largest_neighbour.tolist() == [2]
    assert evidence.openness.tolist() == [0]


def test_only_breaks_around() -> None:
    _, evidence = gather(encode(["研究", "研究", "，研究。"]), [("研", "究")], 2, None)
    assert evidence.left_entropy[0] == evidence.right_entropy[0] == pytest.approx(math.log(3))
    assert evidence.largest_neighbour.tolist() == [0]


def test_always_the_same_neighbour() -> None:
    _, evidence = gather(encode(["的研究生"] * 3), [("研", "究")], 2, None)
    assert evidence.left_entropy.tolist() == evidence.right_entropy.tolist() == [0.0]
    assert evidence.largest_neighbour.tolist() == [3]


def test_no_word() -> None:
    grams, evidence = gather(encode(["研究"]), [], 2, None)
    assert grams == []
    assert evidence.documents.size == evidence.left_entropy.size == evidence.openness.size == 0


def test_one_long_document_and_many_threads(twins: ModuleType) -> None:
    text = encode(["研究生命的起源，" * 30, "研"])
    gaps = np.linspace(0, 1, text.codes.size).astype(np.float32)
    chosen = [("研", "究"), ("研", "究", "生"), ("起", "源"), ("源",)]
    for threads in (1, 4):
        check(twins, text, *gather(text, chosen, threads, gaps), gaps)
