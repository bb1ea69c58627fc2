"""`nlptools lm`: what goes where. The models themselves are tested with the library."""

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import nlptools as nt


@pytest.fixture
def model(nlptools: Any, corpus: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.lm"
    assert nlptools("lm", "train", corpus, "-o", path, "--order", 3, "-q") == (0, "", "")
    return path


def test_train_from_text_and_from_counts(nlptools: Any, corpus: Path, model: Path, tmp_path: Path) -> None:
    counts = tmp_path / "counts.ngrams"
    assert nlptools("count", corpus, "-o", counts, "-q").status == 0
    result = nlptools("lm", "train", counts, "-o", tmp_path / "other.lm", "--order", 3, "--arpa", tmp_path / "m.arpa")
    assert result.status == 0
    assert result.err.splitlines()[-1].startswith(f"{sum(nt.load_lm(model).sizes):,} n-grams in ")
    assert (tmp_path / "other.lm").read_bytes() == model.read_bytes()
    assert nt.read_arpa(tmp_path / "m.arpa").sizes == nt.load_lm(model).sizes


def test_prune(nlptools: Any, corpus: Path, model: Path, tmp_path: Path) -> None:
    assert nlptools("lm", "train", corpus, "-o", tmp_path / "small.lm", "--order", 3, "--prune", "0,0,1").status == 0
    whole, small = nt.load_lm(model).sizes, nt.load_lm(tmp_path / "small.lm").sizes
    assert small[:2] == whole[:2]
    assert small[2] < whole[2]


def test_words(nlptools: Any, tmp_path: Path) -> None:
    (tmp_path / "segmented.txt").write_text("研究 生命 起源\n生命 的 起源\n", encoding="utf-8")
    path = tmp_path / "words.lm"
    assert nlptools("lm", "train", tmp_path / "segmented.txt", "-o", path, "--words", "--order", 2).status == 0
    result = nlptools("lm", "score", "-m", path, tmp_path / "segmented.txt")
    assert [row["words"] for row in csv.DictReader(io.StringIO(result.out))] == ["3", "3"]
    assert "6 words, 0 unknown, in 2 sentences" in result.err


def test_score(nlptools: Any, corpus: Path, model: Path, tmp_path: Path) -> None:
    result = nlptools("lm", "score", "-m", model, corpus)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    lines = corpus.read_text(encoding="utf-8").splitlines()
    loaded = nt.load_lm(model)
    assert len(rows) == len(lines)
    assert float(rows[7]["log10_probability"]) == pytest.approx(loaded.score(lines[7]))
    assert float(rows[7]["per_character"]) == pytest.approx(loaded.score(lines[7]) / int(rows[7]["characters"]))
    perplexity = loaded.perplexity(lines)
    assert result.err.startswith(f"perplexity {perplexity:.2f}, without unknown characters {perplexity:.2f}; ")

    quiet = nlptools("lm", "score", "-m", model, corpus, "-q", "-o", tmp_path / "scores.parquet")
    assert quiet == (0, "", "")
    assert pq.read_table(tmp_path / "scores.parquet").num_rows == len(lines)


def test_score_with_an_arpa_file(nlptools: Any, corpus: Path, model: Path, tmp_path: Path) -> None:
    nt.load_lm(model).to_arpa(tmp_path / "model.arpa")
    assert nlptools("lm", "score", "-m", tmp_path / "model.arpa", corpus) == nlptools(
        "lm", "score", "-m", model, corpus
    )


def test_errors_are_one_line(nlptools: Any, corpus: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_text(" \n", encoding="utf-8")
    out = tmp_path / "out.lm"
    counts = tmp_path / "c.ngrams"
    assert nlptools("count", corpus, "-o", counts, "--order", 2, "-q").status == 0
    for arguments, reason in (
        (["train", "-o", out], "no INPUT"),
        (["train", corpus], "'-o'"),
        (["train", corpus, "-o", out, "--order", 9], "--order 9 is too high"),
        (["train", corpus, "-o", out, "--prune", "1"], "--prune 1 cannot work"),
        (["train", corpus, "-o", out, "--prune", "0,x"], "'--prune': '0,x'; give whole numbers"),
        (["train", corpus, "-o", out, "--memory", "x"], "--memory 'x' cannot work"),
        (["train", corpus, "-o", corpus], "would overwrite"),
        (["train", corpus, "-o", out, "--arpa", corpus], "would overwrite"),
        (["train", corpus, "-o", out, "--arpa", out], "would overwrite"),
        (["train", counts, "-o", counts], "would overwrite"),
        (["train", counts, "-o", out, "--order", 3], "--order 3 is too high for counts"),
        (["train", counts, "-o", out, "--order", 2, "--words"], "counts of characters"),
        (["train", counts, corpus, "-o", out], "stand alone"),
        (["train", tmp_path / "none.ngrams", "-o", out], "no such file"),
        (["train", corpus, "-o", tmp_path / "none" / "m.lm"], "mkdir -p"),
        (["train", tmp_path / "blank.txt", "-o", out], "is empty"),
        (["score", corpus], "'-m'"),
        (["score", "-m", corpus, corpus], "cannot be read as a language model"),
        (["score", "-m", tmp_path / "none.arpa", corpus], "cannot be read"),
        (["score", "-m", model, corpus, "-o", tmp_path / "scores.xyz"], "suffix"),
    ):
        result = nlptools("lm", *arguments)
        assert result.status == 2, arguments
        assert reason in result.err, result.err
        lines = [line for line in result.err.splitlines() if not line.startswith(("Try:", "plan:", "model:"))]
        assert len(lines) == 1, result.err
        assert not out.exists()
