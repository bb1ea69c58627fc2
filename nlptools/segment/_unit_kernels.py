"""UTF-8 to units of text, the pieces between which a segmenter may cut. Slow twins: tests/segment."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

# what the symbols below the Han characters mean; EDGE: a unit that is always a word of its own
EDGE, NUMBER, LETTERS, UNKNOWN = 0, 1, 2, 3
# classes of code points, see units.py
HAN, DIGIT, LETTER, OTHER_LETTER, SPACE = 1, 2, 3, 4, 5
IN_NUMBER, AFTER_NUMBER, IN_LETTERS = 16, 32, 64  # flags beside the class


@njit(cache=True, nogil=True)
def _code_point(data: NDArray[np.uint8], i: int, end: int) -> tuple[int, int]:
    """Return the code point at byte i and where the next begins; a byte that begins none stands alone as 0."""
    byte = np.int64(data[i])
    if byte < 0x80:
        return byte, i + 1
    if 0xE0 <= byte < 0xF0 and i + 2 < end:
        return (byte & 15) << 12 | (np.int64(data[i + 1]) & 63) << 6 | (np.int64(data[i + 2]) & 63), i + 3
    if 0xC0 <= byte < 0xE0 and i + 1 < end:
        return (byte & 31) << 6 | (np.int64(data[i + 1]) & 63), i + 2
    if 0xF0 <= byte < 0xF8 and i + 3 < end:
        high = (byte & 7) << 18 | (np.int64(data[i + 1]) & 63) << 12
        code = high | (np.int64(data[i + 2]) & 63) << 6 | (np.int64(data[i + 3]) & 63)
        return min(code, 0x10FFFF), i + 4
    return 0, i + 1


@njit(cache=True, nogil=True)
def find_units(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    classes: NDArray[np.uint8],
    symbol_of: NDArray[np.unsignedinteger],
    symbols: NDArray[np.unsignedinteger],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> int:
    """Write the units of D documents and behind each an EDGE of no bytes; return how many, U.

    A unit is a Han character; a number (digits with . , / : between them, and % behind); a run of letters and digits that
    begins with a letter; a run of one and the same other character, but for NUL; a run of white space.
    data: valid UTF-8. offsets: (D + 1,) of the documents in it. classes, symbol_of: of every code point; symbol_of counts
    for Han characters. symbols, starts: (U,), room for a unit a byte and document; starts: the byte where each begins.
    ends: (D,) the unit behind each document's EDGE.
    """
    n = 0
    for d in range(ends.size):
        i, end = offsets[d], offsets[d + 1]
        while i < end:
            starts[n] = i
            code, following = _code_point(data, i, end)
            flags = classes[code]
            kind = flags & 15
            i = following
            if kind == HAN:
                symbols[n] = symbol_of[code]
            elif kind in (DIGIT, LETTER, OTHER_LETTER):
                symbols[n] = NUMBER if kind == DIGIT else LETTERS
                i = _end_of_run(data, i, end, classes, kind)
            else:
                symbols[n] = EDGE
                while i < end:
                    other, following = _code_point(data, i, end)
                    if (classes[other] & 15 != SPACE) if kind == SPACE else (other != code or code == 0):
                        break
                    i = following
            n += 1
        starts[n] = end
        symbols[n] = EDGE
        n += 1
        ends[d] = n
    return n


@njit(cache=True, nogil=True)
def _end_of_run(data: NDArray[np.uint8], i: int, end: int, classes: NDArray[np.uint8], kind: int) -> int:
    """Return where the number or the letters end that go on at byte i."""
    while i < end:
        code, following = _code_point(data, i, end)
        flags = classes[code]
        inner = flags & 15
        if inner == kind or (inner == DIGIT and kind == LETTER):
            i = following
            continue
        joins = flags & (IN_NUMBER if kind == DIGIT else IN_LETTERS)
        if joins != 0 and kind != OTHER_LETTER and following < end:
            code, behind = _code_point(data, following, end)
            inner = classes[code] & 15
            if inner in (DIGIT, kind):
                i = behind
                continue
        return following if kind == DIGIT and flags & AFTER_NUMBER != 0 else i
    return i


@njit(cache=True, nogil=True)
def drop_repeated_edges(
    symbols: NDArray[np.uint32], symbol_of: NDArray[np.uint16], at: int, codes: NDArray[np.uint16]
) -> int:
    """Write symbol_of[symbols] from place `at` > 0 on, never two EDGEs in a row; return the end. codes[at - 1] is there."""
    for symbol in symbols:
        code = symbol_of[symbol]
        if code != EDGE or codes[at - 1] != EDGE:
            codes[at] = code
            at += 1
    return at


@njit(cache=True, nogil=True)
def list_words(
    starts: NDArray[np.int64],
    begins: NDArray[np.uint8],
    ends: NDArray[np.int64],
    base: int,
    offsets: NDArray[np.int32],
    bounds: NDArray[np.int32],
) -> int:
    """Write where words begin and how many there are up to the end of each document; return how many in all, W.

    starts, ends: as of `find_units`. begins[u] != 0: a word begins at unit u. offsets: (W + 1,) bytes from `base`, the last
    is the end of the text; bounds: (D,).
    """
    n = 0
    first = 0
    for d in range(ends.size):
        for u in range(first, ends[d] - 1):
            if begins[u] != 0:
                offsets[n] = starts[u] - base
                n += 1
        first = ends[d]
        bounds[d] = n
    offsets[n] = (starts[first - 1] if first > 0 else base) - base
    return n


@njit(cache=True, nogil=True)
def join_words(
    data: NDArray[np.uint8],
    symbols: NDArray[np.uint16],
    starts: NDArray[np.int64],
    begins: NDArray[np.uint8],
    ends: NDArray[np.int64],
    classes: NDArray[np.uint8],
    out: NDArray[np.uint8],
    bounds: NDArray[np.int64],
) -> int:
    """Write the words of each document with one blank between, white space left out; return how many bytes.

    bounds: (D,) the byte of `out`, which has room for two bytes a byte, behind each document.
    """
    n = 0
    first = 0
    for d in range(ends.size):
        document = n
        is_cut = False
        for u in range(first, ends[d] - 1):
            is_cut = is_cut or begins[u] != 0
            if symbols[u] == EDGE and classes[_code_point(data, starts[u], starts[u + 1])[0]] & 15 == SPACE:
                continue
            if is_cut and n > document:
                out[n] = 32
                n += 1
            is_cut = False
            for i in range(starts[u], starts[u + 1]):
                out[n] = data[i]
                n += 1
        first = ends[d]
        bounds[d] = n
    return n
