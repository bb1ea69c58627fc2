"""Clusters: what is plainly one cluster is found, slow twins agree, seeds decide; and how labels are read and compared."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.corpus import write_table
from nlptools.errors import InputError, NlptoolsError, OptionError
from nlptools.vectors.cluster import Clusters, cluster_vectors
from nlptools.vectors.cluster_evaluation import evaluate_clusters, neighbour_accuracy, read_clusters, read_labels
from nlptools.vectors.neighbours import unit
from nlptools.vectors.table import VectorTable
from nlptools.vectors.von_mises_fisher import fit_mixture, log_bessel, log_normaliser

METHODS: list[Any] = ["kmeans", "spherical", "vmf"]


def a_table(vectors: Any, keys: list[str] | None = None) -> VectorTable:
    matrix = np.array(vectors, np.float32)
    return VectorTable(pa.array(keys or map(str, range(len(matrix))), pa.large_string()), matrix, kind="document")


def groups(sizes: list[int], dimension: int = 8, noise: float = 0.2) -> tuple[VectorTable, list[int]]:
    """Directions around axes, in an order by chance, and which axis each is of."""
    random = np.random.default_rng(5)
    labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = np.eye(dimension)[labels] + noise * random.normal(size=(len(labels), dimension)) / math.sqrt(dimension)
    return a_table(vectors), labels.tolist()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_plainly_a_cluster(method: Any) -> None:
    table, labels = groups([30, 80, 50])
    found = cluster_vectors(table, 3, method)
    assert found.sizes.tolist() == [80, 50, 30]
    assert found.assignment.tolist() == [{1: 0, 2: 1, 0: 2}[label] for label in labels]
    assert list(evaluate_clusters(found.assignment.tolist(), labels)) == pytest.approx([1, 1, 1, 160])
    assert neighbour_accuracy(table, labels) == 1.0
    first = next(iter(found.scores))
    assert found.to_table().column_names[:3] == ["document", "cluster", first]
    members = [row for row, cluster in enumerate(found.assignment) if cluster == 0]
    sign = 1 if first == "distance" else -1
    members.sort(key=lambda row: sign * float(found.scores[first][row]))
    assert found.central(4)[0].tolist() == members[:4]
    assert np.allclose(np.linalg.norm(found.centres, axis=1), 1, atol=1e-5) or method == "kmeans"


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_those_of_the_nearest_centre(method: Any) -> None:
    table, _ = groups([9, 9, 9, 9], noise=3)
    found = cluster_vectors(table, 4, method, n_init=2)
    for row, vector in enumerate(table.vectors.tolist()):
        if method == "kmeans":
            far = [math.dist(vector, centre) for centre in found.centres.tolist()]
            assert float(found.scores["distance"][row]) == pytest.approx(min(far), abs=1e-4)
            continue
        length = math.hypot(*vector)
        near = [sum(x * y for x, y in zip(vector, centre, strict=True)) / length for centre in found.centres.tolist()]
        assert float(found.scores["cosine"][row]) == pytest.approx(near[found.assignment[row]], abs=1e-5)
        if method == "spherical":
            assert near[found.assignment[row]] == pytest.approx(max(near), abs=1e-5)
        else:
            assert 1 / 4 - 1e-6 <= found.scores["posterior"][row] <= 1


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_decides(method: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_limits

    table, _ = groups([700, 700], noise=4)
    found = cluster_vectors(table, 6, method, n_init=2)
    with threadpool_limits(3):
        again = cluster_vectors(table, 6, method, n_init=2)
    assert found.to_table().equals(again.to_table())
    assert (found.centres == again.centres).all()
    other = cluster_vectors(table, 6, method, n_init=1, seed=2)
    assert other.assignment.tolist() != found.assignment.tolist()
    monkeypatch.setattr("nlptools.vectors.cluster._CELLS", 100)
    assert cluster_vectors(table, 6, method, n_init=2).assignment.tolist() == found.assignment.tolist()


def test_the_centres_of_spherical_are_the_directions_of_sums() -> None:
    table, _ = groups([20, 20], noise=3)
    found = cluster_vectors(table, 3, "spherical", n_init=1)
    for cluster, centre in enumerate(found.centres):
        total = [0.0] * 8
        for vector, where in zip(table.vectors.tolist(), found.assignment, strict=True):
            if where == cluster:
                total = [x + y / math.hypot(*vector) for x, y in zip(total, vector, strict=True)]
        assert np.allclose(centre, np.array(total) / math.hypot(*total), atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "vectors", [[[1, 0]], [[2]] * 3, [[0, 0]] * 4, [[1, 0], [1, 0], [0, 1], [0, 0], [-1, 0]], [[1e14, 1], [1e-30, 0]]]
)
def test_awkward_vectors(method: Any, vectors: list[list[float]]) -> None:
    for clusters in range(1, len(vectors) + 1):
        found = cluster_vectors(a_table(vectors), clusters, method, n_init=1)
        assert found.sizes.sum() == len(vectors)
        assert len(found.sizes) == len(found.central(1)) == clusters
        assert all(np.isfinite(scores).all() for scores in found.scores.values())


def test_what_cannot_be_asked() -> None:
    table, _ = groups([3])
    for arguments, reason in (((0,), "n_clusters=0"), ((4,), "3 documents cannot make 4 clusters"), ((2, "x"), "'x'")):
        with pytest.raises(NlptoolsError, match=reason):
            cluster_vectors(table, *arguments)
    with pytest.raises(OptionError):
        cluster_vectors(table, 2, seed=-1)
    with pytest.raises(OptionError):
        cluster_vectors(table, 2, n_init=0)
    with pytest.raises(InputError, match="NaN"):
        cluster_vectors(a_table([[math.nan], [1]]), 2)
    with pytest.raises(InputError, match=r"beyond 1e\+15"):
        cluster_vectors(a_table([[1e30], [1]]), 2)


def test_a_mixture_knows_weights() -> None:
    """One group is much larger than the other: spherical k-means gives a piece of it away, the mixture does not."""
    random = np.random.default_rng(1)
    centres = np.repeat([[0, 0, 1.0], [0, 1.0, 0.3]], [950, 50], axis=0)
    table, labels = a_table(centres + 0.3 * random.normal(size=(1000, 3))), [0] * 950 + [1] * 50
    halves, found = (cluster_vectors(table, 2, method) for method in ("spherical", "vmf"))
    assert halves.sizes[1] > 100
    assert abs(found.sizes[1] - 50) < 15
    assert evaluate_clusters(found.assignment.tolist(), labels).ari > 0.8


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_mixture_divides_by_topic_and_not_by_length(seed: int) -> None:
    """Directions of short texts scatter more than those of long ones."""
    random = np.random.default_rng(seed)
    topics, common = random.dirichlet(np.full(100, 0.1), 5), random.dirichlet(np.full(100, 0.5))
    labels = random.integers(0, 5, 500)
    lengths = np.exp(random.uniform(math.log(10), math.log(2000), 500)).astype(int)
    texts = [
        random.multinomial(length, 0.3 * topics[label] + 0.7 * common)
        for length, label in zip(lengths, labels, strict=True)
    ]
    found = cluster_vectors(a_table(np.sqrt(np.array(texts))), 5, "vmf")
    assert evaluate_clusters(found.assignment.tolist(), labels.tolist()).ari > 0.6


@pytest.mark.parametrize("dimension", [2, 3, 7])
def test_mixture_slow_twin(dimension: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlptools.vectors.von_mises_fisher.STEPS", 4)
    random = np.random.default_rng(dimension)
    directions = unit(random.normal(size=(12, dimension)).astype(np.float32))
    start = random.integers(0, 3, 12)
    found, means, posteriors = fit_mixture(directions, start, 3)
    shares = [[float(cluster == k) for k in range(3)] for cluster in start]
    points = directions.astype(float).tolist()
    for _ in range(4):
        masses = [sum(share[k] for share in shares) for k in range(3)]
        sums = [
            [sum(share[k] * x[i] for share, x in zip(shares, points, strict=True)) for i in range(dimension)]
            for k in range(3)
        ]
        r = sum(math.hypot(*some) for some in sums) / 12
        c = r * (dimension - r * r) / (1 - r * r)
        centres = [[x / math.hypot(*some) for x in some] for some in sums]
        for n, x in enumerate(points):
            density = [masses[k] * math.exp(c * sum(map(math.prod, zip(centres[k], x, strict=True)))) for k in range(3)]
            shares[n] = [one / sum(density) for one in density]
    assert found.tolist() == [share.index(max(share)) for share in shares]
    assert posteriors == pytest.approx([max(share) for share in shares], abs=1e-4)
    assert means == pytest.approx(np.array(centres), abs=1e-4)


@pytest.mark.parametrize("order", [-0.5, 0, 0.5, 4, 49, 50, 149, 383])
@pytest.mark.parametrize("x", [0.01, 1.0, 30.0, 400.0])
def test_bessel_function_slow_twin(order: float, x: float) -> None:
    terms = [(2 * m + order) * math.log(x / 2) - math.lgamma(m + 1) - math.lgamma(m + order + 1) for m in range(1000)]
    largest = max(terms)
    expected = largest + math.log(math.fsum(math.exp(term - largest) for term in terms))
    assert log_bessel(order, x) == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_normaliser_of_the_sphere() -> None:
    """In three dimensions C is c / (4 pi sinh c)."""
    for c in (0.01, 1.0, 5.0):
        expected = math.log(c / (4 * math.pi * math.sinh(c)))
        assert log_normaliser(3, c) == pytest.approx(expected)


some_labels = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["甲", "𠮷", None])), min_size=1, max_size=12)


@given(some_labels)
def test_agreement_slow_twin(pairs: list[tuple[int, str | None]]) -> None:
    clusters, labels = zip(*pairs, strict=True)
    there = [(cluster, label) for cluster, label in pairs if label is not None]
    if not there:
        with pytest.raises(InputError, match="no vector has a label"):
            evaluate_clusters(clusters, labels)
        return
    found = evaluate_clusters(clusters, labels)
    of_cluster = {cluster: Counter(label for other, label in there if other == cluster) for cluster, _ in there}
    assert found.purity == pytest.approx(sum(max(some.values()) for some in of_cluster.values()) / len(there))
    assert found.compared == len(there)
    h = [_entropy([pair[i] for pair in there]) for i in (0, 1)]
    information = sum(h) - _entropy(there)
    assert found.nmi == pytest.approx(information / (sum(h) / 2) if sum(h) else 1, abs=1e-9)
    same = [(a[0] == b[0], a[1] == b[1]) for i, a in enumerate(there) for b in there[:i]]
    both, one, other = (sum(map(how, same)) for how in (all, lambda pair: pair[0], lambda pair: pair[1]))
    expected = one * other / len(same) if same else 0
    most = (one + other) / 2
    assert found.ari == pytest.approx((both - expected) / (most - expected) if most != expected else 1, abs=1e-9)


def _entropy(values: list[Any]) -> float:
    return -sum(n / len(values) * math.log(n / len(values)) for n in Counter(values).values())


def test_neighbours_slow_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = groups([10, 10, 10], noise=3)
    labels = [None if row % 7 == 0 else "甲乙丙"[row % 3] for row in range(30)]
    for most in (1, 2, 3, 40):
        expected = _accuracy(table.vectors, labels, most)
        assert neighbour_accuracy(table, labels, most) == pytest.approx(expected)
    monkeypatch.setattr("nlptools.vectors.neighbours._CELLS", 50)
    assert neighbour_accuracy(table, labels) == pytest.approx(_accuracy(table.vectors, labels, 3))
    monkeypatch.setattr("nlptools.vectors.cluster_evaluation.QUESTIONS", 4)
    found = neighbour_accuracy(table, labels)
    assert found is not None
    assert found * 4 == int(found * 4)
    assert neighbour_accuracy(table, ["甲", *[None] * 29]) is None


def _accuracy(vectors: NDArray[np.float32], labels: list[str | None], most: int) -> float:
    right = []
    for i, label in enumerate(labels):
        if label is None:
            continue
        others = [j for j, other in enumerate(labels) if other is not None and j != i]
        others.sort(key=lambda j: -float(vectors[i] @ vectors[j]) / float(np.linalg.norm(vectors[j])))
        near = [labels[j] for j in others[:most]]
        right.append(max(near, key=lambda some: (near.count(some), -near.index(some))) == label)
    return sum(right) / len(right)


def test_read_labels(tmp_path: Path) -> None:
    table = a_table(np.eye(3), ["0", "𠮷野", "2"])
    path = tmp_path / "labels.txt"

    def read(text: bytes) -> list[str | None]:
        path.write_bytes(text)
        return read_labels(path, table)

    assert read("\ufeff甲\r\n\r\nc d\r\n".encode()) == ["甲", None, "c d"]
    assert read("𠮷野\t甲\n\n9\tx\n0\tb\n2\t\n".encode()) == ["b", "甲", None]
    for text, reason in (
        (b"a\nb\n", "2 lines for 3 documents"),
        (b"a\tb\n", "none of the 3 documents"),
        (b"", "empty"),
    ):
        with pytest.raises(InputError, match=reason):
            read(text)
    with pytest.raises(InputError):
        read_labels(tmp_path / "none.txt", table)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "arrow"])
def test_read_clusters(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clusters.{suffix}"
    keys = pa.array(["0", '\u2028,"', "2"], pa.large_string())
    found = Clusters(keys, "document", np.array([1, 0, 1]), np.eye(2, dtype=np.float32), {})
    write_table(found.to_table(), path)
    table = a_table(np.eye(3), ["2", '\u2028,"', "x"])
    assert read_clusters(path, table) == ["1", "0", None]
    with pytest.raises(InputError, match="'word'"):
        read_clusters(path, VectorTable(table.words, table.vectors))
