"""Text by Han characters and runs of letters and digits, against a loop over Python strings."""

import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.text.encode import EncodedText, encode_symbols

ANY_LETTERS, ANY_DIGITS = "\ue000", "\ue001"

AWKWARD = [
    "",
    "。",
    "，。！ \r\n",
    "5G",
    "5G手机，5g手机，５Ｇ手机，５g",
    "iPhone 15 Pro，iPhone15pro",
    "2024年，2024年，２０２４年",
    "a",
    "𠮷野家ABC𠮷ABC",
    "👩ABC👩ABC👩",
    "\ufeffBOM中BOM",
    "a\0a\0b",
    "第1行\r\n第2行\r\n",
    "МИР a1 かなa1한글a1é e\u0301",
    "x" * 24 + "，" + "x" * 24 + "，" + "y" * 25 + "，" + "y" * 25,
    "/09:@AZ[`az{¿ÀÖ×Øöfø÷ɏɐ",
    "／０９：＠ＡＺ［｀ａｚ｛",
    "㏿㐀䶿䷀一鿿ꀀ豈\ufaffﬀ〆〇〈",
    "\ue000\ue001中\ue000",  # private use: breaks, although they stand for runs in the alphabet
    "\U0001ffff\U00020000\U0003ffff\U00040000\U000e0000",
]

documents = st.one_of(
    st.sampled_from(AWKWARD),
    st.text("aAａ1１，中", max_size=10),
    st.text("ab1 ", max_size=12),
    st.text("一二𠮷，。5ＧGé×\0か👩", max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
texts_of_a_corpus = st.lists(documents, max_size=8).flatmap(
    lambda texts: st.lists(st.sampled_from(texts), max_size=12) if texts else st.just([])
)
cuts_of_a_corpus = st.lists(st.integers(0, 12), max_size=6)
min_run_counts = st.integers(1, 5)


def as_batches(texts: list[str], cuts: list[int]) -> list[pa.RecordBatch]:
    """Return the documents in batches, some of them empty, cut before the documents of these numbers."""
    edges = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    return [pa.record_batch({"text": pa.array(texts[lo:hi], pa.large_string())}) for lo, hi in pairwise(edges)]


def is_han(character: str) -> bool:
    return (
        character == "〇"
        or "㐀" <= character <= "䶿"
        or "一" <= character <= "鿿"
        or "\uf900" <= character <= "\ufaff"
        or ord(character) // 0x10000 in (2, 3)
    )


def is_digit(character: str) -> bool:
    return character in "0123456789０１２３４５６７８９"


def is_letter(character: str) -> bool:
    near = character <= "\u024f" or "\u1e00" <= character <= "\u1eff" or "\uff00" <= character <= "\uffef"
    return near and "LATIN" in unicodedata.name(character, "").split()


def half_width(character: str) -> str:
    return unicodedata.normalize("NFKC", character) if "！" <= character <= "～" else character


def symbols_of(text: str) -> list[str]:
    """Return the Han characters and runs of one document, and "" for each break."""
    symbols = []
    run = ""
    for character in text + " ":
        if is_letter(character) or is_digit(character):
            run += half_width(character)
            continue
        if run:
            symbols.append(run)
            run = ""
        symbols.append(character if is_han(character) else "")
    return symbols


def encode_twin(
    texts: list[str], min_run_count: Callable[[int], int], deduplicate: bool = True
) -> tuple[list[str], list[int], int]:
    """Return the text as symbols and "" for breaks, the document ends in it, and how many were left out."""
    kept: list[str] = []
    for text in texts:
        if not (deduplicate and text in kept):
            kept.append(text)
    found = [symbols_of(text) for text in kept]
    counts = Counter(symbol for symbols in found for symbol in symbols if symbol)
    least = min_run_count(counts.total())
    out, ends = [""], []
    for symbols in found:
        for symbol in symbols:
            if symbol and not is_han(symbol[0]):
                if not any(is_letter(character) for character in symbol):
                    symbol = ANY_DIGITS
                elif len(symbol) > 24 or counts[symbol] < least:
                    symbol = ANY_LETTERS
            if symbol or out[-1]:
                out.append(symbol)
        if out[-1]:
            out.append("")
        ends.append(len(out))
    return out, ends, len(texts) - len(kept)


def order(symbol: str) -> tuple[int, str]:
    """Sort the break, Han characters, the two symbols that stand for many runs, runs."""
    if symbol == "" or is_han(symbol[0]):
        return 0, symbol
    return (1 if symbol in (ANY_LETTERS, ANY_DIGITS) else 2), symbol


def check(text: EncodedText, out: list[str], ends: list[int], duplicates: int = 0) -> None:
    alphabet = text.alphabet.to_pylist()
    assert alphabet == sorted(set(out), key=order)
    assert [alphabet[code] for code in text.codes.tolist()] == out
    assert text.document_ends.tolist() == ends
    assert text.document_ends.dtype == np.int64
    assert (text.duplicates, text.size) == (duplicates, len(out) - out.count(""))


@given(texts_of_a_corpus, st.booleans(), min_run_counts, cuts_of_a_corpus, st.integers(1, 5))
@example(AWKWARD, True, 2, [], 1)
@example(AWKWARD[::-1] * 2, True, 2, [3, 3, 7], 3)
@example(AWKWARD * 2, False, 3, [20], 2)
@example(["", "。", "", "。"], True, 1, [1, 2, 3], 2)
@example(["x" * 25 + "，" + "１" * 30] * 2, False, 1, [1], 2)
def test_any_text(texts: list[str], deduplicate: bool, least: int, cuts: list[int], threads: int) -> None:
    text = encode_symbols(as_batches(texts, cuts), threads, deduplicate, lambda size: least)
    check(text, *encode_twin(texts, lambda size: least, deduplicate))


@given(texts_of_a_corpus, st.booleans())
@example(["5G手机", "5G手机", "5G手表"], True)
def test_the_least_count_is_made_from_the_size_of_the_text(texts: list[str], deduplicate: bool) -> None:
    sizes: list[int] = []

    def least(size: int) -> int:
        sizes.append(size)
        return 1 + size // 4

    text = encode_symbols(as_batches(texts, [2, 5]), 2, deduplicate, least)
    assert sizes == [text.size]
    check(text, *encode_twin(texts, lambda size: 1 + size // 4, deduplicate))


def test_a_run_is_not_frequent_by_duplicates() -> None:
    text = encode_symbols(as_batches(["用iPhone", "用iPhone", "用5G", "有5G"], [1]), 1)
    check(text, ["", "用", ANY_LETTERS, "", "用", "5G", "", "有", "5G", ""], [4, 7, 10], 1)


@given(texts_of_a_corpus)
@example(AWKWARD)
def test_breaks(texts: list[str]) -> None:
    codes = encode_symbols(as_batches(texts, []), 2).codes
    assert codes[0] == codes[-1] == 0
    assert not ((codes[:-1] == 0) & (codes[1:] == 0)).any()


@given(texts_of_a_corpus, st.booleans(), min_run_counts, cuts_of_a_corpus, st.integers(2, 5))
@example(AWKWARD * 3, True, 2, list(range(60)), 5)
def test_batches_and_threads_change_no_byte(
    texts: list[str], deduplicate: bool, least: int, cuts: list[int], threads: int
) -> None:
    one = encode_symbols(as_batches(texts, []), 1, deduplicate, lambda size: least)
    many = encode_symbols(iter(as_batches(texts, cuts)), threads, deduplicate, lambda size: least)
    assert one.codes.tobytes() == many.codes.tobytes()
    assert one.codes.dtype == many.codes.dtype
    assert one.alphabet.equals(many.alphabet)
    assert one.document_ends.tobytes() == many.document_ends.tobytes()
    assert one.duplicates == many.duplicates


def test_worked_example() -> None:
    text = encode_symbols(as_batches(["5G手机，５Ｇ手表", "买2部WiFi"], [1]), 1)
    assert text.alphabet.to_pylist() == ["", "买", "手", "机", "表", "部", ANY_LETTERS, ANY_DIGITS, "5G"]
    assert text.codes.tolist() == [0, 8, 2, 3, 0, 8, 2, 4, 0, 1, 7, 5, 6, 0]
    assert text.document_ends.tolist() == [9, 14]


def test_runs_do_not_cross_documents_or_batches() -> None:
    text = encode_symbols(as_batches(["中a", "b中", "a", "b", "ab", "中ab"], [1, 3]), 2)
    check(
        text,
        ["", "中", "a", "", "b", "中", "", "a", "", "b", "", "ab", "", "中", "ab", ""],
        [4, 7, 9, 11, 13, 16],
    )


@pytest.mark.parametrize("batches", [[], as_batches([], []), as_batches([], [0, 0]), as_batches([""], [])])
def test_nothing(batches: list[pa.RecordBatch]) -> None:
    text = encode_symbols(batches, 2)
    assert text.codes.tolist() == [0]
    assert text.alphabet.to_pylist() == [""]
    assert text.document_ends.tolist() == [1] * sum(len(batch) for batch in batches)


def test_batches_are_prepared_on_the_way() -> None:
    def lowered(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch({"text": pa.array([text.as_py().lower() for text in batch["text"]])})

    text = encode_symbols(as_batches(["5G手机", "5g手机", "5G，5g"], [1]), 2, prepare=lowered)
    check(text, *encode_twin(["5g手机", "5g手机", "5g，5g"], lambda size: 2))


def test_all_short_runs_are_told_apart(interpreted: bool) -> None:
    letters = "abcXYZ" if interpreted else "abcdefghijklmnopqrstuvwxyzABXYZ"
    runs = {"".join(run) for length in (1, 2, 3) for run in product(letters + "0189", repeat=length)}
    lettered = sorted(run for run in runs if any(character in letters for character in run))
    text = encode_symbols(as_batches([" ".join(sorted(runs)), " ".join(lettered)], []), 1)
    assert text.alphabet.to_pylist() == ["", ANY_DIGITS, *lettered]


@pytest.mark.parametrize("size", [65535, 65536])
def test_codes_widen_when_they_must(size: int) -> None:
    han = "".join(map(chr, range(0x20000, 0x20000 + size)))
    text = encode_symbols(as_batches([han], []), 2)
    assert text.codes.dtype == (np.uint16 if size < 65536 else np.uint32)
    assert text.codes.tolist() == [0, *range(1, size + 1), 0]
    assert text.size == size


def test_ten_megabytes_in_one_line(interpreted: bool) -> None:
    unit = "研究5G生命iPhone起源，2024 𠮷Ａ！"
    repeats = 300 if interpreted else 10_000_000 // len(unit.encode())
    text = encode_symbols(as_batches([unit * repeats], []), 2)
    answer = ["研", "究", "5G", "生", "命", "iPhone", "起", "源", "", ANY_DIGITS, "", "𠮷", "A", ""]
    alphabet = text.alphabet.to_pylist()
    assert alphabet == sorted(set(answer), key=order)
    assert text.codes.tolist() == [0] + [alphabet.index(symbol) for symbol in answer] * repeats
