"""What every benchmark needs: the evaluation data, a measured run of a command, tables that are printed and recorded."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("NLPTOOLS_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Run:
    """One run of a command: wall-clock seconds, peak memory of the process in MB."""

    seconds: float
    memory: float


def measure(command: Sequence[str], **environment: str) -> Run:
    """Run a command to its end and return what it took; SystemExit if it fails.

    A small process starts it: the peak that is reported of a process begins with that of the one that starts it.
    """
    starter = [sys.executable, "-S", "-c", _STARTER, *command]
    done = subprocess.run(starter, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True)
    seconds, memory, status = map(float, done.stdout.split())
    if status:
        sys.exit(f"{' '.join(command)} failed with status {os.waitstatus_to_exitcode(int(status))}")
    return Run(seconds, memory / 1024)


_STARTER = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - start, usage.ru_maxrss, status)
"""


def nlptools(*arguments: str) -> list[str]:
    """Return the command line that runs our command with this interpreter."""
    return [sys.executable, "-m", "nlptools_cli", *arguments]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def need(*names: str) -> list[Path]:
    """Return the paths of evaluation files; SystemExit with the remedy if one is missing."""
    paths = [DATA / name for name in names]
    for path in paths:
        if not path.exists():
            sys.exit(f"{path} is missing: set NLPTOOLS_DATA to the folder of the evaluation data")
    return paths


@dataclass(frozen=True)
class Plot:
    """How a table is drawn: a line or a group of bars for each column of `y` (numbers, unit in `label`), along column `x`.

    by: a column whose values part the rows into lines of their own. log: both axes of lines, the length of bars.
    """

    kind: Literal["lines", "bars"]
    x: str
    y: Sequence[str]
    label: str
    by: str | None = None
    log: bool = False


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]], plot: Plot | None = None) -> None:
    """Print a Markdown table; and add it to the record, a JSON file, if NLPTOOLS_BENCH_RECORD names one."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("| " + " | ".join("---" for _ in header) + " |")
    for row in rows:
        print("| " + " | ".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    sys.stdout.flush()
    if name := os.environ.get("NLPTOOLS_BENCH_RECORD"):
        record = Path(name)
        tables = json.loads(record.read_text(encoding="utf-8")) if record.exists() else []
        cells = [[cell if isinstance(cell, int | float) else str(cell) for cell in row] for row in rows]
        found = {"title": title, "header": list(header), "rows": cells, "plot": plot and asdict(plot)}
        record.write_text(json.dumps([*tables, found], ensure_ascii=False), encoding="utf-8")


def machine() -> str:
    """Return one line about the machine and the versions."""
    from importlib.metadata import version

    names = ("numpy", "numba", "pyarrow", "polars")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = found[0] if found else model
    return f"{os.cpu_count()} × {model}; Python {sys.version.split()[0]}, {versions}"
