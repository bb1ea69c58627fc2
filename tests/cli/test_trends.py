"""`nlptools trends`: what goes where. The trends themselves are tested with the library."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from nlptools_cli.table import display_width
from nlptools_cli.trends import sparkline

WORDS = ["天地", "玄黄"]


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    """天地 in each of six months, 玄黄 in the last two."""
    lines = ["day,title"]
    for month in range(1, 7):
        lines += [f"2024-{month:02}-{day:02},天地{month}日{day}{'玄黄' * (month > 4)}" for day in range(1, 20)]
    path = tmp_path / "titles.csv"
    path.write_text("\n".join([*lines, "soon,天地", ",天地"]) + "\n", encoding="utf-8")
    (tmp_path / "words.txt").write_text("\n".join(WORDS), encoding="utf-8")
    return path


@pytest.fixture
def trends(nlptools: Any, titles: Path) -> Any:
    words = titles.with_name("words.txt")
    return lambda *arguments: nlptools("trends", titles, "--date-column", "day", "--words", words, *arguments)


def test_a_pipe_gets_csv_with_a_column_for_each_period(trends: Any) -> None:
    result = trends()
    rows = {row["word"]: row for row in csv.DictReader(io.StringIO(result.out))}
    assert rows.keys() == set(WORDS)
    months = [f"2024-{month:02}" for month in range(1, 7)]
    assert [rows["玄黄"][month] for month in months] == ["0", "0", "0", "0", "19", "19"]
    assert (rows["玄黄"]["trend"], rows["玄黄"]["change"]) == ("born", "2024-05")
    assert rows["天地"]["trend"] == "steady"
    lines = result.err.splitlines()
    assert "2 rejected" in lines[-2]
    assert lines[-1].startswith("2 words followed (")
    assert any("periods: 114 documents added to 6 months, 2024-01 to 2024-06" in line for line in lines)


def test_a_terminal_gets_sparklines(trends: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = trends().out.splitlines()
    assert lines[0].split() == ["rank", "word", "count", "trend", "since", "times", "peak", "2024-01", "to", "2024-06"]
    assert lines[1].split()[:5] == ["1", "玄黄", "38", "born", "2024-05"]
    assert lines[1].endswith("    ██") or lines[1].endswith("    ▇█")
    column = display_width(lines[0].partition("2024-01")[0])
    assert display_width(lines[1].rstrip("▁▂▃▄▅▆▇█").rstrip()) < column


def test_files(trends: Any, tmp_path: Path) -> None:
    output = tmp_path / "trends.parquet"
    result = trends("-o", output, "--show", 1)
    assert len(result.out.splitlines()) == 2
    table = pq.read_table(output)
    assert dict(zip(table["word"].to_pylist(), table["series"].to_pylist(), strict=True))["天地"] == [19] * 6
    assert b"periods" in table.schema.metadata
    trends("-o", tmp_path / "trends.jsonl.gz", "-q")
    trends("-o", tmp_path / "trends.jsonl")
    first = json.loads((tmp_path / "trends.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["2024-06"] == 19
    assert "series" not in first


def test_a_folder_of_counts(nlptools: Any, trends: Any, titles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "titles.counts"
    first = trends("--counts", folder, "--by", "week")
    again = trends("--counts", folder, "--by", "week")
    assert again.out == first.out
    assert "0 documents added to 0 weeks" in again.err
    words = titles.with_name("words.txt")
    assert nlptools("trends", "--counts", folder, "--by", "week", "--words", words).out == first.out
    born = nlptools("trends", "--counts", folder, "--by", "week", "--words", words, "--rank", "born", "--since", "2024")
    assert [row["word"] for row in csv.DictReader(io.StringIO(born.out))] == ["玄黄"]
    wrong = nlptools("trends", "--counts", folder)
    assert wrong.status == 2
    assert "is not the counts of a month; give the --by of the other files" in wrong.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "hour"], "--by 'hour' is not known: choose one of day, week, month, year"),
        (["--rank", "best"], "--rank 'best' is not known"),
        (["--new-only"], "--new-only needs a dictionary to tell what is known: give --known DICT"),
        (["--since", "soon"], "--since 'soon' is no day"),
        (["--strict"], "not a date in column 'day'"),
        (["--group-by", "title"], "--group-by 'title' joins records of different dates"),
        (["-o", "trends.xls"], "the suffix does not say"),
        (["--max-q", "2"], "--max-q 2.0 cannot work"),
        (["--text-column", "text"], "no column 'text'"),
    ],
)
def test_errors(trends: Any, arguments: list[str], words: str) -> None:
    result = trends(*arguments)
    assert result.status == 2
    assert words in result.err
    assert "Traceback" not in result.err


def test_no_input_and_no_such_column(nlptools: Any, titles: Path) -> None:
    assert "no INPUT: name a file" in nlptools("trends").err
    result = nlptools("trends", titles)
    assert result.status == 2
    assert "no column 'date'; its columns are 'day', 'title': name one with --date-column" in result.err


def test_outputs_are_no_inputs(trends: Any, titles: Path) -> None:
    before = titles.read_bytes()
    known = titles.with_name("known.csv")
    for arguments in (["-o", titles], ["-o", known, "--known", known], ["--rejects", titles.with_name("words.txt")]):
        assert "would overwrite" in trends(*arguments).err
    assert titles.read_bytes() == before


def test_sparklines() -> None:
    assert sparkline([0, 1, 8, 4], [1, 1, 1, 1]) == " ▁█▄"
    assert sparkline([1, 1], [10, 5]) == "▄█"
    assert sparkline([0, 0], [10, 0]) == "  "
    assert sparkline([1, 1, 0, 0, 2, 2], [1] * 6, width=3) == "▄ █"
    assert sparkline([3], [0]) == "█"
    assert len(sparkline(range(731), [5] * 731)) <= 36


def test_the_report_has_the_documents_with_a_date_and_keeps_the_rejects(trends: Any, tmp_path: Path) -> None:
    page, rejects, plain = tmp_path / "trends.html", tmp_path / "rejects.jsonl", tmp_path / "plain.jsonl"
    assert trends("--rejects", plain).status == 0
    result = trends("--rejects", rejects, "--report", page)
    assert (result.status, result.err.count("2 rejected")) == (0, 1), result.err
    assert rejects.read_bytes() == plain.read_bytes() != b""
    told = json.loads(page.read_text(encoding="utf-8").partition('id="about">')[2].partition("</script>")[0])
    assert (told["documents"], told["words"], told["evidence"]) == (114, 2, 2)


def test_standard_input_gives_no_evidence(spawn: Any, titles: Path, tmp_path: Path) -> None:
    arguments = [
        "trends",
        "-",
        "--input-format",
        "csv",
        "--date-column",
        "day",
        "--words",
        titles.with_name("words.txt"),
    ]
    process = spawn(*arguments, "--report", tmp_path / "trends.html", stdin=-1)
    _, err = process.communicate(titles.read_text(encoding="utf-8"))
    assert process.returncode == 0 and "standard input can be read only once" in err, err
