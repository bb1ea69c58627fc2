"""Kernels that find words in text, hash them, number them, and renumber them: numpy and numba only.

LINE_END and DOCUMENT_END stand among words in the place of a begin or a number.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LINE_END = -1
DOCUMENT_END = -2

WORD, SPACE, LINE_BREAK, PERHAPS = 0, 1, 2, 3
"""What a byte is: of a word, white space, a line break, or the first one of a character that may be white space."""

_BASIS = np.uint64(0xCBF29CE484222325)  # FNV-1a
_PRIME = np.uint64(0x100000001B3)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)  # the last steps of MurmurHash3
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_AHEAD = 64  # words whose slots are fetched before the first of them is looked up


@njit(cache=True, nogil=True)
def _mixed(h: np.uint64) -> np.uint64:
    h = (h ^ (h >> _SHIFT)) * _MIX_1
    h = (h ^ (h >> _SHIFT)) * _MIX_2
    return h ^ (h >> _SHIFT)


@njit(cache=True, nogil=True)
def _white_space(data: NDArray[np.uint8], i: int, end: int) -> tuple[int, int]:
    """Return the kind and the length of a character that begins with a byte of kind PERHAPS."""
    lead, second = data[i], data[i + 1] if i + 1 < end else np.uint8(0)
    if lead == 0xC2:  # U+0085, U+00A0
        if second == 0x85:
            return LINE_BREAK, 2
        return (SPACE, 2) if second == 0xA0 else (WORD, 1)
    third = data[i + 2] if i + 2 < end else np.uint8(0)
    if lead == 0xE1:  # U+1680
        return (SPACE, 3) if second == 0x9A and third == 0x80 else (WORD, 1)
    if lead == 0xE3:  # U+3000
        return (SPACE, 3) if second == 0x80 and third == 0x80 else (WORD, 1)
    if second == 0x80:
        if third == 0xA8 or third == 0xA9:  # U+2028, U+2029
            return LINE_BREAK, 3
        return (SPACE, 3) if 0x80 <= third <= 0x8A or third == 0xAF else (WORD, 1)  # U+2000 to U+200A, U+202F
    return (SPACE, 3) if second == 0x81 and third == 0x9F else (WORD, 1)  # U+205F


@njit(cache=True, nogil=True)
def find_words(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
) -> int:
    """Find the words of texts whose words stand between white space; return how many there are, with the marks.

    offsets: (T + 1,) of the texts in `data`. kinds: (256,) of bytes. starts, ends, hashes: to be filled, with room for
    one for each byte and each text. A line without words has no mark.
    """
    n = 0
    for t in range(offsets.size - 1):
        i, end = offsets[t], offsets[t + 1]
        in_line = False
        while i < end:
            start, h = i, _BASIS
            kind, length = SPACE, 1
            while i < end:
                byte = data[np.uint64(i)]  # signed, it would be looked at whether it counts from the end
                kind = int(kinds[byte])
                if kind != WORD:
                    length = 1
                    if kind == PERHAPS:
                        kind, length = _white_space(data, i, end)
                    if kind != WORD:
                        break
                h = (h ^ np.uint64(byte)) * _PRIME
                i += 1
            if i > start:
                starts[n], ends[n], hashes[n] = start, i, _mixed(h)
                n += 1
                in_line = True
            if i < end:
                i += length
                if kind == LINE_BREAK and in_line:
                    starts[n] = LINE_END
                    n += 1
                    in_line = False
        starts[n] = DOCUMENT_END
        n += 1
    return n


@njit(cache=True, nogil=True)
def take_words(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    lists: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
) -> int:
    """Take the words of texts that were segmented, but for those of white space; return as `find_words`.

    bounds: (W + 1,) of the words in `data`. lists: (T + 1,), the words of each text. starts, ends, hashes: to be filled,
    with room for one for each word and each text.
    """
    n = 0
    for t in range(lists.size - 1):
        in_line = False
        for w in range(lists[t], lists[t + 1]):
            i, end = np.int64(bounds[w]), np.int64(bounds[w + 1])
            breaks = False
            while i < end:
                kind, length = int(kinds[data[i]]), 1
                if kind == PERHAPS:
                    kind, length = _white_space(data, i, end)
                if kind == WORD:
                    break
                breaks = breaks or kind == LINE_BREAK
                i += length
            if i < end:
                h = _BASIS
                for at in range(bounds[w], end):
                    h = (h ^ np.uint64(data[at])) * _PRIME
                starts[n], ends[n], hashes[n] = bounds[w], end, _mixed(h)
                n += 1
                in_line = True
            elif breaks and in_line:
                starts[n] = LINE_END
                n += 1
                in_line = False
        starts[n] = DOCUMENT_END
        n += 1
    return n


@njit(cache=True, nogil=True)
def number_words(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    first: int,
    known: int,
    slots: NDArray[np.uint64],
    word_hashes: NDArray[np.uint64],
    bounds: NDArray[np.int64],
    letters: NDArray[np.uint8],
    ids: NDArray[np.int32],
) -> tuple[int, int]:
    """Number words in the order of their first appearance, from word `first` to the first new one that has no room.

    slots: a hash table of a power of two of slots, 0 for an empty one, else the upper half of a hash and a number + 1.
    word_hashes, bounds, letters: of the `known` words that are in it, (capacity,), (capacity + 1,), (bytes,).
    ids: (M,), to be filled; marks stay as they are. Returns where it stopped, and how many words are known then.
    """
    mask = np.uint64(slots.size - 1)
    for block in range(first, starts.size, _AHEAD):
        block_end = min(block + _AHEAD, starts.size)
        for i in range(block, block_end):  # these wait for memory at the same time
            ids[i] = np.int32(slots[hashes[i] & mask] & np.uint64(1))
        for i in range(block, block_end):
            start = starts[i]
            if start < 0:
                ids[i] = start
                continue
            length = ends[i] - start
            h = hashes[i]
            at = h & mask
            while True:
                slot = slots[at]
                if slot == 0:
                    here = bounds[known]
                    if known == word_hashes.size or here + length > letters.size:
                        return i, known
                    for k in range(length):
                        letters[here + k] = data[start + k]
                    bounds[known + 1] = here + length
                    word_hashes[known] = h
                    ids[i] = known
                    known += 1
                    slots[at] = (h >> _HALF) << _HALF | np.uint64(known)
                    break
                if slot >> _HALF == h >> _HALF:
                    word = np.int64(slot & _LOW) - 1
                    here = bounds[word]
                    if bounds[word + 1] - here == length:
                        k = 0
                        while k < length and letters[here + k] == data[start + k]:
                            k += 1
                        if k == length:
                            ids[i] = word
                            break
                at = (at + _ONE) & mask
    return starts.size, known


@njit(cache=True, nogil=True)
def fill_slots(word_hashes: NDArray[np.uint64], slots: NDArray[np.uint64]) -> None:
    """Put words 0, 1, … into an empty hash table."""
    mask = np.uint64(slots.size - 1)
    for word in range(word_hashes.size):
        h = word_hashes[word]
        at = h & mask
        while slots[at] != 0:
            at = (at + _ONE) & mask
        slots[at] = (h >> _HALF) << _HALF | np.uint64(word + 1)


@njit(cache=True, nogil=True)
def count_ids(ids: NDArray[np.int32], counts: NDArray[np.int64]) -> int:
    """Add the occurrences of each word to its count; return how many words there were, marks left out."""
    n = 0
    for i in range(ids.size):
        if ids[i] >= 0:
            counts[ids[i]] += 1
            n += 1
    return n


@njit(cache=True, nogil=True)
def renumber(
    ids: NDArray[np.int32], numbers: NDArray[np.int32], state: NDArray[np.bool_], out: NDArray[np.int32]
) -> int:
    """Give words other numbers; return how many there are then, with the marks.

    numbers: the new number of each word, negative to leave it out. state: (2,), carried from call to call: whether there is
    a word in this line, and whether a line has ended whose mark waits for a word. out: with room for one more than `ids`.
    """
    n = 0
    in_line, waiting = state[0], state[1]
    for i in range(ids.size):
        word = ids[i]
        if word >= 0:
            number = numbers[word]
            if number >= 0:
                if waiting:
                    out[n] = LINE_END
                    n += 1
                    waiting = False
                out[n] = number
                n += 1
                in_line = True
        elif word == LINE_END:
            waiting = waiting or in_line
            in_line = False
        else:
            out[n] = DOCUMENT_END
            n += 1
            in_line, waiting = False, False
    state[0], state[1] = in_line, waiting
    return n
