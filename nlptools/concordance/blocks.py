"""One word, or many, in one block of an index."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.concordance.index_file import DEPTH, EDGE, IndexBlock

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

WINDOW_BYTES = 2 << 20
"""How many bytes around positions are looked at at once; indices into the text take four times that."""

_EDGE_CODE = 0
"""What stands for the end of a document among the codes of neighbours; a character is its code point + 1."""


def ranks_of(block: IndexBlock, word: bytes) -> Sequence[int]:
    """Return the ranks, among the sorted positions of a block, of those where the word begins."""
    text, positions = block.text, block.positions
    prefix = word[:DEPTH]

    def here(rank: int) -> bytes:
        at = int.from_bytes(positions.array(3 * rank, 3 * rank + 3).tobytes(), "little")
        return text.array(at, min(at + len(prefix), text.size)).tobytes()

    ranks = range(block.characters)
    lo = bisect_left(ranks, prefix, key=here)
    found = range(lo, bisect_right(ranks, prefix, lo=lo, key=here))
    if len(word) <= DEPTH or not found:
        return found
    return [rank for some in cut(found, len(word)) for rank in _whole(block, some, word)]


def _whole(block: IndexBlock, ranks: Sequence[int], word: bytes) -> list[int]:
    """Return those of some consecutive ranks where all of the word stands, not only the bytes that were sorted."""
    windows = block.text.take(block.positions_at(ranks), np.arange(len(word)))
    same = np.all(windows == np.frombuffer(word, np.uint8), axis=1)
    return (np.flatnonzero(same) + ranks[0]).tolist()


def cut(items: Any, window: int) -> Iterator[Any]:
    """Yield parts of a sequence or an array so small that a window of so many bytes for each item takes little memory."""
    rows = max(1, WINDOW_BYTES // window)
    return (items[at : at + rows] for at in range(0, len(items), rows))


def contexts(block: IndexBlock, begins: Ints, ends: Ints, width: int) -> tuple[tuple[Ints, Bytes], tuple[Ints, Bytes]]:
    """Return up to `width` characters before each begin, and behind each end: offsets (N + 1,) and UTF-8, of each side."""
    before = block.text.take(begins, np.arange(-4 * width, 0))[:, ::-1]
    starts = (before & 0xC0) != 0x80
    inside = ~np.logical_or.accumulate(before == EDGE, axis=1)
    left = inside & (
        np.cumsum(starts, axis=1, dtype=np.int16) - starts < width
    )  # on the way to the left a character's start comes last
    after = block.text.take(ends, np.arange(4 * width))
    inside = ~np.logical_or.accumulate(after == EDGE, axis=1)
    right = inside & (np.cumsum((after & 0xC0) != 0x80, axis=1, dtype=np.int16) <= width)
    return _packed(before[:, ::-1], left[:, ::-1]), _packed(after, right)


def _packed(windows: Bytes, kept: NDArray[np.bool_]) -> tuple[Ints, Bytes]:
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    return offsets, windows[kept]


def documents_of(block: IndexBlock, begins: Ints) -> tuple[Ints, Ints]:
    """Return the number of the document of each position, and how many bytes it lies behind the document's beginning."""
    starts = block.document_starts()
    found = np.searchsorted(starts, begins, side="right") - 1
    return found + block.first_document, begins - starts[found].astype(np.int64) + block.document_offset


def neighbour_codes(block: IndexBlock, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return the code of the character before each begin, and of that behind each end."""
    return _codes(block.text.take(begins, np.arange(-4, 0)), last=True), _codes(block.text.take(ends, np.arange(4)))


def _codes(windows: Bytes, last: bool = False) -> Ints:
    """Return the code of the first, or of the last, character in each window of 4 bytes of UTF-8; (N,)."""
    if last:  # the start of the last character comes first
        back = np.argmax((windows[:, ::-1] & 0xC0) != 0x80, axis=1)
        windows = np.take_along_axis(windows, np.minimum(3 - back[:, None] + np.arange(4), 3), axis=1)
    first = windows[:, 0].astype(np.int64)
    b1, b2, b3 = (windows[:, 1:].astype(np.int64) & 0x3F).T
    codes = [first, (first & 0x1F) << 6 | b1, (first & 0x0F) << 12 | b1 << 6 | b2]
    code = np.select([first < 0x80, first < 0xE0, first < 0xF0], codes, (first & 0x07) << 18 | b1 << 12 | b2 << 6 | b3)
    return np.where(first == EDGE, _EDGE_CODE, code + 1)


def code_text(code: int) -> str:
    """Return the character of a code; "" for the end of a document."""
    return "" if code == _EDGE_CODE else chr(code - 1)
