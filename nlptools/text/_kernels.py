"""UTF-8 to code points with breaks; runs of letters and digits to one symbol. Slow twins: tests/text."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

HAN, DIGIT, LETTER = 1, 2, 3  # classes of characters.py that the kernels must know
RUN = 1 << 31  # marks a symbol that stands for a run; the low bits are the index of the run

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, odd


@njit(cache=True, nogil=True)
def decode(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    classes: NDArray[np.uint8],
    codes: NDArray[np.unsignedinteger],
    document_ends: NDArray[np.int64],
    document_hashes: NDArray[np.uint64],
) -> int:
    """Write the code points of each document, 0 where a segment ends, runs of 0 collapsed; return how many.

    data, offsets: the buffers of an Arrow string array of D documents, (bytes,) uint8 and (D + 1,) int64.
    codes: (bytes + D + 1,) uint32, out; it begins with a 0, and every document ends with one.
    document_ends, document_hashes: (D,), out; exclusive end of each document in `codes`, hash of all its characters.
    A byte that is no part of valid UTF-8 counts as a break.
    """
    codes[0] = 0
    n = 1
    for d in range(offsets.size - 1):
        i = offsets[d]
        end = offsets[d + 1]
        digest = np.uint64(end - i)
        while i < end:
            byte = np.uint32(data[i])
            left = end - i
            code = np.uint32(0)
            if 0xE0 <= byte < 0xF0 and left > 2 and data[i + 1] & 0xC0 == 0x80 and data[i + 2] & 0xC0 == 0x80:
                code = (byte & 15) << 12 | (np.uint32(data[i + 1]) & 63) << 6 | (np.uint32(data[i + 2]) & 63)
                if code < 0x800 or 0xD800 <= code <= 0xDFFF:
                    code = np.uint32(0)
                i += 3
            elif byte < 0x80:
                code = byte
                i += 1
            elif 0xC2 <= byte < 0xE0 and left > 1 and data[i + 1] & 0xC0 == 0x80:
                code = (byte & 31) << 6 | (np.uint32(data[i + 1]) & 63)
                i += 2
            elif (
                0xF0 <= byte < 0xF8
                and left > 3
                and data[i + 1] & 0xC0 == 0x80
                and data[i + 2] & 0xC0 == 0x80
                and data[i + 3] & 0xC0 == 0x80
            ):
                code = (
                    (byte & 7) << 18
                    | (np.uint32(data[i + 1]) & 63) << 12
                    | (np.uint32(data[i + 2]) & 63) << 6
                    | (np.uint32(data[i + 3]) & 63)
                )
                if not 0x10000 <= code <= 0x10FFFF:
                    code = np.uint32(0)
                i += 4
            else:
                i += 1
            digest = (digest ^ np.uint64(code)) * _MIX
            digest ^= digest >> np.uint64(29)
            if code < classes.size and classes[code] != 0:
                codes[n] = code
                n += 1
            elif codes[n - 1] != 0:
                codes[n] = 0
                n += 1
        if codes[n - 1] != 0:
            codes[n] = 0
            n += 1
        document_ends[d] = n
        document_hashes[d] = digest
    return n


@njit(cache=True, nogil=True)
def mark_present(codes: NDArray[np.unsignedinteger], present: NDArray[np.bool_]) -> None:
    """Set present[c] for every code point c; runs are passed over."""
    for code in codes:
        if not code & RUN:
            present[code] = True


@njit(cache=True, nogil=True)
def _fold_width(code: np.uint32) -> np.uint32:
    return code - 0xFEE0 if code >= 0xFF01 and code <= 0xFF5E else code


@njit(cache=True, nogil=True)
def collapse_runs(
    codes: NDArray[np.unsignedinteger],
    classes: NDArray[np.uint8],
    document_ends: NDArray[np.int64],
    out: NDArray[np.unsignedinteger],
    run_hashes: NDArray[np.uint64],
    run_starts: NDArray[np.int64],
    run_lengths: NDArray[np.int64],
    run_letters: NDArray[np.bool_],
) -> tuple[int, int]:
    """Turn each run of letters and digits into one symbol RUN | index, everything but Han and runs into a break.

    Writes to `out` and returns (number of symbols, number of runs); document_ends is changed to count in `out`.
    Run r is codes[run_starts[r]:][:run_lengths[r]]; run_letters[r]: whether one of its characters is a letter.
    Full-width characters hash like their half-width twins.
    """
    n = 0
    runs = 0
    d = 0
    i = 0
    while i < codes.size:
        while d < document_ends.size and document_ends[d] <= i:
            document_ends[d] = n
            d += 1
        code = codes[i]
        kind = classes[code] if code != 0 else 0
        if kind in (DIGIT, LETTER):
            digest = np.uint64(0)
            letters = False
            start = i
            while i < codes.size and codes[i] != 0 and (classes[codes[i]] == DIGIT or classes[codes[i]] == LETTER):
                letters |= classes[codes[i]] == LETTER
                digest = (digest ^ np.uint64(_fold_width(codes[i]))) * _MIX
                digest ^= digest >> np.uint64(29)
                i += 1
            run_hashes[runs] = digest
            run_starts[runs] = start
            run_lengths[runs] = i - start
            run_letters[runs] = letters
            out[n] = RUN | runs
            runs += 1
            n += 1
            continue
        if kind == HAN:
            out[n] = code
            n += 1
        elif n > 0 and out[n - 1] != 0:
            out[n] = 0
            n += 1
        i += 1
    while d < document_ends.size:
        document_ends[d] = n
        d += 1
    return n, runs


@njit(cache=True, nogil=True)
def drop_documents(
    codes: NDArray[np.unsignedinteger], document_ends: NDArray[np.int64], keep: NDArray[np.bool_]
) -> tuple[int, int]:
    """Move the documents to keep to the front of `codes` and of `document_ends`; return (codes kept, documents kept)."""
    n = 0
    kept = 0
    start = 0
    for d in range(document_ends.size):
        end = document_ends[d]
        if keep[d]:
            for i in range(start, end):
                codes[n] = codes[i]
                n += 1
            document_ends[kept] = n
            kept += 1
        start = end
    return n, kept


@njit(cache=True, nogil=True)
def translate(
    codes: NDArray[np.unsignedinteger],
    code_of: NDArray[np.uint32],
    code_of_run: NDArray[np.uint32],
    out: NDArray[np.unsignedinteger],
) -> None:
    """Write code_of[c] for every code point c, and code_of_run[r] for RUN | r."""
    for i in range(codes.size):
        code = codes[i]
        out[i] = code_of_run[code & (RUN - 1)] if code & RUN else code_of[code]
