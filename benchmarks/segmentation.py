"""Segmentation: F1 of jieba, sentencepiece, kexue.fm 3956 and ours on gold standards, and speed beside rjieba.

    python benchmarks/segmentation.py [--seeds 1,2,3] [--megabytes 100] [--only quality|training|supervised|speed]

Quality: all words count, punctuation too. "seen": the raw text of the gold standards is among the raw text, without its word
boundaries; "never seen": it is not. Our numbers are the mean over the seeds, and the largest distance from it. Sentencepiece
is the unigram model of the size that is best on msr_dev, trained on the raw text of the gold standards and 10 MB of mixed
text: it takes long for more. Nothing but jieba has a dictionary. Supervised: trained on udc_train.
Training: the whole command, time and peak memory; with --megabytes on the first part of the mixed text only. Speed: text in memory to lists of words; rjieba line by line.
"""

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa
from common import machine, measure, median, need, nlptools, table

import nlptools as nt

SETS = ("msr_dev", "msr_test", "pku_dev", "udc_dev", "udc_test")
SIZES = (8_000, 16_000, 32_000, 64_000)  # of sentencepiece vocabularies
PARTS = ("quality", "training", "supervised", "speed")

Cut = Callable[[str], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--only", choices=PARTS)
    chosen = parser.parse_args()
    seeds = chosen.seeds.split(",")
    parts = PARTS if chosen.only is None else (chosen.only,)
    mixed, train, *golds = need("zh/mixed.txt.gz", "zh/cws/udc_train.seg", *(f"zh/cws/{name}.seg" for name in SETS))
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw, text, model = folder / "raw.txt", folder / "mixed.txt", str(folder / "model.seg")
        raw.write_text("".join(unsegmented(gold) for gold in golds), encoding="utf-8")
        with gzip.open(mixed, "rb") as stream:
            content = stream.read(chosen.megabytes * 1_000_000)
        text.write_bytes(content[: content.rfind(b"\n") + 1])
        runs = {"lattice": measure(nlptools("segment", "train", str(text), "-o", model, "-q", "--seed", seeds[0]))}
        if "training" in parts:
            runs["lm"] = measure(nlptools("segment", "train", str(text), "-o", f"{model}.lm", "-q", "--method", "lm"))
            rows = [[method, round(run.seconds), round(run.memory)] for method, run in runs.items()]
            table(f"Training on {chosen.megabytes} MB", ["--method", "seconds", "peak memory, MB"], rows)
        if "speed" in parts:
            speed(model, text)
        if "supervised" in parts:
            supervised(train, golds, text, model)
        if "quality" in parts:
            quality(golds, raw, text, seeds, model, folder)


def unsegmented(gold: Path) -> str:
    """Return the raw text of a gold standard."""
    lines = gold.read_text(encoding="utf-8").splitlines()
    return "".join("".join(line.split()) + "\n" for line in lines if line.strip())


def quality(golds: list[Path], raw: Path, text: Path, seeds: list[str], model: str, folder: Path) -> None:
    """Print F1; model: of the first seed, trained on the text alone."""
    import jieba

    jieba.setLogLevel("ERROR")
    rows: list[list[object]] = [
        ["jieba, its dictionary and HMM", *scores(jieba.lcut, golds)],
        ["jieba, its dictionary", *scores(lambda line: jieba.lcut(line, HMM=False), golds)],
        ["sentencepiece, unigram", *scores(sentencepiece(raw, text, golds[0], folder), golds)],
    ]
    for name, inputs in (("seen", [text, raw]), ("never seen", [text])):
        simple = nt.train_segmenter(inputs, method="lm")
        rows.append([f"kexue.fm 3956, {name}", *scores(simple.segment, golds)])
        ours = []
        for seed in seeds:
            is_there = name == "never seen" and seed == seeds[0]
            segmenter = nt.load_segmenter(model) if is_there else nt.train_segmenter(inputs, seed=int(seed))
            ours.append(scores(segmenter.segment, golds))
        columns = list(zip(*ours, strict=True))
        cells = [f"{mean(column):.4f} ± {max(abs(f1 - mean(column)) for f1 in column):.4f}" for column in columns]
        rows.append([f"**ours, {name}**", *cells])
    table("F1 of all words", ["method", *SETS], rows)


def scores(cut: Cut, golds: Iterable[Path]) -> list[float]:
    """Return the F1 on each gold standard."""
    found = []
    for gold in golds:
        lines = [line.split() for line in gold.read_text(encoding="utf-8").splitlines() if line.strip()]
        found.append(nt.evaluate_segmentation(lines, [cut("".join(words)) for words in lines]).f1)
    return found


def supervised(train: Path, golds: list[Path], text: Path, model: str) -> None:
    """Train on segmented text alone, and with raw text beside it."""
    rows: list[list[object]] = []
    for name, corpus, base in (("segmented text alone", None, None), ("and raw text", str(text), model)):
        start = time.perf_counter()
        segmenter = nt.train_segmenter(corpus, gold=train, base=base)
        seconds = round(time.perf_counter() - start)
        rows.append([name, *scores(segmenter.segment, golds), seconds, round(megabytes_per_second(segmenter, text), 1)])
    table("Supervised, trained on udc_train: F1 of all words", ["", *SETS, "training, s", "MB/s, one thread"], rows)


def megabytes_per_second(segmenter: nt.Segmenter, text: Path) -> float:
    """Return the median speed of `segment_batches` on one thread."""
    lines = text.read_bytes()[:10_000_000].decode("utf-8", "ignore").splitlines()
    batch = pa.record_batch({"text": pa.array(lines, pa.large_string())})
    size = sum(len(line.encode()) for line in lines) / 1e6
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        for _words in segmenter.segment_batches([batch], 1):
            pass
        seconds.append(time.perf_counter() - start)
    return size / median(seconds)


def sentencepiece(raw: Path, text: Path, dev: Path, folder: Path) -> Cut:
    """Return the unigram model of the size that is best on `dev`."""
    import sentencepiece as spm

    lines = text.read_bytes()[:10_000_000].decode("utf-8", "ignore").splitlines()[:-1]
    small = folder / "small.txt"
    small.write_text(raw.read_text(encoding="utf-8") + "\n".join(lines) + "\n", encoding="utf-8")
    best: tuple[float, Cut] | None = None
    for size in SIZES:
        prefix = str(folder / f"spm{size}")
        spm.SentencePieceTrainer.train(
            input=str(small), model_prefix=prefix, vocab_size=size, character_coverage=1.0, minloglevel=2,
            normalization_rule_name="identity", add_dummy_prefix=False, hard_vocab_limit=False,
        )  # fmt: skip
        processor = spm.SentencePieceProcessor(model_file=f"{prefix}.model")

        def cut(line: str, processor: Any = processor) -> list[str]:
            return list(processor.encode(line, out_type=str))

        (f1,) = scores(cut, [dev])
        if best is None or f1 > best[0]:
            best = f1, cut
    assert best is not None
    return best[1]


def speed(model: str, text: Path) -> None:
    try:
        import rjieba
    except ImportError:
        sys.exit("rjieba is missing: install it beside nlptools")

    lines = text.read_bytes()[:30_000_000].decode("utf-8", "ignore").splitlines()[:-1]
    size = sum(len(line.encode()) for line in lines) / 1e6
    batch = pa.record_batch({"text": pa.array(lines, pa.large_string())})
    segmenter = nt.load_segmenter(model)

    def ours(threads: int) -> int:
        return sum(len(out.column("words").values) for out in segmenter.segment_batches([batch], threads))

    jobs: dict[str, Callable[[], object]] = {
        "rjieba.cut, no HMM": lambda: [rjieba.cut(line, False) for line in lines],
        "rjieba.cut": lambda: [rjieba.cut(line) for line in lines],
        "segment_batches, one thread": lambda: ours(1),
        "segment_batches, two threads": lambda: ours(2),
        "segment_lines, one thread": lambda: sum(b.num_rows for b in segmenter.segment_lines([batch], 1)),
        "segment, line by line": lambda: [segmenter.segment(line) for line in lines],
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(7):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - start)
    first = median(seconds["rjieba.cut, no HMM"])
    rows = [[name, round(size / median(times), 1), round(first / median(times), 2)] for name, times in seconds.items()]
    table("Speed of segmentation", ["what", "MB/s", "over rjieba"], rows)


if __name__ == "__main__":
    main()
