"""Units of text, and the symbols that stand for them, against regular expressions; words of given begins."""

import sys
from random import Random
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.segment import _unit_kernels as kernels
from nlptools.segment.units import FIRST_HAN, Alphabet, Units, unit_classes

CHARACTERS = "研究〇𠮷豈"
texts = st.one_of(
    st.text("研究生𠮷〇○a1.%,:-@·Ａ５％， \r\n\x00\u3000😀👍é\u0301か한豈", max_size=24),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("12.,:/％%‰．a", max_size=12),
    st.text("ab-.@·_1", max_size=12),
)


def find(given_texts: list[str], alphabet: Alphabet) -> Units:
    return alphabet.find_units(pa.array(given_texts, pa.large_string()))


def check(twins: ModuleType, given_texts: list[str]) -> None:
    found = find(given_texts, Alphabet(CHARACTERS))
    data = "".join(given_texts).encode()
    assert found.data.tobytes()[: len(data)] == data
    symbols: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for text in given_texts:
        for _, unit in twins.units(text):
            starts.append(at)
            at += len(unit.encode())
        starts.append(at)
        symbols += twins.symbols(text, CHARACTERS)
        ends.append(len(symbols))
    assert (found.symbols.tolist(), found.starts.tolist(), found.ends.tolist()) == (symbols, starts, ends)


@given(st.lists(texts, max_size=4))
def test_units_are_those_of_the_twin(twins: ModuleType, given_texts: list[str]) -> None:
    check(twins, given_texts)


def test_awkward_units(twins: ModuleType) -> None:
    check(twins, twins.AWKWARD)
    assert [unit for _, unit in twins.units("3.14% 2001年T恤，，！A.B -1")] == [
        *("3.14%", " ", "2001", "年", "T", "恤", "，，", "！", "A.B", " ", "-", "1")
    ]


def test_every_character_is_a_unit(twins: ModuleType, interpreted: bool) -> None:
    step = 17 if interpreted else 1
    points = [chr(point) for point in range(0, sys.maxunicode + 1, step) if not 0xD800 <= point < 0xE000]
    found = find(points, Alphabet(""))
    kinds = [twins.units(point)[0][0] for point in points]
    known = {twins.EDGE: kernels.EDGE, twins.NUMBER: kernels.NUMBER, twins.LETTERS: kernels.LETTERS}
    assert found.symbols[::2].tolist() == [known.get(kind, kernels.UNKNOWN) for kind in kinds]
    assert found.ends.tolist() == list(range(2, 2 * len(points) + 1, 2))


def test_a_part_of_an_array() -> None:
    """Texts need not begin where their buffer does."""
    array = pa.array(["不要", "研究，", "", "生命", "不要"], pa.large_string())[1:4]
    found = Alphabet("研究").find_units(array)
    words = [found.data[a:b].tobytes().decode() for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)]
    assert words == ["研", "究", "，", "", "", "生", "命"]
    assert found.symbols.tolist() == [4, 5, 0, 0, 0, 3, 3, 0]
    assert Alphabet("").find_units(array[:0]).symbols.size == 0
    assert Alphabet("").find_units(pa.array([""], pa.large_string())).symbols.tolist() == [0]


def test_alphabet() -> None:
    alphabet = Alphabet(CHARACTERS)
    assert alphabet.size == FIRST_HAN + len(CHARACTERS)
    assert [int(alphabet.symbol_of[ord(c)]) for c in CHARACTERS] == list(range(FIRST_HAN, alphabet.size))


def test_characters_that_share_a_symbol() -> None:
    alphabet = Alphabet("学研", {"學": "学", "斈": "学"})
    assert find(["學研斈学龘"], alphabet).symbols.tolist() == [4, 5, 4, 4, 3, 0]
    assert alphabet.size == 6


@given(st.lists(texts, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_words_of_given_begins(twins: ModuleType, given_texts: list[str], random: Random) -> None:
    """Lists of words, and lines of them, for any begins."""
    alphabet = Alphabet(CHARACTERS)
    units = find(["前", *given_texts], alphabet)
    part = alphabet.find_units(pa.array(["前", *given_texts], pa.large_string())[1:])
    assert part.symbols.tolist() == units.symbols[units.ends[0] :].tolist()
    begins = np.array([random.random() < 0.5 for _ in part.symbols], np.uint8)
    lists: list[list[str]] = []
    u = 0
    for text in given_texts:
        words: list[str] = []
        for number, (_, unit) in enumerate(twins.units(text)):
            if number == 0:
                begins[u] = 1
            if begins[u]:
                words.append(unit)
            else:
                words[-1] += unit
            u += 1
        begins[u] = 1
        u += 1
        lists.append(words)

    base = int(part.starts[0])
    offsets, bounds = np.empty(part.symbols.size + 1, np.int32), np.empty(len(given_texts), np.int32)
    n = kernels.list_words(part.starts, begins, part.ends, base, offsets, bounds)
    assert bounds.tolist() == np.cumsum([len(words) for words in lists]).tolist()
    data = part.data[base:].tobytes()
    found = [data[a:b].decode() for a, b in zip(offsets[:n], offsets[1 : n + 1], strict=True)]
    assert found == [word for words in lists for word in words]

    out, places = np.empty(2 * len(data) + 1, np.uint8), np.empty(len(given_texts), np.int64)
    end = kernels.join_words(part.data, part.symbols, part.starts, begins, part.ends, unit_classes(), out, places)
    assert end == places[-1]
    lines = [out[a:b].tobytes().decode() for a, b in zip([0, *places[:-1]], places, strict=True)]
    assert lines == [" ".join(bare for word in words if (bare := "".join(word.split()))) for words in lists]


@given(st.lists(st.integers(0, 5), max_size=30), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_repeated_edges_are_dropped(symbols: list[int], symbol_of: list[int]) -> None:
    codes = np.zeros(len(symbols) + 1, np.uint16)
    end = kernels.drop_repeated_edges(np.array(symbols, np.uint32), np.array(symbol_of, np.uint16), 1, codes)
    expected = [0]
    for symbol in symbols:
        if symbol_of[symbol] or expected[-1]:
            expected.append(symbol_of[symbol])
    assert codes[:end].tolist() == expected


@pytest.mark.parametrize("separator", ["", "的", "，", "a", "1", "\x00", "é"])
def test_a_long_text(separator: str, interpreted: bool) -> None:
    """However long the units are, they tile the text."""
    text = separator.join(["研究" * 3, "😀" * 5, "x" * 70, "9" * 70]) * (3 if interpreted else 3000)
    units = find([text], Alphabet(CHARACTERS))
    assert units.starts[0] == 0
    assert units.starts[-1] == len(text.encode())
    assert (np.diff(units.starts) > 0).all()
