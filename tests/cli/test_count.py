"""nlptools count and nlptools merge: what they write, and what they say when they cannot."""

import errno
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from nlptools.ngrams import count as counting
from nlptools.ngrams import merge as merging
from nlptools.ngrams import spill as spilling
from nlptools.ngrams.count_file import write_counts
from nlptools.ngrams.counts import read_counts
from nlptools.ngrams.plan import Plan

POSIX = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and pipes")

PLAN = "plan: 1 GiB of memory, "
ROWS = [("生", 1), ("研", 2), ("究", 2), ("研究", 2), ("究生", 1)]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few texts, in which we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("研究，研究生\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("研究生命起源\n𠮷野家\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few lines be more than the memory has room for."""
    for module in (counting, merging):
        monkeypatch.setattr(module, "make_plan", lambda memory, order, threads: Plan(1 << 30, threads, 2000, 500, 3))


def test_count(nlptools: Any, small: Path) -> None:
    result = nlptools("count", "a.txt", "b.txt", "-o", "c.ngrams", "--order", "3", "--memory", "1G", "--threads", 2)
    assert (result.status, result.out) == (0, "")
    *plan, last = [line for line in result.err.splitlines() if "compiling the kernels" not in line]
    assert [line.startswith(PLAN) for line in plan] == [True]
    assert last.startswith("14 characters of 3 documents counted to order 3, in c.ngrams (")
    counts = read_counts("c.ngrams")
    assert [counts.count(ngram) for ngram in ("研究", "研究生", "𠮷野家", "究研")] == [3, 2, 1, 0]
    assert sorted(path.name for path in small.iterdir()) == ["a.txt", "b.txt", "c.ngrams"]


def test_merge_is_the_count_of_all(nlptools: Any, small: Path) -> None:
    for arguments in (
        ["count", "a.txt", "-o", "a.ngrams", "-q"],
        ["count", "b.txt", "-o", "b.ngrams", "-q"],
        ["count", "?.txt", "-o", "whole.ngrams", "-q"],
    ):
        assert nlptools(*arguments) == (0, "", "")
    result = nlptools("merge", "b.ngrams", "a.ngrams", "-o", "both.ngrams", "--memory", "1g")
    assert result.status == 0
    assert result.err.startswith(PLAN)
    assert "14 characters of 3 documents counted to order 4, in both.ngrams (" in result.err
    assert nlptools("merge", "[ab].ngrams", "-o", "again.ngrams", "-q") == (0, "", "")
    whole = (small / "whole.ngrams").read_bytes()
    assert (small / "both.ngrams").read_bytes() == (small / "again.ngrams").read_bytes() == whole


def rows(table: pa.Table) -> list[tuple[str, int]]:
    assert table.column_names == ["ngram", "n", "count"]
    assert table["n"].to_pylist() == [len(ngram) for ngram in table["ngram"].to_pylist()]
    return list(zip(table["ngram"].to_pylist(), table["count"].to_pylist(), strict=True))


@pytest.mark.parametrize("command", ["count", "merge"])
def test_tables_by_suffix(nlptools: Any, small: Path, command: str) -> None:
    assert nlptools("count", "a.txt", "-o", "a.ngrams", "--order", 2, "-q").status == 0
    sources: dict[str, list[object]] = {"count": ["a.txt", "--order", 2], "merge": ["a.ngrams"]}
    source = sources[command]
    for suffix in ("csv", "tsv", "jsonl", "json", "parquet", "arrow", "csv.gz", "jsonl.zst"):
        result = nlptools(command, *source, "-o", f"t.{suffix}", "-q")
        assert result == (0, "", "")
    found = {
        "csv": pyarrow.csv.read_csv("t.csv"),
        "csv.gz": pyarrow.csv.read_csv("t.csv.gz"),
        "tsv": pyarrow.csv.read_csv("t.tsv", parse_options=pyarrow.csv.ParseOptions(delimiter="\t")),
        "jsonl": pa.Table.from_pylist([json.loads(line) for line in Path("t.jsonl").read_text("utf-8").splitlines()]),
        "json": pa.Table.from_pylist(json.loads(Path("t.json").read_text("utf-8"))),
        "parquet": pq.read_table("t.parquet"),
        "arrow": pa.ipc.open_file(pa.OSFile("t.arrow")).read_all(),
    }
    for suffix, table in found.items():
        assert rows(table) == ROWS, suffix
    assert nlptools(command, *source, "-o", "most.csv", "--min-count", 2, "-q").status == 0
    assert rows(pyarrow.csv.read_csv("most.csv")) == [("研", 2), ("究", 2), ("研究", 2)]
    assert not [path for path in small.iterdir() if "partial" in path.name or path.name.startswith(".nlptools")]


def test_bytes_depend_on_nothing_but_the_text(
    nlptools: Any, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    names = ("t.ngrams", "t.csv", "t.parquet", "t.arrow")
    for name in names:
        assert nlptools("count", corpus, "-o", tmp_path / name, "-q", "--threads", 1).status == 0
    request.getfixturevalue("small_blocks")
    for name in names:
        result = nlptools("count", corpus, "-o", tmp_path / f"small-{name}", "--threads", 3)
        assert result.status == 0
        assert "\nmerge: " in result.err
        assert (tmp_path / f"small-{name}").read_bytes() == (tmp_path / name).read_bytes(), name


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs /dev/null")
def test_to_a_device(nlptools: Any, small: Path) -> None:
    assert nlptools("count", "a.txt", "-o", "/dev/null", "-q") == (0, "", "")


def test_bad_records_are_told(nlptools: Any, small: Path) -> None:
    (small / "bad.txt").write_bytes("研究\n".encode() + b"\xff\n")
    result = nlptools("count", "bad.txt", "-o", "c.ngrams", "--rejects", "bad.jsonl", "-q")
    assert (result.status, result.err) == (0, "bad.txt: 1 document, 1 rejected (1 not valid UTF-8: bad.txt:2)\n")
    assert json.loads((small / "bad.jsonl").read_text("utf-8"))["line"] == 2


@pytest.fixture
def counted(nlptools: Any, small: Path) -> Path:
    assert nlptools("count", "a.txt", "-o", "good.ngrams", "--order", 2, "-q").status == 0
    assert nlptools("count", "a.txt", "-o", "rare.ngrams", "--order", 2, "--min-count", 2, "-q").status == 0
    data = bytearray((small / "good.ngrams").read_bytes())
    data[len(data) // 2] ^= 1
    (small / "damaged.ngrams").write_bytes(data)
    (small / "cut.ngrams").write_bytes(data[:-9])
    (small / "folder").mkdir()
    (small / "long.txt").write_text("一" * 5000, encoding="utf-8")
    (small / "blank.txt").write_text(" \n", encoding="utf-8")
    return small


@pytest.mark.parametrize(
    ("arguments", "value", "remedy"),
    [
        (["count", "-o", "c.ngrams"], "no INPUT", "name a file"),
        (["count", "a.txt"], "'-o'", ""),
        (["count", "missing.txt", "-o", "c.ngrams"], "missing.txt", "check the path"),
        (["count", "blank.txt", "-o", "c.ngrams"], "blank.txt", "give text"),
        (["count", "a.txt", "-o", "c"], "c: the suffix", ".ngrams, .csv"),
        (["count", "a.txt", "-o", "c.dict"], "c.dict", ".parquet"),
        (["count", "a.txt", "-o", "c.txt"], "c.txt", ".parquet"),
        (["count", "a.txt", "-o", "folder"], "folder", "suffix"),
        (["count", "a.txt", "-o", "nowhere/c.ngrams"], "nowhere", "mkdir -p"),
        (["count", "a.txt", "-o", "nowhere/c.csv"], "nowhere", "mkdir -p"),
        (["count", "good.ngrams", "-o", "good.ngrams"], "good.ngrams", "another name"),
        (["count", "a.txt", "-o", "c.ngrams", "--rejects", "c.ngrams"], "c.ngrams", "another name"),
        (["count", "a.txt", "-o", "c.ngrams", "--order", "0"], "--order 0", "give 1 or more"),
        (["count", "a.txt", "-o", "c.ngrams", "--order", "x"], "'x'", "integer"),
        (["count", "a.txt", "-o", "c.ngrams", "--order", "99"], "--order 99", "give at most 64"),
        (["count", "a.txt", "-o", "c.ngrams", "--order", "9" * 30], "--order 999", "at most"),
        (["count", "a.txt", "-o", "c.ngrams", "--min-count", "0"], "--min-count 0", "give 1 or more"),
        (["count", "a.txt", "-o", "c.ngrams", "--min-count", "9" * 30], "--min-count 999", "at most"),
        (["count", "a.txt", "-o", "c.ngrams", "--threads", "-1"], "--threads -1", "give 1 or more"),
        (["count", "a.txt", "-o", "c.ngrams", "--threads", "100000"], "--threads 100000", "1024 at most"),
        (["count", "a.txt", "-o", "c.ngrams", "--memory", "much"], "--memory 'much'", "such as 2G"),
        (["count", "a.txt", "-o", "c.ngrams", "--memory", "10M"], "--memory 10M", "or more"),
        (["count", "a.txt", "-o", "c.csv", "--memory", "10M"], "--memory 10M", "or more"),
        (["merge", "-o", "c.ngrams"], "no COUNTS", "nlptools merge a.ngrams b.ngrams"),
        (["merge", "missing.ngrams", "-o", "c.ngrams"], "missing.ngrams", "check the path"),
        (["merge", "a.txt", "-o", "c.ngrams"], "a.txt: cannot be read as a count file", "nlptools count"),
        (["merge", "cut.ngrams", "-o", "c.ngrams"], "cut.ngrams: cannot be read", "count again"),
        (["merge", "good.ngrams", "damaged.ngrams", "-o", "c.ngrams"], "damaged.ngrams", "count again"),
        (["merge", "damaged.ngrams", "-o", "c.csv"], "damaged.ngrams", "count again"),
        (["merge", "good.ngrams", "rare.ngrams", "-o", "c.ngrams"], "rare.ngrams", "count again without min_count"),
        (["merge", "good.ngrams", "-o", "good.ngrams"], "good.ngrams", "another name"),
        (["merge", "good.ngrams", "-o", "c.ngrams", "--order", "3"], "--order 3", "give that or less"),
        (["merge", "good.ngrams", "-o", "c.xlsx"], "c.xlsx", ".ngrams, .csv"),
        (["merge", "good.ngrams", "-o", "c.ngrams", "--memory", "1"], "--memory 1 is", "or more"),
    ],
)
def test_errors(nlptools: Any, counted: Path, arguments: list[str], value: str, remedy: str) -> None:
    """One line, status 2, and no file touched."""
    before = {path: path.read_bytes() for path in counted.rglob("*") if path.is_file()}
    result = nlptools(*arguments, "-q")
    assert (result.status, result.out) == (2, "")
    line = result.err.splitlines()[0]
    assert line.startswith("nlptools: ")
    assert value in line
    assert remedy in line
    assert result.err.splitlines()[1:] in ([], [f"Try: nlptools {arguments[0]} --help"])
    assert {path: path.read_bytes() for path in counted.rglob("*") if path.is_file()} == before


def test_one_document_too_long(nlptools: Any, counted: Path, small_blocks: None) -> None:
    result = nlptools("count", "long.txt", "-o", "c.ngrams", "-q")
    assert result.status == 2
    assert result.err.startswith(
        "nlptools: --memory 1024M is too little for a document of 5,002 characters: give 2561M"
    )
    assert not (counted / "c.ngrams").exists()


class Full:
    """Write so many count files; the disk has no room for the next one."""

    def __init__(self, files: int) -> None:
        self.left, self.write = files, write_counts

    def __call__(self, path: Path, *rest: Any) -> None:
        self.left -= 1
        if self.left < 0:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        self.write(path, *rest)


def test_disk_full(
    nlptools: Any, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_blocks: None
) -> None:
    output = tmp_path / "out" / "c.ngrams"
    output.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(spilling, "write_counts", Full(3))
        result = nlptools("count", corpus, "-o", output)
    assert result.status == 2
    *_, kept, error = result.err.splitlines()
    assert kept == "runs: 3 stay in c.ngrams.partial: the same command will go on from there"
    assert error.startswith("nlptools: ")
    assert "c.ngrams.partial: cannot be written (No space left on device); make room" in error
    assert not output.exists()
    result = nlptools("count", corpus, "-o", output)
    assert result.status == 0
    assert "runs: 3 are on disk already" in result.err
    assert list(output.parent.iterdir()) == [output]
    with monkeypatch.context() as patch:
        patch.setattr(spilling, "write_counts", Full(0))
        result = nlptools("merge", output, "-o", tmp_path / "d.ngrams", "-q")
    assert (result.status, len(result.err.splitlines())) == (2, 1)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("d.ngrams")]


@POSIX
def test_an_interrupt_keeps_the_runs_and_says_so(spawn: Any, tmp_path: Path, corpus: Path) -> None:
    code = (
        "from nlptools.ngrams import count; from nlptools.ngrams.plan import Plan\n"
        "count.make_plan = lambda memory, order, threads: Plan(1 << 30, 1, 20000, 500, 3)\n"
        "import time; from nlptools.ngrams.spill import Spill; add = Spill.add\n"
        "def slow(self, *block):\n"
        "    add(self, *block)\n"
        "    if len(self.runs) == 2: print('now', flush=True); time.sleep(60)\n"
        "Spill.add = slow\n"
        "from nlptools_cli.main import main; main()\n"
    )
    output = tmp_path / "c.ngrams"
    process = spawn("count", corpus, "-o", output, code=code)
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-2:] == [
        "runs: 2 stay in c.ngrams.partial: the same command will go on from there",
        "nlptools: interrupted",
    ]
    assert "Traceback" not in err
    assert not output.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.ngrams.partial", "corpus.txt"]
    process = spawn("count", corpus, "-o", output)
    assert "runs: 2 are on disk already" in process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.ngrams", "corpus.txt"]


@POSIX
def test_an_interrupt_where_nothing_can_be_kept(spawn: Any, tmp_path: Path) -> None:
    read, write = os.pipe()
    process = spawn("count", "-", "-o", tmp_path / "c.ngrams", stdin=read)
    os.close(read)
    stop = threading.Event()

    def feed() -> None:
        try:
            with os.fdopen(write, "wb") as pipe:
                while not stop.wait(0.01):
                    pipe.write("研究生命的起源\n".encode() * 100)
        except BrokenPipeError:
            pass

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    assert process.stderr.readline()  # of the plan, or of the kernels
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    stop.set()
    feeder.join(10)
    assert (process.returncode, err.splitlines()[-1]) == (130, "nlptools: interrupted")
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_an_interrupt_is_heard_although_an_import_loses_it(spawn: Any, tmp_path: Path, corpus: Path) -> None:
    """Some packages try this and that while they are imported, and catch whatever comes."""
    code = (
        "import os, signal, sys; from importlib.abc import MetaPathFinder\n"
        "class Loses(MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'nlptools.ngrams.count':\n"
        "            try: os.kill(os.getpid(), signal.SIGINT)\n"
        "            except BaseException: pass\n"
        "sys.meta_path.insert(0, Loses())\n"
        "from nlptools_cli.main import main; main()\n"
    )
    process = spawn("count", corpus, "-o", tmp_path / "c.ngrams", "-q", code=code)
    assert process.communicate(timeout=60) == ("", "nlptools: interrupted\n")
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == [corpus]
