"""`nlptools segment export`: what goes where. The files themselves are tested with the library."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

import nlptools as nt
from nlptools.segment.vocabulary import VocabularyFormat
from nlptools_cli.segment_export import FORMATS


@pytest.fixture
def run(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("segment", "export", *arguments)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.csv"
    path.write_text("word,count,score\n研究,9,.5\n𠮷野家,3,.9\n的,40,\nx y,3,1\n", encoding="utf-8")
    return path


def test_formats_are_those_of_the_library() -> None:
    assert get_args(VocabularyFormat) == FORMATS


def test_words_of_a_table(run: Any, words: Path, tmp_path: Path) -> None:
    out = tmp_path / "words.dict"
    result = run(words, "-o", out, "--format", "jieba")
    assert result == (0, "", f"3 of 4 words in {out}\n")
    assert out.read_text(encoding="utf-8") == "的 40\n研究 9\n𠮷野家 3\n"
    assert run(words, "-o", out, "--format", "jieba", "--min-count", 4, "--top", 1, "-q") == (0, "", "")
    assert out.read_text(encoding="utf-8") == "的 40\n"


@pytest.mark.parametrize("format", FORMATS)
def test_formats(run: Any, words: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / ("words.model" if format == "sentencepiece" else "words.txt")
    assert run(words, "-o", out, "--format", format).status == 0
    assert "研究".encode() in out.read_bytes()


def test_what_newwords_writes(run: Any, nlptools: Any, corpus: Path, tmp_path: Path) -> None:
    assert nlptools("newwords", corpus, "-o", tmp_path / "found.csv", "-q").status == 0
    assert run(tmp_path / "found.csv", "-o", tmp_path / "words.txt", "--format", "pkuseg").status == 0
    assert "𠮷野家" in (tmp_path / "words.txt").read_text(encoding="utf-8").splitlines()


def test_words_of_a_model(run: Any, tmp_path: Path) -> None:
    segmenter = nt.train_segmenter(["研究，研究 。研究"] * 2, method="lm")
    segmenter.save(tmp_path / "model.seg")
    out = tmp_path / "words.dict"
    assert run(tmp_path / "model.seg", "-o", out, "--format", "jieba").status == 0
    expected = {row["word"]: row["count"] for row in segmenter.words().to_pylist()}
    assert {line.split(" ")[0]: int(line.split(" ")[1]) for line in out.read_text("utf-8").splitlines()} == expected
    (tmp_path / "damaged.seg").write_bytes((tmp_path / "model.seg").read_bytes()[:-50])
    result = run(tmp_path / "damaged.seg", "-o", tmp_path / "none.dict", "--format", "jieba")
    assert result.status == 2
    assert len(result.err.splitlines()) == 1


def test_errors_are_one_line(run: Any, words: Path, tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("ngram,count\n研究,9\n", encoding="utf-8")
    out = tmp_path / "out.dict"
    for arguments, reason in (
        ([], "MODEL|WORDS"),
        ([words, "--format", "jieba"], "'-o'"),
        ([words, "-o", out], "'--format'"),
        ([words, "-o", out, "--format", "xml"], "--format 'xml' is not known: choose one of jieba, hanlp"),
        ([words, "-o", out, "--format", "sentencepiece"], ".model, .vocab, .tsv"),
        ([words, "-o", tmp_path / "out.csv", "--format", "hanlp"], "name a .txt"),
        ([words, "-o", out, "--format", "jieba", "--min-count", 0], "--min-count 0 cannot work"),
        ([words, "-o", out, "--format", "jieba", "--min-count", 99], "no word is left"),
        ([words, "-o", words, "--format", "jieba"], "would overwrite"),
        ([words, "-o", tmp_path / "none" / "w.dict", "--format", "jieba"], "mkdir -p"),
        ([tmp_path / "none.csv", "-o", out, "--format", "jieba"], "no such file"),
        ([tmp_path / "counts.csv", "-o", out, "--format", "jieba"], "no column 'word'"),
    ):
        result = run(*arguments)
        assert result.status == 2, arguments
        assert reason in result.err, result.err
        assert len([line for line in result.err.splitlines() if not line.startswith("Try:")]) == 1, result.err
        assert not out.exists()
