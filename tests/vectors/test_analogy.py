"""Analogies: as gensim, and as a loop over all words."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.errors import InputError, OptionError
from nlptools.vectors.analogy import analogy, answers
from nlptools.vectors.neighbours import Floats
from nlptools.vectors.table import VectorTable


def a_table(size: int = 60, dimension: int = 5, seed: int = 5) -> VectorTable:
    vectors = np.random.default_rng(seed).normal(size=(size, dimension)).astype(np.float32)
    return VectorTable(pa.array([f"w{i}" for i in range(size)], pa.large_string()), vectors)


def slow_scores(vectors: Floats, a: int, b: int, c: int) -> tuple[dict[int, float], dict[int, float]]:
    """3CosAdd and 3CosMul of every word that is none of these."""
    lengths = [float(np.sqrt(sum(float(x) ** 2 for x in vector))) or 1.0 for vector in vectors]

    def cosine(x: int, y: int) -> float:
        return sum(float(p) * float(q) for p, q in zip(vectors[x], vectors[y], strict=True)) / lengths[x] / lengths[y]

    others = [x for x in range(len(vectors)) if x not in (a, b, c)]
    add = {x: cosine(x, b) - cosine(x, a) + cosine(x, c) for x in others}
    moved = {x: [(1 + cosine(x, y)) / 2 for y in (a, b, c)] for x in others}
    mul = {x: to_b * to_c / (to_a + 0.001) for x, (to_a, to_b, to_c) in moved.items()}
    return add, mul


@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")
def test_as_gensim() -> None:
    table = a_table()
    keyed = table.keyed_vectors()
    add = analogy(table, "w1", "w2", "w3", 8).to_pylist()
    expected = keyed.most_similar(positive=["w2", "w3"], negative=["w1"], topn=8)
    assert [row["word"] for row in add] == [word for word, _ in expected]
    mul = analogy(keyed, "w1", "w2", "w3", 8, method="mul").to_pylist()
    expected = keyed.most_similar_cosmul(positive=["w2", "w3"], negative=["w1"], topn=8)  # with another epsilon
    assert [row["word"] for row in mul] == [word for word, _ in expected]
    assert [row["rank"] for row in mul] == list(range(1, 9))


def test_counts_and_what_cannot_be_asked() -> None:
    table = VectorTable(a_table().words, a_table().vectors, np.arange(60))
    assert all(row["word"] == f"w{row['count']}" for row in analogy(table, "w1", "w2", "w3").to_pylist())
    with pytest.raises(InputError, match="'w99'"):
        analogy(table, "w1", "w2", "w99")
    with pytest.raises(OptionError, match="add, mul"):
        analogy(table, "w1", "w2", "w3", method="sub")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="top"):
        analogy(table, "w1", "w2", "w3", top=0)


@given(st.integers(0, 99), st.integers(3, 20), st.integers(1, 3), st.integers(1, 200), st.integers(1, 2))
def test_slow_twin(seed: int, size: int, dimension: int, cells: int, threads: int) -> None:
    draw = np.random.default_rng(seed)
    table = a_table(size, dimension, seed)
    table.vectors[draw.integers(size)] = 0
    questions = draw.integers(0, size, (4, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.vectors.neighbours._CELLS", cells)
        patch.setattr("nlptools.vectors.analogy._QUESTIONS", 2)
        found = answers(table.vectors, questions, threads)
    for number, (a, b, c) in enumerate(questions.tolist()):
        for scores, rows, method in zip(slow_scores(table.vectors, a, b, c), found, ("add", "mul"), strict=True):
            row = int(rows[number])
            if not scores:
                assert row == -1
                continue
            best = max(scores.values())
            assert abs(scores[row] - best) <= 1e-4 * abs(best) + 1e-5
            ranked = analogy(table, f"w{a}", f"w{b}", f"w{c}", size, method=method).to_pylist()  # type: ignore[arg-type]
            assert {row["word"] for row in ranked} == {f"w{x}" for x in scores}
            expected = [scores[int(row["word"][1:])] for row in ranked]
            assert np.allclose([row["score"] for row in ranked], expected, rtol=2e-3, atol=1e-5)


def test_many_words(interpreted: bool) -> None:
    """Longer than what the kernel looks at together."""
    table = a_table(300 if interpreted else 3000)
    questions = np.random.default_rng(1).integers(0, 300, (5 if interpreted else 50, 3))
    found = answers(table.vectors, questions, 2)
    for number, (a, b, c) in enumerate(questions.tolist()):
        for rows, method in zip(found, ("add", "mul"), strict=True):
            best = analogy(table, f"w{a}", f"w{b}", f"w{c}", 1, method=method)  # type: ignore[arg-type]
            assert best["word"].to_pylist() == [f"w{rows[number]}"]


def test_no_questions() -> None:
    assert [rows.tolist() for rows in answers(a_table().vectors, np.zeros((0, 3), np.int64))] == [[], []]
