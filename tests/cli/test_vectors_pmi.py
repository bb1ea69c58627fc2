import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from nlptools.vectors.files import write_vectors
from nlptools.vectors.table import VectorTable
from nlptools_cli.vectors import vectors
from nlptools_cli.vectors_pmi import keywords, similarity


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (keywords, similarity):
        monkeypatch.setitem(vectors.commands, command.name or "", command)


def file_of(path: Path, method: str = "pmi") -> Path:
    words = pa.array(["微信", "红包", "𠮷野家", "的"], pa.large_string())
    matrix = np.array([[2, 0], [1, 1], [0, 3], [0.1, 0]], np.float32)
    write_vectors(VectorTable(words, matrix, facts={"method": method}), path)
    return path


@pytest.fixture
def words(tmp_path: Path) -> Path:
    return file_of(tmp_path / "words.kv")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeff微信 红包 的\r\n\r\n𠮷野家 的 😀\r\nunknown\r\n".encode())
    return path


def test_keywords(nlptools: Any, words: Path, text: Path, tmp_path: Path) -> None:
    assert nlptools("vectors", "keywords", words, text).out == "微信 红包 的\n\n𠮷野家 的\n\n"
    assert nlptools("vectors", "keywords", words, text, "--top", 1).out == "微信\n\n𠮷野家\n\n"
    out = tmp_path / "keywords.jsonl"
    result = nlptools("vectors", "keywords", words, text, "-o", out, "--threads", 1)
    assert (result.status, result.out) == (0, "")
    assert "4 documents in " in result.err
    first = json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert first == {"document": 0, "keywords": ["微信", "红包", "的"], "scores": [6.2, 4.1, 0.31]}
    assert nlptools("vectors", "keywords", words, text, "-o", out, "-q") == (0, "", "")


def test_similarity(nlptools: Any, words: Path) -> None:
    result = nlptools("vectors", "similarity", words, "微信 红包", "红包")
    assert result == (0, "PMI     4.0000\ncosine  0.8944\n", "")
    result = nlptools("vectors", "similarity", words, "微信 x", "")
    assert result.out == "PMI     0.0000\ncosine  nan\n"
    assert "first text: 1 of its 2 words have a vector" in result.err
    assert "second text: 0 of its 0 words have a vector" in result.err
    assert nlptools("vectors", "similarity", words, "微信 x\udcff", "", "-q").err == ""


def test_jieba_cuts_the_text(nlptools: Any, words: Path) -> None:
    pytest.importorskip("jieba")
    result = nlptools("vectors", "similarity", words, "微信红包", "红包", "--segmenter", "jieba", "-q")
    assert result == (0, "PMI     4.0000\ncosine  0.8944\n", "")


def test_vectors_of_another_method_are_told(nlptools: Any, text: Path, tmp_path: Path) -> None:
    words = file_of(tmp_path / "other.kv", "sgns")
    assert "method sgns" in nlptools("vectors", "similarity", words, "微信", "红包").err
    result = nlptools("vectors", "keywords", words, text)
    assert "method sgns" in result.err
    assert result.out.startswith("微信 ")
    assert "method" not in nlptools("vectors", "keywords", words, text, "-q").err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["keywords", "none.kv", "text.txt"], "none.kv"),
        (["keywords", "words.kv"], "no INPUT"),
        (["keywords", "words.kv", "none.txt"], "none.txt"),
        (["keywords", "words.kv", "text.txt", "--top", 0], "--top 0 cannot work"),
        (["keywords", "words.kv", "text.txt", "--threads", 0], "--threads 0 cannot work"),
        (["keywords", "words.kv", "text.txt", "-o", "out.xyz"], "out.xyz"),
        (["keywords", "words.kv", "text.txt", "-o", "text.txt"], "would overwrite"),
        (["keywords", "words.kv", "text.txt", "--segmenter", "none.seg"], "none.seg"),
        (["similarity", "words.kv", "微信里的红包微信里的红包微信里", "红包"], "--segmenter"),
        (["similarity", "none.kv", "微信", "红包"], "none.kv"),
    ],
)
def test_what_cannot_work(
    nlptools: Any, words: Path, text: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[Any], expected: str
) -> None:
    monkeypatch.chdir(words.parent)
    result = nlptools("vectors", *arguments)
    assert (result.status, result.out) == (2, "")
    assert expected in result.err
    assert "Traceback" not in result.err
