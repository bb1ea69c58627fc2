"""Which characters a corpus has: a count for each code point, and scripts from that."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.corpus.reading import array_offsets
from nlptools.text.characters import BREAK, DIGIT, HAN, LETTER, class_table
from nlptools.text.scripts import folder

_CODE_POINTS = 0x110000
_PIECE = 1 << 22  # bytes decoded at a time

SCRIPTS = (
    "han, simplified only", "han, traditional only", "han, both", "latin", "digits", "kana", "hangul",
    "white space", "punctuation and symbols", "other",
)  # fmt: skip
"""Each character is of one script. Of the Han characters those are traditional only that simplifying changes,
and those simplified only that are changed into traditional ones, each taken alone, by OpenCC; 后 and 里, which stand
for several, count as simplified. Latin letters and digits may be half width or full width."""

_RANGES = {
    "kana": ((0x3041, 0x3096), (0x3099, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)),
    "hangul": ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FF)),
}


class CharacterCounts:
    """How often each code point occurs."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(_CODE_POINTS, np.int64)

    def add(self, texts: Any) -> None:
        """Count the characters of a large_string array without nulls."""
        offsets = array_offsets(texts)
        if len(texts) == 0 or offsets[0] == offsets[-1]:
            return
        data = memoryview(texts.buffers()[2])
        start, end = int(offsets[0]), int(offsets[-1])
        while start < end:
            stop = min(start + _PIECE, end)
            while stop < end and data[stop] & 0xC0 == 0x80:  # not within a character
                stop -= 1
            code_points = np.frombuffer(str(data[start:stop], "utf-8").encode("utf-32-le"), np.uint32)
            counts = np.bincount(code_points)
            self.counts[: len(counts)] += counts
            start = stop

    @property
    def total(self) -> int:
        """How many characters there are."""
        return int(self.counts.sum())

    @property
    def different(self) -> int:
        """How many different characters there are."""
        return int(np.count_nonzero(self.counts))

    def scripts(self) -> dict[str, int]:
        """Return how many characters are of each of SCRIPTS."""
        found = np.flatnonzero(self.counts)
        counts = self.counts[found]
        names = np.array(_scripts(found.tolist()), dtype=object)
        return {script: int(counts[names == script].sum()) for script in SCRIPTS}


def _scripts(code_points: Sequence[int]) -> list[str]:
    classes = class_table()
    han = [chr(code_point) for code_point in code_points if classes[code_point] == HAN]
    script_of = dict(zip(han, _han_scripts(han), strict=True))
    return [script_of.get(chr(c)) or _script(c, int(classes[c])) for c in code_points]


def _han_scripts(characters: Sequence[str]) -> list[str]:
    lines = "".join(f"{character}\n" for character in characters)  # a line each, so that none is part of a phrase
    simplified = _folder("simplified")(lines).split("\n")[:-1]
    traditional = _folder("traditional")(lines).split("\n")[:-1]
    return [
        SCRIPTS[1] if simple != character else SCRIPTS[0] if complex_ != character else SCRIPTS[2]
        for character, simple, complex_ in zip(characters, simplified, traditional, strict=True)
    ]


@cache
def _folder(script: str) -> Callable[[str], str]:
    return folder(script)


def _script(code_point: int, character_class: int) -> str:
    if character_class in (LETTER, DIGIT):
        return "latin" if character_class == LETTER else "digits"
    for script, ranges in _RANGES.items():
        if any(low <= code_point <= high for low, high in ranges):
            return script
    if chr(code_point).isspace():
        return "white space"
    return "punctuation and symbols" if character_class == BREAK else "other"
