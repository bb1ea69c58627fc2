"""`nlptools concordance`: what goes where. The lookups themselves are tested with the library."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import nlptools as nt
from nlptools_cli.concordance import SORTS, lines_table, neighbours_table
from nlptools_cli.table import display_width


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "nlptools" / "concordance"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("我抢红包了\n\n𠮷野家 5G 红包\n红包\x1b[31m红包\n", encoding="utf-8")
    return path


def rows(output: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output, newline="")))


def test_lines_as_csv(nlptools: Any, text: Path, cache: Path) -> None:
    first = nlptools("concordance", "红包", text)
    assert first.status == 0
    found = rows(first.out)
    assert [row["document"] for row in found] == ["0", "2", "3", "3"]
    assert found[0] == {"word": "红包", "document": "0", "offset": "6", "left": "我抢", "right": "了"}
    (index,) = cache.iterdir()
    made, told = first.err.splitlines()[-2:]
    assert made.startswith(f"index of {text}: ")
    assert made.endswith(f" in {index}")
    assert told.startswith("occurrences: 红包 4 (")
    second = nlptools("concordance", "红包", text)
    assert second.out == first.out
    assert len(second.err.splitlines()) == 1
    assert nlptools("concordance", "红包", text, "-q") == (0, first.out, "")


def test_several_words_and_options(nlptools: Any, text: Path) -> None:
    result = nlptools("concordance", "红包", text, "--word", "5G", "--word", "没有", "--width", "1", "--top", "1")
    assert [(row["word"], row["left"], row["right"]) for row in rows(result.out)] == [
        ("红包", "抢", "了"),
        ("5G", " ", " "),
    ]
    assert "occurrences: 红包 4, 5G 1, 没有 0 (" in result.err
    result = nlptools("concordance", "红包", text, "--sort", "right", "-q")
    assert [row["document"] for row in rows(result.out)] == ["2", "3", "3", "0"]
    result = nlptools("concordance", "红包", text, "--sample", "2", "--seed", "3", "-q")
    assert len(rows(result.out)) == 2


def test_neighbours(nlptools: Any, text: Path, tmp_path: Path) -> None:
    result = nlptools("concordance", "红包", text, "--neighbours", "--top", "1", "-q")
    assert [tuple(row.values()) for row in rows(result.out)] == [("红包", "left", "", "1"), ("红包", "right", "", "2")]
    assert nlptools("concordance", "红包", text, "--neighbours", "-o", tmp_path / "n.parquet", "-q") == (0, "", "")
    assert pq.read_table(tmp_path / "n.parquet").column("count").to_pylist() == [1, 1, 1, 1, 2, 1, 1]


def test_files(nlptools: Any, text: Path, tmp_path: Path) -> None:
    expected = nt.open_concordance(text).find("红包")
    for name in ("lines.csv", "lines.jsonl.gz", "lines.parquet", "lines.arrow"):
        result = nlptools("concordance", "红包", text, "-o", tmp_path / name)
        assert (result.status, result.out) == (0, "")
        assert result.err.splitlines()[-1].startswith(f"occurrences: 红包 4; written to {tmp_path / name} (")
    assert pq.read_table(tmp_path / "lines.parquet").equals(expected)


def test_an_index_of_its_own(nlptools: Any, text: Path, tmp_path: Path, cache: Path) -> None:
    index = tmp_path / "text.kwic"
    made = nlptools("concordance", "红包", text, "--index", index)
    assert made.status == 0
    alone = nlptools("concordance", "红包", index)
    assert alone.out == made.out
    assert not cache.exists()
    text.write_text("红包", encoding="utf-8")
    stale = nlptools("concordance", "红包", index, "-q")
    assert stale.out == made.out
    assert f"{text} has changed since this index was made" in stale.err
    again = nlptools("concordance", "红包", text, "--index", index)
    assert len(rows(again.out)) == 1
    assert len(again.err.splitlines()) >= 2


def test_standard_input(spawn: Any, text: Path, cache: Path) -> None:
    with text.open() as stdin:
        process = spawn("concordance", "红包", "-", "-q", stdin=stdin)
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert len(rows(out)) == 4


def test_on_a_terminal(nlptools: Any, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    lines = nlptools("concordance", "红包", text, "--word", "5G", "-q").out.splitlines()
    assert len(lines) == 6
    assert "\\x1b" in lines[3]
    starts = [
        display_width(line[: line.rindex(word)])
        for line, word in zip(lines[1:], ["红包"] * 3 + [" 红包", "5G"], strict=True)
    ]
    assert len(set(starts[:3])) == 1
    assert max(map(display_width, lines)) <= 40
    table = nlptools("concordance", "红包", text, "--neighbours", "-q").out.splitlines()
    assert table[0].split() == ["count", "left", "right", "count"]
    assert table[1].split() == ["1", "(edge)", "红包", "(edge)", "2"]
    assert nlptools("concordance", "没有", text, "-q").out == ""
    text.write_text("红包\n" * 31, encoding="utf-8")
    result = nlptools("concordance", "红包", text)
    assert len(result.out.splitlines()) == 31
    assert "occurrences: 红包 31; the first 30 are shown, see --top (" in result.err


def test_lines_fit_and_stand_below_each_other() -> None:
    row: dict[str, Any] = {"document": 7, "left": "研究" * 30, "word": "红包", "right": "ab𠮷" * 30}
    short = {"document": 12345, "left": "", "word": "5G", "right": "\n"}
    for columns in (20, 60, 61, 200):
        first, second = lines_table([row, short], columns).splitlines()[1:]
        assert display_width(first[: first.index("红包")]) == display_width(second[: second.index("5G")])
        assert display_width(first) <= max(columns, 40)
        assert second.endswith("\\n")
    assert row["left"] in lines_table([row], None)


def test_neighbours_beside_each_other() -> None:
    rows = [
        {"word": word, "side": side, "neighbour": text, "count": 1000}
        for word, side, text in (("a", "left", "研"), ("a", "left", "b"), ("a", "right", ""), ("c", "right", "\n"))
    ]
    lines = [line.split() for line in neighbours_table(rows).splitlines()[1:]]
    assert lines == [["1,000", "研", "a", "(edge)", "1,000"], ["1,000", "b", "a"], ["c", "\\n", "1,000"]]


def test_the_sorts_are_those_of_the_library() -> None:
    from typing import get_args

    from nlptools.concordance.search import Sort

    assert get_args(Sort) == SORTS


def test_a_second_question_loads_no_kernels(nlptools: Any, text: Path) -> None:
    assert nlptools("concordance", "红包", text).status == 0
    code = (
        "import sys; from nlptools_cli.main import run; "
        f"status = run(['concordance', '红包', {str(text)!r}]); "
        "assert 'numba' not in sys.modules; sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_errors_are_one_line(nlptools: Any, text: Path, tmp_path: Path) -> None:
    index = tmp_path / "text.kwic"
    assert nlptools("concordance", "红包", text, "--index", index, "-q").status == 0
    (tmp_path / "bad.kwic").write_bytes(index.read_bytes()[:-1])
    (tmp_path / "blank.txt").write_text(" \n", encoding="utf-8")
    for arguments, reason in (
        (["红包"], "no INPUT"),
        ([text], "the word comes first"),
        ([text, "红包"], "the word comes first"),
        (["红包", tmp_path / "none.txt"], "no such file"),
        (["红包", tmp_path / "none.kwic"], "no such file"),
        (["红包", tmp_path / "bad.kwic"], "cannot be read as a concordance index"),
        (["红包", tmp_path / "blank.txt"], "is empty"),
        (["红包", index, text], "stand alone"),
        (["红包", index, "--index", index], "stand alone"),
        (["红包", text, "--index", tmp_path / "x.txt"], "--index"),
        (["红包", text, "--index", tmp_path / "none" / "x.kwic"], "mkdir -p"),
        (["红包", text, "-o", tmp_path / "lines.txt"], "suffix"),
        (["红包", text, "-o", tmp_path / "x.xyz"], "suffix"),
        (["红包", text, "--index", index, "-o", index], "suffix"),
        (["", text], "a word of 0 characters"),
        (["\udcff", text], "half of a surrogate pair"),
        (["a" * 1001, text], "1,001 characters"),
        (["红包", text, "--width", "0"], "--width 0 cannot work"),
        (["红包", text, "--top", "0"], "--top 0 cannot work"),
        (["红包", text, "--sample", "0"], "--sample 0 cannot work"),
        (["红包", text, "--seed", "-1"], "--seed -1 cannot work"),
        (["红包", text, "--sort", "up"], "--sort 'up' is not known"),
        (["红包", text, "--threads", "0"], "--threads 0 cannot work"),
    ):
        result = nlptools("concordance", *arguments)
        assert result.status == 2, (arguments, result)
        assert reason in result.err, result.err
        lines = [line for line in result.err.splitlines() if not line.startswith("Try:")]
        assert len(lines) == 1, result.err
