"""The methods of kexue.fm 4256 and 3491, against their descriptions written out over strings."""

import math
import random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import nlptools as nt

WORDS = ["研究", "生命", "起源", "研究生", "自然语言处理", "的", "了", "是", "在", "K线图", "𠮷野家", "，", "。", "5G"]
documents = st.one_of(
    st.sampled_from(["", "。", "命", "一二三四五六七", "５Ｇ手机5G手机", "的的的的的的的的的的的的的的的"]),
    st.text("研究", max_size=15),
    st.text("的了在是研究生命起源，", max_size=30),
    st.text("研a1Ａ𠮷， か", max_size=20),
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
)
texts_of_a_corpus = (
    st.lists(documents, min_size=1, max_size=6)
    .flatmap(lambda texts: st.lists(st.sampled_from(texts), min_size=1, max_size=9))
    .filter(lambda texts: any(text.strip() for text in texts))
)


def some_texts(seed: int, documents: int, words: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(WORDS, k=words)) for _ in range(documents)]


def check(table: Any, twin: Any) -> None:
    rows = {row.pop("word"): row for row in table.to_pylist()}
    assert rows.keys() == twin.rows.keys()
    for word, row in rows.items():
        assert row.pop("known") is None
        assert row == pytest.approx(twin.rows[word], abs=6e-5), word
    order = [(-row["score"], -row["count"], word) for word, row in rows.items()]
    assert order == sorted(order)


# thresholds that no ratio of small integers meets by chance
thresholds = st.sampled_from([-9.0, 0.1234567, 0.7654321, 1.3131313])


@given(texts_of_a_corpus, st.integers(1, 4), st.none() | thresholds, st.integers(2, 13), st.integers(1, 4))
@example(some_texts(1, 8, 30), 2, None, 12, 2)
@example(some_texts(2, 8, 30), 1, None, 2, 1)
@example(["研究生命起源", "研究生命起源，", "研究生命起源。"], 1, 0.1234567, 12, 1)
def test_cohesion(
    twins: ModuleType, texts: list[str], min_count: int, min_pmi: float | None, max_length: int, threads: int
) -> None:
    twin = twins.find_by_cohesion(texts, min_count, max_length, math.log(5) if min_pmi is None else min_pmi)
    assume(twin.doubt > 1e-9)
    options: dict[str, Any] = {"min_count": min_count, "max_length": max_length, "threads": threads, "min_pmi": min_pmi}
    check(nt.find_new_words(texts, method="cohesion", **options), twin)


@given(texts_of_a_corpus, thresholds, st.sampled_from([0, 2, 5]))
@example(some_texts(3, 10, 30), 0.7654321, 2)
def test_cohesion_with_limits(twins: ModuleType, texts: list[str], min_entropy: float, min_score: float) -> None:
    twin = twins.find_by_cohesion(texts, 1, min_pmi=0.1234567, min_entropy=min_entropy, min_score=min_score)
    assume(twin.doubt > 1e-9)
    options: dict[str, Any] = {"min_count": 1, "min_pmi": 0.1234567, "min_entropy": min_entropy, "min_score": min_score}
    check(nt.find_new_words(texts, method="cohesion", **options), twin)


@given(texts_of_a_corpus, st.integers(1, 4), thresholds, thresholds, st.integers(2, 6), st.integers(1, 4))
@example(some_texts(4, 8, 30), 2, 0.7654321, 0.1234567, 4, 2)
@example(some_texts(4, 8, 30), 1, -9.0, -9.0, 6, 3)
def test_entropy(
    twins: ModuleType,
    texts: list[str],
    min_count: int,
    min_pmi: float,
    min_entropy: float,
    max_length: int,
    threads: int,
) -> None:
    twin = twins.find_by_entropy(texts, min_count, max_length, min_pmi, min_entropy=min_entropy)
    assume(twin.doubt > 1e-9)
    options: dict[str, Any] = {
        "min_count": min_count,
        "max_length": max_length,
        "min_pmi": min_pmi,
        "min_entropy": min_entropy,
    }
    check(nt.find_new_words(texts, method="entropy", threads=threads, **options), twin)


def varied_texts() -> list[str]:
    """Texts in which some words have some thirty neighbours, nearly all different, so that entropies go beyond 3."""
    chance = random.Random(6)
    others = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    words = ["疫苗", "新冠肺", "自然语言", "智能机械臂"]
    tokens = [*chance.choices(others, k=5000), *(words * 32)]
    chance.shuffle(tokens)
    return ["".join(tokens[i : i + 50]) for i in range(0, len(tokens), 50)]


def test_entropy_with_its_own_thresholds(twins: ModuleType) -> None:
    texts = varied_texts()
    twin = twins.find_by_entropy(texts)
    assert twin.doubt > 1e-9
    assert {"疫苗", "新冠肺", "自然语言"} <= twin.rows.keys()
    assert "智能机械臂" not in twin.rows  # longer than 4
    check(nt.find_new_words(texts, method="entropy"), twin)


def test_cohesion_with_its_own_thresholds(twins: ModuleType) -> None:
    texts = varied_texts()
    twin = twins.find_by_cohesion(texts, min_count=2)  # its default for so small a text
    assert twin.doubt > 1e-9
    assert {"疫苗", "新冠肺", "自然语言", "智能机械臂"} <= twin.rows.keys()
    check(nt.find_new_words(texts, method="cohesion"), twin)


def test_cohesion_worked_example() -> None:
    texts = ["甲甲甲甲甲，研究", "研究，乙", "甲甲甲甲甲研究", "甲乙"]
    # 17 characters seen 3 times or more: 研究 17 · 3 / (3 · 3) > 5, 甲甲 17 · 8 / (11 · 11) < 5
    rows = nt.find_new_words(texts, method="cohesion", min_count=3).to_pylist()
    assert [(row["word"], row["count"], row["occurrences"], row["documents"]) for row in rows] == [("研究", 3, 3, 3)]


def test_punctuation_ends_a_segment() -> None:
    texts = ["研，究", "研，究。", "研 究"]
    for method in ("cohesion", "entropy"):
        table = nt.find_new_words(texts, method=method, min_count=1, min_pmi=-9, min_entropy=-1)
        assert table.num_rows == 0
