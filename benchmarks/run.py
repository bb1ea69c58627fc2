"""Run the benchmarks, record what they print as JSON in docs/benchmarks/, and make docs/benchmarks.md of the records.

    python benchmarks/run.py                   all: `make bench`
    python benchmarks/run.py counting lm       those of a script, or one part: `make bench ONLY="counting segmentation-speed"`
    python benchmarks/run.py --list            what there is
    python benchmarks/run.py --page            only the page and its plots, from the records

A benchmark that fails leaves its former record as it was and does not end the others; exit status 1 tells that one did.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime

import page
from common import ROOT, processor, versions
from contents import CONTENTS, Benchmark, Part
from peers import failures, installed

from nlptools import __version__

BASE = ("numpy", "numba", "pyarrow")  # what every benchmark has to do with


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    chosen = choose(options.names)
    if options.list:
        print("\n".join(f"{part.name:24} {part.command(benchmark)}" for benchmark, part in chosen))
        return
    failed = [] if options.page else [part.name for benchmark, part in chosen if not record(benchmark, part)]
    page.write()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def choose(names: list[str]) -> list[tuple[Benchmark, Part]]:
    """Return the parts of those names, or of the scripts of those names; all if there are none."""
    pairs = [(benchmark, part) for benchmark in CONTENTS for part in benchmark.parts]
    known = {name for benchmark, part in pairs for name in (benchmark.script, part.name)}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no benchmark is called {unknown[0]!r}: python benchmarks/run.py --list says what there is")
    return [pair for pair in pairs if not names or {pair[0].script, pair[1].name} & set(names)]


def record(benchmark: Benchmark, part: Part) -> bool:
    """Run a part as a process of its own, and write its record if it ends well; tell whether it did."""
    print(f"\n## {part.name}: {part.command(benchmark)}", flush=True)
    tables = ROOT / "build" / "bench" / f"{part.name}.json"
    tables.parent.mkdir(parents=True, exist_ok=True)
    tables.unlink(missing_ok=True)
    found = circumstances(benchmark, part)
    script = ROOT / "benchmarks" / f"{benchmark.script}.py"
    start = time.perf_counter()
    command = [sys.executable, str(script), *part.arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "NLPTOOLS_BENCH_RECORD": str(tables)}, check=False)
    if done.returncode or not tables.exists():
        print(f"{part.name} failed; what it had measured is in {tables}", file=sys.stderr)
        return False
    found |= {"seconds": round(time.perf_counter() - start), "tables": json.loads(tables.read_text(encoding="utf-8"))}
    page.write_record(part.name, found)
    return True


def circumstances(benchmark: Benchmark, part: Part) -> dict[str, object]:
    """Return what is to be known about a measurement beside its tables."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    missing = {name: reason for name, reason in failures().items() if name in benchmark.peers}
    return {
        "command": part.command(benchmark),
        "about": page.about(benchmark.script),
        "date": datetime.now(UTC).date().isoformat(),
        "load": [round(load, 1) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(memory / 1e9) or None,
            "system": " ".join([platform.system(), ".".join(platform.release().split(".")[:2])]),
        },
        "versions": {
            "nlptools": f"{__version__}{commit()}",
            "python": platform.python_version(),
            **versions([*BASE, *benchmark.packages]),
        },
        "peers": {name: found for name, found in installed().items() if name in benchmark.peers},
        "missing": missing,
        "note": "",
    }


def commit() -> str:
    """Return the commit of the source in brackets, and whether something has been changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=, changed"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f" ({done.stdout.strip()})"


if __name__ == "__main__":
    main()
