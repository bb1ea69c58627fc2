"""The kernels alone: suffixes sorted as Python sorts bytes, and words found among them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlptools.concordance import _kernels

DEPTH = 16


@given(st.text("ab研究𠮷é\x00", max_size=400), st.integers(0, 20), st.integers(1, 20))
def test_suffixes(text: str, before: int, repeats: int) -> None:
    data = text.encode() * repeats
    padded = np.frombuffer(data + b"\xff" * (DEPTH + 8), np.uint8)
    begin = len(text[:before].encode())
    found = np.empty(len(data), np.int32)
    size = _kernels.find_characters(padded, begin, len(data), found)
    expected = [at for at in range(begin, len(data)) if data[at] & 0xC0 != 0x80]
    assert found[:size].tolist() == expected
    positions = found[:size].copy()
    _kernels.sort_suffixes(padded, positions, DEPTH)
    whole = padded.tobytes()
    assert positions.tolist() == sorted(expected, key=lambda at: whole[at : at + DEPTH])


@given(st.text("ab研𠮷", max_size=200), st.lists(st.text("ab研𠮷", min_size=1, max_size=9), max_size=20))
def test_ranges(text: str, words: list[str]) -> None:
    data = text.encode() + b"\xff"
    order = sorted((at for at in range(len(data)) if data[at] & 0xC0 != 0x80), key=lambda at: data[at:])
    positions = np.array(order, "<u4").view(np.uint8).reshape(-1, 4)[:, :3].copy()
    encoded = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, encoded)])
    lows, highs = np.zeros((2, len(words)), np.int32)
    flat = np.frombuffer(b"".join(encoded), np.uint8)
    _kernels.find_ranges(np.frombuffer(data, np.uint8), positions, flat, offsets, DEPTH, lows, highs)
    for word, lo, hi in zip(encoded, lows.tolist(), highs.tolist(), strict=True):
        assert {r for r, at in enumerate(order) if data[at:].startswith(word[:DEPTH])} == set(range(lo, hi))
