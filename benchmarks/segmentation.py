"""Segmentation: F1 of jieba, pkuseg, THULAC, sentencepiece, kexue.fm 3956 and ours on gold standards; speed and memory.

    python benchmarks/segmentation.py [--seeds 1,2,3] [--megabytes 100] [--only quality|training|supervised|speed|peers]
                                      [--peer-megabytes 1] [--rounds 3] [--peer-seconds 900]

Quality: all words count, punctuation too. "seen": the raw text of the gold standards is among the raw text, without its word
boundaries; "never seen": it is not. Our numbers are the mean over the seeds, and the largest distance from it. Sentencepiece
is the unigram model of the size that is best on msr_dev, trained on the raw text of the gold standards and 10 MB of mixed
text: it takes long for more. Of the others, jieba and rjieba have a dictionary; pkuseg and THULAC have models that were
trained on text which people segmented, not by the same rules, and perhaps on some of this. Supervised: trained on udc_train;
pkuseg's `train`, with its defaults and its dictionary, too.
Training: the whole command, time and peak memory; with --megabytes on the first part of the mixed text only. Speed: text in
memory to lists of words; rjieba line by line. Peers: on --peer-megabytes of it, each package in a process of its own, with
its defaults, in turn; MB/s of cutting alone, one thread, medians, ratios round by round; and the whole process, from a file of
text to one of words, ours too. What takes longer than --peer-seconds is ended.
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
from common import Plot, Run, attempt, machine, measure, median, need, nlptools, table
from peers import failures, installed, run_peer

import nlptools as nt

SETS = ("msr_dev", "msr_test", "pku_dev", "udc_dev", "udc_test")
SIZES = (8_000, 16_000, 32_000, 64_000)  # of sentencepiece vocabularies
PARTS = ("quality", "training", "supervised", "speed", "peers")
PEERS = {
    "jieba": "jieba, its dictionary and HMM",
    "rjieba": "rjieba, jieba in Rust",
    "pkuseg": "pkuseg, its model",
    "thulac": "THULAC, its model",
}
NOT_RUN = {"spacy-pkuseg": "downloads its model when it is first used: not run"}
OURS = "segment run, one thread"

Cut = Callable[[str], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--peer-megabytes", type=float, default=1, help="of text, for peers")
    parser.add_argument("--rounds", type=int, default=3, help="of peers")
    parser.add_argument("--peer-seconds", type=float, default=900, help="a package that takes longer is ended")
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
            plot = Plot("bars", "--method", ["seconds"], "seconds")
            table(f"Training on {chosen.megabytes} MB", ["--method", "seconds", "peak memory, MB"], rows, plot)
        if "speed" in parts:
            speed(model, text)
        if "peers" in parts:
            peers(model, text, folder, chosen)
        if "supervised" in parts:
            supervised(train, golds, raw, text, model, folder, chosen.peer_seconds)
        if "quality" in parts:
            quality(golds, raw, text, seeds, model, folder, chosen.peer_seconds)


def unsegmented(gold: Path) -> str:
    """Return the raw text of a gold standard."""
    lines = gold.read_text(encoding="utf-8").splitlines()
    return "".join("".join(line.split()) + "\n" for line in lines if line.strip())


def quality(
    golds: list[Path], raw: Path, text: Path, seeds: list[str], model: str, folder: Path, seconds: float
) -> None:
    """Print F1; model: of the first seed, trained on the text alone."""
    import jieba

    jieba.setLogLevel("ERROR")
    rows: list[list[object]] = [
        *(
            [label, *peer_scores(package, golds, folder, seconds, "segment_lines.py", package, raw)[0]]
            for package, label in PEERS.items()
        ),
        *([package, why, *"-" * (len(SETS) - 1)] for package, why in NOT_RUN.items()),
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
    table("F1 of all words", ["method", *SETS], rows, Plot("bars", "method", ["msr_test", "pku_dev", "udc_test"], "F1"))


def scores(cut: Cut, golds: Iterable[Path]) -> list[float]:
    """Return the F1 on each gold standard."""
    every = [segmented(gold) for gold in golds]
    return [nt.evaluate_segmentation(lines, [cut("".join(words)) for words in lines]).f1 for lines in every]


def segmented(gold: Path) -> list[list[str]]:
    """Return the words of each line of segmented text."""
    return [line.split() for line in gold.read_text(encoding="utf-8").splitlines() if line.strip()]


def peer_scores(
    package: str, golds: list[Path], folder: Path, seconds: float, script: str, *arguments: str | Path
) -> tuple[list[object], Run | None]:
    """Return the F1 of a script that cuts the raw text of all gold standards, or why there is none; and its run."""
    if package not in installed():
        return [f"did not install here: {failures().get(package, '')}", *"-" * (len(SETS) - 1)], None
    out = folder / "peer.txt"
    run = run_peer(script, *arguments, out, timeout=seconds)
    if run.failure:
        return [run.failure, *"-" * (len(SETS) - 1)], None
    cut = iter(out.read_text(encoding="utf-8").splitlines())
    every = [segmented(gold) for gold in golds]
    return [nt.evaluate_segmentation(lines, [next(cut).split() for _ in lines]).f1 for lines in every], run


def supervised(train: Path, golds: list[Path], raw: Path, text: Path, model: str, folder: Path, limit: float) -> None:
    """Train on segmented text alone, and with raw text beside it."""
    rows: list[list[object]] = []
    for name, corpus, base in (("segmented text alone", None, None), ("and raw text", str(text), model)):
        start = time.perf_counter()
        segmenter = nt.train_segmenter(corpus, gold=train, base=base)
        seconds = round(time.perf_counter() - start)
        rows.append([name, *scores(segmenter.segment, golds), seconds, round(megabytes_per_second(segmenter, text), 1)])
    found, run = peer_scores("pkuseg", golds, folder, limit, "segment_train_pkuseg.py", train, raw)
    rows.append(["pkuseg", *found, "-" if run is None else round(float(run.output.split()[-1])), "-"])
    table(
        "Supervised, trained on udc_train: F1 of all words", ["method", *SETS, "training, s", "MB/s, one thread"], rows
    )


def megabytes_per_second(segmenter: nt.Segmenter, text: Path) -> float:
    """Return the median speed of `segment_batches` on one thread."""
    lines = text.read_bytes()[:10_000_000].decode("utf-8", "ignore").splitlines()
    size = sum(len(line.encode()) for line in lines) / 1e6
    return size / median([seconds_of_batches(segmenter, lines) for _ in range(5)])


def seconds_of_batches(segmenter: nt.Segmenter, lines: list[str]) -> float:
    """Return what `segment_batches` takes on one thread."""
    batch = pa.record_batch({"text": pa.array(lines, pa.large_string())})
    start = time.perf_counter()
    for _words in segmenter.segment_batches([batch], 1):
        pass
    return time.perf_counter() - start


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


def peers(model: str, text: Path, folder: Path, chosen: argparse.Namespace) -> None:
    """Print speed and memory of other packages, each in its own process, and of our command."""
    small, out = folder / "peers.txt", folder / "cut.txt"
    content = text.read_bytes()[: int(chosen.peer_megabytes * 1e6)]
    small.write_bytes(content[: content.rfind(b"\n") + 1])
    size, lines = small.stat().st_size / 1e6, small.read_text(encoding="utf-8").splitlines()
    segmenter = nt.load_segmenter(model)
    command = nlptools("segment", "run", str(small), "-m", model, "-o", str(out), "-q", "--threads", "1")
    seconds_of_batches(segmenter, lines)  # warm
    cutting: dict[str, list[float]] = {OURS: []}
    runs: dict[str, list[Run]] = {OURS: []}
    for _ in range(chosen.rounds):
        cutting[OURS].append(seconds_of_batches(segmenter, lines))
        runs[OURS].append(attempt(command))
        for package, label in PEERS.items():
            before = runs.setdefault(label, [])
            if package in installed() and not (before and before[-1].failure):
                before.append(run_peer("segment_lines.py", package, small, out, timeout=chosen.peer_seconds))
                if not before[-1].failure:
                    cutting.setdefault(label, []).append(float(before[-1].output.split()[-1]))
    rows: list[list[object]] = []
    for label, mine in runs.items():
        if not mine or mine[-1].failure:
            rows.append([label, mine[-1].failure if mine else "did not install here", "-", "-", "-"])
            continue
        ratio = median([ours / theirs for ours, theirs in zip(cutting[OURS], cutting[label], strict=True)])
        whole, peak = median([run.seconds for run in mine]), round(max(run.memory for run in mine))
        rows.append([label, size / median(cutting[label]), ratio, whole, peak])
    header = ["what", "MB/s, cutting", "over ours", "whole process, s", "peak memory, MB"]
    plot = Plot("bars", "what", ["MB/s, cutting"], "MB/s", log=True)
    table(f"{chosen.peer_megabytes:g} MB, one thread, median of {chosen.rounds}", header, rows, plot)


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
    table("Speed of segmentation", ["what", "MB/s", "over rjieba"], rows, Plot("bars", "what", ["MB/s"], "MB/s"))


if __name__ == "__main__":
    main()
