"""`nlptools corpus`."""

from pathlib import Path
from typing import Any

import pytest

from nlptools_corpora import SAMPLES


@pytest.mark.parametrize("suffix", [".jsonl", ".txt.gz", ".json"])
def test_a_sample_is_that_of_the_library(nlptools: Any, tmp_path: Path, suffix: str) -> None:
    ours, theirs = tmp_path / f"ours{suffix}", tmp_path / f"theirs{suffix}"
    gold = tmp_path / "gold"
    result = nlptools("corpus", "sample", "zhidao", "-o", ours, "--rows", 50, "--seed", 7, "--gold", gold)
    SAMPLES["zhidao"].write_sample(theirs, rows=50, seed=7, gold=tmp_path / "their_gold")
    assert (result.status, result.out) == (0, "")
    assert ours.read_bytes() == theirs.read_bytes()
    assert gold.read_bytes() == (tmp_path / "their_gold").read_bytes()
    planted = len(gold.read_text(encoding="utf-8").splitlines())
    assert result.err == f"50 rows in {ours}, {planted} planted words in {gold}\n"


def test_quiet(nlptools: Any, tmp_path: Path) -> None:
    assert nlptools("corpus", "sample", "zhidao", "-o", tmp_path / "a.txt", "--rows", 2, "-q") == (0, "", "")


def test_list(nlptools: Any) -> None:
    result = nlptools("corpus", "list")
    assert (result.status, result.err) == (0, "")
    header, *rows = result.out.splitlines()
    assert header.split() == ["name", "corpus", "fields"]
    assert [row.split()[0] for row in rows] == list(SAMPLES)
    assert "百度知道" in rows[0]
