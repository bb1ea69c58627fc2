"""Language models: time, memory and size of training on 100 MB, speed of scoring, perplexity of text never seen.

    python benchmarks/lm.py [--rounds 3]

Training is the whole command, gunzip and counting included, kernels warm. Scoring is `score_batches` on text in memory, the
model mapped from its file; the text is the last 10 MB of the training text, and the perplexity is that of another one.
"""

import argparse
import gzip
import tempfile
import time
from pathlib import Path

import pyarrow as pa
from common import Plot, Run, machine, measure, median, need, nlptools, table

import nlptools as nt

MODELS = {
    "order 5": ["--order", "5"],
    "order 5, --memory 1G": ["--order", "5", "--memory", "1G"],
    "order 5, --prune 0,0,1": ["--order", "5", "--prune", "0,0,1"],
    "order 4": ["--order", "4"],
    "order 3": ["--order", "3"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    path, gold = need("zh/mixed.txt.gz", "zh/cws/pku_dev.seg")
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        trained: dict[str, tuple[str, list[Run]]] = {}
        for name, options in MODELS.items():
            model_path = str(Path(folder, f"{len(trained)}.lm"))
            command = nlptools("lm", "train", str(path), "-o", model_path, "-q", *options)
            measure(command)  # warm
            trained[name] = model_path, [measure(command) for _ in range(rounds)]
        with gzip.open(path, "rb") as stream:
            last = stream.read()[-10_000_000:].decode("utf-8", "ignore").splitlines()
        raw = gold.read_text(encoding="utf-8").replace(" ", "").splitlines()
        batches = list(nt.open_corpus(last).batches())
        size = sum(len(line.encode()) + 1 for line in last) / 1e6
        rows = []
        for name, (model_path, runs) in trained.items():
            model = nt.load_lm(model_path)
            speeds = [round(size / seconds_of_scoring(model, batches, threads, rounds), 1) for threads in (1, 2)]
            rows.append(
                [
                    name,
                    round(median([run.seconds for run in runs]), 1),
                    round(median([run.memory for run in runs])),
                    f"{sum(model.sizes) / 1e6:.1f} M",
                    round(Path(model_path).stat().st_size / 1e6),
                    *speeds,
                    round(model.perplexity(raw), 1),
                ]
            )
    header = ["model", "training, s", "peak memory, MB", "n-grams", "file, MB", "scoring, MB/s", "on two threads"]
    table(
        "Character models of 100 MB",
        [*header, "perplexity of pku_dev"],
        rows,
        Plot("bars", "model", ["training, s"], "seconds"),
    )


def seconds_of_scoring(model: nt.LanguageModel, batches: list[pa.RecordBatch], threads: int, rounds: int) -> float:
    """Return the median time of scoring all batches."""
    seconds = []
    for _ in range(rounds + 1):  # the first reads the file
        start = time.perf_counter()
        for _scores in model.score_batches(batches, threads):
            pass
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:])


if __name__ == "__main__":
    main()
