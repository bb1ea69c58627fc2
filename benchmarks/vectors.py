"""Word vectors: speed and quality beside gensim's, from English text; from Chinese text cut by our segmenter and by jieba.

    python benchmarks/vectors.py [--only speed|scaling|quality|chinese|memory|deterministic] [--megabytes N] [--seeds N]
                                 [--epochs N] [--rounds N] [--sizes 100,300] [--words N] [--segmenter MODEL]

All train skip-gram with the same options: window 5, negative 5, sample 1e-3, min_count 5, alpha from .025 to .0001; two
threads. pmi has its own rate and epochs, the defaults. gensim trains from a file (`corpus_file`), its fastest way: skip-gram
with negative sampling, called gensim alone; CBOW with negative sampling; skip-gram with hierarchical softmax.
Words per second: words of the text that are in the vocabulary, each epoch, over wall-clock seconds, for all the same number.
Speed and scaling: one epoch. "Training": gensim's `train`, which reads the file, and our `train_skipgram`, from numbers of
words that were read before; kernels are compiled. "Whole": a process from text to vectors on disk. Medians; in each
round everything runs once, so that all meet the same machine.
Quality: Spearman's correlation, and the share of analogies that 3CosAdd solves; the mean over seeds 1 to N and the largest
distance from it. Chinese: the same on wordsim-240, of all pairs, and of those that the vocabularies of both texts have.
Memory: the peak of the process over two matrices and the vocabulary (words, their offsets, counts); also of a made text
of --words words that occur twice each.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from common import Plot, machine, measure, median, need, nlptools, table

import nlptools as nt
from nlptools.vectors.evaluation import read_pairs
from nlptools.vectors.files import read_table
from nlptools.vectors.pmi import train_pmi
from nlptools.vectors.skipgram import start_skipgram, train_skipgram
from nlptools.vectors.table import VectorTable, table_of
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import WordIds, read_word_ids

PARTS = ("speed", "scaling", "quality", "chinese", "memory", "deterministic")
SAME: dict[str, Any] = {"window": 5, "negative": 5, "sample": 1e-3, "min_count": 5}
GENSIM_MODES: dict[str, dict[str, int]] = {
    "gensim": {"sg": 1},
    "gensim, CBOW": {"sg": 0},
    "gensim, hierarchical softmax": {"sg": 1, "hs": 1, "negative": 0},
}
THREADS = 2
ENGLISH = ("wordsim353.tsv", "simlex999.txt", "questions-words.txt")
OURS: dict[str, dict[str, Any]] = {
    "sgns": {"method": "sgns"},
    "nce": {"method": "nce"},
    "pmi": {"method": "pmi"},
    "sgns, deterministic": {"method": "sgns", "deterministic": True},
}

GENSIM = """
import json, sys
from gensim.models import Word2Vec
path, out, options = sys.argv[1:]
Word2Vec(corpus_file=path, **json.loads(options)).wv.save_word2vec_format(out, binary=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--megabytes", type=int, default=1000, help="of each text, from its beginning")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--epochs", type=int, default=5, help="of quality, chinese")
    parser.add_argument("--rounds", type=int, default=3, help="of speed, scaling, deterministic")
    parser.add_argument("--sizes", default="100,300", help="of vectors")
    parser.add_argument("--words", type=int, default=5_000_000, help="of the made text of memory")
    parser.add_argument("--segmenter", metavar="MODEL", help="of chinese; default: trained on the text")
    chosen = parser.parse_args()
    chosen.sizes = [int(size) for size in chosen.sizes.split(",")]
    parts = {"speed": speed, "scaling": scaling, "quality": quality, "chinese": chinese}
    parts |= {"memory": memory, "deterministic": deterministic}
    english, chinese_text = need("en/mixed_en.txt.gz", "zh/mixed.txt.gz")
    print(machine() + f", gensim {version('gensim')}, scipy {version('scipy')}, jieba {version('jieba')}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS if chosen.only is None else (chosen.only,):
            source = chinese_text if part == "chinese" else english
            parts[part](unpacked(source, chosen.megabytes, folder), folder, chosen)


def unpacked(source: Path, megabytes: int, folder: Path) -> Path:
    """Return a file with the first megabytes of a text, whole lines."""
    path = folder / source.stem
    if not path.exists():
        with gzip.open(source, "rb") as stream:
            content = stream.read(megabytes * 1_000_000)
        path.write_bytes(content[: content.rfind(b"\n") + 1])
    return path


@contextmanager
def numbered(path: Path) -> Iterator[WordIds]:
    """Yield a segmented text as numbers of words."""
    with read_word_ids(str(path), make_tokenizer(), SAME["min_count"], threads=THREADS) as text:
        yield text


def gensim_model(path: Path, size: int, seed: int = 1, mode: str = "gensim") -> Any:
    """Return an untrained model of gensim with the vocabulary of a text."""
    from gensim.models import Word2Vec

    model = Word2Vec(vector_size=size, workers=THREADS, seed=seed, **{**SAME, **GENSIM_MODES[mode]})
    model.build_vocab(corpus_file=str(path))
    return model


def train_gensim(model: Any, path: Path, epochs: int) -> float:
    """Train from the beginning and return the seconds."""
    model.init_weights()
    start = time.perf_counter()
    model.train(
        corpus_file=str(path), total_examples=model.corpus_count, total_words=model.corpus_total_words, epochs=epochs
    )
    return time.perf_counter() - start


def train_ours(text: WordIds, size: int, **options: Any) -> tuple[float, VectorTable]:
    """Train; return the seconds and the vectors."""
    chosen = nt.VectorOptions(vector_size=size, **{"workers": THREADS, **SAME, **options})
    if chosen.method == "pmi":
        start = time.perf_counter()
        vectors = train_pmi(text, chosen).take_vectors()
    else:
        state = start_skipgram(text, chosen)
        start = time.perf_counter()
        train_skipgram(text, chosen, state)
        vectors = state.matrices.vectors
    return time.perf_counter() - start, VectorTable(text.words, vectors, text.counts)


def seconds_of_training(text: WordIds, size: int, **options: Any) -> float:
    return train_ours(text, size, **options)[0]


def seconds_of(command: list[str]) -> float:
    return measure(command).seconds


def warm_up(text: WordIds) -> None:
    """Compile what training needs, or take it from the cache."""
    few = text.ids[: int(np.flatnonzero(text.ids[:10_000] < 0)[-1]) + 1]
    for options in OURS.values():
        train_ours(replace(text, ids=few), 8, epochs=1, **options)


def interleaved(jobs: Mapping[Any, Callable[[], float]], rounds: int) -> dict[Any, float]:
    """Return the median of the seconds that each job returns; each runs once a round."""
    seconds: dict[Any, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            seconds[name].append(job())
    return {name: median(times) for name, times in seconds.items()}


def speed(path: Path, folder: Path, chosen: argparse.Namespace) -> None:
    """Print words per second of gensim, sgns and nce: training alone, and whole commands."""
    for size in chosen.sizes:
        with numbered(path) as text:
            warm_up(text)
            words = int(text.counts.sum())
            models = {mode: gensim_model(path, size, mode=mode) for mode in GENSIM_MODES}
            found = models["gensim"].corpus_total_words
            if not 0.99 < found / text.tokens < 1.01:
                sys.exit(f"gensim has {found:,} words, we have {text.tokens:,}")
            training = {
                **{mode: partial(train_gensim, model, path, 1) for mode, model in models.items()},
                "sgns": partial(seconds_of_training, text, size, epochs=1),
                "nce": partial(seconds_of_training, text, size, epochs=1, method="nce"),
            }
            seconds = interleaved(training, chosen.rounds)
        processes = {name: partial(seconds_of, command) for name, command in commands(path, folder, size, 1).items()}
        whole = interleaved(processes, chosen.rounds)
        rows = [
            [
                name,
                f"{words / seconds[name]:,.0f}",
                seconds["gensim"] / seconds[name],
                whole[name],
                whole["gensim"] / whole[name],
            ]
            for name in training
        ]
        header = ["method", "words/s, training", "training over gensim", "whole, seconds", "whole over gensim"]
        plot = Plot("bars", "method", ["words/s, training"], "words/s")
        table(f"Speed, vector size {size}, {THREADS} threads, {words:,} words", header, rows, plot)


def commands(path: Path, folder: Path, size: int, epochs: int) -> dict[str, list[str]]:
    """Return the command lines from text to vectors on disk."""
    out = str(folder / "vectors.bin")
    found = {}
    for mode, own in GENSIM_MODES.items():
        options = {"vector_size": size, "epochs": epochs, "workers": THREADS, **SAME, **own}
        found[mode] = [sys.executable, "-c", GENSIM, str(path), out, json.dumps(options)]
    for method in ("sgns", "nce"):
        found[method] = train_command(path, folder / "vectors.kv", size, epochs, method)
    return found


def train_command(path: Path, out: Path, size: int, epochs: int, method: str, min_count: int = 5) -> list[str]:
    numbers = ["--vector-size", str(size), "--epochs", str(epochs), "--min-count", str(min_count)]
    arguments = [str(path), "-o", str(out), "-q", "--method", method, "--workers", str(THREADS), *numbers]
    return nlptools("vectors", "train", *arguments)


def scaling(path: Path, _: Path, chosen: argparse.Namespace) -> None:
    """Print words per second with one thread and with two."""
    rows = compared(path, chosen, "workers", (1, 2), ("sgns", "nce"))
    header = ["method", "vector size", "one thread", "two threads", "two over one"]
    plot = Plot("bars", "vector size", ["one thread", "two threads"], "words/s", by="method")
    table("Scaling, words/s of training", header, rows, plot)


def deterministic(path: Path, _: Path, chosen: argparse.Namespace) -> None:
    """Print words per second without and with --deterministic."""
    rows = compared(path, chosen, "deterministic", (False, True), ("sgns", "nce"))
    header = ["method", "vector size", "as they come", "--deterministic", "the second over the first"]
    table(f"What --deterministic costs, words/s of training, {THREADS} threads", header, rows)


def compared(
    path: Path, chosen: argparse.Namespace, option: str, values: tuple[int, int], methods: tuple[str, ...]
) -> list[list[object]]:
    """Return words per second with either value of an option, and their ratio, a row for each method and size."""
    with numbered(path) as text:
        warm_up(text)
        words = int(text.counts.sum())
        rows: list[list[object]] = []
        for method in methods:
            for size in chosen.sizes:
                jobs = {
                    value: partial(seconds_of_training, text, size, epochs=1, method=method, **{option: value})
                    for value in values
                }
                first, second = interleaved(jobs, chosen.rounds).values()
                rows.append([method, size, f"{words / first:,.0f}", f"{words / second:,.0f}", first / second])
    return rows


def quality(path: Path, _: Path, chosen: argparse.Namespace) -> None:
    """Print how good vectors of English are."""
    header = [
        "method",
        "vector size",
        "WordSim-353",
        "SimLex-999",
        "Google, 3CosAdd",
        "3CosMul",
        "OOV of the three",
        "seconds",
    ]
    rows: list[list[object]] = []
    with numbered(path) as text:
        for size in chosen.sizes:
            for name in (*GENSIM_MODES, *OURS):
                train = partial(trained, name, text, path, size, epochs=chosen.epochs)
                rows.append([name, size, *english_row(train, chosen.seeds)])
                print(*rows[-1], sep=" | ", file=sys.stderr)
    plot = Plot("bars", "vector size", ["WordSim-353", "SimLex-999", "Google, 3CosAdd"], "", by="method")
    table(f"Quality, {chosen.epochs} epochs, {chosen.seeds} seeds, {text.counts.sum():,} words", header, rows, plot)


def trained(name: str, text: WordIds, path: Path, size: int, seed: int, epochs: int) -> tuple[float, VectorTable]:
    """Train gensim or one of ours; return the seconds and the vectors."""
    if name in GENSIM_MODES:
        model = gensim_model(path, size, seed, name)
        return train_gensim(model, path, epochs), table_of(model)
    options = OURS[name] if name == "pmi" else {**OURS[name], "epochs": epochs}
    return train_ours(text, size, seed=seed, **options)


def english_row(train: Callable[[int], tuple[float, VectorTable]], seeds: int) -> list[object]:
    """Return how good vectors of English are that `train` learns with seeds 1 to `seeds`, and its median of seconds."""
    *similarity, analogy = need(*(f"vectors/{name}" for name in ENGLISH))
    runs: list[list[float]] = []
    for seed in range(1, seeds + 1):
        seconds, vectors = train(seed)
        found = nt.evaluate_vectors(vectors, similarity=similarity, analogy=analogy, threads=THREADS)
        whole = [row for row in found.to_pylist() if row["section"] is None]
        scores = [row["spearman"] for row in whole[:2]] + [whole[2]["add"], whole[2]["mul"]]
        runs.append([*scores, seconds])
    *cells, times = zip(*runs, strict=True)
    return [*map(spread, cells), ", ".join(str(row["oov"]) for row in whole), round(median(times))]


def spread(values: tuple[float | None, ...]) -> str:
    """Return the mean, and the largest distance from it."""
    if None in values:
        return "-"
    numbers = [float(value or 0) for value in values]
    return f"{mean(numbers):.4f} ± {max(abs(value - mean(numbers)) for value in numbers):.4f}"


def chinese(path: Path, folder: Path, chosen: argparse.Namespace) -> None:
    """Print how good vectors of Chinese are, by who cut the text into words."""
    (gold,) = need("vectors/wordsim-240.txt")
    texts = segmented(path, folder, chosen.segmenter)
    for_both = shared_pairs(gold, list(texts.values()), folder)
    header = [
        "words by",
        "method",
        "vector size",
        "wordsim-240",
        "pairs",
        "of pairs that both have",
        "pairs",
        "vocabulary",
    ]
    rows: list[list[object]] = []
    for name, words in texts.items():
        with numbered(words) as text:
            for size in chosen.sizes:
                for method in ("sgns", "nce", "pmi"):
                    runs = []
                    for seed in range(1, chosen.seeds + 1):
                        vectors = trained(method, text, words, size, seed, chosen.epochs)[1]
                        found = nt.evaluate_vectors(vectors, similarity=[gold, for_both], restrict_vocab=None)
                        runs.append(found["spearman"].to_pylist())
                    known = [f"{row['questions']} of {row['questions'] + row['oov']}" for row in found.to_pylist()]
                    whole, shared = (spread(scores) for scores in zip(*runs, strict=True))
                    rows.append([name, method, size, whole, known[0], shared, known[1], f"{len(text.words):,}"])
                    print(*rows[-1], sep=" | ", file=sys.stderr)
    table(f"Chinese, {chosen.epochs} epochs, {chosen.seeds} seeds", header, rows)


def segmented(path: Path, folder: Path, segmenter: str | None) -> dict[str, Path]:
    """Return the text cut into words by our segmenter, and by jieba."""
    model = segmenter or str(folder / "model.seg")
    if segmenter is None:
        subprocess.run(nlptools("segment", "train", str(path), "-o", model, "-q"), check=True)
    texts = {"our segmenter": folder / "ours.txt", "jieba": folder / "jieba.txt"}
    subprocess.run(
        nlptools("segment", "run", str(path), "-m", model, "-o", str(texts["our segmenter"]), "-q"), check=True
    )
    with (
        get_context("spawn").Pool(THREADS) as pool,
        path.open(encoding="utf-8", newline="\n") as lines,
        texts["jieba"].open("w", encoding="utf-8", newline="\n") as out,
    ):
        for line in pool.imap(cut_by_jieba, lines, 1000):
            out.write(line + "\n")
    return texts


def cut_by_jieba(line: str) -> str:
    import jieba

    jieba.setLogLevel("ERROR")
    return " ".join(" ".join(jieba.lcut(line)).split())


def shared_pairs(gold: Path, texts: list[Path], folder: Path) -> Path:
    """Return a file with the pairs of a similarity set whose words are in the vocabularies of all texts."""
    shared: set[str] | None = None
    for path in texts:
        with numbered(path) as text:
            words = set(text.words.to_pylist())
        shared = words if shared is None else shared & words
    kept = [pair for pair in read_pairs(gold) if {pair.first, pair.second} <= (shared or set())]
    out = folder / "shared_pairs.tsv"
    out.write_text("".join(f"{pair.first}\t{pair.second}\t{pair.score}\n" for pair in kept), encoding="utf-8")
    return out


def memory(path: Path, folder: Path, chosen: argparse.Namespace) -> None:
    """Print peak memory of the command, over what it cannot do without."""
    made = made_text(folder / "made.txt", chosen.words)
    jobs = [("English", path, method, size, 5) for method in ("sgns", "nce", "pmi") for size in chosen.sizes]
    jobs += [("made", made, method, 50, 2) for method in ("sgns", "pmi")]
    rows = []
    for name, text, method, size, min_count in jobs:
        out = folder / "memory.kv"
        run = measure(train_command(text, out, size, 1, method, min_count))
        vectors = read_table(out)
        assert vectors.counts is not None
        matrices, vocabulary = 2 * vectors.vectors.nbytes, vectors.words.nbytes + vectors.counts.nbytes
        over = run.memory - (matrices + vocabulary) / 2**20
        rows.append(
            [name, method, size, f"{len(vectors):,}", *(round(x / 2**20) for x in (matrices, vocabulary)),
             round(run.memory), round(over), round(run.seconds)]
        )  # fmt: skip
    header = [
        "text",
        "method",
        "vector size",
        "words",
        "two matrices, MiB",
        "vocabulary, MiB",
        "peak, MiB",
        "more, MiB",
        "seconds",
    ]
    table("Memory of nlptools vectors train, one epoch", header, rows)


def made_text(path: Path, words: int) -> Path:
    """Write a text in which each of some words occurs twice, at random places."""
    chance = np.random.default_rng(1)
    places = chance.permutation(np.repeat(np.arange(words), 2))
    with path.open("w", encoding="ascii") as out:
        for some in np.array_split(places, max(1, places.size // 20)):
            out.write(" ".join(f"w{number:x}" for number in some.tolist()) + "\n")
    return path


if __name__ == "__main__":
    main()
