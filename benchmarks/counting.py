"""Counting n-grams of characters: beside polars grouping packed windows, and beside packages that count from a file.

    python benchmarks/counting.py [--only polars|peers] [--rounds N] [--sizes 10 90] [--seconds 120]

Polars: all n-grams of orders 1 to 4 of 100 MB, in one process, with two threads each, in turn; ratios are taken round by
round. Polars gets the keys of the very windows that we count, and of the whole 4-grams alone, without those that a
segment's end cuts short. Ours starts from a table of text: it checks UTF-8, decodes and counts. It runs twice a round,
since the first run after polars pays for memory that the operating system has to find first, while polars keeps what it
once had.

Peers: the same n-grams within the same lines of a file, each way as a process, start included: seconds and peak memory of
the process. The text is mixed Chinese, with a line for each segment of ours, so that an n-gram is the same thing for all.
All find the same number of different n-grams and the same total, or the benchmark ends. Ours writes its counts to a file;
the others hold them in memory and tell the two numbers. Ours, DuckDB and polars have two threads; the others can use one
only. gensim's Phrases knows no more than pairs, so it stands beside our count of orders 1 and 2. CountVectorizer keeps a
matrix of lines and n-grams, which is what it is for. Rounds in turn, our kernels warm, medians, the ratio to ours round by
round; what takes longer than --seconds is ended, and not tried again. The kenlm package reads models and does not count: it
ships no lmplz.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import numpy as np
import polars as pl
import pyarrow as pa
from common import Plot, Run, machine, measure, median, need, nlptools, table
from numpy.typing import NDArray
from peers import run_peer

from nlptools import count_ngrams, open_corpus, read_counts
from nlptools.ngrams.grouping import window_bits
from nlptools.text.encode import encode_characters

PEERS = {
    "collections.Counter": "counter",
    "scikit-learn, CountVectorizer": "scikit-learn",
    "DuckDB, group by": "duckdb",
    "polars, group by": "polars",
    "gensim, Phrases, orders 1 and 2": "gensim",
}
OURS = {"ours": 4, "ours, orders 1 and 2": 2}


def main() -> None:
    parts = {"polars": beside_polars, "peers": beside_peers}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(parts))
    parser.add_argument("--rounds", type=int, help="default: 7 for polars, 3 for peers")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 90], help="of peers, in MB")
    parser.add_argument("--seconds", type=float, default=120, help="of peers: a longer run is ended")
    options = parser.parse_args()
    (path,) = need("zh/mixed.txt.gz")
    print(machine())
    for name in [options.only] if options.only else parts:
        parts[name](path, options)


def packed_windows(batches: list[pa.RecordBatch]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the key of the window of 4 codes that starts at each character, and which of them have all 4."""
    text = encode_characters(batches, 2)
    bits = window_bits(len(text.alphabet))
    codes = np.concatenate([text.codes.astype(np.uint64), np.zeros(3, np.uint64)])
    size = text.codes.size
    keys, inside = np.zeros(size, np.uint64), np.ones(size, np.bool_)
    for j in range(4):
        here = codes[j : j + size]
        inside &= here != 0
        keys = keys << np.uint64(bits) | np.where(inside, here, 0)
    starts = text.codes != 0
    return keys[starts], inside[starts]


def beside_polars(path: Path, options: argparse.Namespace) -> None:
    rounds = options.rounds or 7
    batches = list(open_corpus(path).batches())
    corpus = pa.Table.from_batches(batches)
    keys, whole = packed_windows(batches)

    def ours() -> int:
        counts = count_ngrams(corpus, order=4, threads=2)
        return sum(rows.heads.size for rows in counts.chunks)

    def polars_groups(windows: NDArray[np.uint64]) -> int:
        frame = pl.LazyFrame({"window": windows})
        return frame.group_by("window").agg(pl.len()).collect(engine="streaming").height

    inputs = {"all windows, segment ends too": keys, "whole 4-grams only": keys[whole]}
    jobs: dict[str, Callable[[], int]] = {
        "ours, right after polars": ours,
        "ours, again": ours,
        **{f"polars, {name}": partial(polars_groups, windows) for name, windows in inputs.items()},
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    results = {name: job() for name, job in jobs.items()}  # warm
    for _ in range(rounds):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
    polars = [name for name in jobs if name.startswith("polars")]
    rows = [
        [name, results[name], median(seconds), *(over(seconds, times[other]) for other in polars)]
        for name, seconds in times.items()
    ]
    table(
        f"Counting orders 1 to 4 of 100 MB, {keys.size:,} windows, {int(whole.sum()):,} of them whole, median of {rounds}",
        ["what", "distinct", "seconds", *(f"over {name}" for name in polars)],
        rows,
        Plot("bars", "what", ["seconds"], "seconds"),
    )


def over(seconds: list[float], others: list[float]) -> float:
    """Return the median of the ratios, round by round; rounds that only one of them has are left out."""
    return median([a / b for a, b in zip(seconds, others, strict=False)])


def beside_peers(source: Path, options: argparse.Namespace) -> None:
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        text, counts = Path(folder, "text.txt"), Path(folder, "counts.ngrams")
        for megabytes in options.sizes:
            write_segments(text, megabytes, source)
            runs = rounds_of(text, counts, options.rounds or 3, options.seconds)
            rows += [[f"{megabytes} MB", *row] for row in compared(runs)]
    table(
        f"Counting orders 1 to 4 from a file, median of {options.rounds or 3}",
        ["text", "what", "distinct", "n-grams in all", "seconds", "seconds over ours", "peak memory, MB", "over ours"],
        rows,
        Plot("bars", "what", ["seconds", "peak memory, MB"], "seconds, MB", by="text", log=True),
    )


def write_segments(path: Path, megabytes: int, source: Path) -> None:
    """Write the first megabytes of a text with a line for each segment."""
    text = encode_characters(open_corpus(source).batches(), 2)
    characters = np.array(text.alphabet.to_pylist())
    characters[0] = "\n"
    size, done = megabytes * 1_000_000, 0
    with path.open("wb") as file:
        for begin in range(1, text.codes.size, 1_000_000):  # the first code is a break
            written = "".join(characters[text.codes[begin : begin + 1_000_000]]).encode()[: size - done]
            file.write(written[: written.rfind(b"\n") + 1] if done + len(written) >= size else written)
            done += len(written)


def rounds_of(text: Path, counts: Path, rounds: int, limit: float) -> dict[str, list[Run]]:
    """Run every way once a round; the output of a run is the JSON of the two numbers."""
    runs: dict[str, list[Run]] = {name: [] for name in [*OURS, *PEERS]}
    same = ("-o", str(counts), "-q", "--threads", "2")
    ours = {name: nlptools("count", str(text), *same, "--order", str(order)) for name, order in OURS.items()}
    for command in ours.values():
        measure(command)  # warm
    for _ in range(rounds):
        for name, command in ours.items():
            run = measure(command)
            runs[name].append(Run(run.seconds, run.memory, told(counts), run.failure))
        for name, how in PEERS.items():
            if not any(run.failure for run in runs[name]):
                run = run_peer("count_ngrams.py", how, text, timeout=limit, POLARS_MAX_THREADS="2")
                runs[name].append(run)
                print(name, f"{run.seconds:.1f} s", run.output.strip() or run.failure, flush=True)
    return runs


def told(counts: Path) -> str:
    """Return the numbers of different n-grams and of all in a count file, as the scripts of the peers print them."""
    distinct = total = 0
    for batch in read_counts(counts).to_batches(min_count=1):
        distinct += batch.num_rows
        total += int(batch["count"].to_numpy().sum())
    return json.dumps({"distinct": distinct, "total": total})


def compared(runs: dict[str, list[Run]]) -> list[list[object]]:
    """Return a row for each way; SystemExit if two of them count differently."""
    rows: list[list[object]] = []
    for name, tried in runs.items():
        ours = "ours, orders 1 and 2" if name.endswith("orders 1 and 2") else "ours"
        if failures := [run.failure for run in tried if run.failure]:
            rows.append([name, "-", "-", failures[0], "-", "-", "-"])
            continue
        numbers = {run.output.strip() for run in tried}
        if numbers != {runs[ours][0].output}:
            raise SystemExit(f"{name} counts {numbers}, {ours} {runs[ours][0].output}")
        distinct, total = json.loads(numbers.pop()).values()
        seconds, memory = [run.seconds for run in tried], [run.memory for run in tried]
        ratios = over(seconds, [run.seconds for run in runs[ours]]), over(memory, [run.memory for run in runs[ours]])
        rows.append([name, distinct, total, median(seconds), ratios[0], round(median(memory)), ratios[1]])
    return rows


if __name__ == "__main__":
    main()
