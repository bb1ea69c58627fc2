"""Documents on the sphere (JoSE): speed, clusters of newsgroup posts, words beside those of other methods, Chinese questions.

    python benchmarks/documents.py [--only speed|quality|similarity|chinese] [--seeds N] [--epochs N] [--rounds N]
                                   [--documents N] [--megabytes N] [--segmenter MODEL] [--settings NAME...]

Vectors have 100 numbers; min_count 5, sample 1e-3. gensim's documents are Doc2Vec's DBOW, without words, negative 5, from a
file; it reads the first 10,000 words of a document. Two threads, if nothing else is said.
Speed: training alone, from numbers of words that were read before; words of the text that are in the vocabulary, each epoch,
over seconds; medians, in each round everything runs once. The program of the authors is not run: its figures were
measured elsewhere, on a machine with two cores, with two threads; the first one on 8 M words of film reviews.
Quality: plain k-means of the vectors of documents, 20 clusters, one start, seeds 1 to N for training and clusters; NMI,
adjusted Rand index and purity, the mean and the largest distance from it. The file is sorted by class, so what is learned
from the order of the text tells the class: the same with the posts in an order that was drawn once. Vectors that are not
of length 1 are measured as they are, and when they have been made so. TF-IDF and averages know no order but that of sgns.
"reference, wide" is the reference with the margin and the sample of documents that centroid has.
Similarity: as in vectors.py, one more column for the epochs. Chinese: what is near to twenty questions, evenly spread.
--documents: that many posts, or questions, evenly spread; --megabytes: of the text of speed and similarity, from its beginning.
"""

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from common import Plot, machine, need, nlptools, table
from numpy.typing import NDArray
from vectors import (
    SAME,
    THREADS,
    english_row,
    interleaved,
    numbered,
    spread,
    train_gensim,
    train_ours,
    trained,
    unpacked,
)

import nlptools as nt
from nlptools.vectors.jose import JoseState, learn_jose, start_jose
from nlptools.vectors.neighbours import nearest, unit
from nlptools.vectors.table import VectorTable
from nlptools.vectors.train_jose import train_jose_tables
from nlptools.vectors.word_ids import WordIds

SIZE = 100
CLASSES = 20
OURS: dict[str, dict[str, Any]] = {
    "centroid": {"objective": "centroid"},
    "reference": {},
    "paper": {"objective": "paper"},
    "reference, wide": {"document_margin": 1.5, "document_sample": 1e-4},
}
AUTHORS = {"mixed_en": 255_000, "20news": 229_000}
"""Words per second of the program of the authors, two threads."""

ASKED, NEAREST = 20, 3

Floats = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts: dict[str, Callable[[Path, argparse.Namespace], None]]
    parts = {"speed": speed, "quality": quality, "similarity": similarity, "chinese": chinese}
    parser.add_argument("--only", choices=list(parts))
    parser.add_argument("--seeds", type=int, default=5, help="how many, of quality and similarity")
    parser.add_argument("--epochs", type=int, help="default: 20 of 20news and questions; of similarity 10, others 5")
    parser.add_argument("--rounds", type=int, default=3, help="of speed")
    parser.add_argument("--documents", type=int, help="posts or questions; default: all")
    parser.add_argument("--megabytes", type=int, default=1000, help="of the text of speed and similarity")
    parser.add_argument("--segmenter", metavar="MODEL", help="of chinese, or jieba; default: trained on the questions")
    parser.add_argument("--settings", choices=list(OURS), nargs="+", default=list(OURS), help="chinese takes the first")
    chosen = parser.parse_args()
    print(machine() + f", gensim {version('gensim')}, scikit-learn {version('scikit-learn')}")
    with tempfile.TemporaryDirectory() as name:
        for part in parts if chosen.only is None else (chosen.only,):
            parts[part](Path(name), chosen)


def train_jose(text: WordIds, **options: Any) -> tuple[float, JoseState]:
    """Train; return the seconds and what was learned."""
    chosen = nt.JoseOptions(**{"vector_size": SIZE, "workers": THREADS, **options})
    state = start_jose(text, chosen)
    start = time.perf_counter()
    learn_jose(text, chosen, state)
    return time.perf_counter() - start, state


def warm_up(text: WordIds) -> None:
    """Compile what training needs, or take it from the cache."""
    few = text.ids[: int(np.flatnonzero(text.ids[:100_000] == -2)[-1]) + 1]
    for options in ({}, {"deterministic": True}, *OURS.values()):
        train_jose(replace(text, ids=few), epochs=1, **options)


def document_model(path: Path, seed: int = 1) -> Any:
    """Return an untrained model of gensim with the vocabulary of a text."""
    from gensim.models.doc2vec import Doc2Vec

    model = Doc2Vec(dm=0, dbow_words=0, vector_size=SIZE, workers=THREADS, seed=seed, **SAME)
    model.build_vocab(corpus_file=str(path))
    return model


# speed


def speed(folder: Path, chosen: argparse.Namespace) -> None:
    """Print words per second of training, one table for each text."""
    mixed = unpacked(need("en/mixed_en.txt.gz")[0], chosen.megabytes, folder)
    compared("mixed_en", mixed, chosen.rounds, window=5, epochs=1)
    news, _ = posts(chosen.documents, folder)["file"]
    compared("20news", news, chosen.rounds, window=10, epochs=chosen.epochs or 20)


def compared(name: str, path: Path, rounds: int, **options: int) -> None:
    with numbered(path) as text:
        warm_up(text)
        words = int(text.counts.sum())
        model = document_model(path)
        jobs: dict[str, Callable[[], float]] = {
            f"{setting}, workers {count}": partial(seconds_of_jose, text, workers=count, **options, **OURS[setting])
            for setting in ("reference", "centroid")
            for count in (1, 2)
        }
        jobs["reference, deterministic"] = partial(seconds_of_jose, text, deterministic=True, **options)
        jobs["paper"] = partial(seconds_of_jose, text, **options, **OURS["paper"])
        jobs["gensim, DBOW"] = partial(train_gensim, model, path, options["epochs"])
        seconds = interleaved(jobs, rounds)
    rates = {job: words * options["epochs"] / taken for job, taken in seconds.items()}
    authors = AUTHORS[name]
    rows = [
        [job, f"{rate:,.0f}", rate / authors, rate / rates["gensim, DBOW"], seconds[job]] for job, rate in rates.items()
    ]
    rows.append(["program of the authors, measured elsewhere", f"{authors:,}", 1.0, "-", "-"])
    header = ["method", "words/s, training", "over the authors' program", "over gensim", "seconds"]
    settings = ", ".join(f"{option} {value}" for option, value in options.items())
    plot = Plot("bars", "method", ["words/s, training"], "words/s")
    table(f"Speed, {name}, {settings}, {words:,} words", header, rows, plot)


def seconds_of_jose(text: WordIds, **options: Any) -> float:
    return train_jose(text, **options)[0]


# quality


def quality(folder: Path, chosen: argparse.Namespace) -> None:
    """Print how well clusters of posts agree with their newsgroups."""
    rows: list[list[object]] = []
    for order, (path, labels) in posts(chosen.documents, folder).items():
        with numbered(path) as text:
            for name, learn in learners(text, path, chosen.epochs or 20, chosen.settings).items():
                runs: dict[str, list[tuple[float, float, float]]] = {}
                for seed in range(1, chosen.seeds + 1):
                    for way, vectors in measured_ways(name, learn(seed)):
                        runs.setdefault(way, []).append(agreement(vectors, labels, seed))
                for way, figures in runs.items():
                    rows.append([order, way, *map(spread, zip(*figures, strict=True))])
                    print(*rows[-1], sep=" | ", file=sys.stderr)
    title = f"Clusters of {len(labels):,} posts, window 10, {chosen.epochs or 20} epochs, {chosen.seeds} seeds"
    plot = Plot("bars", "vectors of documents", ["NMI"], "NMI", by="order")
    table(title, ["order", "vectors of documents", "NMI", "ARI", "purity"], rows, plot)


def posts(documents: int | None, folder: Path) -> dict[str, tuple[Path, list[str]]]:
    """Return files with a post on each line, and their labels: in the order of the file, and shuffled."""
    source, named = need("en/20news.txt.gz", "en/20news.labels.txt")
    with gzip.open(source, "rt", encoding="utf-8", newline="\n") as stream:
        lines = stream.read().splitlines()
    labels = named.read_text(encoding="utf-8").split()
    kept = spaced(len(lines), documents)
    orders = {"file": kept, "shuffled": np.random.default_rng(1).permutation(kept)}
    found = {}
    for order, rows in orders.items():
        path = folder / f"{order}.txt"
        path.write_text("".join(f"{lines[row]}\n" for row in rows), encoding="utf-8", newline="\n")
        found[order] = (path, [labels[row] for row in rows])
    return found


def spaced(size: int, wanted: int | None) -> NDArray[np.int64]:
    """Return some numbers below size, evenly spread."""
    return np.arange(size) if wanted is None else np.linspace(0, size - 1, min(wanted, size)).astype(np.int64)


def learners(text: WordIds, path: Path, epochs: int, settings: list[str]) -> dict[str, Callable[[int], Any]]:
    """Return what makes vectors of the documents of a text with a seed."""
    options = {"window": 10, "epochs": epochs}

    def jose(seed: int, **more: Any) -> Floats:
        return train_jose(text, seed=seed, **options, **more)[1].sphere.documents

    def averages(seed: int) -> Any:
        _, words = train_ours(text, SIZE, method="sgns", seed=seed, **options)
        sums = occurrences(text) @ words.vectors
        return sums / np.maximum(1, np.asarray(occurrences(text).sum(axis=1)))[:, None]

    def dbow(seed: int) -> Any:
        model = document_model(path, seed)
        train_gensim(model, path, epochs)
        return model.dv.vectors

    def latent(seed: int) -> Any:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfTransformer

        return TruncatedSVD(SIZE, random_state=seed).fit_transform(TfidfTransformer().fit_transform(occurrences(text)))

    ours = {f"JoSE, {name}": partial(jose, **OURS[name]) for name in settings}
    return {**ours, "average of sgns": averages, "gensim, DBOW": dbow, "TF-IDF, SVD": latent}


def occurrences(text: WordIds) -> Any:
    """Return how often each document has each word, a sparse matrix (N, V)."""
    from scipy.sparse import csr_array

    ends = text.ids == -2
    words = text.ids >= 0
    number = np.cumsum(ends)[words]
    return csr_array((np.ones(number.size), (number, text.ids[words])), (int(ends.sum()), len(text.words)))


def measured_ways(name: str, vectors: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield vectors as they are, and of length 1 if they are not."""
    yield name, vectors
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        yield f"{name}, length 1", unit(vectors)


def agreement(vectors: Floats, labels: list[str], seed: int) -> tuple[float, float, float]:
    """Return NMI, ARI and purity of plain k-means with one start."""
    from sklearn.cluster import KMeans

    clusters = KMeans(CLASSES, n_init=1, random_state=seed).fit_predict(vectors)
    found = nt.evaluate_clusters(clusters.tolist(), labels)
    return found.nmi, found.ari, found.purity


# similarity


def similarity(folder: Path, chosen: argparse.Namespace) -> None:
    """Print how good vectors of English words are."""
    path = unpacked(need("en/mixed_en.txt.gz")[0], chosen.megabytes, folder)
    header = [
        "method",
        "epochs",
        "WordSim-353",
        "SimLex-999",
        "Google, 3CosAdd",
        "3CosMul",
        "OOV of the three",
        "seconds",
    ]
    rows: list[list[object]] = []
    with numbered(path) as text:
        for name, (epochs, train) in trainers(text, path, chosen.epochs).items():
            rows.append([name, epochs, *english_row(train, chosen.seeds)])
            print(*rows[-1], sep=" | ", file=sys.stderr)
    plot = Plot("bars", "method", ["WordSim-353", "SimLex-999", "Google, 3CosAdd"], "")
    table(f"Words, size {SIZE}, window 5, {chosen.seeds} seeds, {text.counts.sum():,} words", header, rows, plot)


def trainers(
    text: WordIds, path: Path, epochs: int | None
) -> dict[str, tuple[int, Callable[[int], tuple[float, VectorTable]]]]:
    """Return the epochs of each method, and what trains it with a seed."""

    def jose(seed: int, **options: Any) -> tuple[float, VectorTable]:
        seconds, state = train_jose(text, seed=seed, epochs=epochs or nt.JoseOptions.epochs, **options)
        return seconds, VectorTable(text.words, state.sphere.vectors, text.counts)

    def other(name: str) -> Callable[[int], tuple[float, VectorTable]]:
        return lambda seed: trained(name, text, path, SIZE, seed, epochs or 5)

    found: dict[str, tuple[int, Callable[[int], tuple[float, VectorTable]]]] = {}
    for name in ("reference", "paper", "centroid"):
        found[f"JoSE, {name}"] = (epochs or nt.JoseOptions.epochs, partial(jose, **OURS[name]))
    for name in ("sgns", "nce", "gensim"):
        found[name] = (epochs or 5, other(name))
    found["pmi"] = (nt.VectorOptions(method="pmi").epochs or 0, other("pmi"))
    return found


# Chinese


def chinese(folder: Path, chosen: argparse.Namespace) -> None:
    """Print what questions are near to some."""
    (path,) = need("zh/questions.json.gz")
    batches = nt.open_corpus(path, text_column="question").batches()
    texts = [text for batch in batches for text in batch.column("text").to_pylist()]
    texts = [texts[row] for row in spaced(len(texts), chosen.documents)]
    options = nt.JoseOptions(vector_size=SIZE, workers=THREADS, epochs=chosen.epochs or 20, **OURS[chosen.settings[0]])
    segmenter = chosen.segmenter or segmenter_of(texts, folder)
    words, documents = train_jose_tables(texts, options, segmenter=segmenter)
    keys = [str(row) for row in spaced(len(texts), ASKED)]
    near = nearest(documents, keys, NEAREST)
    print(f"\n### {len(texts):,} questions, {len(words):,} words, {chosen.settings[0]}\n")
    last = None
    for row in near.to_pylist():
        if row["document"] != last:
            last = row["document"]
            print(f"- {texts[int(last)]}")
        print(f"  - {row['cosine']:.3f} {texts[int(row['neighbour'])]}")


def segmenter_of(texts: list[str], folder: Path) -> str:
    """Train a segmenter on texts and return the path of its model."""
    model, raw = folder / "model.seg", folder / "questions.txt"
    raw.write_text("\n".join(" ".join(text.split()) for text in texts) + "\n", encoding="utf-8")
    subprocess.run(nlptools("segment", "train", str(raw), "-o", str(model), "-q"), check=True)
    return str(model)


if __name__ == "__main__":
    main()
