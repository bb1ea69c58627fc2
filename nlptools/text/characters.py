"""Which characters make words, and which end a segment.

Classes of code points, used by every command:

    BREAK   punctuation, symbols, white space, control characters: a segment ends here
    HAN     Han characters: U+4E00-9FFF, extension A, 〇, compatibility ideographs, planes 2 and 3
    DIGIT   0-9 and full-width ０-９
    LETTER  Latin letters, half width, full width or with marks
    OTHER   every other letter, mark or number (kana, hangul, Cyrillic, ...), and every further character beyond
            the basic plane, emoji among them
"""

import sys
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

BREAK, HAN, DIGIT, LETTER, OTHER = range(5)

_HAN_RANGES = ((0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_DIGIT_RANGES = ((0x30, 0x39), (0xFF10, 0xFF19))
_LETTER_RANGES = (
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xC0, 0x24F),
    (0x1E00, 0x1EFF),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
)
_TAGS = (0xE0000, 0xE0FFF)  # invisible tags and variation selectors of plane 14
_NOT_LETTERS = (0xD7, 0xF7)  # × and ÷ lie among the Latin letters


def character_class(code_point: int) -> int:
    """Return the class of one code point: BREAK, HAN, DIGIT, LETTER or OTHER.

    >>> [character_class(ord(c)) for c in "，龙５éか"]
    [0, 1, 2, 3, 4]
    """
    if any(lo <= code_point <= hi for lo, hi in _HAN_RANGES):
        return HAN
    if any(lo <= code_point <= hi for lo, hi in _DIGIT_RANGES):
        return DIGIT
    if code_point not in _NOT_LETTERS and any(lo <= code_point <= hi for lo, hi in _LETTER_RANGES):
        return LETTER
    if code_point > 0xFFFF:
        return BREAK if _TAGS[0] <= code_point <= _TAGS[1] else OTHER
    return OTHER if unicodedata.category(chr(code_point))[0] in "LMN" else BREAK


@cache
def class_table() -> NDArray[np.uint8]:
    """Return the class of every code point, shape (0x110000,); computed once per process, in some milliseconds."""
    table = np.full(sys.maxunicode + 1, OTHER, np.uint8)
    table[:0x10000] = [unicodedata.category(chr(c))[0] in "LMN" for c in range(0x10000)]
    table[:0x10000] *= OTHER
    table[_TAGS[0] : _TAGS[1] + 1] = BREAK
    for ranges, name in ((_HAN_RANGES, HAN), (_DIGIT_RANGES, DIGIT), (_LETTER_RANGES, LETTER)):
        for lo, hi in ranges:
            table[lo : hi + 1] = name
    table[list(_NOT_LETTERS)] = BREAK
    return table
