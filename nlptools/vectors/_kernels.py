"""The loops over vectors that numpy cannot do: records of word2vec's binary files, answers to many analogies at once."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@njit(cache=True, nogil=True)
def split_records(data: Bytes, vector_bytes: int, most: int, words: Bytes, offsets: Ints, vectors: Bytes) -> Ints:
    """Split records, each a word, a space and the bytes of its vector; line feeds before a word are skipped.

    data: (N,), of which the last record may not be whole. most: records to split, at most. words: (N,), takes the bytes
    of the words; word r is words[offsets[r] : offsets[r + 1]]. offsets: (most + 1,). vectors: (N,), takes the vectors.
    Returns how many records there were, and how many bytes they took, (2,).
    """
    used = written = rows = 0
    offsets[0] = 0
    while rows < most:
        start = used
        while start < data.size and data[start] == 10:
            start += 1
        end = start
        while end < data.size and data[end] != 32:
            end += 1
        if end + 1 + vector_bytes > data.size:
            break
        for i in range(start, end):
            words[written] = data[i]
            written += 1
        used = end + 1 + vector_bytes
        for i in range(vector_bytes):
            vectors[rows * vector_bytes + i] = data[end + 1 + i]
        rows += 1
        offsets[rows] = written
    return np.array([rows, used])


_ROW = 256
"""So many cosines are looked at together."""


@njit(cache=True, nogil=True)
def _scores(to_a: float, to_b: float, to_c: float, epsilon: float) -> tuple[float, float, float]:
    """Return the score of 3CosAdd, and the dividend and the divisor of that of 3CosMul."""
    one, half = np.float32(1), np.float32(0.5)
    return to_b - to_a + to_c, (one + to_b) * half * ((one + to_c) * half), (one + to_a) * half + epsilon


@njit(cache=True, nogil=True)
def _holds_better(to_a: Floats, to_b: Floats, to_c: Floats, epsilon: float, best_add: float, best_mul: float) -> bool:
    """Say whether one of some words may be a better answer; without branches, so that it is done for many at once."""
    better = 0
    for i in range(to_a.size):
        score, dividend, divisor = _scores(to_a[i], to_b[i], to_c[i], epsilon)
        better |= (score > best_add) | (dividend > best_mul * divisor)
    return better != 0


@njit(cache=True, nogil=True)
def answer_analogies(
    cosines: Floats,
    first: int,
    questions: Ints,
    rows: Ints,
    epsilon: float,
    add: Floats,
    add_rows: Ints,
    mul: Floats,
    mul_rows: Ints,
) -> None:
    """Look among some words for better answers to a : b = c : ?, by 3CosAdd and by 3CosMul; equal ones lose.

    cosines: (U, n), of the U words in questions with the words in rows first to first + n - 1 of the vocabulary.
    questions: (Q, 3), a, b and c as numbers from 0 to U - 1. rows: (U,), where these are in the vocabulary; a word of the
    question is no answer. epsilon: what is added to the divisor of 3CosMul. add, mul: (Q,), the best scores so far;
    add_rows, mul_rows: (Q,), the rows that have them.
    """
    least = np.float32(epsilon)
    width = cosines.shape[1]
    for q in range(questions.shape[0]):
        a, b, c = questions[q, 0], questions[q, 1], questions[q, 2]
        to_a, to_b, to_c = cosines[a], cosines[b], cosines[c]
        best_add, best_mul = add[q], mul[q]
        for start in range(0, width, _ROW):
            end = min(start + _ROW, width)
            if not _holds_better(to_a[start:end], to_b[start:end], to_c[start:end], least, best_add, best_mul):
                continue
            for i in range(start, end):
                row = first + i
                if row == rows[a] or row == rows[b] or row == rows[c]:
                    continue
                score, dividend, divisor = _scores(to_a[i], to_b[i], to_c[i], least)
                if score > best_add:
                    best_add = score
                    add_rows[q] = row
                if dividend > best_mul * divisor:
                    best_mul = dividend / divisor
                    mul_rows[q] = row
        add[q], mul[q] = best_add, best_mul
