"""`nlptools vectors cluster, map`, and `nearest --among`: what goes where. The figures are tested with the library."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from nlptools.vectors.files import write_vectors
from nlptools.vectors.table import VectorTable

TEXTS = ["微信红包怎么发", "抢到红包了", "用微信付款", "", "𠮷野家\t在哪里", "去北京的火车"]
DOCUMENTS = [[1, 0.1, 0], [1, 0, 0.1], [1, 0.1, 0.1], [0, 0, 1], [0.1, 1, 0], [0, 1, 0.1]]
WORDS = ["红包", "北京", "火车"]


@pytest.fixture
def run(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("vectors", *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """docs.kv, words.kv, corpus.txt, labels.txt."""
    keys = pa.array(map(str, range(len(TEXTS))), pa.large_string())
    write_vectors(VectorTable(keys, np.array(DOCUMENTS, np.float32), kind="document"), tmp_path / "docs.kv")
    words = pa.array(WORDS, pa.large_string())
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]], np.float32)
    write_vectors(VectorTable(words, vectors, np.array([9, 8, 7])), tmp_path / "words.kv")
    (tmp_path / "corpus.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    (tmp_path / "labels.txt").write_text("钱\n钱\n钱\n\n路\n路\n", encoding="utf-8")
    return tmp_path


def test_nearest_in_four_directions(run: Any, folder: Path) -> None:
    documents, words, corpus = folder / "docs.kv", folder / "words.kv", folder / "corpus.txt"
    assert run("nearest", documents, "0", "--top", 1, "-q").out.splitlines() == [
        "document  neighbour  cosine",
        "0         2          0.9951",
    ]
    assert run("nearest", documents, "5", "--among", words, "--top", 1, "-q").out.splitlines() == [
        "document  neighbour  cosine  count",
        "5         北京       0.9950      8",
    ]
    assert run("nearest", words, "红包", "北京", "--among", documents, "--texts", corpus, "--top", 2, "-q").out == (
        "word  neighbour  cosine  text\n"
        "红包  0          0.9950  微信红包怎么发\n"
        "      1          0.9950  抢到红包了\n"
        "北京  4          0.9950  𠮷野家 在哪里\n"
        "      5          0.9950  去北京的火车\n"
    )
    out = folder / "near.csv"
    arguments = ["--among", documents, "--texts", corpus, "--top", 9, "-o", out, "-q"]
    assert run("nearest", documents, "0", *arguments) == (0, "", "")
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["neighbour"] == "0"
    assert rows[0]["text"] == TEXTS[0]
    assert len(rows) == len(TEXTS)


def test_cluster(run: Any, folder: Path) -> None:
    out = folder / "clusters.csv"
    arguments = ["--words", folder / "words.kv", "--labels", folder / "labels.txt", "-o", out]
    result = run("cluster", folder / "docs.kv", "-k", 3, "--method", "spherical", *arguments)
    assert result.status == 0
    assert f"6 documents in {out} (" in result.err
    assert result.out.splitlines() == [
        "cluster  size  label    words           central documents",
        "      0     3  钱 100%  红包 火车 北京  2 0 1",
        "      1     2  路 100%  北京 火车 红包  4 5",
        "      2     1           火车 红包 北京  3",
        "",
        "labelled           5",
        "NMI           1.0000",
        "ARI           1.0000",
        "purity        1.0000",
        "3 neighbours  0.6000",
    ]
    with out.open(encoding="utf-8") as file:
        assert [row["cluster"] for row in csv.DictReader(file)] == list("000211")


def test_cluster_with_texts(run: Any, folder: Path) -> None:
    for method in ("kmeans", "spherical", "vmf"):
        arguments = ["-k", 3, "--method", method, "--texts", folder / "corpus.txt", "-q"]
        result = run("cluster", folder / "docs.kv", *arguments)
        assert (result.status, result.err) == (0, "")
        lines = result.out.splitlines()
        assert lines[0] == "cluster  size  document  text"
        assert lines[1] == "      0     3  2         用微信付款"
        assert lines[2].split() in (["0", "微信红包怎么发"], ["1", "抢到红包了"])
        assert len(lines) == 7


def test_clusters_of_words(run: Any, folder: Path) -> None:
    result = run("cluster", folder / "words.kv", "-k", 2, "-q")
    assert result.out.splitlines()[0] == "cluster  size  central words"
    assert result.out.splitlines()[2] == "      1     1  红包"


def test_map(run: Any, folder: Path) -> None:
    clusters, out = folder / "clusters.parquet", folder / "map.html"
    assert run("cluster", folder / "docs.kv", "-k", 2, "-q", "-o", clusters).status == 0
    arguments = ["--clusters", clusters, "--texts", folder / "corpus.txt"]
    result = run("map", folder / "docs.kv", "-o", out, *arguments)
    assert (result.status, result.out) == (0, "")
    assert f"6 documents in {out} (" in result.err
    assert "去北京的火车" in out.read_text(encoding="utf-8")
    assert '"groups":["0","1"]' in out.read_text(encoding="utf-8")
    table = folder / "map.csv"
    result = run("map", folder / "docs.kv", "-o", table, "--top", 4, "--labels", folder / "labels.txt")
    assert "4 of 6 documents are drawn" in result.err
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["document"], row["group"]) for row in rows] == [("0", "钱"), ("1", "钱"), ("3", ""), ("4", "路")]


def test_errors_are_one_line(run: Any, folder: Path) -> None:
    documents, words, none = folder / "docs.kv", folder / "words.kv", folder / "none.kv"
    narrow = folder / "narrow.vec"
    narrow.write_text("1 2\na 1 2\n", encoding="utf-8")
    short = folder / "short.txt"
    short.write_text(TEXTS[0], encoding="utf-8")
    out = folder / "out.csv"
    for arguments, reason in (
        (["cluster", documents], "--n-clusters"),
        (["cluster", documents, "-k", 0], "--n-clusters 0 cannot work"),
        (["cluster", documents, "-k", 7], "6 documents cannot make 7 clusters"),
        (["cluster", documents, "-k", 2, "--method", "x"], "--method 'x' is not known"),
        (["cluster", documents, "-k", 2, "--n-init", 0], "--n-init 0 cannot work"),
        (["cluster", documents, "-k", 2, "--labels", none], "none.kv"),
        (["cluster", words, "-k", 2, "--labels", folder / "labels.txt"], "6 lines for 3 words"),
        (["cluster", documents, "-k", 2, "--words", narrow], "cannot be compared"),
        (["cluster", documents, "-k", 2, "--texts", none], "none.kv"),
        (["cluster", documents, "-k", 2, "-o", documents], "suffix"),
        (["cluster", none, "-k", 2], "no such file"),
        (["map", documents], "--output"),
        (["map", documents, "-o", folder / "map.xyz"], "known are .html, .png"),
        (["map", documents, "-o", folder / "none" / "map.html"], "mkdir -p"),
        (["map", documents, "-o", out, "--top", 0], "--top 0 cannot work"),
        (["map", documents, "-o", out, "--perplexity", 0], "--perplexity 0.0 cannot work"),
        (["map", documents, "-o", out, "--labels", "a", "--clusters", "b"], "give one of them"),
        (
            ["map", documents, "-o", out, "--clusters", folder / "labels.txt"],
            "has no column 'document'; give the table",
        ),
        (["nearest", documents, "3", "--top", 1, "--texts", short], "short.txt: has no document '1', nor another"),
        (["nearest", words, "红包", "--texts", folder / "corpus.txt"], "has no document '北京'"),
        (["map", documents, "-o", folder / "labels.csv", "--labels", folder / "labels.csv"], "would overwrite"),
        (["nearest", documents, "0", "--among", narrow], "cannot be compared"),
        (["nearest", documents, "x", "--among", words], "'x' is not among the 6 documents"),
        (["nearest", documents, "0", "--among", words, "--contexts"], "--contexts"),
    ):
        result = run(*arguments)
        assert result.status == 2, arguments
        assert reason in result.err, (reason, result.err)
        assert len([line for line in result.err.splitlines() if not line.startswith("Try:")]) == 1, result.err
        assert result.out == ""
    assert not out.exists()
