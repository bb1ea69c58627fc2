"""The fuzz run of the readers: no traceback, no crash, no hang, and what the twins find.

A short form runs with all tests; with NLPTOOLS_FAULTS=whole more than a million inputs do, and those that
atheris guides. `fuzz_readers.py` says how to repeat one.
"""

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
WHOLE = os.environ.get("NLPTOOLS_FAULTS") == "whole"

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


def test_readers(tmp_path: Path, campaign: Any, record_property: Callable[[str, object], None]) -> None:
    inputs = {name: count if WHOLE else SHORT[count] for name, count in INPUTS.items()}
    checked, findings, _ = campaign(HERE / "fuzz_readers.py", inputs, tmp_path / "state")
    if WHOLE:
        for name, count in {**checked, "in all": checked.total(), "findings": len(findings)}.items():
            record_property(f"fuzz {name}", count)
    assert not findings, f"{len(findings)} findings, the first:\n{chr(10).join(findings[:20])}"
    assert checked == inputs


def test_the_run_finds_what_is_wrong(tmp_path: Path, campaign: Any) -> None:
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
    checked, findings, _ = campaign(script, {"text": 30, "TSV": 5}, tmp_path / "state")
    assert checked == {"text": 30, "TSV": 5}
    assert any("AssertionError" in finding for finding in findings)
    assert any("exit status -6" in finding for finding in findings)


@pytest.mark.skipif(not WHOLE, reason="runs with NLPTOOLS_FAULTS=whole")
@pytest.mark.parametrize("target", GUIDED)
def test_guided_by_coverage(
    tmp_path: Path, finished: Any, record_property: Callable[[str, object], None], target: str
) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install -e '.[fuzz]', on Linux")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    command = [sys.executable, str(HERE / "fuzz_guided.py"), target, str(corpus), f"-max_total_time={GUIDED_SECONDS}"]
    done = finished(command, NUMBA_DISABLE_JIT="1" if target.endswith("kernel") else "0")
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    runs = re.search(r"number_of_executed_units: (\d+)", told)
    assert runs is not None
    record_property(f"guided {target}", int(runs[1]))
