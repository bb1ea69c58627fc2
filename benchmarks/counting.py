"""Counting all n-grams of orders 1 to 4, decoding included, against polars grouping the same windows already packed.

    python benchmarks/counting.py [--rounds 7]

All get two threads and are run in turn in one process; ratios are taken round by round. Polars gets the keys of the very
windows that we count, and of the whole 4-grams alone, without those that a segment's end cuts short. Ours starts from a
table of text: it checks UTF-8, decodes and counts. It runs twice a round, since the first run after polars pays for
memory that the operating system has to find first, while polars keeps what it once had.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import numpy as np
import polars as pl
import pyarrow as pa
from common import machine, median, need, table
from numpy.typing import NDArray

from nlptools import count_ngrams, open_corpus
from nlptools.ngrams.grouping import window_bits
from nlptools.text.encode import encode_characters


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    (path,) = need("zh/mixed.txt.gz")
    batches = list(open_corpus(path).batches())
    corpus = pa.Table.from_batches(batches)
    keys, whole = packed_windows(batches)

    def ours() -> int:
        counts = count_ngrams(corpus, order=4, threads=2)
        return sum(rows.heads.size for rows in counts.chunks)

    def polars_groups(windows: NDArray[np.uint64]) -> int:
        frame = pl.LazyFrame({"window": windows})
        return frame.group_by("window").agg(pl.len()).collect(engine="streaming").height

    print(machine())
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
        [
            name,
            f"{results[name]:,}",
            median(seconds),
            *(median([a / b for a, b in zip(seconds, times[other], strict=True)]) for other in polars),
        ]
        for name, seconds in times.items()
    ]
    print(f"\n{keys.size:,} windows, of which {int(whole.sum()):,} whole 4-grams")
    table(
        f"Counting orders 1 to 4 of 100 MB, two threads, median of {rounds}",
        ["what", "distinct", "seconds", *(f"over {name}" for name in polars)],
        rows,
    )


if __name__ == "__main__":
    main()
