"""Words or documents on a plane, near each other if their vectors have large cosines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.errors import InputError, OptionError
from nlptools.vectors.cluster import MOST
from nlptools.vectors.neighbours import Floats, unit
from nlptools.vectors.one_thread import one_thread
from nlptools.vectors.table import VectorTable, table_of

POINTS = 5_000
PERPLEXITY = 30.0
COMPONENTS = 50
"""Of the principal ones, which t-SNE gets."""

_FEWEST = 5  # points, with fewer of which t-SNE has nothing to do


def map_vectors(
    vectors: Any,
    top: int = POINTS,
    *,
    groups: Sequence[str | None] | None = None,
    perplexity: float = PERPLEXITY,
    seed: int = 1,
) -> pa.Table:
    """Return a point on a plane for each word or document: principal components, of which t-SNE (scikit-learn) makes two.

    vectors: gensim `KeyedVectors`, a model or a `VectorTable`. top: of more words the most frequent, of more documents that
    many, evenly spread, see `mapped_rows`. groups: a label for each vector, in order, or None. perplexity: about how many
    neighbours of a point count. Equal seeds give equal maps, on any number of processors.

    Columns: word or document, x, y, group if there are groups, and count if there are counts. x and y are between -1 and 1.
    Raises InputError if there are no vectors, or as many groups as vectors are not given.
    """
    check_numbers(top=top)
    check_numbers(0, seed=seed)
    if not 1 <= perplexity <= 1000:
        raise OptionError(f"perplexity={perplexity} cannot work: give a number from 1 to 1000")
    table = table_of(vectors)
    if not len(table):
        raise InputError("there are no vectors to draw; give some")
    if groups is not None and len(groups) != len(table):
        raise InputError(f"{len(groups):,} groups for {len(table):,} vectors; give one for each")
    rows = mapped_rows(table, top)
    if not (np.abs(table.vectors[rows]) < MOST).all():
        raise InputError(f"a vector has a number that is NaN, infinite, or beyond {MOST:.0e}; leave it out")
    with one_thread():
        points = _project(unit(table.vectors[rows]), perplexity, seed)
    columns = {table.kind: table.words.take(pa.array(rows)), "x": points[:, 0], "y": points[:, 1]}
    if groups is not None:
        columns["group"] = pa.array([groups[row] for row in rows.tolist()], pa.large_string())
    if table.counts is not None:
        columns["count"] = table.counts[rows]
    return pa.table(columns)


def mapped_rows(table: VectorTable, top: int) -> NDArray[np.int64]:
    """Return the rows that a map shows: the words with the largest counts (or the first), or documents evenly spread."""
    if len(table) <= top:
        return np.arange(len(table))
    if table.kind == "document":
        return np.arange(top) * len(table) // top
    if table.counts is None:
        return np.arange(top)
    return np.argsort(-table.counts, kind="stable")[:top]


def _project(directions: Floats, perplexity: float, seed: int) -> Floats:
    """Return points, (N, 2), between -1 and 1."""
    components = _principal_components(directions)
    if len(components) >= _FEWEST and components[:, 0].std() > 0:
        from sklearn.manifold import TSNE

        model = TSNE(
            perplexity=min(perplexity, (len(components) - 1) / 3),
            init=components[:, :2] / components[:, 0].std() * 1e-4,
            random_state=np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed))),
        )
        components = model.fit_transform(components)
    points = components[:, :2] - (components[:, :2].min(axis=0) + components[:, :2].max(axis=0)) / 2
    scaled: Floats = (points / (np.abs(points).max() or 1)).astype(np.float32)
    return scaled


def _principal_components(directions: Floats) -> Floats:
    """Return the directions in at most `COMPONENTS` dimensions, and at least 2, along which they differ most."""
    centred = directions.astype(np.float64) - directions.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :COMPONENTS]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    components = (centred @ axes).astype(np.float32)
    components[np.abs(components) < 1e-6] = 0  # what rounding makes of equal vectors
    return np.pad(components, [(0, 0), (0, max(0, 2 - components.shape[1]))])


def write_map(table: pa.Table, path: str | Path) -> None:
    """Draw a map of `map_vectors`: .html, one page that needs nothing else; .png, with matplotlib; or write it as a table.

    A column `text` is shown on the page beside the key. Raises OutputError if nothing can be written there.
    """
    from nlptools.vectors.map_drawing import drawing

    draw = drawing(path)
    draw(table, path)
