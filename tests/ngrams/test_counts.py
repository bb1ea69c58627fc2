"""What can be asked of counts, over files of many small batches, against a Counter of slices."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.errors import InputError, OptionError
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts, read_counts

texts = st.lists(st.text("一七三五，", max_size=25) | st.text("𠮷a龘。", max_size=9), min_size=1, max_size=6)


def counted(
    fresh: Callable[[], Path], limits: Any, documents: list[str], order: int, batch: int, **more: Any
) -> NgramCounts:
    path = fresh() / "counts.ngrams"
    with limits(batch=batch):
        counts = count_ngrams([*documents, "一"], order, output=path, threads=1, **more)
    again = read_counts(path)
    assert (again.layout, again.totals, len(again.chunks)) == (counts.layout, counts.totals, len(counts.chunks))
    return again


def rows_twin(counts: Counter[str], least: int, *lengths: int) -> list[tuple[str, int, int]]:
    found = [(g, len(g), count) for g, count in counts.items() if count >= least and len(g) in lengths]
    return sorted(found, key=lambda row: (row[1], row[0]))


def rows(table: pa.Table) -> list[tuple[str, int, int]]:
    return list(zip(*(table[name].to_pylist() for name in ("ngram", "n", "count")), strict=True))


@given(texts, st.integers(1, 8) | st.sampled_from([25, 30]), st.sampled_from([1, 2, 5, 1000]), st.integers(1, 4))
@example(["一七三五" * 6], 8, 1, 2)
@example(["，"], 3, 1, 1)
def test_any_counts(
    fresh: Any, limits: Any, twin: Any, documents: list[str], order: int, batch: int, least: int
) -> None:
    counts = counted(fresh, limits, documents, order, batch)
    expected = twin([*documents, "一"], order)
    assert rows(counts.to_table(least)) == rows_twin(expected, least, *range(1, order + 1))
    assert counts.total == sum(count for ngram, count in expected.items() if len(ngram) == 1)
    assert (counts.documents, counts.order, counts.min_count) == (len(documents) + 1, order, 1)
    letters = counts.alphabet.to_pylist()
    for n in {1, 2, order // 2, order} & {*range(1, order + 1)}:
        codes, numbers = counts.ngrams(n, least)
        ngrams = ["".join(letters[code] for code in row) for row in codes.tolist()]
        assert list(zip(ngrams, [n] * len(ngrams), numbers.tolist(), strict=True)) == rows_twin(expected, least, n)


@given(texts, st.integers(1, 8) | st.just(30), st.sampled_from([1, 3]), st.text("一七三五𠮷a龘，x", max_size=9))
@example(["一七三五" * 6], 8, 1, "一七三五一七三")
@example(["一七三五" * 9], 30, 1, "一七三五" * 7)
def test_any_question(
    fresh: Any, limits: Any, twin: Any, documents: list[str], order: int, batch: int, question: str
) -> None:
    counts = counted(fresh, limits, documents, order, batch)
    expected = twin([*documents, "一"], order)
    for text in (question, question[:1], question[:2], question[-3:]):
        assert counts.count(text) == expected[text]
        for n in {len(text), len(text) + 1, order} & {*range(1, order + 1)}:
            begun = Counter({ngram: count for ngram, count in expected.items() if ngram.startswith(text)})
            assert rows(counts.prefix(text, n)) == rows_twin(begun, 1, n)
            assert rows(counts.prefix(text, n, min_count=2)) == rows_twin(begun, 2, n)
        if len(text) < order:
            following = [(g[-1], count) for g, _, count in rows_twin(expected, 1, len(text) + 1) if g[:-1] == text]
            following.sort(key=lambda pair: -pair[1])
            for top in (None, 1, 2, 10):
                assert counts.continuations(text, top) == following[:top]


@given(texts, st.integers(1, 8), st.integers(2, 5), st.sampled_from([1, 2, 1000]))
@example(["，"], 3, 2, 1)
@example(["一七三五" * 3, "一七七"], 4, 3, 1)
def test_least_count(
    fresh: Any, limits: Any, twin: Any, documents: list[str], order: int, least: int, batch: int
) -> None:
    """What is kept is exact at every length, what is not is 0, and the total is that of the text."""
    counts = counted(fresh, limits, documents, order, batch, min_count=least)
    with limits(batch=batch):
        in_memory = count_ngrams([*documents, "一"], order, min_count=least, threads=1)
    expected = twin([*documents, "一"], order)
    for some in (counts, in_memory):
        assert rows(some.to_table()) == rows_twin(expected, least, *range(1, order + 1))
        assert some.total == sum(count for ngram, count in expected.items() if len(ngram) == 1)
        assert sum(int(chunk.counts.sum()) for chunk in some.chunks) == some.total
        for ngram, count in expected.items():
            assert some.count(ngram) == (count if count >= least else 0)
        for prefix in {"", *(ngram[:-1] for ngram in expected if len(ngram) <= order)}:
            following = [
                (g[-1], count) for g, _, count in rows_twin(expected, least, len(prefix) + 1) if g[:-1] == prefix
            ]
            assert some.continuations(prefix, None) == sorted(following, key=lambda pair: -pair[1])
        assert some.min_count == least


def test_in_memory_and_in_a_file_are_cut_alike(fresh: Any, limits: Any) -> None:
    documents = ["一七三五，七七" * 5, "𠮷野家a"]
    for batch in (1, 3, 7, 100):
        for least in (1, 2):
            with limits(batch=batch):
                one = count_ngrams(documents, 3, min_count=least, threads=2)
                two = count_ngrams(documents, 3, min_count=least, threads=2, output=fresh() / "a.ngrams")
            cuts = [[column.tolist() for column in chunk] for chunk in one.chunks]
            assert cuts == [[column.tolist() for column in chunk] for chunk in two.chunks]
            assert [b.num_rows for b in one.to_batches()] == [b.num_rows for b in two.to_batches()]


def test_a_damaged_batch_is_seen_only_when_it_is_asked_for(fresh: Any, limits: Any) -> None:
    path = fresh() / "counts.ngrams"
    with limits(batch=4):
        count_ngrams(["一七三五" * 3, "三一五七，" * 3], 2, output=path)
    data = bytearray(path.read_bytes())
    counts = read_counts(path)
    last = counts.chunks[len(counts.chunks) - 1]
    place = data.rindex(last.heads.tobytes())
    data[place] ^= 1
    damaged = path.with_name("damaged.ngrams")
    damaged.write_bytes(data)
    counts = read_counts(damaged)
    assert counts.count("一七") == 3
    for question in (
        lambda: counts.count("五"),
        counts.to_table,
        lambda: counts.ngrams(1),
        lambda: counts.prefix("五", 1),
    ):
        with pytest.raises(InputError, match="damaged"):
            question()


def test_questions_that_cannot_be_asked() -> None:
    counts = count_ngrams(["一七三"], 2)
    for ask in (
        lambda: counts.prefix("一", 3),
        lambda: counts.prefix("一", 0),
        lambda: counts.ngrams(3),
        lambda: counts.ngram_chunks(0),
        lambda: counts.continuations("一七"),
    ):
        with pytest.raises(OptionError, match="these counts are of orders 1 to 2"):
            ask()
    assert rows(counts.prefix("一七三", 2)) == []
    assert counts.count("") == 0
    assert repr(counts) == "<NgramCounts of orders 1 to 2, 3 characters>"


def test_worked_example(tmp_path: Path) -> None:
    count_ngrams(["研究生命起源，研究生", "研究"], 3, output=tmp_path / "a.ngrams")
    counts = read_counts(tmp_path / "a.ngrams")
    assert counts.continuations("研究") == [("生", 2)]
    assert counts.continuations("", top=2) == [("研", 3), ("究", 3)]
    assert rows(counts.prefix("研")) == [("研究生", 3, 2)]
    assert rows(counts.prefix("研", 2)) == [("研究", 2, 3)]
