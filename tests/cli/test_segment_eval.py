"""`nlptools segment eval`: what goes where. The figures themselves are tested with the library."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import nlptools as nt

GOLD = "领导 人 研究 ， 生命\n\n的 的\n领导 人 。\n"
PREDICTED = "领导人 研究 ， 生命\n\n的的\n领导人 。\n"


@pytest.fixture
def run(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("segment", "eval", *arguments)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    gold, predicted = tmp_path / "gold.txt", tmp_path / "predicted.txt"
    gold.write_text(GOLD, encoding="utf-8")
    predicted.write_text(PREDICTED, encoding="utf-8")
    return gold, predicted


def test_two_files(run: Any, files: tuple[Path, Path]) -> None:
    result = run(*files, "-q")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        "                     gold  predicted  correct  precision  recall      F1",
        "all words              10          7        4     0.5714  0.4000  0.4706",
        "without punctuation     8          5        2     0.4000  0.2500  0.3077",
        "",
        "count  gold     predicted",
        "    2  领导 人  领导人",
        "    1  的 的    的的",
    ]
    assert run(*files, "-q", "--errors", 1).out.splitlines()[-1] == "    2  领导 人  领导人"
    assert run(*files, "-q", "--errors", 0).out == "\n".join(result.out.splitlines()[:3]) + "\n"
    assert run(files[0], files[0], "-q").out.count("1.0000") == 6


def test_vocabulary(run: Any, files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("研究 12\n， 40\n的\n", encoding="utf-8")
    lines = run(*files, "--vocabulary", tmp_path / "words.txt").out.splitlines()
    assert lines[0].endswith("F1  OOV rate  OOV recall  IV recall")
    assert lines[1].endswith("0.4706    0.6000      0.3333     0.5000")


def test_tables(run: Any, files: tuple[Path, Path], tmp_path: Path) -> None:
    scores, errors = tmp_path / "scores.csv", tmp_path / "errors.parquet"
    assert run(*files, "-o", scores, "--errors-output", errors).status == 0
    with scores.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["punctuation"] for row in rows] == ["true", "false"]
    assert [float(row["f1"]) for row in rows] == [8 / 17, 4 / 13]
    assert rows[0]["oov_rate"] == ""
    assert pq.read_table(errors).to_pylist() == [
        {"gold": "领导 人", "predicted": "领导人", "count": 2},
        {"gold": "的 的", "predicted": "的的", "count": 1},
    ]
    assert run(files[0], files[0], "--errors-output", errors).status == 0
    assert pq.read_table(errors).num_rows == 0


def test_a_model(run: Any, files: tuple[Path, Path], tmp_path: Path) -> None:
    text = GOLD.replace(" ", "")
    nt.train_segmenter(text.splitlines(), method="lm", weights=[1e9, *[1e-9] * 7]).save(tmp_path / "model.seg")
    result = run(files[0], "-m", tmp_path / "model.seg", "--threads", 2)
    assert result.status == 0
    # every character is a word
    assert result.out.splitlines()[1] == "all words              10         14        6     0.4286  0.6000  0.5000"


def test_errors_are_one_line(run: Any, files: tuple[Path, Path], tmp_path: Path) -> None:
    gold, predicted = files
    other = tmp_path / "other.txt"
    other.write_text("领导人研究，生命\n的地\n", encoding="utf-8")
    none = tmp_path / "none.txt"
    for arguments, reason in (
        ([], "GOLD"),
        ([gold], "give either PREDICTED"),
        ([gold, predicted, "-m", "model.seg"], "give either PREDICTED"),
        ([gold, none], "no such file"),
        ([none, predicted], "no such file"),
        ([gold, other], "line 3: reads '的的', but"),
        ([gold, predicted, "--vocabulary", none], "no such dictionary"),
        ([gold, predicted, "--errors", "-1"], "--errors"),
        ([gold, predicted, "-o", tmp_path / "scores.xyz"], "suffix"),
        ([gold, predicted, "-o", gold], "suffix"),
        ([gold, predicted, "-o", tmp_path / "a.csv", "--errors-output", tmp_path / "a.csv"], "would overwrite"),
    ):
        result = run(*arguments)
        assert result.status == 2, arguments
        assert reason in result.err, result.err
        assert len([line for line in result.err.splitlines() if not line.startswith("Try:")]) == 1, result.err
        assert result.out == ""
    assert not list(tmp_path.glob("*.csv"))
