"""Text by characters: codes, alphabet and document ends against a loop over Python strings."""

import sys
import unicodedata
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.text.characters import DIGIT, HAN, LETTER
from nlptools.text.encode import EncodedText, encode_characters

AWKWARD = [
    "",
    "。",
    "，。！ \r\n",
    "中",
    "𠮷",
    "𠮷野家，𠮷野家。",
    "👩‍👩‍👧 and 全角ＡＢＣ１２３",
    "\ufeffBOM at the beginning",
    "a\0b\0\0",
    "第一行\r\n第二行\r\n",
    "mixed МИР かな 한글 ไทย é e\u0301 ½Ⅷ①",
    "/0129:@AZ[`az{¿ÀÖ×Øöfø÷ɏɐ\u02af",
    "／０９：＠ＡＺ［｀ａｚ｛",
    "㏿㐀䶿䷀一鿿ꀀ豈\ufaffﬀ\u3006〇\u3008",
    "\ud7ff\ue000\uf8ff\uf900\uffff\U00010000\U0001ffff\U00020000\U0003ffff\U00040000",
    "\U000dffff\U000e0000\U000e0fff\U000e1000\U0010ffff",
    "研究生命起源" * 7,
]

characters = st.characters(exclude_categories=["Cs"])
documents = st.one_of(
    st.sampled_from(AWKWARD),
    st.text("中文字", max_size=8),
    st.text("一二，。aA１\0\r\n𠮷👩", max_size=12),
    st.text(characters, max_size=12),
)
texts_of_a_corpus = st.lists(documents, max_size=8).flatmap(
    lambda texts: st.lists(st.sampled_from(texts), max_size=12) if texts else st.just([])
)
cuts_of_a_corpus = st.lists(st.integers(0, 12), max_size=6)
kinds = st.sampled_from(["string", "large_string", "slices"])


def as_batches(texts: list[str], cuts: list[int], kind: str = "large_string") -> list[pa.RecordBatch]:
    """Return the documents in batches, some of them empty, cut before the documents of these numbers."""
    edges = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    if kind == "slices":
        whole = pa.record_batch({"text": pa.array(["前", *texts], pa.large_string())})
        return [whole.slice(lo + 1, hi - lo) for lo, hi in pairwise(edges)]
    arrow = pa.string() if kind == "string" else pa.large_string()
    return [pa.record_batch({"text": pa.array(texts[lo:hi], arrow)}) for lo, hi in pairwise(edges)]


def is_break(character: str) -> bool:
    point = ord(character)
    if point > 0xFFFF:
        return 0xE0000 <= point <= 0xE0FFF
    if "\uf900" <= character <= "\ufaff":  # Han, whether assigned or not
        return False
    return unicodedata.category(character)[0] not in "LMN"


def encode_twin(texts: list[str], deduplicate: bool = False) -> tuple[list[str], list[int], int]:
    """Return the text as characters and "" for breaks, document ends, and how many were left out."""
    out, ends, seen = [""], [], []
    for text in texts:
        if deduplicate and text in seen:
            continue
        seen.append(text)
        for character in text:
            if not is_break(character):
                out.append(character)
            elif out[-1] != "":
                out.append("")
        if out[-1] != "":
            out.append("")
        ends.append(len(out))
    return out, ends, len(texts) - len(ends)


def check(text: EncodedText, out: list[str], ends: list[int], duplicates: int = 0) -> None:
    alphabet = text.alphabet.to_pylist()
    assert alphabet == sorted(set(out))
    assert [alphabet[code] for code in text.codes.tolist()] == out
    assert text.codes.dtype == (np.uint16 if len(alphabet) <= 65536 else np.uint32)
    assert text.document_ends.tolist() == ends
    assert text.document_ends.dtype == np.int64
    assert (text.duplicates, text.size) == (duplicates, len(out) - out.count(""))


@given(texts_of_a_corpus, st.booleans(), cuts_of_a_corpus, kinds, st.integers(1, 5))
@example(AWKWARD, False, [], "large_string", 1)
@example(AWKWARD[::-1] * 2, True, [3, 3, 7], "string", 3)
@example(["", "。", "", "。"], True, [1, 2, 3], "slices", 2)
def test_any_text(texts: list[str], deduplicate: bool, cuts: list[int], kind: str, threads: int) -> None:
    text = encode_characters(as_batches(texts, cuts, kind), threads, deduplicate)
    check(text, *encode_twin(texts, deduplicate))


@given(texts_of_a_corpus)
@example(AWKWARD)
def test_breaks(texts: list[str]) -> None:
    codes = encode_characters(as_batches(texts, []), 2).codes
    assert codes[0] == codes[-1] == 0
    assert not ((codes[:-1] == 0) & (codes[1:] == 0)).any()


@given(texts_of_a_corpus, st.booleans(), cuts_of_a_corpus, st.integers(2, 5))
@example(AWKWARD * 3, True, list(range(51)), 5)
def test_batches_and_threads_change_no_byte(texts: list[str], deduplicate: bool, cuts: list[int], threads: int) -> None:
    one = encode_characters(as_batches(texts, []), 1, deduplicate)
    many = encode_characters(iter(as_batches(texts, cuts)), threads, deduplicate)
    assert one.codes.tobytes() == many.codes.tobytes()
    assert one.codes.dtype == many.codes.dtype
    assert one.alphabet.equals(many.alphabet)
    assert one.document_ends.tobytes() == many.document_ends.tobytes()
    assert one.duplicates == many.duplicates


def test_more_batches_than_are_under_way_at_a_time() -> None:
    texts = [f"第{n}行，{'龙' * (n % 5)}" for n in range(300)]
    text = encode_characters(as_batches(texts, list(range(1, 300))), 3)
    check(text, *encode_twin(texts))


def test_worked_example() -> None:
    text = encode_characters(as_batches(["K线图。"], []), 1)
    assert text.alphabet.to_pylist() == ["", "K", "图", "线"]
    assert text.codes.tolist() == [0, 1, 3, 2, 0]
    assert text.document_ends.tolist() == [5]


@pytest.mark.parametrize("batches", [[], as_batches([], []), as_batches([], [0, 0], "string"), as_batches([""], [])])
def test_nothing(batches: list[pa.RecordBatch]) -> None:
    text = encode_characters(batches, 2)
    assert text.codes.tolist() == [0]
    assert text.alphabet.to_pylist() == [""]
    assert text.document_ends.tolist() == [1] * sum(len(batch) for batch in batches)
    assert text.size == 0


@given(texts_of_a_corpus, cuts_of_a_corpus)
@example(AWKWARD, [4])
def test_other_classes_can_be_breaks(texts: list[str], cuts: list[int]) -> None:
    text = encode_characters(as_batches(texts, cuts), 2, classes=(HAN, DIGIT, LETTER))
    only = [character for character in text.alphabet.to_pylist() if character]
    spaced = ["".join(c if c in only else " " for c in document) for document in texts]
    check(text, *encode_twin(spaced))
    for character in {c for document in texts for c in document if not is_break(c)} - set(only):
        name = unicodedata.name(character, "")
        assert not name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "DIGIT", "FULLWIDTH DIGIT")), name


def test_only_han_and_digits() -> None:
    text = encode_characters(as_batches(["第3个ｋ，K线図かな9"], []), 1, classes=(HAN, DIGIT))
    check(text, ["", "第", "3", "个", "", "线", "図", "", "9", ""], [10])


def test_duplicates_are_found_before_classes_are_looked_at() -> None:
    batches = as_batches(["中a", "中b", "中a"], [2])
    text = encode_characters(batches, 1, True, classes=(HAN,))
    check(text, ["", "中", "", "中", ""], [3, 5], 1)


def test_batches_are_prepared_on_the_way() -> None:
    def twice(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch({"text": pa.array([text.as_py() * 2 for text in batch["text"]], pa.large_string())})

    text = encode_characters(as_batches(["中a", "文，", "中a"], [1]), 2, True, prepare=twice)
    check(text, *encode_twin(["中a中a", "文，文，", "中a中a"], True))


def test_code_points_of_all_planes(interpreted: bool) -> None:
    step = 97 if interpreted else 5
    points = [point for point in range(0, sys.maxunicode + 1, step) if not 0xD800 <= point < 0xE000]
    whole = "".join(map(chr, points))
    texts = [whole[start : start + 50_000] for start in range(0, len(whole), 50_000)]
    check(encode_characters(as_batches(texts, [5, 11]), 2), *encode_twin(texts))


@pytest.mark.parametrize("size", [65534, 65535, 65536, 65537])
def test_codes_widen_when_they_must(size: int) -> None:
    alphabet = "".join(map(chr, range(0x20000, 0x20000 + size)))
    text = encode_characters(as_batches([alphabet[::-1], alphabet[:3]], [1]), 2)
    assert text.codes.dtype == (np.uint16 if size < 65536 else np.uint32)
    assert text.codes.tolist() == [0, *range(size, 0, -1), 0, 1, 2, 3, 0]
    assert "".join(text.alphabet.to_pylist()) == alphabet


def test_ten_megabytes_in_one_line(interpreted: bool) -> None:
    unit = "研究生命起源，5Ｇ 𠮷！"
    repeats = 300 if interpreted else 10_000_000 // len(unit.encode())
    text = encode_characters(as_batches([unit * repeats], []), 2)
    out, _, _ = encode_twin([unit])
    alphabet = text.alphabet.to_pylist()
    assert alphabet == sorted(set(out))
    assert text.codes.tolist() == [0] + [alphabet.index(character) for character in out[1:]] * repeats
