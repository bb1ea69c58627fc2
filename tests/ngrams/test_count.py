"""count_ngrams against a Counter of slices, on any text, at any order and number of threads."""

import random
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nlptools.corpus import open_corpus
from nlptools.errors import InputError, NlptoolsError, OptionError
from nlptools.ngrams import grouping
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts

AWKWARD = [
    "",
    "。",
    "，。！ \r\n",
    "中",
    "中中中中中中中中中中",
    "𠮷野家，𠮷野家。",
    "👩‍👩‍👧 and 全角ＡＢＣ１２３",
    "\ufeffBOM at the beginning",
    "a\0b\0\0",
    "第一行\r\n第二行\r\n",
    "mixed МИР かな 한글 ไทย é e\u0301 ½Ⅷ①",
    "研究生命起源" * 7,
    "\ud7ff\uf900\uffff\U00010000\U0003ffff\U000e0001\U0010ffff",
]

documents = st.one_of(
    st.sampled_from(AWKWARD),
    st.text("中", max_size=12),
    st.text("中文字，", max_size=15),
    st.text("一二三。aA１\0\r\n𠮷👩", max_size=15),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
corpora = st.lists(documents, max_size=8).flatmap(
    lambda texts: st.lists(st.sampled_from(texts), max_size=12) if texts else st.just([])
)


def is_break(character: str) -> bool:
    point = ord(character)
    if point > 0xFFFF:
        return 0xE0000 <= point <= 0xE0FFF
    if "\uf900" <= character <= "\ufaff":  # Han, whether assigned or not
        return False
    return unicodedata.category(character)[0] not in "LMN"


def count_twin(texts: Iterable[str], *orders: int) -> Counter[str]:
    """Count the n-grams of 1 to `order` characters, or those of several orders."""
    counts: Counter[str] = Counter()
    for text in texts:
        segment = ""
        for character in text + "。":
            if not is_break(character):
                segment += character
                continue
            for n in orders if len(orders) > 1 else range(1, orders[0] + 1):
                for i in range(len(segment) - n + 1):
                    counts[segment[i : i + n]] += 1
            segment = ""
    return counts


def rows(table: pa.Table) -> list[tuple[str, int, int]]:
    return list(zip(*(table[name].to_pylist() for name in ("ngram", "n", "count")), strict=True))


def rows_twin(counts: Counter[str], min_count: int = 1) -> list[tuple[str, int, int]]:
    found = [(ngram, len(ngram), count) for ngram, count in counts.items() if count >= min_count]
    return sorted(found, key=lambda row: (row[1], row[0]))


def counted(texts: list[str], order: int, threads: int = 1, batch_bytes: int = 1 << 20) -> NgramCounts | None:
    """Count, or return None where the corpus reader finds nothing but white space."""
    try:
        return count_ngrams(open_corpus(texts, batch_bytes=batch_bytes), order, threads=threads)
    except InputError:
        assert not count_twin(texts, 1)
        return None


def check(counts: NgramCounts, twin: Counter[str]) -> None:
    """Compare everything that can be asked."""
    assert rows(counts.to_table()) == rows_twin(twin)
    assert rows(counts.to_table(2)) == rows_twin(twin, 2)
    assert counts.total == sum(count for ngram, count in twin.items() if len(ngram) == 1)
    alphabet = counts.alphabet.to_pylist()
    for n in range(1, counts.order + 1):
        codes, numbers = counts.ngrams(n)
        ngrams = ["".join(alphabet[code] for code in row) for row in codes.tolist()]
        assert codes.shape == (len(ngrams), n)
        assert codes.tolist() == sorted(codes.tolist())
        assert dict(zip(ngrams, numbers.tolist(), strict=True)) == {g: c for g, c in twin.items() if len(g) == n}
    for ngram in random.Random(1).sample(sorted(twin), min(50, len(twin))):
        assert counts.count(ngram) == twin[ngram]


@given(corpora, st.integers(1, 8), st.integers(1, 5), st.sampled_from([1, 20, 1 << 20]))
@example(AWKWARD, 8, 1, 1 << 20)
@example(AWKWARD[::-1] * 2, 5, 3, 1)
@example(["中"], 8, 2, 1)
@example(["中" * 50], 3, 5, 1)
@example(["。", "，"], 4, 2, 1)
def test_any_text(texts: list[str], order: int, threads: int, batch_bytes: int) -> None:
    counts = counted(texts, order, threads, batch_bytes)
    if counts is not None:
        assert counts.order == order
        check(counts, count_twin(texts, order))


@given(corpora, st.integers(1, 8), st.text("中文字a𠮷，龘", max_size=9))
@example(["中文"], 2, "")
@example(["中文"], 2, "，")
@example(["中文，中文"], 8, "文，中")
@example(["中文"], 1, "中文")
def test_any_question(texts: list[str], order: int, ngram: str) -> None:
    counts = counted(texts, order)
    if counts is not None:
        assert counts.count(ngram) == count_twin(texts, order)[ngram]


@given(corpora, st.integers(1, 8), st.integers(0, 12))
def test_counts_of_a_corpus_cut_between_documents_add_up(texts: list[str], order: int, cut: int) -> None:
    whole = counted(texts, order)
    assume(whole is not None)
    assert whole is not None
    parts = [counted(part, order) for part in (texts[:cut], texts[cut:])]
    total: Counter[str] = Counter()
    for part in parts:
        if part is not None:
            total.update({ngram: count for ngram, _, count in rows(part.to_table())})
    assert rows(whole.to_table()) == rows_twin(total)


@given(corpora, st.sampled_from([1, 3, 8, 40]), st.integers(2, 5), st.integers(1, 30))
def test_batches_and_threads_change_no_byte(texts: list[str], order: int, threads: int, batch_bytes: int) -> None:
    assume(len(set("".join(texts))) < 8)
    one, many = counted(texts, order), counted(texts, order, threads, batch_bytes)
    if one is not None and many is not None:
        for first, second in zip(one.chunks, many.chunks, strict=True):
            assert [column.tobytes() for column in first] == [column.tobytes() for column in second]
            assert [column.dtype for column in first] == [column.dtype for column in second]
        assert one.alphabet.equals(many.alphabet)


@st.composite
def long_orders(draw: st.DrawFn) -> tuple[list[str], int]:
    """Draw documents over few characters, with long repeats, and an order that needs two words a key."""
    size = draw(st.integers(1, 7))
    length = 64 // size.bit_length()
    order = draw(st.integers(length + 1, 2 * length))
    chance = random.Random(draw(st.integers(0, 99)))
    unit = "".join(chance.choices("一二三四五六七"[:size], k=draw(st.integers(1, 60))))
    texts = ["一二三四五六七"[:size], unit * draw(st.integers(1, 150 // len(unit) + 1))]
    texts += draw(st.lists(st.sampled_from([unit, unit[1:] + unit, unit + "，" + unit * 2, "", "。"]), max_size=4))
    return texts, order


@given(long_orders(), st.integers(1, 3))
@example((["一" * 200], 65), 2)
@example((["一" * 200], 128), 1)
@example((["一二三四五六七"[::step] * 40 for step in (1, -1, 2, 3)], 42), 2)  # 63 bits in each word
@example((["一二三" * 30 + "，" + "三二一一" * 20], 64), 2)  # and 64
def test_two_words_for_a_key(case: tuple[list[str], int], threads: int) -> None:
    texts, order = case
    counts = count_ngrams(texts, order, threads=threads)
    assert counts.layout.tail_length
    alphabet = counts.alphabet.to_pylist()
    orders = {1, 64 // counts.layout.bits, 64 // counts.layout.bits + 1, order - 1, order}
    twin = count_twin(texts, *orders)
    for n in orders:
        codes, numbers = counts.ngrams(n)
        ngrams = ["".join(alphabet[code] for code in row) for row in codes.tolist()]
        assert ngrams == sorted(ngrams)
        assert dict(zip(ngrams, numbers.tolist(), strict=True)) == {g: c for g, c in twin.items() if len(g) == n}
    for ngram in random.Random(1).sample(sorted(twin), min(50, len(twin))):
        assert counts.count(ngram) == twin[ngram]
    assert counts.count(unseen(twin, order)) == 0


def unseen(twin: Counter[str], order: int) -> str:
    """Return an n-gram of `order` known characters that does not occur, if there is one."""
    for ngram in twin:
        for character in sorted(twin):
            other = ngram[:-1] + character
            if len(character) == 1 and len(ngram) == order and other not in twin:
                return other
    return ""


@pytest.mark.parametrize(
    ("characters", "order", "bits"),
    [
        (4_000, 8, 12),  # five codes in the first word of a key
        (8_191, 8, 13),
        (8_192, 8, 14),
        (65_535, 8, 16),  # 64 bits in each word
        (70_000, 6, 17),
    ],
)
def test_large_alphabets(characters: int, order: int, bits: int) -> None:
    alphabet = list(map(chr, range(0x20000, 0x20000 + characters)))
    chance = random.Random(characters)
    tail = alphabet[-300:]
    texts = [
        "".join(alphabet),
        "".join(tail[::-1]) + "，" + "".join(tail),
        "".join(chance.choices(tail[-3:], k=500)),
    ]
    counts = count_ngrams(texts, order, threads=2)
    assert counts.layout.bits == bits
    assert counts.layout.tail_length
    orders = (1, 64 // bits, 64 // bits + 1, order)
    twin = count_twin(texts, *orders)
    letters = np.array(counts.alphabet.to_pylist())
    for n in orders:
        codes, numbers = counts.ngrams(n)
        found = zip(map("".join, letters[codes].tolist()), numbers.tolist(), strict=True)
        assert list(found) == sorted((ngram, count) for ngram, count in twin.items() if len(ngram) == n)
    for ngram in chance.sample(sorted(twin), 50):
        assert counts.count(ngram) == twin[ngram]
    assert counts.count(texts[0][1000 : 999 + order] + alphabet[0]) == 0
    if characters < 10_000:
        repeated = {ngram: count for ngram, _, count in rows(counts.to_table(2))}
        assert all(repeated.get(ngram, 1) == count for ngram, count in twin.items())


def test_small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*AWKWARD, *(text * 3 for text in AWKWARD)]
    twin = count_twin(texts, 8)
    for bucket, parts, leader_bits in ((1, 1, 1), (4, 3, 3), (1, 64, 6)):
        monkeypatch.setattr(grouping, "BUCKET", bucket)
        monkeypatch.setattr(grouping, "PARTS", parts)
        monkeypatch.setattr(grouping, "LEADER_BITS", leader_bits)
        check(count_ngrams(texts, 8, threads=3), twin)


def test_worked_example() -> None:
    counts = count_ngrams(["研究生命", "研究"], order=2)
    assert counts.count("研究") == 2
    assert counts.count("究研") == 0  # documents do not touch
    assert rows(counts.to_table()) == [
        ("命", 1, 1),
        ("生", 1, 1),
        ("研", 1, 2),
        ("究", 1, 2),
        ("生命", 2, 1),
        ("研究", 2, 2),
        ("究生", 2, 1),
    ]
    assert rows(counts.to_table(min_count=2)) == [("研", 1, 2), ("究", 1, 2), ("研究", 2, 2)]
    assert counts.total == 6


def test_a_character_beyond_the_basic_plane_is_one() -> None:
    counts = count_ngrams(["𠮷野家", "吉野家"], order=3)
    assert [counts.count(ngram) for ngram in ("𠮷", "野家", "𠮷野家", "𠮷野", "家𠮷")] == [1, 2, 1, 1, 0]
    assert [ngram for ngram, n, _ in rows(counts.to_table()) if n == 1] == ["吉", "家", "野", "𠮷"]


def test_table_columns() -> None:
    table = count_ngrams(["研究，研究生命"], order=3).to_table()
    assert table.schema.names == ["ngram", "n", "count"]
    assert table.schema.types == [pa.large_string(), pa.int32(), pa.int64()]


def test_only_punctuation() -> None:
    counts = count_ngrams(["。", "，！", "——"], order=4)
    assert rows(counts.to_table()) == []
    assert counts.total == 0
    assert [counts.count(ngram) for ngram in ("", "。", "中")] == [0, 0, 0]
    assert [counts.ngrams(n)[0].shape for n in (1, 4)] == [(0, 1), (0, 4)]


def test_least_count_of_ngrams() -> None:
    counts = count_ngrams(["甲甲甲乙，甲乙"], order=2)
    codes, numbers = counts.ngrams(2, min_count=2)
    assert counts.alphabet.to_pylist() == ["", "乙", "甲"]
    assert (codes.tolist(), numbers.tolist()) == ([[2, 1], [2, 2]], [2, 2])
    assert counts.ngrams(2, min_count=3)[1].size == 0


@pytest.mark.parametrize(
    ("order", "threads", "words"),
    [
        (0, 1, "order=0"),
        (-3, 1, "order=-3"),
        (2, 0, "threads=0"),
        (2, -1, "threads=-1"),
        (129, 1, "order=129"),
    ],
)
def test_options_that_cannot_work(order: int, threads: int, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        count_ngrams(["中"], order, threads=threads)
    assert isinstance(caught.value, NlptoolsError)
    assert isinstance(caught.value, ValueError)


def test_order_too_high_for_the_alphabet_names_the_highest() -> None:
    texts = ["".join(map(chr, range(0x20000, 0x30000)))]  # 65,536 characters: 17 bits
    with pytest.raises(OptionError, match=r"order=7 .* 65536 .* at most 6"):
        count_ngrams(texts, 7, threads=1)
    with pytest.raises(OptionError, match=r"order=9 .* 65535 .* at most 8"):
        count_ngrams([texts[0][:-1]], 9, threads=1)


@pytest.mark.parametrize("n", [0, -1, 3])
def test_orders_that_were_not_counted(n: int) -> None:
    with pytest.raises(OptionError, match=f"n={n} "):
        count_ngrams(["中文"], order=2).ngrams(n)


def test_nothing_but_white_space_is_an_error_of_the_input() -> None:
    for texts in ([], [""], [" \r\n"]):
        with pytest.raises(InputError):
            count_ngrams(texts, 2)


def test_progress_adds_up() -> None:
    texts, steps = ["研究生命" * 10] * 20, list[int]()
    count_ngrams(open_corpus(texts, batch_bytes=200), 2, progress=steps.append)
    assert sum(steps) == sum(len(text.encode()) for text in texts)


def test_default_order() -> None:
    assert count_ngrams(["研究生命起源"]).order == 4


def test_ten_megabytes_in_one_line(interpreted: bool) -> None:
    unit = "研究生命起源，5Ｇ𠮷野家研究"
    repeats = 200 if interpreted else 10_000_000 // len(unit.encode())
    counts = count_ngrams([unit * repeats], order=6, threads=2)
    two, three = count_twin([unit * 2], 6), count_twin([unit * 3], 6)
    twin = Counter({ngram: two[ngram] + (repeats - 2) * (three[ngram] - two[ngram]) for ngram in three})
    assert rows(counts.to_table()) == rows_twin(twin)
