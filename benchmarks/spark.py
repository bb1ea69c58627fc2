"""What Spark costs beside the local engine, on the same processors; the results must be equal.

    python benchmarks/spark.py --megabytes 1000

Times are beyond the start-up, which is told apart: the session, its Python workers, and kernels loaded, with a megabyte of
text. The text is that of benchmarks/memory.py. Shuffle: bytes that map tasks write, of the bytes of the text.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import Plot, machine, need, table
from memory import write_text

import nlptools as nt
from nlptools.jobs import spark as engine
from nlptools.segment.output import write_segmented
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import read_word_ids

ORDER, MIN_COUNT = 4, 5


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shuffle_bytes(spark: Any) -> int:
    """Return how many bytes all stages so far have written for others."""
    context = spark.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages"
    with urllib.request.urlopen(url) as answer:
        return sum(stage["shuffleWriteBytes"] for stage in json.load(answer))


def same(a: Path, b: Path) -> bool:
    """Say whether two files have the same bytes."""
    with a.open("rb") as first, b.open("rb") as second:
        while chunk := first.read(1 << 24):
            if chunk != second.read(1 << 24):
                return False
        return not second.read(1)


class Bench:
    """The jobs, each by both engines."""

    def __init__(self, folder: Path, spark: Any, text: Path, threads: int) -> None:
        self.folder, self.spark, self.text, self.threads = folder, spark, text, threads
        self.model = folder / "model.seg"

    def count(self, text: Path) -> tuple[Callable[[], object], Callable[[], object], Callable[[], bool]]:
        local, spark = self.folder / "local.ngrams", self.folder / "spark.ngrams"
        return (
            lambda: nt.count_ngrams(text, ORDER, min_count=MIN_COUNT, threads=self.threads, output=local),
            lambda: engine.count_ngrams(self.spark, [text], spark, ORDER, min_count=MIN_COUNT),
            lambda: same(local, spark),
        )

    def segment(self, text: Path) -> tuple[Callable[[], object], Callable[[], object], Callable[[], bool]]:
        local, spark = self.folder / "local.txt", self.folder / "spark.txt"
        return (
            lambda: write_segmented(nt.load_segmenter(self.model), nt.open_corpus(text), local, self.threads),
            lambda: engine.segment(self.spark, self.model, [text], spark),
            lambda: same(local, spark),
        )

    def vocabulary(self, text: Path) -> tuple[Callable[[], object], Callable[[], object], Callable[[], bool]]:
        found: list[list[str]] = []

        def local() -> None:
            with read_word_ids(text, make_tokenizer(self.model), MIN_COUNT, threads=self.threads) as ids:
                found.append(ids.words.to_pylist())

        def spark() -> None:
            words, _ = engine.count_vocabulary(self.spark, [text], self.model, min_count=MIN_COUNT)
            found.append(words["word"].to_pylist())

        return local, spark, lambda: found[-1] == found[-2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--processors", type=int, default=2)
    parser.add_argument("--only", action="append", choices=("count", "segment", "vocabulary"))
    chosen = parser.parse_args()
    (source,) = need("zh/mixed.txt.gz")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, small = folder / "text.txt", folder / "small.txt"
        write_text(text, chosen.megabytes, source)
        write_text(small, 1, source)
        size = text.stat().st_size
        start = time.perf_counter()
        spark = engine.start_spark(f"local[{chosen.processors}]", spark_driver_memory="1g")
        session = time.perf_counter() - start
        bench = Bench(folder, spark, text, chosen.processors)
        jobs = chosen.only or ["count", "segment", "vocabulary"]
        if jobs != ["count"]:
            nt.train_segmenter(small, method="lm").save(bench.model)
        for job in jobs:
            local, own, _ = getattr(bench, job)(small)
            local()
            start_up = session + timed(own)
            local, own, equal = getattr(bench, job)(text)
            seconds = timed(local)
            before = shuffle_bytes(spark)
            spark_seconds = timed(own)
            share = (shuffle_bytes(spark) - before) / size
            if not equal():
                sys.exit(f"{job}: the results differ")
            rows.append((job, seconds, spark_seconds, spark_seconds / seconds, start_up, share))
        spark.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(machine())
    header = ["job", "local s", "Spark s", "times", "start-up s", "shuffle / text"]
    table(
        f"Spark beside the local engine: {chosen.megabytes} MB, {chosen.processors} processors in all",
        header,
        rows,
        Plot("bars", "job", ["local s", "Spark s"], "seconds"),
    )


if __name__ == "__main__":
    main()
