"""Neighbours and near spellings: as gensim finds them, and as sorting all cosines does."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.errors import InputError, OptionError
from nlptools.vectors.neighbours import near_spellings, nearest
from nlptools.vectors.table import VectorTable


def a_table(size: int = 40, dimension: int = 6, **more: Any) -> VectorTable:
    vectors = np.random.default_rng(3).normal(size=(size, dimension)).astype(np.float32)
    return VectorTable(pa.array([f"词{i}" for i in range(size)], pa.large_string()), vectors, **more)


def test_as_gensim() -> None:
    table = a_table(counts=np.arange(40))
    words = ["词3", "词39", "词3"]
    found = nearest(table, words, 7).to_pylist()
    keyed = table.keyed_vectors()
    expected = [(word, *pair) for word in words for pair in keyed.most_similar(word, topn=7)]
    assert [(row["word"], row["neighbour"]) for row in found] == [row[:2] for row in expected]
    assert np.allclose([row["cosine"] for row in found], [row[2] for row in expected], atol=1e-6)
    assert [row["rank"] for row in found] == [*range(1, 8)] * 3
    assert all(row["neighbour"] == f"词{row['count']}" for row in found)
    assert nearest(keyed, words, 7).to_pylist() == found


whole = st.integers(-2, 2)  # cosines that are often equal


@given(
    st.lists(st.lists(whole, min_size=2, max_size=2), min_size=1, max_size=12), st.integers(1, 14), st.integers(1, 30)
)
def test_slow_twin(numbers: list[list[int]], top: int, cells: int) -> None:
    vectors = [[float(x), float(y)] for x, y in numbers]
    table = VectorTable(pa.array(map(str, range(len(vectors))), pa.large_string()), np.array(vectors, np.float32))
    found = blockwise(table, top, cells)

    def cosine(one: list[float], other: list[float]) -> float:
        lengths = (sum(x * x for x in one) * sum(x * x for x in other)) ** 0.5
        return sum(x * y for x, y in zip(one, other, strict=True)) / lengths if lengths else 0.0

    for query, vector in enumerate(vectors):
        cosines = {str(i): cosine(vector, other) for i, other in enumerate(vectors) if i != query}
        rows = [row for row in found if row["word"] == str(query)]
        assert len(rows) == min(top, len(cosines))
        assert np.allclose([row["cosine"] for row in rows], sorted(cosines.values(), reverse=True)[:top], atol=1e-6)
        assert all(abs(cosines[row["neighbour"]] - row["cosine"]) < 1e-6 for row in rows)
        assert len({row["neighbour"] for row in rows}) == len(rows)


def blockwise(table: VectorTable, top: int, cells: int) -> list[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.vectors.neighbours._CELLS", cells)
        found: list[dict[str, Any]] = nearest(table, table.words.to_pylist(), top).to_pylist()
        return found


def test_equal_cosines_are_in_the_order_of_the_vocabulary() -> None:
    vectors = np.array([[1, 0], [2, 0], [0, 1], [3, 0], [0, 0]], np.float32)
    table = VectorTable(pa.array(list("abcde"), pa.large_string()), vectors)
    for cells in (2, 4, 100):
        assert [row["neighbour"] for row in blockwise(table, 4, cells) if row["word"] == "a"] == list("bdce")


def test_contexts() -> None:
    table = a_table(contexts=np.roll(a_table().vectors, 1, axis=0))
    assert nearest(table, ["词3"], 1, contexts=True)["neighbour"].to_pylist() == ["词4"]
    with pytest.raises(InputError, match="--contexts"):
        nearest(a_table(), ["词3"], contexts=True)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(OptionError, match="top"):
        nearest(a_table(), ["词3"], 0)
    with pytest.raises(InputError, match="'词x' is not among the 40 words; near it are 词0, 词1, 词2, 词3, 词4"):
        nearest(a_table(), ["词3", "词x"])
    with pytest.raises(InputError, match="give another"):
        nearest(a_table(), ["\udc80"])
    assert nearest(a_table(), []).num_rows == 0
    assert nearest(a_table(1), ["词0"]).num_rows == 0


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("微博", ["微信", "微", "老微博"]),
        ("ATHENS", ["Athens", "athen"]),
        ("a.c", ["abc"]),
        ("微", ["微"]),  # of one character only another case is near
        ("", [""]),
        ("𠮷野", ["𠮷野家"]),
        ("x\ny", ["x\n\ny"]),
        ("\x00", []),
        ("(*", []),
        ("长" * 500, []),
    ],
)
def test_near_spellings(word: str, near: list[str]) -> None:
    words = ["微信", "微", "老微博", "Athens", "athen", "abc", "a.b.c", "", "𠮷野家", "x\n\ny"]
    table = VectorTable(pa.array(words, pa.large_string()), np.zeros((len(words), 1), np.float32))
    assert near_spellings(table, word) == near
