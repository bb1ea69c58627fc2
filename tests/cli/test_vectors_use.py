"""`nlptools vectors nearest, analogy, eval, convert`: what goes where. The figures are tested with the library."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlptools.vectors.files import read_table, write_vectors
from nlptools.vectors.table import VectorTable

WORDS = ["北京", "中国", "东京", "日本", "红包", "beijing"]
VECTORS = [[1, 0, 0.1], [1, 1, 0], [0, 0, 1.1], [0, 1, 1], [0.3, 0.3, 0.3], [1, 0.1, 0.1]]


@pytest.fixture
def run(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("vectors", *arguments)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    path = tmp_path / "words.kv"
    table = VectorTable(
        pa.array(WORDS, pa.large_string()), np.array(VECTORS, np.float32), np.array([1200, 900, 40, 30, 20, 5])
    )
    write_vectors(table, path)
    return path


@pytest.fixture
def sets(tmp_path: Path) -> tuple[Path, Path]:
    pairs, questions = tmp_path / "pairs.txt", tmp_path / "questions.txt"
    pairs.write_text("Word 1,Word 2,Human\n北京,东京,3\n北京,中国,4\nBeijing,日本,1\n没有,日本,1\n", encoding="utf-8")
    questions.write_text(": 首都\n中国 北京 日本 东京\n东京 日本 北京 中国\n: x\na b c d\n", encoding="utf-8")
    return pairs, questions


def test_nearest(run: Any, vectors: Path, tmp_path: Path) -> None:
    result = run("nearest", vectors, "北京", "红包", "--top", 2, "-q")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        "word  neighbour  cosine  count",
        "北京  beijing    0.9951      5",
        "      中国       0.7036    900",
        "红包  中国       0.8165    900",
        "      日本       0.8165     30",
    ]
    out = tmp_path / "neighbours.csv"
    assert run("nearest", vectors, "北京", "-o", out, "-q") == (0, "", "")
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["neighbour"] for row in rows] == ["beijing", "中国", "红包", "东京", "日本"]
    assert rows[0]["rank"] == "1"


def test_words_that_are_not_there(run: Any, vectors: Path) -> None:
    result = run("nearest", vectors, "北金", "红包", "-q", "--top", 1)
    assert (result.status, result.err) == (0, "nlptools: '北金' is not among the 6 words; near it are 北京\n")
    assert result.out.splitlines()[1].startswith("红包")
    for word, remedy in (("Beijing", "near it are beijing"), ("\udcff", "give another")):
        result = run("nearest", vectors, word, "-q")
        assert (result.status, result.out) == (2, "")
        assert remedy in result.err


def test_contexts(run: Any, vectors: Path) -> None:
    assert "--contexts" in run("nearest", vectors, "北京", "--contexts").err
    table = read_table(vectors)
    write_vectors(VectorTable(table.words, table.vectors, contexts=table.vectors[::-1]), vectors)
    assert (
        run("nearest", vectors, "北京", "--contexts", "--top", 1)
        .out.splitlines()[1]
        .startswith("北京  beijing    1.0000")
    )


def test_analogy(run: Any, vectors: Path, tmp_path: Path) -> None:
    result = run("analogy", vectors, "中国", "北京", "日本", "-q", "--top", 2)
    assert result.out.splitlines()[0] == "word   score  count"
    assert result.out.splitlines()[1].startswith("东京")
    out = tmp_path / "answers.jsonl"
    assert run("analogy", vectors, "中国", "北京", "日本", "-q", "--method", "mul", "-o", out) == (0, "", "")
    assert json.loads(out.read_text("utf-8").splitlines()[0])["word"] == "东京"


def test_eval(run: Any, vectors: Path, sets: tuple[Path, Path], tmp_path: Path) -> None:
    pairs, questions = sets
    out = tmp_path / "figures.parquet"
    result = run("eval", vectors, "--similarity", pairs, "--analogy", questions, "-o", out, "-q")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        "similarity  pairs  OOV  Spearman",
        "pairs.txt       3    1    0.5000",
        "",
        "analogies      questions  OOV  3CosAdd  3CosMul",
        "  首都                 2    0   1.0000   1.0000",
        "  x                    0    1        -        -",
        "questions.txt          2    1   1.0000   1.0000",
    ]
    assert [row["questions"] for row in pq.read_table(out).to_pylist()] == [3, 2, 0, 2]
    assert run("eval", vectors, "--similarity", pairs, "--similarity", pairs).out.count("pairs.txt") == 2
    assert " 2    2 " in run("eval", vectors, "--similarity", pairs, "--restrict-vocab", 3).out


def test_convert(run: Any, vectors: Path, tmp_path: Path) -> None:
    text, counts, again = tmp_path / "words.vec", tmp_path / "counts.txt", tmp_path / "again.kv"
    result = run("convert", vectors, text, "--save-vocab", counts)
    assert (result.status, result.out) == (0, "")
    assert f"6 words of 3 numbers in {text} (" in result.err
    assert text.read_text("utf-8").splitlines()[:2] == ["6 3", "北京 1 0 0.1"]
    assert run("convert", text, again, "--read-vocab", counts, "-q") == (0, "", "")
    assert again.read_bytes() == vectors.read_bytes()
    for name in ("words.bin", "words.vec.gz", "words.parquet", "words.arrow"):
        assert run("convert", vectors, tmp_path / name, "-q").status == 0
        assert run("nearest", tmp_path / name, "北京", "-q").out.splitlines()[1].startswith("北京  beijing")
    text.write_text("2 1\na 1\nb 2\nc 3\n", encoding="utf-8")
    assert "left out" in run("convert", text, again).err


def test_errors_are_one_line(run: Any, vectors: Path, sets: tuple[Path, Path], tmp_path: Path) -> None:
    pairs, questions = sets
    none, damaged = tmp_path / "none.kv", tmp_path / "damaged.kv"
    damaged.write_bytes(vectors.read_bytes()[:-60])
    out = tmp_path / "out.csv"
    for arguments, reason in (
        (["nearest"], "FILE"),
        (["nearest", vectors], "WORD"),
        (["nearest", none, "北京"], "no such file"),
        (["nearest", damaged, "北京"], "damaged.kv"),
        (["nearest", tmp_path, "北京"], "suffix"),
        (["nearest", vectors, "北京", "--top", 0], "--top 0 cannot work"),
        (["nearest", vectors, "北京", "-o", tmp_path / "out.xyz"], "suffix"),
        (["analogy", vectors, "北京", "中国"], "'C'"),
        (["analogy", vectors, "北京", "中国", "x"], "'x' is not among"),
        (["analogy", vectors, "北京", "中国", "日本", "--method", "x"], "--method 'x' is not known"),
        (["eval", vectors], "nothing to evaluate with"),
        (["eval", vectors, "--similarity", none], "no such file"),
        (["eval", vectors, "--similarity", questions], "no pair"),
        (["eval", vectors, "--analogy", pairs], "no analogy"),
        (["eval", vectors, "--analogy", questions, "--restrict-vocab", 0], "--restrict-vocab 0 cannot work"),
        (["convert", vectors], "OUTPUT"),
        (["convert", vectors, tmp_path / "out.xyz"], "suffix"),
        (["convert", vectors, vectors], "would overwrite"),
        (["convert", vectors, tmp_path / "o.vec", "--save-vocab", tmp_path / "o.vec"], "would overwrite"),
        (["convert", vectors, tmp_path / "o.kv", "--save-vocab", out], "leave it out"),
        (["convert", none, tmp_path / "o.vec"], "no such file"),
        (["convert", vectors, tmp_path / "none" / "o.vec"], "mkdir -p"),
    ):
        result = run(*arguments)
        assert result.status == 2, arguments
        assert reason in result.err, result.err
        assert len([line for line in result.err.splitlines() if not line.startswith("Try:")]) == 1, result.err
        assert result.out == ""
    assert not out.exists()
