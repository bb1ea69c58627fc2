"""For the tests of kills, full disks and broken input: a text of many runs, and the command in its own process.

NLPTOOLS_FAULTS=whole (make faults) asks for the long form.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
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


MOST_CRASHES = 20


class Campaign(NamedTuple):
    """How many inputs of each target were checked, what was found, and how many of each target ended how."""

    checked: Counter[str]
    findings: list[str]
    ended: dict[str, Counter[str]]


def _finished(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", env=environment, check=False
    )


@pytest.fixture
def finished() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run a command to its end; if it hangs it ends itself."""
    return _finished


@pytest.fixture
def campaign() -> Callable[..., Campaign]:
    """Run a script on the first inputs of each target; it goes on behind an input that kills it."""

    def run(script: Path, inputs: dict[str, int], state: Path) -> Campaign:
        found = Campaign(Counter(), [], {name: Counter() for name in inputs})
        waiting = [(name, 0, end) for name, end in inputs.items()]
        crashes = 0
        while waiting and crashes < MOST_CRASHES:
            command = [sys.executable, str(script), str(state)]
            parts = [f"{name}:{first}:{end}" for name, first, end in waiting]
            done = _finished(command + parts, TMPDIR=str(state.parent))  # where what a crash leaves goes, too
            for line in done.stdout.splitlines():
                told = json.loads(line)
                if "done" in told:
                    found.checked[told["target"]] += told["done"]
                    found.ended[told["target"]].update(told.get("ended", {}))
                    waiting = waiting[1:]
                else:
                    found.findings.append(f"{told['target']}:{told['number']}: {told['input']}\n{told['error']}")
            if done.returncode:
                crashes += 1
                name, number = state.read_text(encoding="utf-8").splitlines()[0].rsplit(":", 1)
                found.findings.append(f"{name}:{number}: exit status {done.returncode}\n{done.stderr[-2000:]}")
                (_, first, end), *rest = waiting
                found.checked[name] += int(number) + 1 - first
                waiting = [(name, int(number) + 1, end), *rest]
        return found

    return run


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how many faults of each kind were tried and survived, and how many inputs the fuzz run had.

    Also where tests run in several processes. Of a test that fails no fault counts as survived.
    """
    tried: Counter[str] = Counter()
    survived: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, told in report.user_properties:
                kind = name.removeprefix("faults: ")
                if kind == name:
                    terminalreporter.write_line(f"{name:44} " + (f"{told:>10,}" if isinstance(told, int) else told))
                elif report.when == "call":
                    tried[kind] += told
                    survived[kind] += told * (outcome == "passed")
    if tried:
        terminalreporter.write_line(f"{'faults':44} {'tried':>10} {'survived':>10}")
        for kind in sorted(tried):
            terminalreporter.write_line(f"{kind:44} {tried[kind]:>10,} {survived[kind]:>10,}")
