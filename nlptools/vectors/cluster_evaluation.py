"""Labels that people gave, and how well clusters and neighbours agree with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.stream import open_paths
from nlptools.errors import InputError
from nlptools.vectors.neighbours import unit, unit_blocks
from nlptools.vectors.table import VectorTable, table_of

QUESTIONS = 20_000
"""Vectors whose label is guessed from their neighbours, at most."""

Labels = Sequence[Any]


class Agreement(NamedTuple):
    """How well clusters agree with labels: 1 is perfect; ari is 0 for clusters by chance."""

    nmi: float
    """mutual information, normalised by the mean of the two entropies"""
    ari: float
    """adjusted Rand index"""
    purity: float
    """share of what has the most frequent label of its cluster"""
    compared: int
    """how many have a label"""


def evaluate_clusters(assignment: Labels, labels: Labels) -> Agreement:
    """Compare clusters with labels, one for each vector, in order; what has the label None does not count.

    Raises InputError if there are not as many of both, or no label.
    """
    clusters, classes = _numbered(assignment, labels)
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    table = np.zeros((clusters.max() + 1, classes.max() + 1), np.int64)
    np.add.at(table, (clusters, classes), 1)
    return Agreement(
        float(normalized_mutual_info_score(classes, clusters)),
        float(adjusted_rand_score(classes, clusters)),
        float(table.max(axis=1).sum() / clusters.size),
        clusters.size,
    )


def _numbered(assignment: Labels, labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return clusters and labels as numbers from 0, of those with a label."""
    if len(assignment) != len(labels):
        raise InputError(f"{len(labels):,} labels for {len(assignment):,} vectors; give one for each")
    there = [(cluster, label) for cluster, label in zip(assignment, labels, strict=True) if label is not None]
    if not there:
        raise InputError("no vector has a label; give some")
    clusters, classes = zip(*there, strict=True)
    return np.unique(clusters, return_inverse=True)[1], np.unique(classes, return_inverse=True)[1]


def neighbour_accuracy(vectors: Any, labels: Labels, n_neighbors: int = 3) -> float | None:
    """Return the share of vectors whose label most of their nearest neighbours have, by cosine, the vector itself left out.

    labels: one for each vector, in order; None for those that do not take part. Of labels with equally many neighbours that of
    the nearest counts. Of more than `QUESTIONS` vectors that many, evenly spread, are asked for, with all as neighbours.
    None if fewer than two have a label.
    """
    check_numbers(n_neighbors=n_neighbors)
    table = table_of(vectors)
    _, classes = _numbered(range(len(table)), labels)
    there = np.flatnonzero([label is not None for label in labels])
    directions = unit(table.vectors[there])
    if len(there) < 2:
        return None
    asked = np.unique(np.linspace(0, len(there) - 1, min(QUESTIONS, len(there))).astype(np.int64))
    right = 0
    for first, block in unit_blocks(directions[asked], len(there)):
        rows = asked[first : first + len(block)]
        cosines = block @ directions.T
        cosines[np.arange(len(rows)), rows] = -np.inf
        right += int((_votes(cosines, classes, min(n_neighbors, len(there) - 1)) == classes[rows]).sum())
    return right / asked.size


def _votes(cosines: NDArray[np.float32], classes: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the class of most of the neighbours with the largest cosines, (Q,)."""
    near = np.argpartition(-cosines, most - 1, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(cosines, near, axis=1), axis=1, kind="stable")
    voters = classes[np.take_along_axis(near, order, axis=1)]
    votes = (voters[:, :, None] == voters[:, None, :]).sum(axis=2)
    chosen: NDArray[np.int64] = voters[np.arange(len(voters)), votes.argmax(axis=1)]
    return chosen


def read_labels(path: str | Path, table: VectorTable) -> list[str | None]:
    """Return the label of each key of the table.

    The file has a line for each key, in order, with its label, none if the line is blank; or, if each line has a tab, lines of
    a key and its label, in any order. Raises InputError if there are more or fewer lines, or no key is known.
    """
    batches = open_paths([path], ReadOptions(input_format="text", strict=True)).batches()
    lines = [line.strip(" \r") for batch in batches for line in batch.column("text").to_pylist()]
    if all("\t" in line for line in lines if line):
        return _by_key(path, table, [line.partition("\t")[::2] for line in lines if line])
    if len(lines) != len(table):
        raise InputError(
            f"{path}: has {len(lines):,} lines for {len(table):,} {table.kind}s; "
            "give a label for each, in order, or lines of a key, a tab and a label"
        )
    return [line or None for line in lines]


def _by_key(path: str | Path, table: VectorTable, pairs: list[tuple[str, str]]) -> list[str | None]:
    label_of = dict(pairs)
    labels = [label_of.get(key) or None for key in table.words.to_pylist()]
    if not any(labels):
        raise InputError(
            f"{path}: has a label for none of the {len(table):,} {table.kind}s; give the file that belongs to them"
        )
    return labels


def read_clusters(path: str | Path, table: VectorTable) -> list[str | None]:
    """Return the cluster of each key of the table, from a file that `Clusters.to_table` was written to.

    Raises InputError if it has not the columns, or no key is known.
    """
    from nlptools.corpus.records import open_record_paths

    records = open_record_paths([path], ReadOptions(strict=True))
    for name in (table.kind, "cluster"):
        if name not in records.schema.names:
            raise InputError(
                f"{path}: has no column {name!r}; give the table of clusters that was made of these {table.kind}s"
            )
    pairs: list[tuple[str, str]] = []
    for batch in records.batches():
        keys, clusters = (pc.cast(batch.column(name), pa.large_string()) for name in (table.kind, "cluster"))
        pairs += zip(keys.to_pylist(), clusters.to_pylist(), strict=True)
    return _by_key(path, table, pairs)
