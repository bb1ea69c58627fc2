"""Files of every format, cut and damaged: the answer of the whole file, or one line and status 2.

`damage.py` says what is tried, and how to repeat a fault. A short form runs with all tests; with NLPTOOLS_FAULTS=whole some
hundred faults of each format do.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource", reason="needs POSIX limits")

SCRIPT = Path(__file__).parent / "damage.py"


def test_damaged_files(
    tmp_path: Path,
    whole: bool,
    interpreted: bool,
    finished: Any,
    campaign: Any,
    record_property: Callable[[str, object], None],
) -> None:
    if interpreted:
        pytest.skip("needs compiled kernels")
    done = finished([sys.executable, str(SCRIPT), str(tmp_path / "state")])
    assert done.returncode == 0, done.stdout + done.stderr
    faults = {name: number_of_faults(*of, whole=whole) for name, of in json.loads(done.stdout).items()}
    checked, findings, ended = campaign(SCRIPT, faults, tmp_path / "state")
    record_property("faults: a damaged file", checked.total())
    if whole:
        for name, counts in ended.items():
            record_property(f"damaged {name}", told(counts))
    assert not findings, f"{len(findings)} findings, the first:\n{chr(10).join(findings[:20])}"
    assert checked == faults


def number_of_faults(size: int, sealed: bool, slow: bool, *, whole: bool) -> int:
    if not whole:
        return 1 if slow else 12 if sealed else 6
    return 30 if slow else min(6 * size, 300 if sealed else 100)


def told(counts: Counter[str]) -> str:
    return f"{counts.total():,} tried: " + ", ".join(f"{count:,} {how}" for how, count in sorted(counts.items()))
