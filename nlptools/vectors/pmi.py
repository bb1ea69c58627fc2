"""Vectors whose inner products are pointwise mutual information (kexue.fm 4667 to 4681), by regression on counted pairs.

⟨v, w⟩ = ln P(v, w) / (P(v) P(w)): one vector for a word, no biases. Minimised is the sum of λ (⟨v, w⟩ - PMI)² over the pairs
of different words that stand near each other, λ = (X / x_max) ^ 0.75, at most 1 unless `truncate` is False.

The pairs are learned tile by tile (cooccurrence.py). A round is a set of tiles no two of which have a block in common: they
can be learned at the same time, without locks, and the result does not depend on how many are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from math import log as ln
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlptools.errors import InputError, OptionError
from nlptools.threads import in_threads
from nlptools.vectors import _pmi_kernels
from nlptools.vectors.cooccurrence import MOST_ROWS, Cooccurrences, count_cooccurrences
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.word_ids import WordIds

TILE_BYTES = 1 << 20
"""Of the vectors of a tile and their sums, aimed at: about a second-level cache."""

LEAST_BLOCKS, MOST_BLOCKS = 16, 256
"""The first bounds how many threads have something to do, the second how many tiles there are."""

_ROWS = 1 << 16  # that are drawn at a time


@dataclass
class PmiState:
    """A training between two rounds, which can be kept and gone on with.

    state: float32 (V, 2, D), the vector of each word and the sums of its squared gradients.
    epoch, round: how many are done, rounds in this epoch. pairs: learned in this epoch. loss: the sum of their
        λ (⟨v, w⟩ - PMI)², each before its step.
    total: pairs in an epoch.
    """

    state: NDArray[np.float32]
    epoch: int = 0
    round: int = 0
    pairs: int = 0
    loss: float = 0.0
    total: int = 0

    @property
    def mean_loss(self) -> float:
        """The loss of a pair, in this epoch."""
        return self.loss / max(1, self.pairs)

    @property
    def done(self) -> int:
        """How many pairs were learned, in all epochs."""
        return self.epoch * self.total + (self.pairs if self.round else 0)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The vectors, (V, D), a view of `state`."""
        return self.state[:, 0]

    def take_vectors(self) -> NDArray[np.float32]:
        """Return the vectors, (V, D) in one piece, in the memory of `state`, which is lost."""
        words, _, size = self.state.shape
        vectors = self.state.reshape(-1)[: words * size].reshape(words, size)
        done = 1
        while done < words:  # rows lie at twice their place, so nothing is overwritten before it is moved
            more = min(2 * done, words)
            vectors[done:more] = self.state[done:more, 0]
            done = more
        return vectors


def start_pmi(words: int, options: VectorOptions) -> PmiState:
    """Return the state before the first round: numbers from -.5 / D to .5 / D, sums of 1."""
    size = options.vector_size
    state = np.ones((words, 2, size), np.float32)
    random = np.random.default_rng(options.seed)
    for lo in range(0, words, _ROWS):
        some = state[lo : lo + _ROWS, 0]
        some[:] = (random.random(some.shape, np.float32) - np.float32(0.5)) / np.float32(size)
    return PmiState(state)


def train_pmi(
    text: WordIds,
    options: VectorOptions,
    state: PmiState | None = None,
    on_count: Callable[[int], object] | None = None,
    on_round: Callable[[PmiState], object] | None = None,
    stop: Callable[[], bool] = lambda: False,
    log: Callable[[str], object] | None = None,
    directory: str | Path | None = None,
) -> PmiState:
    """Learn vectors, and return the state after the last round, or after the one in which `stop` became true.

    The same text, options and seed give the same vectors at any number of workers, also if a training was stopped and went
    on: an epoch passes over all pairs, one for both orders, in an order that is drawn anew.

    text: as `read_word_ids` yields it. state: where to go on, from this text and these options; it is changed in place.
    on_count: called with the number of ids whose pairs were counted since its last call. on_round: with the state after
        each round, also to keep it. stop: asked after each round and while pairs are counted.
    log: called with a line for each stage. directory: for temporary files; default: the system's.
    Raises InputError if no two different words stand near each other, OptionError if `alpha` is too large for this text,
    OutputError if there is no room for temporary files.
    """
    log = log or (lambda _: None)
    words = len(text.words)
    state = start_pmi(words, options) if state is None else state

    def counted(ids: int) -> None:
        if on_count:
            on_count(ids)
        if stop():
            raise _StoppedError

    try:
        with count_cooccurrences(
            text.ids, words, block_count(words, options.vector_size), options.window, options.seed, options.memory,
            options.thread_count, directory, counted, log,
        ) as pairs:  # fmt: skip
            if not pairs.pairs:
                raise InputError(
                    "no two different words stand near each other, so there is nothing to learn; give text with more than one "
                    "word on a line, or a smaller --min-count"
                )
            state.total = pairs.pairs
            while state.epoch < (options.epochs or 0) and not stop():
                _train_round(text, options, pairs, state)
                if on_round:
                    on_round(state)
    except _StoppedError:
        pass
    return state


class _StoppedError(Exception):
    pass


def block_count(words: int, vector_size: int) -> int:
    """Return among how many blocks to divide the words: a power of 2."""
    wanted = 2 * words * 8 * vector_size // TILE_BYTES
    blocks = min(max(LEAST_BLOCKS, 1 << max(0, wanted - 1).bit_length()), MOST_BLOCKS)
    while blocks * MOST_ROWS < words:
        blocks *= 2
    return blocks


def tiles_of_round(blocks: int, seed: int, epoch: int, number: int) -> list[tuple[int, int]]:
    """Return the tiles (a, b), a <= b, of round `number` of 0 to blocks - 1; no two have a block in common.

    In the rounds of an epoch each tile comes once: a tournament in which each block meets each other one, and one round
    of the tiles of one block. The names of the blocks, and the order of the rounds, are drawn for each epoch.
    """
    random = np.random.default_rng([seed, epoch])
    names = random.permutation(blocks).tolist()
    day, others = int(random.permutation(blocks)[number]), blocks - 1
    if day == others:
        return [(name, name) for name in names]
    meet = [(others, day), *(((day + k) % others, (day - k) % others) for k in range(1, blocks // 2))]
    return [(min(names[a], names[b]), max(names[a], names[b])) for a, b in meet]


def _train_round(text: WordIds, options: VectorOptions, pairs: Cooccurrences, state: PmiState) -> None:
    """Learn the tiles of the next round."""
    log_counts = np.log(text.counts).astype(np.float32)
    shift = 2 * ln(text.counts.sum()) - ln(pairs.total)
    most = 1.0 if options.truncate else inf
    tiles = tiles_of_round(pairs.blocks, options.seed, state.epoch, state.round)
    tiles.sort(key=lambda tile: -pairs.size(*tile))  # the largest first, so that the threads end together

    def learn(tile: int, _: int) -> float:
        a, b = tiles[tile]
        return _pmi_kernels.train_tile(
            pairs.read(a, b),
            a,
            b,
            pairs.blocks,
            state.state,
            log_counts,
            shift,
            options.x_max,
            most,
            options.alpha or 0.0,
        )

    losses = in_threads(learn, list(range(len(tiles) + 1)), options.thread_count)
    if state.round == 0:
        state.pairs, state.loss = 0, 0.0
    state.pairs += sum(pairs.size(*tile) for tile in tiles)
    state.loss += sum(losses)
    state.round += 1
    if state.round == pairs.blocks:
        state.epoch, state.round = state.epoch + 1, 0
    if not isfinite(state.loss):
        raise OptionError(
            f"alpha={options.alpha} is too large for this text: numbers grow without bound; give a smaller one"
        )
