"""`VectorTable`: looking up words, and the way to gensim and Arrow and back."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from nlptools.errors import InputError
from nlptools.vectors.table import VectorTable, table_of

WORDS = ["的", "𠮷野家", "new york", "e\u0301", "👩‍💻", "\x00", ""]


def a_table(words: list[str] = WORDS, size: int = 3, **more: Any) -> VectorTable:
    vectors = np.random.default_rng(len(words)).normal(size=(len(words), size)).astype(np.float32)
    return VectorTable(pa.array(words, pa.large_string()), vectors, **more)


def test_keyed_vectors_share_the_matrix_and_come_back() -> None:
    table = a_table(
        counts=np.arange(len(WORDS))[::-1].copy(),
        contexts=np.ones((len(WORDS), 3), np.float32),
        biases=np.zeros(len(WORDS), np.float32),
        facts={"method": "nce"},
        kind="document",
    )
    keyed = table.keyed_vectors()
    assert keyed.vectors is table.vectors
    assert keyed.index_to_key == WORDS
    assert keyed.get_vecattr("𠮷野家", "count") == 5
    assert np.array_equal(keyed["new york"], table.vectors[2])
    assert {word for word, _ in keyed.most_similar("的", topn=20)} == set(WORDS[1:])
    again = VectorTable.from_keyed_vectors(keyed)
    assert again.words == table.words
    assert again.vectors is table.vectors
    assert again.counts is table.counts
    assert (again.contexts is table.contexts, again.biases is table.biases) == (True, True)
    assert (again.facts, again.kind) == (table.facts, "document")
    keyed.add_vectors(["more"], np.ones((1, 3), np.float32))
    assert keyed.index_to_key[-1] == "more"


def test_keyed_vectors_of_gensim() -> None:
    keyed = KeyedVectors(2)
    keyed.add_vectors(["甲", "乙"], np.eye(2, dtype=np.float64))
    table = table_of(keyed)
    assert (table.words.to_pylist(), table.counts, table.contexts, table.facts) == (["甲", "乙"], None, None, {})
    assert table.vectors.dtype == np.float32
    numbered = KeyedVectors(2)
    numbered.add_vectors([0, 1], np.eye(2, dtype=np.float32))
    assert table_of(numbered).words.to_pylist() == ["0", "1"]


def test_what_has_no_vectors() -> None:
    keyed = KeyedVectors(2)
    keyed.add_vectors(["\udc80"], np.eye(1, 2, dtype=np.float32))
    for given_ in (keyed, 7, "words.kv"):
        with pytest.raises(InputError):
            table_of(given_)


@given(st.lists(st.text(max_size=3), max_size=8), st.lists(st.text(max_size=3), max_size=8))
def test_rows_of(words: list[str], asked: list[str]) -> None:
    words = [word.encode("utf-8", "replace").decode() for word in words]
    found = a_table(words).rows_of(asked + words)
    assert found.tolist() == [words.index(word) if word in words else -1 for word in asked + words]


def test_no_words() -> None:
    table = a_table([])
    assert table.rows_of(["a"]).tolist() == [-1]
    assert len(table.keyed_vectors()) == len(table) == 0
    assert table.to_arrow().num_rows == 0


def test_arrow_shares_the_memory() -> None:
    table = a_table()
    arrow = table.to_arrow()
    arrow.validate(full=True)
    assert arrow.column_names == ["word", "vector"]
    assert arrow["vector"].to_pylist() == table.vectors.tolist()
    assert np.shares_memory(arrow["vector"].chunk(0).values.to_numpy(), table.vectors)


@pytest.mark.parametrize("name", ["counts", "contexts", "biases"])
def test_shapes_that_do_not_agree(name: str) -> None:
    with pytest.raises(InputError, match=name):
        a_table(WORDS, 3, **{name: np.zeros((len(WORDS), 2), np.float32)})
    with pytest.raises(InputError, match="words"):
        VectorTable(pa.array(["a"], pa.large_string()), np.zeros((2, 2), np.float32))
    with pytest.raises(InputError, match="matrix"):
        VectorTable(pa.array(["a"], pa.large_string()), np.zeros(1, np.float32))
