"""What every benchmark needs: the evaluation data, a measured run of a command, tables that are printed and recorded."""

import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("NLPTOOLS_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Run:
    """One run of a command: wall-clock seconds, peak memory of the process in MB, and how it went.

    output: what it printed, if that was asked for. failure: why it did not end well, in one line; empty if it did.
    """

    seconds: float
    memory: float
    output: str = ""
    failure: str = ""


def measure(command: Sequence[str], **environment: str) -> Run:
    """Run a command to its end and return what it took; SystemExit if it fails."""
    run = attempt(command, None, **environment)
    if run.failure:
        sys.exit(f"{' '.join(command)}: {run.failure}")
    return run


def attempt(command: Sequence[str], timeout: float | None = None, **environment: str) -> Run:
    """Run a command, which may fail or take longer than `timeout` seconds; return what it took, and how it went.

    A small process starts it: the peak that is reported of a process begins with that of the one that starts it.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        starter = [sys.executable, "-S", "-c", _STARTER, str(output), str(errors), str(timeout or 0), *command]
        done = subprocess.run(starter, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True)
        seconds, memory, status, ended = map(float, done.stdout.split())
        said = errors.read_text(encoding="utf-8", errors="replace").strip()
        printed = output.read_text(encoding="utf-8", errors="replace")
    failure = ""
    if ended:
        failure = f"ended by us after {timeout:g} s"
    elif status:
        last = said.splitlines()[-1] if said else "it said nothing"
        failure = f"failed with status {os.waitstatus_to_exitcode(int(status))}: {without_places(last)}"
    return Run(seconds, memory / 1024, printed, failure)


def without_places(text: str) -> str:
    """Return a message without the folders of paths and without addresses, which say where it came from."""
    return re.sub(r"\w+://\S+", "", re.sub(r"(?<![\w:/.])/(?:[\w.+~-]+/)+", "", text))


_STARTER = """
import os, signal, subprocess, sys, threading, time
output, errors, timeout = open(sys.argv[1], "wb"), open(sys.argv[2], "wb"), float(sys.argv[3])
ended = []
def end():
    ended.append(True)
    os.killpg(process.pid, signal.SIGKILL)
start = time.perf_counter()
process = subprocess.Popen(sys.argv[4:], stdout=output, stderr=errors, start_new_session=True)
timer = threading.Timer(timeout, end)
timer.daemon = True
if timeout:
    timer.start()
try:
    _, status, usage = os.wait4(process.pid, 0)
except KeyboardInterrupt:
    os.killpg(process.pid, signal.SIGKILL)
    raise
print(time.perf_counter() - start, usage.ru_maxrss, status, len(ended))
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


def cell(value: object) -> str:
    """Return a cell of a table as it is shown: numbers with as many places as their size wants."""
    if isinstance(value, float):
        size = abs(value)
        return f"{value:.3f}" if size < 10 else f"{value:.1f}" if size < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [list(header), ["---"] * len(header), *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]], plot: Plot | None = None) -> None:
    """Print a Markdown table; and add it to the record, a JSON file, if NLPTOOLS_BENCH_RECORD names one."""
    print(f"\n### {title}\n\n{markdown(header, rows)}", flush=True)
    if name := os.environ.get("NLPTOOLS_BENCH_RECORD"):
        record = Path(name)
        tables = json.loads(record.read_text(encoding="utf-8")) if record.exists() else []
        cells = [[value if isinstance(value, int | float) else str(value) for value in row] for row in rows]
        found = {"title": title, "header": list(header), "rows": cells, "plot": plot and asdict(plot)}
        record.write_text(json.dumps([*tables, found], ensure_ascii=False), encoding="utf-8")


def processor() -> str:
    """Return the name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or "unknown processor"


def versions(names: Sequence[str]) -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    found = {}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def machine() -> str:
    """Return one line about the machine and the versions."""
    packages = ", ".join(f"{name} {found}" for name, found in versions(("numpy", "numba", "pyarrow", "polars")).items())
    return f"{os.cpu_count()} × {processor()}; Python {platform.python_version()}, {packages}"
