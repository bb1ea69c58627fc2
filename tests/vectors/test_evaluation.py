"""Evaluation: the figures of gensim, and the files that people have."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.errors import InputError, NlptoolsError, OptionError
from nlptools.vectors.evaluation import _spearman, read_pairs, read_questions
from nlptools.vectors.table import VectorTable

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def call(text: str | bytes, name: str = "set.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return call


def a_table(size: int = 200, dimension: int = 4) -> VectorTable:
    vectors = np.random.default_rng(2).normal(size=(size, dimension)).astype(np.float32)
    return VectorTable(pa.array([f"w{i}" for i in range(size)], pa.large_string()), vectors)


def test_pairs_as_gensim(write: Write) -> None:
    draw = np.random.default_rng(1)
    lines = [f"w{a}\tw{b}\t{score / 2}" for a, b, score in draw.integers(0, 220, (300, 3)).tolist() if a != b]
    path = write("# a comment\n" + "\n".join(lines) + "\n")
    table = a_table()
    for limit in (None, 90):
        found = nt.evaluate_vectors(table, similarity=path, restrict_vocab=limit).to_pylist()
        _, spearman, oov = table.keyed_vectors().evaluate_word_pairs(str(path), restrict_vocab=limit)
        assert found == [
            {
                "file": "set.txt",
                "section": None,
                "questions": found[0]["questions"],
                "oov": found[0]["oov"],
                "spearman": pytest.approx(spearman[0], abs=1e-5),
                "add": None,
                "mul": None,
            }
        ]
        assert found[0]["questions"] + found[0]["oov"] == len(lines)
        assert found[0]["oov"] / len(lines) * 100 == pytest.approx(oov)


def test_analogies_as_gensim(write: Write) -> None:
    draw = np.random.default_rng(3)
    base = draw.normal(size=(50, 8))
    vectors = np.concatenate([base, base + 3 * np.eye(8)[0]]) + draw.normal(size=(100, 8)) * 0.1
    words = [f"{side}{i}" for side in "AB" for i in range(50)]
    table = VectorTable(pa.array(words, pa.large_string()), vectors.astype(np.float32))
    lines = [f"A{i} B{i} A{j} B{j}" for i, j in draw.integers(0, 53, (120, 2)).tolist()]
    path = write(": one\n" + "\n".join(lines[:60]) + "\n: 二 two\n" + "\n".join(lines[60:]) + "\n: none\n")
    for limit in (300_000, 90):
        found = nt.evaluate_vectors(table, analogy=[path], restrict_vocab=limit, threads=2).to_pylist()
        score, sections = table.keyed_vectors().evaluate_word_analogies(str(path), restrict_vocab=limit)
        assert [row["section"] for row in found] == ["one", "二 two", None]
        for row, section in zip(found, [*sections[:2], sections[-1]], strict=True):
            right, wrong = len(section["correct"]), len(section["incorrect"])
            assert row["questions"] == right + wrong
            assert row["add"] == pytest.approx(right / (right + wrong))
        assert found[-1]["add"] == pytest.approx(score)
        assert found[-1]["questions"] + found[-1]["oov"] == 120
        assert 0.1 < found[-1]["mul"] <= 1


def test_case(write: Write) -> None:
    words = ["Apple", "apple", "pear", "plum", "fig"]
    vectors = np.array([[1, 0], [0, 1], [0.5, 1], [1, 0.5], [-1, 0]], np.float32)
    table = VectorTable(pa.array(words, pa.large_string()), vectors)

    def score(text: str, **more: Any) -> Any:
        (row,) = nt.evaluate_vectors(table, similarity=write(text), **more).to_pylist()
        return row["questions"], row["spearman"]

    pairs = "Apple Plum 9\nPEAR plum 5\nApple FIG 1\n"
    assert score(pairs) == (3, pytest.approx(1))  # cosines .89, .8, -1
    assert score(pairs, lower=True) == (3, pytest.approx(0.5))  # .45, .8, 0
    assert score(pairs, restrict_vocab=4) == (2, pytest.approx(1))


SETS = {
    "combined.csv": "Word 1,Word 2,Human (mean)\nlove,sex,6.77\ntiger,cat,7.35\n",
    "set1.csv": "Word 1,Word 2,Human (mean),1,2\nlove,sex,6.77,9,6\ntiger,cat,7.35,9,7\n",
    "SimLex-999.txt": "word1\tword2\tPOS\tSimLex999\tconc(w1)\nlove\tsex\tA\t6.77\t2.7\ntiger\tcat\tN\t7.35\t3\n",
    "men.txt": "love sex 6.77\ntiger cat 7.35\n",
    "gensim.tsv": "# a\n# Word 1\tWord 2\n\nlove\tsex\t6.77\r\ntiger\tcat\t7.35",
    "marked.tsv": b"\xef\xbb\xbflove\tsex\t6.77\ntiger\tcat\t7.35\n",
    "packed.txt.gz": gzip.compress(b"love sex 6.77\ntiger cat 7.35\n"),
}


@pytest.mark.parametrize("name", SETS)
def test_read_pairs(write: Write, name: str) -> None:
    assert read_pairs(write(SETS[name], name)) == [("love", "sex", 6.77), ("tiger", "cat", 7.35)]


def test_read_pairs_of_chinese(write: Write) -> None:
    text = "李白\t诗\t9.2\n𠮷野家\tnew york\t8.95\n"
    expected = [("李白", "诗", 9.2), ("𠮷野家", "new york", 8.95)]
    assert read_pairs(write(text)) == expected
    chinese = "李白\t诗\t9.2\n日本\t南京大屠杀\t8.95\n浏览器\t网页\t8.93\n" * 20
    assert read_pairs(write(chinese.encode("gb18030")))[0] == expected[0]


def test_read_questions(write: Write) -> None:
    text = "// from elsewhere\n避 避一避 补 补一补\n: A\n避\t避一避  补 补一补\n\n:AB\n𠮷 a b c\n"
    assert read_questions(write(text)) == [
        ("", ("避", "避一避", "补", "补一补")),
        ("A", ("避", "避一避", "补", "补一补")),
        ("AB", ("𠮷", "a", "b", "c")),
    ]


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (read_pairs, "", "empty"),
        (read_pairs, "# nothing\n", "no pairs"),
        (read_pairs, "word1 word2 score\n", "no pairs"),
        (read_pairs, "a b 1\na b\n", "'a b' is no pair"),
        (read_pairs, "a b 1\na b nan\n", "no pair"),
        (read_pairs, "a\tb\t1\n\tb\t1\n", "no pair"),
        (read_pairs, b"a b 1\na \xff 2\nb a 3\n", "UTF-8"),
        (read_questions, ": a\n", "no analogies"),
        (read_questions, "a b c\n", "'a b c' is no analogy"),
        (read_questions, "a b c d e\n", "no analogy"),
    ],
)
def test_files_that_cannot_be_used(write: Write, read: Any, text: str | bytes, reason: str) -> None:
    path = write(text)
    with pytest.raises(NlptoolsError, match=reason) as raised:
        read(path)
    assert str(path) in str(raised.value)


def test_what_cannot_be_asked(write: Write, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing to evaluate"):
        nt.evaluate_vectors(a_table())
    with pytest.raises(OptionError, match="restrict_vocab"):
        nt.evaluate_vectors(a_table(), similarity=write("a b 1\n"), restrict_vocab=0)
    with pytest.raises(InputError, match="no such file"):
        nt.evaluate_vectors(a_table(), similarity=tmp_path / "none.txt")


def test_nothing_is_there(write: Write) -> None:
    pairs, questions = write("a b 1\n", "pairs"), write("a b c d\n", "questions")
    for table in (a_table(), a_table(0)):
        rows = nt.evaluate_vectors(table, similarity=[pairs], analogy=[questions]).to_pylist()
        assert [(row["section"], row["questions"], row["oov"]) for row in rows] == [
            (None, 0, 1),
            ("", 0, 1),
            (None, 0, 1),
        ]
        assert all(row["spearman"] is row["add"] is row["mul"] is None for row in rows)


def test_a_file_of_vectors(write: Write, tmp_path: Path) -> None:
    nt.write_vectors(a_table(), tmp_path / "w.kv")
    pairs = write("w1 w2 1\nw1 w3 2\nw2 w3 3\n")
    assert nt.evaluate_vectors(tmp_path / "w.kv", similarity=pairs) == nt.evaluate_vectors(a_table(), similarity=pairs)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_spearman_slow_twin(pairs: list[tuple[int, int]]) -> None:
    def ranks(numbers: list[int]) -> list[float]:
        return [sum(y < x for y in numbers) + sum(y == x for y in numbers) / 2 for x in numbers]

    one, other = ranks([x for x, _ in pairs]), ranks([y for _, y in pairs])
    found = _spearman(np.array([x for x, _ in pairs], float), np.array([y for _, y in pairs], float))
    if len(set(one)) < 2 or len(set(other)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(one, other)[0, 1])
