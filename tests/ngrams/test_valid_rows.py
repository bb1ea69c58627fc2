"""Which rows a count file may have, against a look at each code."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.ngrams import _merge_kernels as kernels

Row = tuple[int, int]


def codes_of(key: int, length: int, bits: int) -> list[int]:
    return [key // 2 ** (bits * place) % 2**bits for place in range(length)]


def valid_twin(rows: list[Row], order: int, bits: int, characters: int, other: int) -> bool:
    head_length = min(order, 64 // bits)
    tail_length = order - head_length
    codes = [
        code for head, tail in rows for code in codes_of(head, head_length, bits) + codes_of(tail, tail_length, bits)
    ]
    fit = all(head < 2 ** (bits * head_length) and tail < 2 ** (bits * tail_length) for head, tail in rows)
    return fit and rows == sorted(set(rows)) and all(code <= characters or code == other for code in codes)


def is_valid(rows: list[Row], order: int, bits: int, characters: int, other: int) -> bool:
    heads, tails = (np.array([row[side] for row in rows], np.uint64) for side in (0, 1))
    two_words = order * bits > 64
    return bool(kernels.are_valid(heads, tails if two_words else tails[:0], order, bits, characters, other))


@st.composite
def some_rows(draw: st.DrawFn) -> tuple[list[Row], int, int, int, int]:
    """Draw rows that are mostly in order, some with a code that is not, or a bit beyond the last code."""
    bits = draw(st.sampled_from([2, 3, 21]))
    order = draw(st.sampled_from([1, 2, 64 // bits, 64 // bits + 1, 2 * (64 // bits)]))
    characters = draw(st.integers(1, 2**bits - 2))
    other = 2**bits - 1
    head_length = min(order, 64 // bits)
    code = st.sampled_from([0, 1, characters, other]) | st.integers(0, other if draw(st.booleans()) else characters)

    def word(length: int) -> int:
        key = draw(st.sampled_from([0, 0, 0, 1])) * draw(st.booleans())
        for _ in range(length):
            key = key * 2**bits + draw(code)
        return key % 2**64

    heads = [word(head_length) for _ in range(draw(st.integers(1, 3)))]
    rows = [(draw(st.sampled_from(heads)), word(order - head_length) if order > head_length else 0) for _ in range(5)]
    rows = rows[: draw(st.integers(0, 5))]
    return (sorted(set(rows)) if draw(st.sampled_from([True, True, False])) else rows), order, bits, characters, other


@given(some_rows())
@example(([(1, 0), (2, 0)], 1, 2, 2, 3))
@example(([(2, 0), (1, 0)], 1, 2, 2, 3))
@example(([(1, 0), (1, 0)], 1, 2, 2, 3))
@example(([(1, 1), (1, 1)], 33, 2, 2, 3))
@example(([(1, 2), (1, 1)], 33, 2, 2, 3))
@example(([(2, 1), (1, 2)], 33, 2, 2, 3))
@example(([(1, 2), (2, 1)], 33, 2, 2, 3))
def test_any_rows(case: tuple[list[Row], int, int, int, int]) -> None:
    assert is_valid(*case) == valid_twin(*case)


@pytest.mark.parametrize("order", [5, 21, 22, 30])  # codes of three bits: up to 21 in the head
@pytest.mark.parametrize("code", [4, 5, 6])  # characters 1 to 3, and 7 for what is too rare
def test_a_code_of_no_character_anywhere(order: int, code: int) -> None:
    for place in range(order):
        head = code << 3 * place if place < min(order, 21) else 0
        tail = code << 3 * (place - 21) if place >= 21 else 0
        assert not is_valid([(head, tail)], order, 3, 3, 7)
        assert is_valid([(head // code * 3, tail // code * 3)], order, 3, 3, 7)
        assert is_valid([(head // code * 7, tail // code * 7)], order, 3, 3, 7)


@pytest.mark.parametrize("order", [5, 21, 22, 30])
def test_a_bit_beyond_the_last_code(order: int) -> None:
    assert not is_valid([(1 << 3 * min(order, 21), 0)], order, 3, 3, 7)
    if order > 21:
        assert not is_valid([(0, 1 << 3 * (order - 21))], order, 3, 3, 7)
