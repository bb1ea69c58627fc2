"""Looking up words: equal to plain string methods, whatever the text, the blocks and the threads."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.concordance.search import LINES, sample_ranks
from nlptools.errors import OptionError

AWKWARD = [
    "",
    "a",
    "𠮷",
    "𠮷野家𠮷",
    "👩‍💻👩‍💻",
    "a\r\nb\r\n",
    "\ufeff研究",
    "\x00a\x00",
    "哈哈哈哈",
    "é é",
    "研究𠮷abc 研究",
    "\U0010ffff",
]
CHARACTERS = "ab 研究𠮷é\n\x00"

texts_of = st.lists(st.text(CHARACTERS, max_size=40) | st.sampled_from(AWKWARD), min_size=1, max_size=8).filter(
    lambda texts: any(text.strip() for text in texts)
)
words_of = st.text(CHARACTERS, min_size=1, max_size=4)


def occurrences(texts: Sequence[str], word: str) -> Iterator[tuple[int, int]]:
    """Yield the document and the place of every occurrence."""
    for number, text in enumerate(texts):
        at = text.find(word)
        while at >= 0:
            yield number, at
            at = text.find(word, at + 1)


def lines(texts: Sequence[str], word: str, width: int) -> list[dict[str, Any]]:
    return [
        {
            "word": word,
            "document": number,
            "offset": len(texts[number][:at].encode()),
            "left": texts[number][max(at - width, 0) : at],
            "right": texts[number][at + len(word) :][:width],
        }
        for number, at in occurrences(texts, word)
    ]


def neighbours(texts: Sequence[str], word: str, top: int | None = None) -> list[dict[str, Any]]:
    rows = []
    for side, place in (("left", -1), ("right", len(word))):
        counts = Counter(
            texts[n][at + place : at + place + 1] if at + place >= 0 else "" for n, at in occurrences(texts, word)
        )
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top]
        rows += [{"word": word, "side": side, "neighbour": text, "count": count} for text, count in ranked]
    return rows


@given(texts_of, words_of, st.integers(1, 4), st.sampled_from([16, 48, 10_000]))
def test_one_word_like_string_methods(opened: Any, texts: list[str], word: str, width: int, block: int) -> None:
    with opened(texts, block) as found:
        assert found.documents == len(texts)
        expected = lines(texts, word, width)
        assert found.count(word) == len(expected)
        assert found.find(word, width=width).to_pylist() == expected
        assert found.find(word, width=width, top=2).to_pylist() == expected[:2]
        assert found.neighbours(word).to_pylist() == neighbours(texts, word)
        assert found.neighbours(word, top=1).to_pylist() == neighbours(texts, word, 1)
        by_right = sorted(expected, key=lambda row: row["right"])
        assert found.find(word, width=width, sort="right").to_pylist() == by_right
        by_left = sorted(expected, key=lambda row: row["left"][::-1])
        assert found.find(word, width=width, sort="left", top=3).to_pylist() == by_left[:3]


@given(texts_of, st.lists(words_of | st.sampled_from(AWKWARD[1:]), max_size=6), st.sampled_from([16, 48, 10_000]))
def test_many_words_like_one(opened: Any, texts: list[str], words: list[str], block: int) -> None:
    with opened(texts, block) as found:
        assert found.counts(words, threads=2).tolist() == [found.count(word) for word in words]
        for sample in (1, 2, 100):
            one_by_one = [found.find(word, width=3, sample=sample, seed=7) for word in words]
            together = found.find_all(words, width=3, sample=sample, seed=7, threads=1)
            assert together.to_pylist() == pa.concat_tables([LINES.empty_table(), *one_by_one]).to_pylist()
        expected = [row for word in words for row in neighbours(texts, word, 2)]
        assert found.neighbours_all(words, top=2, threads=2).to_pylist() == expected


def test_words_longer_than_what_is_sorted(opened: Any) -> None:
    stem = "中华人民共和国万岁万岁"  # 33 bytes
    texts = [f"{stem}一{stem}二三", f"{stem}一", "x" * 100, stem[:-1]]
    words = [stem, f"{stem}一", f"{stem}一中", "x" * 40, stem * 2, "x" * 101]
    with opened(texts, 200, 600) as found:
        assert [found.count(word) for word in words] == [3, 2, 1, 61, 0, 0]
        assert found.counts(words).tolist() == [3, 2, 1, 61, 0, 0]
        for word in words:
            assert found.find(word, width=2).to_pylist() == lines(texts, word, 2)
            assert found.neighbours_all([word], top=None).to_pylist() == neighbours(texts, word)
            assert found.find_all([word], width=2, sample=4).equals(found.find(word, width=2, sample=4))


def test_a_document_longer_than_a_block(opened: Any) -> None:
    text = "研究𠮷ab" * 400
    texts = ["ab", text, "研究", text[::-1]]
    with opened(texts, 1000, 400) as found:
        for word in ("b研", "研究𠮷ab研究", "𠮷", "zz"):
            assert found.find(word, width=9).to_pylist() == lines(texts, word, 9)
            assert found.neighbours(word).to_pylist() == neighbours(texts, word)


def test_many_words_in_parts(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few words, occurrences and bytes are looked at at once."""
    texts = ["研究生命起源", "研究生研究", "生命𠮷生命", "生生生"] * 5
    words = ["研究", "生", "命", "𠮷", "研究生", "x"]
    with opened(texts) as found:
        whole = [found.counts(words), found.find_all(words, sample=3), found.neighbours_all(words), found.find("生")]
    for name, value in (("many._WORDS", 2), ("many._OCCURRENCES", 3), ("blocks.WINDOW_BYTES", 700)):
        monkeypatch.setattr(f"nlptools.concordance.{name}", value)
    monkeypatch.setattr("nlptools.concordance.neighbours._MOST_WAITING", 4)
    monkeypatch.setattr("nlptools.concordance.search.MANY", 2)
    with opened(texts) as found:
        assert np.array_equal(found.counts(words), whole[0])
        assert found.find_all(words, sample=3).equals(whole[1])
        assert found.neighbours_all(words).equals(whole[2])
        assert found.find("生").equals(whole[3])
        assert found.neighbours("生").to_pylist() == neighbours(texts, "生")


@given(st.integers(1, 60), st.integers(1, 10**6), st.integers(0, 99))
def test_no_occurrence_is_drawn_twice(sample: int, more: int, seed: int) -> None:
    for count in (sample + 1, sample + more, 2 * sample - 1 + (sample == 1)):
        drawn = sample_ranks(count, sample, seed).tolist()
        assert drawn == sorted(set(drawn)) and drawn[0] >= 0 and drawn[-1] < count
        assert sample_ranks(np.array([count, count + 1]), sample, seed)[0].tolist() == drawn


def test_a_sample_is_spread_and_repeatable(opened: Any) -> None:
    texts = [f"第{number}个红包" for number in range(1000)]
    with opened(texts, 500) as found:
        drawn = found.find("红包", sample=10)
        documents = drawn.column("document").to_pylist()
        assert len(set(documents)) == 10
        assert [number // 100 for number in documents] == list(range(10))
        assert found.find("红包", sample=10).equals(drawn)
        assert not found.find("红包", sample=10, seed=2).equals(drawn)
        assert found.find("红包", sample=1000).num_rows == 1000
        assert found.find("红包", sample=10, top=3).equals(drawn.slice(0, 3))
        assert [row["document"] // 100 for row in found.find("红包", sample=10, sort="left").to_pylist()] != list(
            range(10)
        )


def test_sorted_by_frequent_neighbours(opened: Any) -> None:
    texts = ["抢红包吧", "发红包了", "抢红包吗", "发红包了", "发红包了", "红包"]
    with opened(texts) as found:
        rows = found.find("红包", sort="count").to_pylist()
        assert [row["document"] for row in rows] == [1, 3, 4, 5, 2, 0]


def test_lines_come_in_batches(opened: Any) -> None:
    texts = ["研究生命", "研究"] * 50
    with opened(texts) as found:
        batches = list(found.lines("研究", width=2))
        assert len(batches) > 5
        assert pa.Table.from_batches(batches).equals(found.find("研究", width=2))


def test_too_many_lines_are_not_sorted(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlptools.concordance.search.SORTED_LINES", 3)
    with opened(["哈哈哈哈哈"]) as found:
        with pytest.raises(OptionError, match=r"5 lines of '哈'.*give a sample"):
            found.find("哈", sort="left")
        assert found.find("哈", sort="left", sample=3).num_rows == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda found: found.count(""), "a word of 0 characters"),
        (lambda found: found.count("a" * 1001), "a word of 1,001 characters"),
        (lambda found: found.count("\ud800"), "half of a surrogate pair"),
        (lambda found: found.counts(["a", "\udc00"]), "half of a surrogate pair"),
        (lambda found: found.count(b"a"), "a word is bytes"),
        (lambda found: found.find("a", width=0), "width=0"),
        (lambda found: found.find("a", width=1001), "width=1001"),
        (lambda found: found.find("a", top=0), "top=0"),
        (lambda found: found.find("a", sample=1.5), "sample=1.5"),
        (lambda found: found.find("a", seed=-1), "seed=-1"),
        (lambda found: found.find("a", sort="up"), "sort='up'"),
        (lambda found: found.find_all(["a"], sample=0), "sample=0"),
        (lambda found: found.neighbours("a", top=0), "top=0"),
        (lambda found: found.neighbours_all(["a"], threads=0), "threads=0"),
    ],
)
def test_options_that_cannot_work(opened: Any, call: Callable[[nt.Concordance], object], message: str) -> None:
    with opened(["a"]) as found, pytest.raises(OptionError, match=message):
        call(found)


def test_no_words(opened: Any) -> None:
    with opened(["a"]) as found:
        assert found.counts([]).size == 0
        assert found.find_all([]).num_rows == 0
        assert found.neighbours_all([]).num_rows == 0
        assert found.find("b").num_rows == 0
