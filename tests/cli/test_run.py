"""`nlptools run`: what it prints, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlptools_cli.messages import Messages

JOB = """
[stages.counts]
kind = "count"
inputs = "corpus.txt"
output = "counts.ngrams"
order = 2

[stages.halves]
kind = "count"
inputs = "parts"
output = "out/{shard}.ngrams"
shards = "each"

[stages.table]
kind = "merge"
inputs = "counts"
output = "table.csv"
min-count = 3
"""


@pytest.fixture
def job(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("parts").mkdir()
    lines = corpus.read_text("utf-8").splitlines(keepends=True)
    Path("parts/a.txt").write_text("".join(lines[::2]), encoding="utf-8")
    Path("parts/b.txt").write_text("".join(lines[1::2]), encoding="utf-8")
    Path("job.toml").write_text(JOB, encoding="utf-8")
    return Path("job.toml")


def lines(err: str) -> list[str]:
    return [line for line in err.splitlines() if "compiling the kernels" not in line]


def test_a_line_for_each_task(job: Path, nlptools: Any) -> None:
    result = nlptools("run", job)
    assert (result.status, result.out) == (0, "")
    tasks = [line.split(":")[0] for line in lines(result.err)]
    assert tasks == ["counts", "halves[a]", "halves[b]", "table", "job.toml"]
    assert "4 tasks done, 0 up to date; job.manifest.json tells all" in result.err
    again = lines(nlptools("run", job).err)
    assert again[:2] == ["counts: counts.ngrams is up to date", "table: table.csv is up to date"]
    assert again[2].startswith("job.toml: 0 tasks done, 4 up to date")


def test_quiet(job: Path, nlptools: Any) -> None:
    assert nlptools("run", job, "-q") == (0, "", "")


def test_the_plan(job: Path, nlptools: Any) -> None:
    before = sorted(Path().rglob("*"))
    result = nlptools("run", job, "--dry-run")
    assert (result.status, result.err) == (0, "")
    header, *rows = result.out.splitlines()
    assert header.split() == ["stage", "kind", "tasks", "reads", "writes", "what"]
    assert [row.split()[:3] for row in rows] == [
        ["counts", "count", "1"],
        ["halves", "count", "2"],
        ["table", "merge", "1"],
    ]
    assert all(row.endswith("runs: was not run before") for row in rows)
    assert "out/a.ngrams, … out/b.ngrams" in rows[1]
    assert sorted(Path().rglob("*")) == before
    assert nlptools("run", job, "-q").status == 0
    with Path("corpus.txt").open("a", encoding="utf-8") as file:
        file.write("多一行\n")
    rows = nlptools("run", job, "--dry-run").out.splitlines()[1:]
    assert rows[0].endswith("runs: corpus.txt has changed")
    assert rows[1].endswith("up to date")
    assert rows[2].endswith("may run, if counts makes something new")


def test_every_error_has_a_line(job: Path, nlptools: Any) -> None:
    job.write_text(JOB.replace("order = 2", "ordr = 2").replace("corpus.txt", "gone\\u0007.txt"), encoding="utf-8")
    result = nlptools("run", job)
    assert (result.status, result.out) == (2, "")
    first, second = lines(result.err)
    assert first.startswith("nlptools: job.toml, line 4: inputs: gone\\x07.txt: no such file")
    assert second == "nlptools: job.toml, line 6: ordr: there is no such option; did you mean 'order'?"
    assert not Path("job.records").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.toml"], ["gone.toml", "give the path of a job file"]),
        (["job.toml", "--task", "3/2"], ["--task '3/2'", "give I/N"]),
        (["job.toml", "--resume"], ["job.toml", "leave --resume out"]),
        (["job.toml", "--log", "no/log"], ["no/log", "mkdir -p"]),
        (["corpus.txt"], ["corpus.txt, line 1"]),
        ([], ["Missing argument 'JOB'"]),
    ],
)
def test_errors(job: Path, nlptools: Any, arguments: list[str], words: list[str]) -> None:
    result = nlptools("run", *arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("nlptools: ")
    for word in words:
        assert word in result.err
    assert not Path("job.records").exists()


def test_a_task_that_fails(job: Path, nlptools: Any) -> None:
    Path("parts/b.txt").write_bytes(b"\xff\n")
    result = nlptools("run", job, "-q")
    assert result.status == 2
    (line,) = result.err.splitlines()
    assert line.startswith("nlptools: halves[b]: parts/b.txt: is not UTF-8")
    assert Path("table.csv").exists()


def test_bad_records_are_told(job: Path, nlptools: Any) -> None:
    with Path("corpus.txt").open("ab") as file:
        file.write(b"\xff\n")
    assert "counts: 2,000 documents, 1 rejected (1 not valid UTF-8: corpus.txt:2001)" in nlptools("run", job).err


def test_shares_and_the_log(job: Path, nlptools: Any) -> None:
    assert nlptools("run", job, "--task", "2/2", "--log", "log.jsonl", "-q").status == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["b.ngrams"]
    events = [json.loads(line) for line in Path("log.jsonl").read_text("utf-8").splitlines()]
    assert events[0]["share"] == "2/2"


def test_a_bar_for_each_task_on_a_terminal(job: Path, nlptools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int | None] = []
    before: Callable[..., None] = Messages.__init__

    def told(self: Messages, quiet: bool, size: int | None) -> None:
        sizes.append(size)
        before(self, quiet, size)

    monkeypatch.setattr(Messages, "__init__", told)
    assert nlptools("run", job, "-q").status == 0
    assert sizes[0] == Path("corpus.txt").stat().st_size
    assert len(sizes) == 4
