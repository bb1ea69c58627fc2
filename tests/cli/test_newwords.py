"""`nlptools newwords`: what goes where. The words themselves are tested with the library."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlptools.corpus import open_corpus
from nlptools.newwords import find
from nlptools_cli.newwords import words_table
from nlptools_cli.outputs import SHOWN
from nlptools_cli.table import display_width

COLUMNS = ["word", "count", "documents", "pmi", "left_entropy", "right_entropy", "score", "known"]


def made_up(rows: int, known: bool | None = None) -> pa.Table:
    return pa.table(
        {
            "word": [f"词{number}" for number in range(rows)],
            "count": pa.array([rows - number for number in range(rows)], pa.int64()),
            "documents": pa.array([1] * rows, pa.int64()),
            "pmi": pa.array([2.345] * rows, pa.float64()),
            "left_entropy": pa.array([1.0] * rows, pa.float64()),
            "right_entropy": pa.array([0.5] * rows, pa.float64()),
            "score": pa.array([0.9] * rows, pa.float64()),
            "known": pa.array([known] * rows, pa.bool_()),
        }
    )


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a stub in the place of the library's function: 100 words, and a record of the call."""
    calls: list[dict[str, Any]] = []

    def find_new_words(corpus: Any, *, progress: Any = None, log: Any = None, **options: Any) -> pa.Table:
        for _ in open_corpus(corpus).batches(progress):
            pass
        calls.append(options)
        log("symbols: 12")
        return made_up(options["top"] or 100)

    monkeypatch.setattr(find, "find_new_words", find_new_words)
    return calls


def test_the_library_gets_the_options(nlptools: Any, corpus: Path, found: Any) -> None:
    assert nlptools("newwords", corpus).status == 0
    nlptools("newwords", corpus, "--min-count", 3, "--known", "a", "--known", "b", "--new-only", "--min-pmi", "1.5")
    assert found[0]["min_count"] is None
    assert found[1]["min_count"] == 3
    assert found[1]["known"] == ("a", "b")
    assert found[1]["new_only"] is True
    assert found[1]["min_pmi"] == 1.5


def test_a_pipe_gets_all_words_as_csv(nlptools: Any, corpus: Path, found: Any) -> None:
    result = nlptools("newwords", corpus)
    rows = list(csv.reader(io.StringIO(result.out)))
    assert rows[0] == COLUMNS
    assert len(rows) == 101
    assert result.err.splitlines()[-2] == "symbols: 12"
    assert result.err.splitlines()[-1].startswith("100 words found (")


def test_a_terminal_gets_a_table(nlptools: Any, corpus: Path, found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    result = nlptools("newwords", corpus)
    lines = result.out.splitlines()
    assert lines[0].split() == [
        "rank",
        "word",
        "count",
        "documents",
        "pmi",
        "left",
        "H",
        "right",
        "H",
        "score",
    ]
    assert len(lines) == 1 + SHOWN
    assert len({display_width(line) for line in lines}) == 1
    assert f"the best {SHOWN} are shown; write them all with: -o words.csv" in result.err

    result = nlptools("newwords", corpus, "--top", 3)
    assert len(result.out.splitlines()) == 4
    assert "-o words.csv" not in result.err


def test_a_file_gets_all_words(nlptools: Any, corpus: Path, found: Any, tmp_path: Path) -> None:
    output = tmp_path / "words.parquet"
    result = nlptools("newwords", corpus, "-o", output)
    assert (result.status, result.out) == (0, "")
    assert pq.read_table(output).num_rows == 100
    assert result.err.splitlines()[-1].startswith(f"100 words in {output} (")


def test_show_adds_a_table(nlptools: Any, corpus: Path, found: Any, tmp_path: Path) -> None:
    output = tmp_path / "words.csv"
    result = nlptools("newwords", corpus, "-o", output, "--show", 5)
    assert len(result.out.splitlines()) == 6
    assert len(output.read_text(encoding="utf-8").splitlines()) == 101
    assert len(found) == 1


def test_quiet(nlptools: Any, corpus: Path, found: Any, tmp_path: Path) -> None:
    assert nlptools("newwords", corpus, "-q", "-o", tmp_path / "w.csv") == (0, "", "")


def test_bad_records_are_told_even_if_quiet(nlptools: Any, tmp_path: Path, found: Any) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"text": "\xe5\xa5\xbd"}\n{"text": 3}\nnothing\n')
    result = nlptools("newwords", path, "--quiet", "--rejects", tmp_path / "rejects.jsonl", "-o", tmp_path / "w.csv")
    assert result.status == 0
    (line,) = result.err.splitlines()
    assert "1 document, 2 rejected" in line
    assert f"{path}:3" in line
    rejects = [json.loads(row) for row in (tmp_path / "rejects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["line"] for row in rejects] == [2, 3]


def test_no_words_is_no_error(nlptools: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "find_new_words", lambda *_, **__: made_up(0))
    result = nlptools("newwords", corpus)
    assert (result.status, result.out) == (0, ",".join(COLUMNS) + "\n")
    assert "0 words found" in result.err
    assert "--min-count 2" in result.err


@pytest.mark.parametrize("mark", [True, False, None])
def test_known_words_have_a_mark(mark: bool | None) -> None:
    header, row = words_table(made_up(1, mark)).splitlines()
    assert header.endswith("known") == (mark is not None)
    assert row.endswith("✓") == (mark is True)


def test_scores_are_probabilities_or_counts() -> None:
    words = made_up(2).set_column(6, "score", pa.array([0.99987, 1234.0]))
    assert [line.split()[-1] for line in words_table(words).splitlines()] == ["score", "0.9999", "1234"]


def test_infinite_and_missing_values() -> None:
    words = made_up(2).set_column(3, "pmi", pa.array([float("inf"), None]))
    assert [line.split()[4] for line in words_table(words).splitlines()] == ["pmi", "inf", "-"]


def test_for_real(nlptools: Any, corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "words.csv"
    dictionary = tmp_path / "known.txt"
    dictionary.write_text("𠮷野家\n", encoding="utf-8")
    result = nlptools("newwords", corpus, "-o", output, "--known", dictionary)
    assert result.status == 0, result.err
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:8] == COLUMNS
    words = {row["word"]: row for row in rows}
    lines = set(corpus.read_text(encoding="utf-8").splitlines())
    assert words["𠮷野家"]["documents"] == str(sum("𠮷野家" in line for line in lines))
    assert words["𠮷野家"]["known"] == "true"
    assert words["怎么"]["known"] == "false"
