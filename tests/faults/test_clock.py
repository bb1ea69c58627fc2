"""Clocks that jump: files from the future and from before 1970, and a clock that goes back while a command works."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nlptools_cli.main import run

FUTURE, PAST = 4_102_444_800, -2_000_000_000  # seconds: the years 2100 and 1906
TEXT = "研究生命的起源\n打印机怎么安装\n𠮷野家的牛丼\n研究生命的起源\n" * 30
JOB = """
[stages.texts]
kind = "convert"
inputs = "text.txt"
output = "texts.txt"
normalise = true

[stages.counts]
kind = "count"
inputs = "texts"
output = "counts.ngrams"
order = 2
"""
RESULTS = ("texts.txt", "counts.ngrams")

Call = Callable[..., str]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in a folder with a text and a job; return what it printed, and said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    Path("job.toml").write_text(JOB, encoding="utf-8")

    def run_command(*arguments: str) -> str:
        capsys.readouterr()
        assert run([*arguments]) == 0, capsys.readouterr().err
        said = capsys.readouterr()
        return said.out + said.err

    return run_command


def set_times(seconds: float, *names: str) -> None:
    try:
        for name in names:
            os.utime(name, (seconds, seconds))
    except (OSError, OverflowError):
        pytest.skip("this file system has no such times")


@pytest.mark.parametrize("seconds", [FUTURE, PAST, 0])
def test_a_job(call: Call, seconds: int, record_property: Callable[[str, object], None]) -> None:
    """What matters is the content."""
    record_property("faults: a clock that jumps", 3)
    set_times(seconds, "text.txt", "job.toml")
    call("run", "job.toml")
    results = [Path(name).read_bytes() for name in RESULTS]
    set_times(-seconds, "text.txt", *RESULTS)
    assert call("run", "job.toml", "--dry-run").count("up to date") == 2
    Path("text.txt").write_text(TEXT.replace("牛", "羊"), encoding="utf-8")  # as many bytes
    set_times(seconds - 10, "text.txt")
    assert "text.txt has changed" in call("run", "job.toml", "--dry-run")
    call("run", "job.toml")
    assert [Path(name).read_bytes() for name in RESULTS] != results
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    set_times(seconds, "text.txt")
    call("run", "job.toml")
    assert [Path(name).read_bytes() for name in RESULTS] == results


@pytest.mark.parametrize("seconds", [FUTURE, PAST, 0])
def test_an_index_that_is_kept(call: Call, seconds: int, record_property: Callable[[str, object], None]) -> None:
    """A concordance notices that the text is another one, whatever the clock says."""
    record_property("faults: a clock that jumps", 2)
    set_times(seconds, "text.txt")
    first = call("concordance", "牛", "text.txt", "-q")
    assert call("concordance", "牛", "text.txt", "-q") == first
    Path("text.txt").write_text(TEXT.replace("牛", "羊"), encoding="utf-8")
    set_times(seconds - 1, "text.txt")
    assert "羊" in call("concordance", "羊", "text.txt", "-q")


@pytest.mark.parametrize("step", [-3600.0, 1e9])
def test_a_clock_that_goes_wrong_while_it_works(
    call: Call, step: float, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    commands = [
        ["count", "text.txt", "-o", "c.ngrams", "--order", "2"],
        ["corpus", "convert", "text.txt", "-o", "out.jsonl"],
        ["newwords", "text.txt", "-o", "words.csv"],
        ["run", "job.toml", "--log", "log.jsonl"],
    ]
    record_property("faults: a clock that jumps", len(commands))
    results = ["c.ngrams", "out.jsonl", "words.csv", *RESULTS]
    for arguments in commands:
        call(*arguments)
    expected = [Path(name).read_bytes() for name in results]
    for name in results:
        Path(name).unlink()
    now, ticks = time.time(), itertools.count()
    monkeypatch.setattr(time, "time", lambda: now + step * next(ticks))
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * (now + step * next(ticks))))
    for arguments in commands:
        call(*arguments)
    assert [Path(name).read_bytes() for name in results] == expected
