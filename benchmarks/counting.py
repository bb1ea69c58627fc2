"""Counting all n-grams of orders 1 to 4, decoding included, against polars grouping the same windows already packed.

    python benchmarks/counting.py [--rounds 7]

Both get two threads and are run in turn in one process; the ratio is taken pair by pair.
"""

import argparse
import os
import time

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
        return int(count_ngrams(corpus, order=4, threads=2).heads.size)

    def polars_groups(windows: NDArray[np.uint64]) -> int:
        frame = pl.LazyFrame({"window": windows})
        return frame.group_by("window").agg(pl.len()).collect(engine="streaming").height

    print(machine())
    rows = []
    for name, windows in (("all windows, segment ends too", keys), ("whole 4-grams only", keys[whole])):
        ours(), polars_groups(windows)  # warm
        times = []
        for _ in range(rounds):
            t0 = time.perf_counter()
            distinct = ours()
            t1 = time.perf_counter()
            groups = polars_groups(windows)
            times.append((t1 - t0, time.perf_counter() - t1))
        rows.append(
            [
                name,
                f"{windows.size:,}",
                f"{groups:,}",
                f"{distinct:,}",
                median([a for a, _ in times]),
                median([b for _, b in times]),
                median([a / b for a, b in times]),
            ]
        )
    table(
        "Counting orders 1 to 4 of 100 MB, two threads",
        [
            "polars groups",
            "windows",
            "groups",
            "ours: distinct windows",
            "ours, s",
            "polars, s",
            "ratio ours/polars",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
