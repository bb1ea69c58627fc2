"""Time and peak memory of the whole command, gunzip to CSV, kernels warm; and of its start.

python benchmarks/speed.py [--rounds 3]
"""

import argparse
import gzip
import tempfile
from pathlib import Path

from common import Plot, machine, measure, median, need, nlptools, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    (path,) = need("zh/mixed.txt.gz")
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "words.csv"))
        small = Path(folder, "small.txt")
        with gzip.open(path, "rb") as stream:
            small.write_bytes(stream.read(1_000_000).rpartition(b"\n")[0])
        jobs = {
            "nlptools --help": (nlptools("--help"), 5),
            "newwords, 1 MB": (nlptools("newwords", str(small), "-o", out, "--quiet"), 5),
            "newwords, 100 MB": (nlptools("newwords", str(path), "-o", out, "--quiet"), rounds),
            "newwords, 100 MB, --script simplified": (
                nlptools("newwords", str(path), "-o", out, "--quiet", "--script", "simplified"),
                rounds,
            ),
            "newwords, 100 MB, --method cohesion": (
                nlptools("newwords", str(path), "-o", out, "--quiet", "--method", "cohesion"),
                rounds,
            ),
            "newwords, 100 MB, --method entropy": (
                nlptools("newwords", str(path), "-o", out, "--quiet", "--method", "entropy"),
                rounds,
            ),
        }
        rows: list[list[object]] = []
        first = measure(
            nlptools("newwords", str(small), "-o", out, "--quiet"), NUMBA_CACHE_DIR=str(Path(folder, "cold"))
        )
        rows.append(["newwords, 1 MB, very first run (compiles)", first.seconds, round(first.memory), 1])
        for name, (command, count) in jobs.items():
            measure(command)  # warm
            runs = [measure(command) for _ in range(count)]
            rows.append([name, median([r.seconds for r in runs]), round(median([r.memory for r in runs])), count])
        table(
            "The command",
            ["what", "median seconds", "peak memory, MB", "runs"],
            rows,
            Plot("bars", "what", ["median seconds"], "seconds", log=True),
        )


if __name__ == "__main__":
    main()
