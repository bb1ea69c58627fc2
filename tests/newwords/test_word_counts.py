"""Counts of given words against a scan of the text."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools import count_ngrams
from nlptools.errors import InputError
from nlptools.newwords.word_counts import count_words, size_of_counts, size_of_text
from nlptools.text.encode import encode_symbols

characters = st.sampled_from("天地玄aＫ7か𠮷😀，\n")
texts_of = st.lists(st.text(characters, max_size=20), min_size=1, max_size=8)
words_of = st.lists(st.text(st.sampled_from("天地玄aＫ7か𠮷😀龘"), max_size=9), max_size=12)


def occurrences(texts: list[str], word: str) -> int:
    """Count at every place; "，" and the line end are in no word."""
    return sum(text[i : i + len(word)] == word for text in texts for i in range(len(text))) if word else 0


def slow(texts: list[str], word: str, order: int) -> int:
    pieces = [word[i : i + order] for i in range(len(word) - order + 1)] if len(word) > order else [word]
    return min(occurrences(texts, piece) for piece in pieces)


@given(texts_of, words_of, st.integers(1, 8))
def test_as_a_scan_of_the_text(texts: list[str], words: list[str], order: int) -> None:
    try:
        counts = count_ngrams(texts, order, threads=1)
    except InputError:
        return
    assert count_words(counts, words).tolist() == [slow(texts, word, order) for word in words]


def test_many_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("nlptools.ngrams.rows.ROWS", 3)
    texts = [a + b + c + d for a in "甲乙丙丁" for b in "甲乙丙丁" for c in "甲乙丙" for d in "𠮷丁"]
    words = ["甲", "甲乙", "丙丁甲", "丁丙", "乙乙乙𠮷", "丁丁丙丁", "丁𠮷甲", "𠮷"]
    for order in (2, 4, 6):
        counts = count_ngrams(texts, order, output=tmp_path / f"{order}.ngrams")
        assert len(counts.chunks) > 5
        assert count_words(counts, words).tolist() == [slow(texts, word, order) for word in words]


def test_rare_ngrams_that_were_left_out_count_as_none() -> None:
    counts = count_ngrams(["研究生命", "研究所"], order=4, min_count=2)
    assert count_words(counts, ["研究", "研究生", "生命", "研"]).tolist() == [2, 0, 0, 2]


def test_the_size_is_that_in_han_characters() -> None:
    for texts, size in ((["天地abc，7か𠮷〇", "天😀"], 5), (["か𠮷, 7", "abc"], 1)):
        assert size_of_counts(count_ngrams(texts, order=2)) == size
        batch = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.large_string())})
        assert size_of_text(encode_symbols([batch], 1)) == size
    assert size_of_counts(count_ngrams(["abc", "か"], order=2)) == 4
