from collections.abc import Iterable
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.errors import InputError, OptionError
from nlptools.vectors.keywords import (
    SCHEMA,
    document_keywords,
    extract_keywords,
    split_texts,
    text_similarity,
    word_information,
    write_keywords,
)
from nlptools.vectors.table import VectorTable
from nlptools.vectors.tokenize import make_tokenizer

WORDS = ["的", "微信", "红包", "𠮷野家", "😀", "cafe\u0301", "\0"]


@pytest.fixture(scope="module")
def table() -> VectorTable:
    matrix = np.random.default_rng(4).normal(size=(len(WORDS), 5)).astype(np.float32)
    return VectorTable(pa.array(WORDS, pa.large_string()), matrix)


def batch_of(texts: Iterable[str]) -> Any:
    return pa.record_batch({"text": pa.array(texts, pa.large_string())})


def rank_slowly(table: VectorTable, words: list[str]) -> dict[str, float]:
    vectors = dict(zip(table.words.to_pylist(), table.vectors.astype(float), strict=True))
    total = sum((vectors[word] for word in words if word in vectors), np.zeros(5))
    scores = {word: float(total @ vectors[word]) for word in words if word in vectors}
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


@given(words=st.lists(st.sampled_from([*WORDS, "unknown", ""]), max_size=12), top=st.integers(1, 9))
def test_keywords_are_those_of_the_slow_twin(table: VectorTable, words: list[str], top: int) -> None:
    expected = list(rank_slowly(table, words).items())[:top]
    for vectors in (table, table.keyed_vectors()):
        found = extract_keywords(vectors, words, top)
        assert [word for word, _ in found] == [word for word, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-4)


@given(texts=st.lists(st.lists(st.sampled_from([*WORDS, "unknown", "\n", " "]), max_size=12), max_size=8))
def test_documents(table: VectorTable, texts: list[list[str]]) -> None:
    batches = [batch_of(" ".join(text) for text in part) for part in (texts[:2], texts[2:])]
    rows = [row for batch in document_keywords(table, batches, make_tokenizer(), 3, 1) for row in batch.to_pylist()]
    assert [row["document"] for row in rows] == list(range(len(texts)))
    for row, text in zip(rows, texts, strict=True):
        expected = list(rank_slowly(table, text).items())[:3]
        assert row["keywords"] == [word for word, _ in expected]
        assert row["scores"] == pytest.approx([score for _, score in expected], abs=1e-3)


@given(*[st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=6)] * 2)
def test_similarity_is_that_of_the_slow_twin(table: VectorTable, one: list[str], other: list[str]) -> None:
    vectors = dict(zip(WORDS, table.vectors.astype(float), strict=True))
    found = text_similarity(table, one, other)
    parts = [[vectors[word] for word in words if word in vectors] for words in (one, other)]
    assert found.known == tuple(map(len, parts))
    assert found.pmi == pytest.approx(sum(float(v @ w) for v in parts[0] for w in parts[1]), abs=1e-5)
    if all(parts):
        first, second = sum(parts[0]), sum(parts[1])
        assert found.cosine == pytest.approx(first @ second / np.linalg.norm(first) / np.linalg.norm(second), abs=1e-5)
    else:
        assert isnan(found.cosine)


def test_information(table: VectorTable) -> None:
    np.testing.assert_allclose(word_information(table), np.linalg.norm(table.vectors, axis=1) ** 2, rtol=1e-5)


def test_texts_are_split() -> None:
    assert split_texts(["微信 红包\r\n\ufeff", "", " \0 𠮷野家\u3000😀 "], make_tokenizer()) == [
        ["微信", "红包", "\ufeff"],
        [],
        ["\0", "𠮷野家", "😀"],
    ]
    assert split_texts(["a\ud800 b"], make_tokenizer()) == [["a?", "b"]]
    assert split_texts([], make_tokenizer()) == []


def test_texts_are_segmented(segmenter: nt.Segmenter) -> None:
    words = split_texts(["研究生命的起源"], make_tokenizer(segmenter))[0]
    assert "".join(words) == "研究生命的起源"
    assert len(words) > 1
    with pytest.raises(InputError, match="--segmenter"):
        split_texts(["研究生命的起源研究生命的起源"], make_tokenizer())


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("txt", "微信\n\n"),
        (
            "jsonl",
            '{"document": 0, "keywords": ["微信"], "scores": [4.0]}\n{"document": 1, "keywords": [], "scores": []}\n',
        ),
    ],
)
def test_files(tmp_path: Path, suffix: str, expected: str) -> None:
    table = VectorTable(pa.array(["微信"], pa.large_string()), np.array([[2.0]], np.float32))
    batches = [batch_of(["微信 x", ""])]
    path = tmp_path / f"keywords.{suffix}"
    assert write_keywords(document_keywords(table, batches, make_tokenizer()), path) == 2
    assert path.read_text(encoding="utf-8") == expected


def test_nothing_read_nothing_written(table: VectorTable, tmp_path: Path) -> None:
    path = tmp_path / "keywords.parquet"
    assert write_keywords(iter([]), path) == 0
    assert pa.parquet.read_table(path).schema == SCHEMA


def test_what_cannot_work(table: VectorTable) -> None:
    with pytest.raises(OptionError, match="top"):
        extract_keywords(table, ["微信"], 0)
    documents = VectorTable(table.words, table.vectors, kind="document")
    with pytest.raises(InputError, match="of documents, not of words"):
        list(document_keywords(documents, [], make_tokenizer()))
    with pytest.raises(InputError, match="no vectors"):
        extract_keywords(3, ["微信"])


def test_a_model_of_gensim(table: VectorTable) -> None:
    class Model:
        wv: Any = table.keyed_vectors()

    assert extract_keywords(Model(), ["微信", "的"]) == extract_keywords(table, ["微信", "的"])
