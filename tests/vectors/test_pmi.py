from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from math import log, sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.errors import InputError, OptionError
from nlptools.ngrams import grouping
from nlptools.vectors import pmi
from nlptools.vectors.cooccurrence import count_cooccurrences
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.pmi import PmiState, block_count, start_pmi, tiles_of_round, train_pmi
from nlptools.vectors.word_ids import WordIds


@pytest.fixture(scope="module", autouse=True)
def small_tables() -> Iterator[None]:
    """Tables for grouping that suit small texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "LEADER_BITS", 8)
        yield


def text_of(ids: list[int], words: int) -> WordIds:
    array = np.array(ids, np.int32)
    counts = np.maximum(1, np.bincount(array[array >= 0], minlength=words)).astype(np.int64)
    return WordIds(pa.array(map(str, range(words)), pa.large_string()), counts, array, int(counts.sum()))


def options_of(**options: Any) -> VectorOptions:
    return VectorOptions(**{"method": "pmi", "vector_size": 9, "epochs": 2, "workers": 1, "window": 3, **options})


@pytest.fixture(scope="module")
def text() -> WordIds:
    ids = np.random.default_rng(3).zipf(1.5, 300) % 40
    ids[::17] = -1
    return text_of(ids.tolist(), 40)


def train_slowly(text: WordIds, options: VectorOptions) -> tuple[NDArray[np.float64], float]:
    """One pair after the other, in the order of the rounds; returns the vectors and the mean loss of the last epoch."""
    words, size = len(text.words), options.vector_size
    start = start_pmi(words, options).state.astype(float)
    vectors, squares = start[:, 0].copy(), start[:, 1].copy()
    blocks = block_count(words, size)
    with count_cooccurrences(text.ids, words, blocks, options.window, options.seed) as pairs:
        for epoch in range(options.epochs or 0):
            losses = []
            for number in range(blocks):
                for a, b in tiles_of_round(blocks, options.seed, epoch, number):
                    for first, second, count in pairs.read(a, b).tolist():
                        i, j = a + first * blocks, b + second * blocks
                        p_i, p_j = text.counts[i] / text.counts.sum(), text.counts[j] / text.counts.sum()
                        target = log(count / pairs.total / (p_i * p_j))
                        weight = (count / options.x_max) ** 0.75
                        if options.truncate:
                            weight = min(weight, 1.0)
                        difference = sum(vectors[i] * vectors[j]) - target
                        losses.append(weight * difference**2)
                        for word, gradient in (
                            (i, weight * difference * vectors[j].copy()),
                            (j, weight * difference * vectors[i].copy()),
                        ):
                            for d in range(size):
                                squares[word, d] += gradient[d] ** 2
                                vectors[word, d] -= options.alpha * gradient[d] / sqrt(squares[word, d] + 1e-8)
    return vectors, sum(losses) / len(losses)


@pytest.mark.parametrize("more", [{}, {"truncate": False, "x_max": 2.0}, {"vector_size": 1, "seed": 7}])
def test_vectors_are_those_of_the_slow_twin(text: WordIds, more: dict[str, Any]) -> None:
    options = options_of(**more)
    state = train_pmi(text, options)
    expected, loss = train_slowly(text, options)
    np.testing.assert_allclose(state.vectors, expected, rtol=1e-3, atol=1e-5)
    assert state.mean_loss == pytest.approx(loss, rel=1e-4)
    assert state.total == state.pairs > 100


def test_the_same_bytes_at_any_number_of_workers(text: WordIds) -> None:
    one = train_pmi(text, options_of())
    for workers, memory in ((2, None), (3, "10K")):
        other = train_pmi(text, options_of(workers=workers, memory=memory))
        assert other.state.tobytes() == one.state.tobytes()
        assert other.loss == one.loss
    assert train_pmi(text, options_of(seed=2)).state.tobytes() != one.state.tobytes()


def test_a_training_that_was_stopped_goes_on(text: WordIds) -> None:
    whole = train_pmi(text, options_of())
    state: PmiState | None = None
    stops = 0
    while state is None or state.epoch < 2:
        left = iter([False] * 7)  # one while pairs are counted, one before each round
        state = train_pmi(text, options_of(), state, stop=partial(next, left, True))
        stops += 1
        state = PmiState(state.state.copy(), state.epoch, state.round, state.pairs, state.loss)
    assert stops == 6  # 32 rounds
    assert state.state.tobytes() == whole.state.tobytes()
    assert (state.loss, state.pairs) == (whole.loss, whole.pairs)


def test_stopped_while_pairs_are_counted(text: WordIds) -> None:
    counted: list[int] = []
    state = train_pmi(text, options_of(), stop=lambda: True, on_count=counted.append)
    assert (state.epoch, state.round, state.total) == (0, 0, 0)
    assert counted
    assert state.state.tobytes() == start_pmi(40, options_of()).state.tobytes()


def test_rounds_and_epochs_are_told(text: WordIds) -> None:
    seen: list[tuple[int, int, float]] = []
    done: list[int] = []
    lines: list[str] = []

    def note(state: PmiState) -> None:
        seen.append((state.epoch, state.round, state.mean_loss))
        done.append(state.done)

    state = train_pmi(text, options_of(), on_round=note, log=lines.append)
    assert [(epoch, number) for epoch, number, _ in seen] == [(n // 16, n % 16) for n in range(1, 33)]
    assert seen[31][2] == state.mean_loss < seen[15][2]
    assert len(lines) == 1
    assert done == sorted(done)
    assert (done[15], done[31]) == (state.total, 2 * state.total)


def test_inner_products_become_pmi(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room enough the regression is exact."""
    monkeypatch.setattr(pmi, "LEAST_BLOCKS", 2)
    random = np.random.default_rng(5)
    joint = np.array([[8, 4, 1, 1], [4, 2, 6, 1], [1, 6, 1, 3], [1, 1, 3, 5]], float)
    ids: list[int] = []
    for cell in random.choice(16, 3000, p=(joint / joint.sum()).reshape(-1)).tolist():
        if cell // 4 != cell % 4:
            ids += [cell // 4, cell % 4, -1]
    text = text_of(ids, 4)
    state = train_pmi(text, options_of(vector_size=8, epochs=300, x_max=1.0))
    counts: Counter[tuple[int, int]] = Counter()
    for one, other in pairwise(ids):
        if one >= 0 and other >= 0:
            counts[one, other] += 1
            counts[other, one] += 1
    shares = text.counts / text.counts.sum()
    for (one, other), count in counts.items():
        expected = log(count / sum(counts.values()) / shares[one] / shares[other])
        assert float(state.vectors[one] @ state.vectors[other]) == pytest.approx(expected, abs=0.02)


@given(st.integers(1, 40), st.integers(1, 5))
def test_vectors_are_taken_in_place(words: int, size: int) -> None:
    state = PmiState(np.random.default_rng(1).random((words, 2, size), np.float32))
    expected = state.vectors.copy()
    taken = state.take_vectors()
    assert taken.flags.c_contiguous
    assert np.shares_memory(taken, state.state)
    np.testing.assert_array_equal(taken, expected)


@given(st.sampled_from([2, 4, 16]), st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_has_each_tile_once_and_a_round_each_block_once(blocks: int, seed: int, epoch: int) -> None:
    rounds = [tiles_of_round(blocks, seed, epoch, number) for number in range(blocks)]
    for tiles in rounds:
        assert sorted({block for tile in tiles for block in tile}) == list(range(blocks))
        assert len(tiles) in (blocks, blocks // 2)
    everything = [tile for tiles in rounds for tile in tiles]
    assert sorted(everything) == [(a, b) for a in range(blocks) for b in range(a, blocks)]


def test_blocks_are_few_for_few_words_and_never_too_large() -> None:
    assert block_count(1, 1) == pmi.LEAST_BLOCKS == 16
    assert block_count(60_000, 100) == 128
    assert block_count(5_000_000, 300) == 256
    assert block_count((1 << 24) + 1, 300) == 512


@pytest.mark.parametrize("ids", [[0, -2], [0, -1, 1, -2, -2], [0, 0, 0, -2]])
def test_nothing_to_learn(ids: list[int]) -> None:
    with pytest.raises(InputError, match="no two different words stand near each other"):
        train_pmi(text_of(ids, 2), options_of())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's, where kernels are not compiled
def test_numbers_that_grow_without_bound_are_told(text: WordIds) -> None:
    start = start_pmi(40, options_of())
    start.state[:, 0] = 1e20
    with pytest.raises(OptionError, match="is too large for this text"):
        train_pmi(text, options_of(), start)


def test_start() -> None:
    state = start_pmi(pmi._ROWS + 3, options_of(vector_size=4))
    assert state.vectors.min() == pytest.approx(-0.125, abs=1e-4)
    assert state.vectors.max() == pytest.approx(0.125, abs=1e-4)
    assert (state.state[:, 1] == 1).all()
