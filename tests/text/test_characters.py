"""Classes of characters: the function and the table against the rule said again with names and categories."""

import sys
import unicodedata

import numpy as np
import pytest

from nlptools.text.characters import BREAK, DIGIT, HAN, LETTER, OTHER, character_class, class_table

LATIN_BLOCKS = (
    (0x0000, 0x024F),
    (0x1E00, 0x1EFF),
    (0xFF00, 0xFFEF),
)  # basic to extended-B; additional; full width


def class_twin(point: int) -> str:
    """Return the class of a code point, by name."""
    character = chr(point)
    name = unicodedata.name(character, "")
    if character in "0123456789０１２３４５６７８９":
        return "digit"
    if character == "〇" or "㐀" <= character <= "䶿" or "一" <= character <= "鿿":
        return "han"
    if "\uf900" <= character <= "\ufaff" or point // 0x10000 in (2, 3):
        return "han"
    if "LATIN" in name.split() and any(lo <= point <= hi for lo, hi in LATIN_BLOCKS):
        return "letter"
    if point > 0xFFFF:
        return "break" if 0xE0000 <= point <= 0xE0FFF else "other"
    return "other" if unicodedata.category(character)[0] in ("L", "M", "N") else "break"


def test_every_code_point() -> None:
    twin = [class_twin(point) for point in range(sys.maxunicode + 1)]
    names = {BREAK: "break", HAN: "han", DIGIT: "digit", LETTER: "letter", OTHER: "other"}
    assert [names[kind] for kind in class_table().tolist()] == twin
    assert [names[character_class(point)] for point in range(sys.maxunicode + 1)] == twin


def test_table_has_one_byte_for_each_code_point() -> None:
    assert class_table().shape == (0x110000,)
    assert class_table().dtype == np.uint8


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        ("，。！？、；：“”‘’（）《》【】—…·～￥％＋－", BREAK),
        ("\0\t\n\r \u3000\ufeff\u200b\u00a0\x7f\x85", BREAK),
        (".,:;!?'\"()[]{}<>@#$%^&*-_=+/\\|`~×÷", BREAK),
        ("\ud800\udfff\ue000\uf8ff\uffff\U000e0001\U000e0100", BREAK),  # surrogates, private use, tags
        ("龙龍一鿿㐀䶿〇豈﫿𠮷𠀀\U0003ffff", HAN),
        ("09０９", DIGIT),
        ("AZazＡＺａｚÀÖØöøÿĀɏḀỿ", LETTER),
        ("かカｶ한яЯαΩאªº²½ⅧⅧ①㈠々ー\u0301\u3099", OTHER),
        ("👩😀𝐀\U00010000\U0001ffff\U00040000\U0010ffff", OTHER),
    ],
)
def test_worked_examples(characters: str, kind: int) -> None:
    assert [c for c in characters if character_class(ord(c)) != kind] == []


def test_all_ideographs_with_that_name_are_han() -> None:
    for point in range(sys.maxunicode + 1):
        if unicodedata.name(chr(point), "").startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH")):
            assert character_class(point) == HAN
