"""For the tests of kills, full disks and broken input: a text of many runs, and the command in its own process.

NLPTOOLS_FAULTS=whole (make faults) asks for the long form.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
MAIN = "from nlptools_cli.main import main; main()"
SMALL = (  # in the short form a smaller text makes as many runs, in smaller blocks than any memory gives
    "from nlptools.ngrams import count; from nlptools.ngrams.plan import Plan\n"
    "count.make_plan = lambda memory, order, threads: Plan(1 << 30, threads, 150_000, 40_000, 3)\n"
)
OPTIONS = ["--order", "3", "--threads", "1", "--memory", "368M"]  # the least there is


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether the long form is asked for."""
    return os.environ.get("NLPTOOLS_FAULTS") == "whole"


@pytest.fixture(scope="session")
def start(whole: bool) -> Callable[..., "subprocess.Popen[str]"]:
    """Start `nlptools count` with the least memory."""
    code = MAIN if whole else SMALL + MAIN

    def started(*arguments: object, **more: Any) -> "subprocess.Popen[str]":
        path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
        return subprocess.Popen(
            [sys.executable, "-c", code, "count", *map(str, arguments), *OPTIONS],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )

    return started


class Undisturbed(NamedTuple):
    """A text, what its count file shall be, and how many seconds that takes after the plan is made."""

    text: Path
    expected: bytes
    seconds: float


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, start: Any, whole: bool) -> Undisturbed:
    """Count a text of several runs without disturbing it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    characters = 20_000_000 if whole else 600_000
    random = np.random.default_rng(1)
    codes = (0x4E00 + random.zipf(1.4, characters).clip(1, 3000)).astype("<u4")
    codes[random.random(characters) < 0.03] = ord("\n")
    text = folder / "text.txt"
    text.write_bytes(codes.tobytes().decode("utf-32-le").encode())
    process = start(text, "-o", folder / "counts.ngrams")
    while not process.stderr.readline().startswith("plan: "):
        assert process.poll() is None
    started = time.monotonic()
    err = process.stderr.read()
    process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert err.count("run ") >= 4
    return Undisturbed(text, (folder / "counts.ngrams").read_bytes(), time.monotonic() - started)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how many inputs the fuzz run had, also where tests run in several processes."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, count in report.user_properties:
                terminalreporter.write_line(f"{name:30} {count:>10,}")
