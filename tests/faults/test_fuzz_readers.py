"""The fuzz run of the readers: no traceback, no crash, no hang, and what the twins find.

A short form runs with all tests; with NLPTOOLS_FAULTS=whole more than a million inputs do, and those that
atheris guides. `fuzz_readers.py` says how to repeat one.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WHOLE = os.environ.get("NLPTOOLS_FAULTS") == "whole"
MOST_CRASHES = 20

# Inputs of each target in the whole form, and one of so many in the short form.
INPUTS = {
    **dict.fromkeys(["lines kernel", "values kernel", "elements kernel", "cells kernel"], 300_000),
    **dict.fromkeys(["text", "JSON lines", "JSON", "CSV", "TSV"], 30_000),
    **dict.fromkeys(["narrow limits", "encodings", "guessed encodings", "compression"], 30_000),
    **dict.fromkeys(["JSON records", "zip", "named files", "Parquet", "Arrow"], 8_000),
}
SHORT = {300_000: 500, 30_000: 150, 8_000: 40}
GUIDED = [name for name in INPUTS if name not in ("text", "TSV", "Parquet", "Arrow")]
GUIDED_SECONDS = 20


@pytest.fixture(autouse=True)
def _compiled_only(interpreted: bool) -> None:
    if interpreted:
        pytest.skip("a fuzz run needs compiled kernels")


def _finished(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; if it hangs it ends itself."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), **environment}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", env=environment, check=False
    )


def campaign(
    inputs: dict[str, int], state: Path, script: Path = HERE / "fuzz_readers.py"
) -> tuple[Counter[str], list[str]]:
    """Check the first inputs of each target; return how many were checked, and what was found."""
    checked: Counter[str] = Counter()
    findings: list[str] = []
    waiting = [(name, 0, end) for name, end in inputs.items()]
    crashes = 0
    while waiting and crashes < MOST_CRASHES:
        command = [sys.executable, str(script), str(state)]
        command += [f"{name}:{first}:{end}" for name, first, end in waiting]
        done = _finished(command)
        for line in done.stdout.splitlines():
            told = json.loads(line)
            if "done" in told:
                checked[told["target"]] += told["done"]
                waiting = waiting[1:]
            else:
                findings.append(f"{told['target']}:{told['number']}: {told['input']}\n{told['error']}")
        if done.returncode:
            crashes += 1
            name, number = state.read_text(encoding="utf-8").splitlines()[0].split(":")
            findings.append(f"{name}:{number}: exit status {done.returncode}\n{done.stderr[-2000:]}")
            (_, first, end), *rest = waiting
            checked[name] += int(number) + 1 - first
            waiting = [(name, int(number) + 1, end), *rest]
    return checked, findings


def test_readers(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    inputs = {name: count if WHOLE else SHORT[count] for name, count in INPUTS.items()}
    checked, findings = campaign(inputs, tmp_path / "state")
    if WHOLE:
        for name, count in {**checked, "in all": checked.total(), "findings": len(findings)}.items():
            record_property(f"fuzz {name}", count)
    assert not findings, f"{len(findings)} findings, the first:\n{chr(10).join(findings[:20])}"
    assert checked == inputs


def test_the_run_finds_what_is_wrong(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "import fuzz_readers\n"
        "def check(data, rng):\n"
        "    assert data\n"
        "    if b'mixed' in data:\n"
        "        os.abort()\n"
        "fuzz_readers.TARGETS['text'] = fuzz_readers.TARGETS['text']._replace(check=check)\n"
        "fuzz_readers.main()\n",
        encoding="utf-8",
    )
    checked, findings = campaign({"text": 30, "TSV": 5}, tmp_path / "state", script)
    assert checked == {"text": 30, "TSV": 5}
    assert any("AssertionError" in finding for finding in findings)
    assert any("exit status -6" in finding for finding in findings)


@pytest.mark.skipif(not WHOLE, reason="runs with NLPTOOLS_FAULTS=whole")
@pytest.mark.parametrize("target", GUIDED)
def test_guided_by_coverage(tmp_path: Path, record_property: Callable[[str, object], None], target: str) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install -e '.[fuzz]', on Linux")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    command = [sys.executable, str(HERE / "fuzz_guided.py"), target, str(corpus), f"-max_total_time={GUIDED_SECONDS}"]
    done = _finished(command, NUMBA_DISABLE_JIT="1" if target.endswith("kernel") else "0")
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    runs = re.search(r"number_of_executed_units: (\d+)", told)
    assert runs is not None
    record_property(f"guided {target}", int(runs[1]))
