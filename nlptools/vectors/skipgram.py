"""Skip-gram: vectors of words that predict the words around them, by negative sampling or noise-contrastive estimation.

A word i and a word j of its window are a pair; k noise words are drawn for it from q. Maximised is, over all pairs,

    ln σ(x(i, j)) + sum over the noise words n of ln(1 - σ(x(i, n)))

    sgns  x(i, j) = ⟨v_i, u_j⟩                        (Mikolov and others 2013); optimum ln p(j | i) / (k q(j))
    nce   x(i, j) = ⟨v_i, u_j⟩ + b_j - ln(k q(j))     (Mnih and Teh 2012); optimum of ⟨v_i, u_j⟩ + b_j: ln p(j | i)

What differs from word2vec: the words of a block of the text share their noise words. Each counts for as many as it stands
for, so that the expected gradient is the same, and scores and gradients become products of small matrices. Windows are
shrunk for each word as the predicting one, not as the predicted one, which gives the same pairs with the same probability.
A noise word that happens to be the right one is not drawn again: q is then what it is said to be. The text is read in
another order in each epoch, in pieces of whole lines. The rate of learning falls with the square of the progress: it
stays high for longer, and all figures of quality that we look at are better for it.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.vectors import _skipgram_kernels as kernels
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.word_ids import WordIds

BLOCK = 32
"""Words that are learned together, if there are not too many threads; a multiple of 4."""

NOISE = 32
"""Noise words of a block for `negative` of 5; in proportion for others."""

PIECE = 1 << 15
"""Ids of a piece of the text, about: what a thread takes at a time."""

DRAW = 1 << 12
"""Words that are drawn at a time."""

TOGETHER = 256
"""Words that all threads may learn at a time: each block starts from matrices that do not know of the others. From 512 on
training was seen to diverge."""

PAIRS = 192
"""Pairs of a block, about, without those of noise words."""

STABLE = 16
"""Pairs of one word that may be learned from the same state of the matrices, with their noise words."""

DECAY = 2
"""The rate of learning falls from alpha to min_alpha with the progress to this power; word2vec's is 1."""

_ROWS = 1 << 16  # that are drawn at a time


@dataclass(kw_only=True)
class Progress:
    """How far a training is that learns a text piece by piece.

    epoch, piece: how many are done, pieces in this epoch. words: learned so far, in all epochs.
    loss, pairs: of the pairs of this epoch whose loss was computed, each with its noise words.
    """

    epoch: int = 0
    piece: int = 0
    words: int = 0
    loss: float = 0.0
    pairs: float = 0.0

    @property
    def mean_loss(self) -> float:
        """The loss of a pair, in this epoch."""
        return self.loss / max(1.0, self.pairs)


@dataclass
class SkipgramState(Progress):
    """A training between two pieces of the text, which can be kept and gone on with.

    matrices: what is learned. loss: nats.
    """

    matrices: kernels.Matrices


def start_skipgram(text: WordIds, options: VectorOptions) -> SkipgramState:
    """Return the state before the first word: vectors from -.5 / D to .5 / D, contexts of zeros, as word2vec.

    With nce the bias of a word is the logarithm of its share of the text, so that scores begin as log-probabilities.
    """
    size, dimension = len(text.words), options.vector_size
    vectors = np.empty((size, dimension), np.float32)
    random = np.random.default_rng(options.seed)
    for lo in range(0, size, _ROWS):
        some = vectors[lo : lo + _ROWS]
        some[:] = (random.random(some.shape, np.float32) - np.float32(0.5)) / np.float32(dimension)
    biases, log_noise = np.zeros(size, np.float32), np.zeros(size, np.float32)
    if options.method == "nce":
        biases[:] = np.log(text.counts / text.counts.sum())
        log_noise[:] = np.log(options.negative * noise_distribution(text.counts, options.ns_exponent))
    return SkipgramState(kernels.Matrices(vectors, np.zeros((size, dimension), np.float32), biases, log_noise))


def noise_distribution(counts: NDArray[np.int64], exponent: float) -> NDArray[np.float64]:
    """Return q, the share of each word among the noise words, (V,): in proportion to count ^ exponent."""
    weights = counts.astype(np.float64) ** exponent
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """Return how likely an occurrence of each word is kept, (V,): (sqrt(f / sample) + 1) sample / f, at most 1.

    f is the share of the word. That is what word2vec and gensim compute, not the formula of the paper.
    """
    if sample == 0:
        return np.ones(counts.size)
    frequent = counts / counts.sum() / sample
    kept: NDArray[np.float64] = np.minimum((np.sqrt(frequent) + 1) / frequent, 1.0)
    return kept


def paces(
    counts: NDArray[np.int64], options: VectorOptions, together: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how much of its changes the vector and the context of each word take, (V,) both.

    Where many words are learned at the same time, a frequent word gets many changes that do not know of each other, and
    would overshoot. More than STABLE of them count as if they were so many. together: how many words are learned so.
    """
    kept = counts / counts.sum() * keep_probability(counts, options.sample)
    kept *= together / kept.sum()
    noise = together * noise_distribution(counts, options.ns_exponent)
    pairs = options.window + 1
    of_vector = pairs * (1 + options.negative) * kept
    of_context = pairs * (kept + options.negative * noise)
    vector, context = (np.minimum(1.0, STABLE / pairs_of) for pairs_of in (of_vector, of_context))
    return vector.astype(np.float32), context.astype(np.float32)


def train_skipgram(
    text: WordIds,
    options: VectorOptions,
    state: SkipgramState,
    on_piece: Callable[[SkipgramState], object] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Learn from where `state` is to the end of the last epoch, or until `stop` is true; `state` is changed in place.

    on_piece: called after each piece of the text, by one thread at a time. stop: asked before each piece.
    With options.deterministic one thread learns, so that equal text, options and seed give equal bytes.
    Raises OptionError if alpha is too large for this text.
    """
    _Training(text, options, state, on_piece, stop).learn()
    if not all(np.isfinite(matrix).all() for matrix in _slabs(state.matrices)):
        raise OptionError(
            f"alpha={options.alpha:g} is too large for this text: numbers grow without bound; give a smaller one"
        )


def _slabs(matrices: kernels.Matrices) -> Iterator[NDArray[np.float32]]:
    for matrix in (matrices.vectors, matrices.contexts):
        for lo in range(0, len(matrix), _ROWS):
            yield matrix[lo : lo + _ROWS]


@dataclass(frozen=True)
class _Piece:
    """Of the text: ids[begin:end]; the rates of learning at both; number: in the order of the text."""

    begin: int
    end: int
    number: int
    rates: tuple[float, float]


@dataclass
class _Training:
    """One call of `train_skipgram`."""

    text: WordIds
    options: VectorOptions
    state: SkipgramState
    on_piece: Callable[[SkipgramState], object] | None
    stop: Callable[[], bool]
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Prepare what is drawn from, and the pieces."""
        self.bounds = piece_bounds(self.text.ids, PIECE)
        self.biased = self.options.method == "nce"
        keep = keep_probability(self.text.counts, self.options.sample)
        bits = np.where(keep >= 1, 2**32 - 1, np.minimum(keep * 2**32, 2**32 - 2)).astype(np.uint32)
        cut, other = alias_table(noise_distribution(self.text.counts, self.options.ns_exponent))
        self.threads = 1 if self.options.deterministic else self.options.thread_count
        self.block = block_size(self.threads, self.options.window)
        self.sampling = kernels.Sampling(
            bits, cut, other, *paces(self.text.counts, self.options, self.block * self.threads)
        )
        self.pieces = self._pieces()

    def _pieces(self) -> Iterator[_Piece]:
        """Yield the pieces that are left, in the order in which they are learned, until `stop` is true."""
        options, state, size = self.options, self.state, self.text.ids.size
        epochs, most = options.epochs or 0, options.alpha or 0.0
        while state.epoch < epochs:
            order = np.random.default_rng([options.seed, state.epoch]).permutation(len(self.bounds) - 1)
            ends = state.epoch * size + np.cumsum(self.bounds[order + 1] - self.bounds[order])
            while state.piece < order.size:
                if self.stop():
                    return
                number, end = int(order[state.piece]), int(ends[state.piece])
                lo, hi = int(self.bounds[number]), int(self.bounds[number + 1])
                rates = [
                    most - (most - options.min_alpha) * (at / (epochs * size)) ** DECAY for at in (end - hi + lo, end)
                ]
                if state.piece == 0:
                    state.loss = state.pairs = 0.0
                state.piece += 1
                yield _Piece(lo, hi, number, (rates[0], rates[1]))
            state.epoch, state.piece = state.epoch + 1, 0

    def _done(self, piece: _Piece, loss: float, pairs: float) -> None:
        self.state.words += int(np.count_nonzero(self.text.ids[piece.begin : piece.end] >= 0))
        self.state.loss += loss
        self.state.pairs += pairs
        if self.on_piece:
            self.on_piece(self.state)

    def learn(self) -> None:
        """Let each thread take the next piece; they change the matrices as they like (Niu and others 2011, Hogwild)."""
        options, matrices = self.options, self.state.matrices

        def work(_: int) -> None:
            draw, scratch, changes = _room(options, self.block)
            while True:
                with self.lock:
                    piece = next(self.pieces, None)
                    epoch = self.state.epoch
                if piece is None:
                    return
                random = kernels.seed_random(options.seed, epoch, piece.number)
                told = kernels.learn_piece(
                    self.text.ids, piece.begin, piece.end, self.sampling, options.negative, piece.rates, self.biased,
                    random, draw, matrices, scratch, changes,
                )  # fmt: skip
                with self.lock:
                    self._done(piece, *told)

        if self.threads == 1:
            return work(0)
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for future in as_completed([pool.submit(work, number) for number in range(self.threads)]):
                    future.result()
            finally:
                self.pieces = iter(())  # if a thread or the user has raised something, the others end too
        return None


def piece_bounds(ids: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    """Return the bounds of pieces of about `size` ids that end with a line; a longer line is cut."""
    bounds = [0]
    while bounds[-1] < ids.size:
        at = bounds[-1] + size
        ends = np.flatnonzero(ids[at : at + size] < 0)
        bounds.append(min(at + int(ends[0]) + 1 if ends.size else at + size, ids.size))
    return np.array(bounds)


def alias_table(shares: NDArray[np.float64]) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return Walker's alias table of a distribution over V words: draw one of V evenly; from `cut` of 2^32 on take `other`."""
    filled = shares * (shares.size / shares.sum())
    other = np.arange(shares.size, dtype=np.int32)
    kernels.fill_alias_table(filled, other)
    return np.minimum(filled * 2**32, 2**32 - 1).astype(np.uint32), other


def block_size(threads: int, window: int) -> int:
    """Return how many words a block has: a multiple of 4, so few that all threads together learn no more than TOGETHER.

    In a wide window a word has more pairs, so fewer words are learned together.
    """
    return max(4, min(BLOCK, TOGETHER // threads, PAIRS // (window + 1)) // 4 * 4)


def _room(options: VectorOptions, block: int) -> tuple[kernels.Draw, kernels.Scratch, kernels.Changes]:
    """Return the arrays that a thread needs."""
    noise = noise_of_block(options.negative)
    dimension, span = -(-options.vector_size // 8) * 8, 2 * options.window + 4
    rows = block + span + noise

    def zeros(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    def numbers(*shape: int) -> NDArray[np.int32]:
        return np.zeros(shape, np.int32)

    draw = kernels.Draw(numbers(DRAW), numbers(DRAW), numbers(DRAW), numbers(-(-DRAW // block), noise))
    scratch = kernels.Scratch(
        zeros(block, dimension), zeros(rows, dimension), zeros(rows), zeros(block, span), zeros(block, noise)
    )
    return draw, scratch, kernels.Changes(zeros(block, dimension), zeros(rows, dimension), zeros(rows))


def noise_of_block(negative: int) -> int:
    """Return how many noise words a block has, a multiple of 4."""
    return max(8, -(-negative * NOISE // 20) * 4)
