"""What a segmenter sees of a text: units, and the symbols that stand for them.

A unit is never cut: a Han character, a number, a run of letters, a run of one punctuation mark, a run of white space.
Numbers and letters may become part of a word (2001年, T恤); punctuation, symbols and white space are words of their own.
"""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.reading import array_offsets
from nlptools.segment import _unit_kernels as kernels
from nlptools.text.characters import DIGIT, HAN, LETTER, OTHER, class_table

FIRST_HAN = 4
"""The symbol of the first Han character; below it EDGE, NUMBER, LETTERS and UNKNOWN, a Han character of no alphabet."""

STAND_INS = ("0", "A", "\ue000")
"""Characters for NUMBER, LETTERS and UNKNOWN, in that order, where each symbol must be one character."""

MOST_CHARACTERS = 0x10000 - FIRST_HAN

_SPACES = (*range(9, 14), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)  # fmt: skip
_JOINERS = ((".．／/:：,", kernels.IN_NUMBER), ("%％‰", kernels.AFTER_NUMBER), ("-.．－·@", kernels.IN_LETTERS))


class Units(NamedTuple):
    """The units of D texts; behind those of each text stands an EDGE of no bytes.

    symbols: (U,). starts: (U,) int64, the byte of `data` where each begins. ends: (D,) int64, the unit behind each text.
    data: (B,) uint8, UTF-8.
    """

    symbols: NDArray[np.unsignedinteger]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    data: NDArray[np.uint8]


class Alphabet:
    """The Han characters that have a symbol of their own: FIRST_HAN for the first, and so on.

    folds: other characters that share the symbol of one of them, such as traditional ones.
    """

    def __init__(self, characters: Sequence[str], folds: Mapping[str, str] | None = None) -> None:
        self.characters = characters
        self.folds = folds or {}

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return FIRST_HAN + len(self.characters)

    @cached_property
    def symbol_of(self) -> NDArray[np.uint16]:
        """The symbol of every code point that is a Han character: (0x110000,)."""
        table = np.full(class_table().size, kernels.UNKNOWN, np.uint16)
        table[[ord(character) for character in self.characters]] = np.arange(FIRST_HAN, self.size)
        table[[ord(character) for character in self.folds]] = table[[ord(other) for other in self.folds.values()]]
        return table

    def find_units(self, texts: pa.Array) -> Units:
        """Return the units of a large_string array without nulls."""
        return find_units(texts, self.symbol_of)


def find_units(texts: pa.Array, symbol_of: NDArray[np.unsignedinteger]) -> Units:
    """Return the units of a large_string array without nulls; symbol_of: for Han characters, by code point."""
    offsets = array_offsets(texts)
    buffer = texts.buffers()[2]
    data = np.frombuffer(buffer, np.uint8) if buffer is not None and buffer.size else np.zeros(0, np.uint8)
    most = int(offsets[-1] - offsets[0]) + len(texts)
    symbols, starts, ends = np.empty(most, symbol_of.dtype), np.empty(most, np.int64), np.empty(len(texts), np.int64)
    n = kernels.find_units(data, offsets, unit_classes(), symbol_of, symbols, starts, ends)
    return Units(symbols[:n], starts[:n], ends, data)


@cache
def unit_classes() -> NDArray[np.uint8]:
    """Return class and flags of every code point, (0x110000,), as the kernel takes them."""
    table = class_table()
    classes = np.zeros(table.size, np.uint8)
    kinds = ((HAN, kernels.HAN), (DIGIT, kernels.DIGIT), (LETTER, kernels.LETTER), (OTHER, kernels.OTHER_LETTER))
    for there, here in kinds:
        classes[table == there] = here
    beyond = classes[0x10000:]
    beyond[beyond == kernels.OTHER_LETTER] = 0  # emoji: each stands alone
    classes[ord("○")] = kernels.HAN
    classes[list(_SPACES)] = kernels.SPACE
    for marks, flag in _JOINERS:
        classes[[ord(mark) for mark in marks]] |= flag
    return classes
