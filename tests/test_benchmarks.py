"""The page of benchmarks is what its records make of it, and no benchmark is forgotten. Nothing is timed here."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "benchmarks"
FRAME = {"common", "contents", "page", "peers", "run"}  # scripts that measure nothing
RECORDS = sorted((ROOT / "docs" / "benchmarks").glob("*.json"))


@pytest.fixture(scope="module", autouse=True)
def scripts_are_found() -> Iterator[None]:
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


def read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def test_the_contents_name_every_script_once() -> None:
    from contents import CONTENTS

    scripts = [benchmark.script for benchmark in CONTENTS]
    assert sorted(scripts) == sorted({path.stem for path in BENCHMARKS.glob("*.py")} - FRAME)
    names = [part.name for benchmark in CONTENTS for part in benchmark.parts]
    assert len(names) == len(set(names))
    assert {path.stem for path in RECORDS} <= set(names)


def test_every_script_says_how_it_measures() -> None:
    from contents import CONTENTS
    from page import about

    for benchmark in CONTENTS:
        assert len(about(benchmark.script)) > 50, benchmark.script


def test_the_page_is_that_of_the_records() -> None:
    import page

    assert page.PAGE.read_text(encoding="utf-8") == page.render(page.read_records()), "run: benchmarks/run.py --page"


def test_the_plots_are_there_and_no_others() -> None:
    import page

    wanted = {
        page.plot_path(name, number).name
        for name, record in page.read_records().items()
        for number, table in enumerate(record["tables"], 1)
        if table["plot"]
    }
    assert {path.name for path in page.IMAGES.glob("bench-*.svg")} == wanted


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_is_whole_and_tells_nothing_private(path: Path) -> None:
    record = read(path)
    assert re.fullmatch(r"python benchmarks/\w+\.py( [\w., '-]+)?", record["command"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])
    assert {"processor", "cores", "memory_gb", "system"} == set(record["machine"])
    assert {"nlptools", "python", "numpy", "numba", "pyarrow"} <= set(record["versions"])
    assert record["tables"]
    for table in record["tables"]:
        assert all(len(row) == len(table["header"]) for row in table["rows"])
    for word in re.findall(
        r"/(?:home|root|tmp|work|Users|opt|venv|var)\b|https?://|@\w+\.|\w:\\\\", json.dumps(record)
    ):
        pytest.fail(f"{path.name} has {word}")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_plots_name_columns_of_their_tables(path: Path) -> None:
    from page import number

    for table in read(path)["tables"]:
        if plot := table["plot"]:
            columns = {plot["x"], *plot["y"], *([plot["by"]] if plot["by"] else [])}
            assert columns <= set(table["header"]), table["title"]
            for name in plot["y"]:
                cells = [row[table["header"].index(name)] for row in table["rows"]]
                assert any(number(cell) is not None for cell in cells), (table["title"], name)


def test_every_claim_has_its_cells() -> None:
    from contents import CLAIMS, CONTENTS
    from page import look_up, read_records

    records = read_records()
    commands = {part.name: part.command(benchmark) for benchmark in CONTENTS for part in benchmark.parts}
    for claim in CLAIMS:
        assert claim.part in commands
        record = records.get(claim.part)
        # those of other arguments, or of before loads were written down, need not have all of it
        if record and record["load"] and record["command"] == commands[claim.part]:
            for label, cells in claim.sides.items():
                assert look_up(claim, cells, records) is not None, (claim.what, label)


@pytest.mark.parametrize("kind", ["lines", "bars"])
def test_a_plot_has_the_same_bytes_again(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from page import Table, draw

    rows: list[list[Any]] = [
        ["甲", 1, 2.5],
        ["甲", 2, "1,353"],
        ["乙 & <b>", 1, "ended by us"],
        ["乙 & <b>", 2, "0.5 ± 0.1"],
    ]
    plot = {"kind": kind, "x": "MB", "y": ["seconds"], "label": "seconds", "by": "what", "log": True}
    table: Table = {"title": "时间", "header": ["what", "MB", "seconds"], "rows": rows, "plot": plot}
    for name in ("a.svg", "b.svg"):
        draw(table, tmp_path / name)
    written = (tmp_path / "a.svg").read_bytes()
    assert written == (tmp_path / "b.svg").read_bytes()
    assert "乙 &amp; &lt;b&gt;" in written.decode()
    assert b"<dc:date>" not in written


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5.0),
        (1.25, 1.25),
        ("1,353,000", 1_353_000.0),
        (".632 ± .002", 0.632),
        ("0.9 s", 0.9),
        ("-", None),
        ("", None),
        ("ended by us after 120 s", None),
        ("1,000 MB", 1000.0),
    ],
)
def test_numbers_of_cells(value: object, expected: float | None) -> None:
    from page import number

    assert number(value) == expected


def test_ahead_and_behind() -> None:
    from contents import Claim
    from page import Record, figures

    rows = [["ours", 2.0, ".5"], ["theirs", 1.0, ".4"], ["same", 2.0, ".5"], ["slow", "ended by us after 120 s", "-"]]
    table = {"title": "Time of all", "header": ["what", "s", "F1"], "rows": rows, "plot": None}
    records: dict[str, Record] = {"part": {"tables": [table]}}  # type: ignore[typeddict-item]

    def told(measure: Any, column: str, *others: str) -> tuple[str, str]:
        sides = {name: ((name,), column) for name in ("ours", *others)}
        return figures(Claim("what", "part", "Time", measure, sides), records)

    assert told("cost", "s", "theirs", "slow") == (
        "ours 2.000, theirs 1.000, slow ended by us after 120 s",
        "**behind**, × 0.50",
    )
    assert told("rate", "s", "theirs")[1] == "ahead, × 2.00"
    assert told("quality", "F1", "theirs", "slow")[1] == "ahead"
    assert told("cost", "s", "slow")[1] == ""
    assert told("cost", "s", "same")[1] == "level"
    assert told("cost", "s", "nobody") == ("ours 2.000, nobody not measured", "")
    assert told("cost", "hours", "theirs") == ("not measured", "")


def test_a_command_that_fails_or_takes_too_long_is_told() -> None:
    from common import attempt

    good = attempt([sys.executable, "-c", "print('红包')"], PYTHONIOENCODING="utf-8")
    assert (good.output.strip(), good.failure) == ("红包", "")
    assert good.memory > 1
    bad = attempt([sys.executable, "-c", "raise SystemExit('no such thing')"])
    assert bad.failure == "failed with status 1: no such thing"
    slow = attempt([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.1)
    assert slow.failure == "ended by us after 0.1 s"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("No module named 'x'", "No module named 'x'"),
        ("cannot open /home/somebody/a.b/c-d/text.txt: 1/2", "cannot open text.txt: 1/2"),
        ("see https://example.org/a/b for more", "see  for more"),
        ("and/or n/a /", "and/or n/a /"),
    ],
)
def test_messages_do_not_say_where_they_come_from(message: str, shown: str) -> None:
    from common import without_places

    assert without_places(message) == shown


def test_a_benchmark_that_fails_leaves_its_record(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import page
    from run import choose, record

    monkeypatch.setenv("NLPTOOLS_DATA", str(tmp_path))
    monkeypatch.setattr(page, "RECORDS", tmp_path)
    (pair,) = choose(["memory"])
    assert not record(*pair)
    assert list(tmp_path.iterdir()) == []
    told = capfd.readouterr()
    assert "## memory: python benchmarks/memory.py" in told.out
    assert "is missing: set NLPTOOLS_DATA" in told.err
    assert "memory failed" in told.err


def test_a_record_can_be_read_and_has_a_row_on_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import page

    monkeypatch.setattr(page, "RECORDS", tmp_path / "benchmarks")
    rows = [["红包 [1", 1.5], ["a  b\\n\n{", "]"], ["a  b\u3000\n c", 2], []]
    page.write_record("part", {"load": [1.0, 2.0], "tables": [{"rows": rows, "header": ["x", "y"]}], "none": {}})
    text = (tmp_path / "benchmarks" / "part.json").read_text(encoding="utf-8")
    assert json.loads(text)["tables"][0]["rows"] == rows
    assert '"load": [1.0, 2.0]' in text
    assert '    ["a  b\u3000\\n c", 2],\n' in text


def test_a_table_is_printed_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from common import Plot, table

    monkeypatch.setenv("NLPTOOLS_BENCH_RECORD", str(tmp_path / "record.json"))
    table("One", ["what", "s"], [["a|b", 0.5], ["c", 1234]], Plot("bars", "what", ["s"], "s"))
    table("Two", ["x"], [])
    assert "| a\\|b | 0.500 |\n| c | 1,234 |" in capsys.readouterr().out
    one, two = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    assert (one["rows"], one["plot"]["x"], two["plot"]) == ([["a|b", 0.5], ["c", 1234]], "what", None)


def test_names_are_of_parts_or_scripts() -> None:
    from run import choose

    assert [part.name for _, part in choose(["counting"])] == ["counting-polars", "counting-peers"]
    assert [part.name for _, part in choose(["counting-peers", "speed"])] == ["counting-peers", "speed"]
    with pytest.raises(SystemExit, match="no benchmark is called 'x'"):
        choose(["x"])
