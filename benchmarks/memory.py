"""Counting under a memory budget: seconds and peak memory against the size of the text.

    python benchmarks/memory.py [--sizes 10 100 1000 4000] [--memory 1G] [--rounds 3]

The text is zh/mixed.txt.gz, and beyond its 100 MB copies of it that are cut at random places, one in ten, whose pieces
are shuffled: so that the distinct 4-grams go on growing about as they do in real text (see `permuted`).
Peak memory is what the operating system reports of the whole process.
"""

import argparse
import gzip
import tempfile
from pathlib import Path

import numpy as np
from common import Plot, machine, measure, median, need, nlptools, table
from numpy.typing import NDArray

CUT = 0.1  # of the gaps between characters: 27 % of the 4-grams of a copy are torn


def permuted(text: NDArray[np.uint32], seed: int) -> NDArray[np.uint32]:
    """Return the characters of the text cut at random places, the pieces in random order."""
    chance = np.random.default_rng(seed)
    starts = np.concatenate([[0], 1 + np.flatnonzero(chance.random(text.size - 1) < CUT)])
    lengths = np.diff(np.concatenate([starts, [text.size]]))
    order = chance.permutation(starts.size)
    ends = np.cumsum(lengths[order])
    shifts = np.repeat(starts[order] - (ends - lengths[order]), lengths[order])
    pieces: NDArray[np.uint32] = text[np.arange(text.size) + shifts]
    return pieces


def write_text(path: Path, megabytes: int, source: Path) -> None:
    """Write a text of so many megabytes."""
    with gzip.open(source, "rb") as packed:
        whole = packed.read().decode()
    text = np.frombuffer(whole.encode("utf-32-le"), np.uint32)
    missing = megabytes * 1_000_000
    with path.open("wb") as file:
        seed = 0
        while missing > 0:
            copy = text if seed == 0 else permuted(text, seed)
            data = copy.tobytes().decode("utf-32-le").encode()
            if len(data) > missing:
                data = data[: data.rfind(b"\n", 0, missing) + 1]
            file.write(data)
            missing = missing - len(data) if len(data) > 1_000_000 else 0
            seed += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000, 4000], help="in MB")
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--order", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    (source,) = need("zh/mixed.txt.gz")
    print(machine())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        text, counts = Path(folder, "text.txt"), Path(folder, "counts.ngrams")
        for size in options.sizes:
            write_text(text, size, source)
            for memory in ("in memory", options.memory) if size <= 100 else (options.memory,):
                budget = [] if memory == "in memory" else ["--memory", memory]
                command = nlptools("count", str(text), "-o", str(counts), "-q", "--order", str(options.order), *budget)
                runs = [measure(command) for _ in range(options.rounds if size <= 1000 else 1)]
                seconds = median([run.seconds for run in runs])
                peak = max(run.memory for run in runs)
                rows.append(
                    [f"{size:,} MB", memory, seconds, 1000 * seconds / size, f"{peak:.0f}", counts.stat().st_size >> 20]
                )
                print(rows[-1], flush=True)
    table(
        "nlptools count",
        ["text", "memory", "seconds", "ms a MB", "peak MB", "count file MB"],
        rows,
        Plot("lines", "text", ["seconds", "peak MB"], "seconds, MB", by="memory", log=True),
    )


if __name__ == "__main__":
    main()
