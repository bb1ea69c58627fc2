"""Words of a user, against the enumeration of all segmentations, and where they are read from."""

import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.segment.lexicon import Lexicon, read_lexicon
from nlptools.segment.units import Alphabet

short = st.text("研究生a1， \x00𠮷😀", max_size=7)
lexicons = st.dictionaries(
    st.text("研究生a1， \x00𠮷😀", min_size=1, max_size=4), st.floats(0, 8, width=32), max_size=6
).map(Lexicon)


def units_of(texts: list[str]) -> Any:
    return Alphabet("研究").find_units(pa.array(texts, pa.large_string()))


@given(st.lists(short, max_size=3), lexicons, st.integers(0, 99))
@example(["研，究"], Lexicon({"研，究": 1.0}), 0)
@example(["，研"], Lexicon({"，研": 1.0, "，": 1.0}), 0)
@example(["研究生"], Lexicon({}), 0)
def test_the_best_segmentation(twins: ModuleType, texts: list[str], lexicon: Lexicon, seed: int) -> None:
    units = units_of(texts)
    symbols = units.symbols
    odds = np.random.default_rng(seed).normal(0, 3, symbols.size).astype(np.float32)
    beside = symbols == 0
    beside[1:] |= symbols[:-1] == 0
    beside[:1] = True
    odds[beside] = np.inf
    begins = lexicon.begins(units, odds)
    first = 0
    for text, end in zip(texts, units.ends.tolist(), strict=True):
        pieces = [unit for _, unit in twins.units(text)]
        here = odds[first : end - 1].tolist()
        assert begins[end - 1] == 1
        if pieces:
            cut = (*np.flatnonzero(begins[first : end - 1]).tolist(), len(pieces))
            assert cut[0] == 0
            best = max(twins.lexicon_score(pieces, each, here, lexicon.bonuses) for each in twins.cuts(len(pieces)))
            found = twins.lexicon_score(pieces, cut, here, lexicon.bonuses)
            assert found == pytest.approx(best, abs=1e-4)
        first = end


@given(st.lists(short, max_size=3), st.integers(0, 99))
def test_without_words_the_gaps_decide(texts: list[str], seed: int) -> None:
    units = units_of(texts)
    odds = np.random.default_rng(seed).normal(0, 3, units.symbols.size).astype(np.float32)
    odds[np.append(True, units.symbols[:-1] == 0)[: odds.size] | (units.symbols == 0)] = np.inf
    assert np.array_equal(Lexicon({}).begins(units, odds), (odds > 0).astype(np.uint8))


@given(lexicons)
def test_arrays_hold_a_lexicon(lexicon: Lexicon) -> None:
    if len(lexicon):
        assert Lexicon.from_arrays(lexicon.arrays()).bonuses == lexicon.bonuses


def test_arrays_that_are_no_lexicon() -> None:
    arrays = Lexicon({"研究": 1.0, "\ud800": 2.0}).arrays()
    assert len(Lexicon.from_arrays(arrays)) == 2
    for name, change in (
        ("bonuses", np.array([1, np.nan], np.float32)),
        ("bonuses", np.array([1], np.float32)),
        ("bonuses", np.array([1, -1], np.float32)),
        ("lexicon", np.full(arrays["lexicon"].size, 0xFF, np.uint8)),
        ("lexicon", arrays["lexicon"][:-1]),
        ("lengths", np.array([9, 0])),
        ("lengths", np.array([9])),
    ):
        with pytest.raises(ValueError):
            Lexicon.from_arrays({**arrays, name: change})


@pytest.mark.parametrize("wrong", [{"": 1.0}, {"a": -1.0}, {"a": math.nan}, {"a": math.inf}])
def test_bonuses_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(nt.OptionError, match="give words, and numbers from 0"):
        Lexicon(wrong)


def test_both() -> None:
    both = Lexicon({"a": 1.0, "b": 1.0}) | Lexicon({"b": 2.0, "c": 2.0})
    assert both.bonuses == {"a": 1.0, "b": 2.0, "c": 2.0}
    assert len(both) == 3


def test_where_words_are_read_from(tmp_path: Path) -> None:
    dictionary, table, plain = tmp_path / "d.txt", tmp_path / "w.csv", tmp_path / "p.parquet"
    dictionary.write_text("\ufeff研究 9 n\r\n\n  生命\t3\nA\x00B\n", encoding="utf-8")
    table.write_text("word,count,score\n研究,9,.5\n起源,3,2\n的,9,-1\n,1,1\n", encoding="utf-8")
    pq.write_table(pa.table({"word": ["北京", None, "了"], "score": [None, 1, 0.25]}), plain)
    assert read_lexicon([], [], 4.0, 1.0) is None
    found = read_lexicon([dictionary], [table, str(plain)], 4.0, 2.0)
    assert found is not None
    expected = {"研究": 4.0, "生命": 4.0, "A\x00B": 8.0, "起源": 2.0, "的": 0.0, "北京": 0.0, "了": 0.0}
    assert found.bonuses == expected
    found = read_lexicon([], [table], 1.0, 4.0)
    assert found is not None
    assert found.bonuses["研究"] == 2.0


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"term,score\nx,1\n", "give a table with the column word"),
        ("a.csv", b"word,score\nx,high\n", "numbers as score"),
        ("a.csv", b"word,score\nx,\n", "numbers as score"),
        ("a.jsonl", b'{"word": ["x"], "score": 1}\n', "strings as word"),
        ("none.csv", None, "no such file"),
    ],
)
def test_tables_without_words(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(nt.InputError, match=reason) as error:
        read_lexicon([], [tmp_path / name], 4.0, 1.0)
    assert "\n" not in str(error.value)
