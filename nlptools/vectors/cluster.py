"""Clusters of words or documents: k-means, k-means on the sphere, mixtures of von Mises-Fisher distributions."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.checks import check_choice, check_numbers
from nlptools.errors import InputError
from nlptools.vectors.neighbours import Floats, unit
from nlptools.vectors.one_thread import one_thread
from nlptools.vectors.table import Kind, table_of
from nlptools.vectors.von_mises_fisher import fit_mixture
from nlptools.wording import counted

ClusterMethod = Literal["kmeans", "spherical", "vmf"]

STARTS = 10
STEPS = 300
"""Of spherical k-means, at most, for each start."""

MOST = 1e15
"""Numbers in vectors, whose squares must be float32."""

_CELLS = 1 << 22  # numbers of vectors, or cosines with centres, that a block has at most

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Which key is in which cluster; clusters are numbered from 0, the largest first."""

    keys: Any
    """large_string (N,)"""
    kind: Kind
    assignment: Rows
    """(N,)"""
    centres: Floats
    """(K, D); spherical, vmf: of length 1"""
    scores: dict[str, Floats]
    """of each key, (N,): its distance to the centre (kmeans) or its cosine with it; vmf: the posterior of the cluster, too"""

    @property
    def sizes(self) -> Rows:
        """How many keys are in each cluster, (K,)."""
        return np.bincount(self.assignment, minlength=len(self.centres))

    def central(self, top: int) -> list[Rows]:
        """Return for each cluster the rows of the `top` keys that are nearest to its centre, nearest first."""
        far = self.scores["distance"] if "distance" in self.scores else -self.scores["cosine"]
        order = np.lexsort((far, self.assignment))
        ends = np.cumsum(self.sizes)
        return [order[end - size : end][:top] for end, size in zip(ends, self.sizes, strict=True)]

    def to_table(self) -> pa.Table:
        """Return a table: word or document, cluster, and the scores."""
        return pa.table({self.kind: self.keys, "cluster": self.assignment, **self.scores})


def cluster_vectors(
    vectors: Any, n_clusters: int, method: ClusterMethod = "kmeans", *, seed: int = 1, n_init: int = STARTS
) -> Clusters:
    """Divide words or documents into clusters. Equal seeds give equal clusters, on any number of processors.

    vectors: gensim `KeyedVectors`, a model or a `VectorTable`. method: kmeans, by distances of the vectors as they are
    (scikit-learn's); spherical, by cosines, with centres of length 1; vmf, a mixture of von Mises-Fisher distributions,
    each with a weight, and one concentration for all. n_init: how many starts (k-means++), of which the best counts; vmf goes on from
    the clusters of spherical. Some clusters are empty if there are fewer distinct vectors.

    Raises OptionError for a method that is not known, InputError for fewer vectors than clusters, and for a number that is NaN or too large.
    """
    check_numbers(n_clusters=n_clusters, n_init=n_init)
    check_numbers(0, seed=seed)
    check_choice(get_args(ClusterMethod), method=method)
    table = table_of(vectors)
    if len(table) < n_clusters:
        raise InputError(
            f"{counted(len(table), table.kind)} cannot make {n_clusters:,} clusters; ask for fewer clusters"
        )
    if not (np.abs(table.vectors) < MOST).all():
        raise InputError(f"a vector has a number that is NaN, infinite, or beyond {MOST:.0e}; leave it out")
    random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
    with one_thread():
        if method == "kmeans":
            assignment, centres = _kmeans(table.vectors, n_clusters, n_init, random)
            scores = {"distance": _distances(table.vectors, centres, assignment)}
        else:
            directions = unit(table.vectors)
            assignment, centres = _spherical(directions, n_clusters, n_init, random)
            scores = {}
            if method == "vmf":
                assignment, centres, scores["posterior"] = fit_mixture(directions, assignment, n_clusters)
            scores = {"cosine": _cosines(directions, centres, assignment), **scores}
    order = np.argsort(-np.bincount(assignment, minlength=n_clusters), kind="stable")
    return Clusters(table.words, table.kind, np.argsort(order)[assignment], centres[order], scores)


def _kmeans(vectors: Floats, k: int, starts: int, random: np.random.RandomState) -> tuple[Rows, Floats]:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct vectors than clusters
        model = KMeans(k, n_init=starts, algorithm="lloyd", random_state=random).fit(vectors)
    return model.labels_.astype(np.int64), model.cluster_centers_


def _spherical(directions: Floats, k: int, starts: int, random: np.random.RandomState) -> tuple[Rows, Floats]:
    """Return the clusters and centres of the start with the largest sum of cosines."""
    found = (_spherical_start(directions, k, random) for _ in range(starts))
    assignment, centres, _ = max(found, key=lambda start: start[2])
    return assignment, centres


def _spherical_start(directions: Floats, k: int, random: np.random.RandomState) -> tuple[Rows, Floats, float]:
    from sklearn.cluster import kmeans_plusplus

    centres, _ = kmeans_plusplus(directions, k, random_state=random)
    assignment, cosines = _nearest(directions, centres)
    for _ in range(STEPS):
        centres = _centres(directions, assignment, cosines, k)
        before = assignment
        assignment, cosines = _nearest(directions, centres)
        if (assignment == before).all():
            break
    return assignment, centres, float(cosines.sum(dtype=np.float64))


def _nearest(directions: Floats, centres: Floats) -> tuple[Rows, Floats]:
    """Return for each direction the centre with the largest cosine, (N,), and the cosine."""
    assignment, best = np.empty(len(directions), np.int64), np.empty(len(directions), np.float32)
    for some in _blocks(directions, len(centres)):
        cosines = directions[some] @ centres.T
        assignment[some] = cosines.argmax(axis=1)
        best[some] = cosines.max(axis=1)
    return assignment, best


def _centres(directions: Floats, assignment: Rows, cosines: Floats, k: int) -> Floats:
    """Return the direction of the sum of each cluster; of an empty one a vector that is far from its centre."""
    from scipy.sparse import csr_array

    size = len(directions)
    members = csr_array((np.ones(size, np.float32), (assignment, np.arange(size))), (k, size))
    centres = unit(members @ directions)
    empty = np.flatnonzero(np.bincount(assignment, minlength=k) == 0)
    centres[empty] = directions[np.argsort(cosines, kind="stable")[: empty.size]]
    return centres


def _distances(vectors: Floats, centres: Floats, assignment: Rows) -> Floats:
    far = np.empty(len(vectors), np.float32)
    for some in _blocks(vectors, 1):
        far[some] = np.linalg.norm(vectors[some] - centres[assignment[some]], axis=1)
    return far


def _cosines(directions: Floats, centres: Floats, assignment: Rows) -> Floats:
    cosines = np.empty(len(directions), np.float32)
    for some in _blocks(directions, 1):
        cosines[some] = (directions[some] * centres[assignment[some]]).sum(axis=1)
    return cosines


def _blocks(vectors: Floats, columns: int) -> Iterator[slice]:
    rows = max(1, _CELLS // max(columns, vectors.shape[1], 1))
    return (slice(first, first + rows) for first in range(0, len(vectors), rows))
