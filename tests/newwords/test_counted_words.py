"""Words from counts are those that method "entropy" finds in the text itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools import count_ngrams, find_new_words
from nlptools.errors import InputError, OptionError

ENTROPY: dict[str, Any] = {"min_count": 2, "min_pmi": 0.0, "min_entropy": 0.0}

documents = st.lists(
    st.text(st.sampled_from("天地玄黄aＫ7か，。\n𠮷😀"), max_size=30), min_size=1, max_size=12, unique=True
).filter(lambda texts: any(text.strip() for text in texts))


@given(documents, st.integers(2, 4), st.integers(1, 4), st.sampled_from([0.0, -9.0, 0.7]))
def test_as_from_the_text(texts: list[str], max_length: int, min_count: int, least: float) -> None:
    options: dict[str, Any] = {"max_length": max_length, "min_count": min_count, "min_pmi": least, "min_entropy": least}
    try:
        from_text = find_new_words(texts, method="entropy", threads=1, **options)
    except InputError:
        return
    counts = count_ngrams(texts, order=5, threads=1)
    from_counts = find_new_words(counts, **options)
    assert from_counts.drop(["documents"]).equals(from_text.drop(["documents"]))
    assert from_counts["documents"].null_count == from_counts.num_rows
    assert from_counts.schema == from_text.schema


def test_of_counts_in_a_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{a}研究{b}生命{c}" for a in "甲乙丙" for b in "丁戊己" for c in "庚辛壬"]
    monkeypatch.setattr("nlptools.ngrams.rows.ROWS", 7)
    counts = count_ngrams(texts, order=4, output=tmp_path / "x.ngrams")
    assert len(counts.chunks) > 3
    words = find_new_words(counts, **ENTROPY)
    assert words.equals(find_new_words(count_ngrams(texts, order=4), **ENTROPY))
    assert {"研究", "生命"} <= set(words["word"].to_pylist())


def test_dictionaries_and_top_work_as_ever(tmp_path: Any) -> None:
    known = tmp_path / "known.txt"
    known.write_text("研究\n", encoding="utf-8")
    counts = count_ngrams(["研究生命，研究生活，生命研究"], order=3)
    words = find_new_words(counts, known=(known,), top=3, **{**ENTROPY, "min_pmi": -9.0, "min_entropy": -1.0})
    assert dict(zip(words["word"].to_pylist(), words["known"].to_pylist(), strict=True))["研究"]
    assert words.num_rows == 3


@pytest.mark.parametrize(
    ("order", "min_count", "options", "words"),
    [
        (4, 1, {"method": "mdl"}, "method='mdl' reads the text"),
        (4, 1, {"method": "cohesion"}, "method='cohesion' reads the text"),
        (4, 1, {"script": "simplified"}, "script='simplified' reads the text"),
        (4, 2, {}, "seen 2 times or more"),
        (2, 1, {}, "order 2 are too short"),
        (4, 1, {"max_length": 4}, "max_length=4 needs counts of order 5"),
    ],
)
def test_what_counts_cannot_do(order: int, min_count: int, options: dict[str, Any], words: str) -> None:
    counts = count_ngrams(["研究生命起源"], order, min_count=min_count)
    with pytest.raises(OptionError, match=words):
        find_new_words(counts, **options)
