"""Skip-gram: vectors of words that predict the words around them, by negative sampling or noise-contrastive estimation.

A word i and a word j of its window are a pair; k noise words are drawn for it from q. Maximised is, over all pairs,

    ln σ(x(i, j)) + sum over the noise words n of ln(1 - σ(x(i, n)))

    sgns  x(i, j) = ⟨v_i, u_j⟩                        (Mikolov and others 2013); optimum ln p(j | i) / (k q(j))
    nce   x(i, j) = ⟨v_i, u_j⟩ + b_j - ln(k q(j))     (Mnih and Teh 2012); optimum of ⟨v_i, u_j⟩ + b_j: ln p(j | i)

What differs from word2vec: the words of a block of the text share their noise words. Each counts for as many as it stands
for, so that the expected gradient is the same, and scores and gradients become products of small matrices. Windows are
shrunk for each word as the predicting one, not as the predicted one, which gives the same pairs with the same probability.
A noise word that happens to be the right one is not drawn again: q is then what it is said to be. The text is read in
another order in each epoch, in pieces of whole lines.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, BrokenBarrierError, Lock

import numpy as np
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.vectors import _skipgram_kernels as kernels
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.word_ids import WordIds

BLOCK = 16
"""Words that are learned together; a multiple of 4."""

NOISE = 32
"""Noise words of a block for `negative` of 5; in proportion for others."""

PIECE = 1 << 15
"""Ids of a piece of the text, about: what a thread takes at a time."""

ROUND = 1 << 10
"""Words that are learned from the same state of the matrices when training is deterministic."""

DRAW = 1 << 12
"""Words that are drawn at a time when it is not."""

DECAY = 1.0

_ROWS = 1 << 16  # that are drawn at a time


@dataclass
class SkipgramState:
    """A training between two pieces of the text, which can be kept and gone on with.

    matrices: what is learned. epoch, piece: how many are done, pieces in this epoch. words: learned so far, in all epochs.
    loss, pairs: of the sample of pairs of this epoch whose loss was computed, nats.
    """

    matrices: kernels.Matrices
    epoch: int = 0
    piece: int = 0
    words: int = 0
    loss: float = 0.0
    pairs: float = 0.0

    @property
    def mean_loss(self) -> float:
        """The loss of a pair with its noise words, in this epoch, nats."""
        return self.loss / max(1.0, self.pairs)


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


def train_skipgram(
    text: WordIds,
    options: VectorOptions,
    state: SkipgramState,
    on_piece: Callable[[SkipgramState], object] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Learn from where `state` is to the end of the last epoch, or until `stop` is true; `state` is changed in place.

    on_piece: called after each piece of the text, by one thread at a time. stop: asked before each piece.
    With options.deterministic the same text, options, seed and pieces give the same bytes at any number of workers.
    Raises OptionError if alpha is too large for this text.
    """
    training = _Training(text, options, state, on_piece, stop)
    if options.deterministic:
        training.learn_in_rounds()
    else:
        training.learn_freely()
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
    """Of the text: ids[begin:end]; the rates of learning at both; number: in the order of the text; words: about."""

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
        self.sampling = kernels.Sampling(bits, cut, other)
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
                begin, stop = int(self.bounds[number]), int(self.bounds[number + 1])
                rates = [
                    most - (most - options.min_alpha) * (at / (epochs * size)) ** DECAY
                    for at in (end - stop + begin, end)
                ]
                if state.piece == 0:
                    state.loss = state.pairs = 0.0
                state.piece += 1
                yield _Piece(begin, stop, number, (rates[0], rates[1]))
            state.epoch, state.piece = state.epoch + 1, 0

    def _done(self, piece: _Piece, loss: float, pairs: float) -> None:
        self.state.words += int(np.count_nonzero(self.text.ids[piece.begin : piece.end] >= 0))
        self.state.loss += loss
        self.state.pairs += pairs
        if self.on_piece:
            self.on_piece(self.state)

    def _run(self, work: Callable[[int], None]) -> None:
        threads = self.options.thread_count
        if threads == 1:
            return work(0)
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(work, number) for number in range(threads)]:
                future.result()
        return None

    def learn_freely(self) -> None:
        """Let each thread take the next piece; they change the matrices as they like (Niu and others 2011, Hogwild)."""
        options, matrices = self.options, self.state.matrices

        def work(_: int) -> None:
            draw, scratch, changes = _room(options, DRAW, 1)
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

        self._run(work)

    def learn_in_rounds(self) -> None:
        """Let all threads learn blocks of the same round from the same matrices, and add the changes in a fixed order."""
        options, matrices, threads = self.options, self.state.matrices, self.options.thread_count
        draw, _, changes = _room(options, ROUND, ROUND // BLOCK)
        rounds = self._rounds(draw)
        current: list[tuple[int, float] | None] = [None]
        told = np.zeros((threads, 2))

        def next_round() -> None:
            self.state.loss += told[:, 0].sum()
            self.state.pairs += told[:, 1].sum()
            told[:] = 0
            current[0] = next(rounds, None)

        barrier = Barrier(threads, next_round)
        between = Barrier(threads)

        def work(share: int) -> None:
            scratch = _room(options, ROUND, 1)[1]
            try:
                while True:
                    barrier.wait()
                    if current[0] is None:
                        return
                    size, alpha = current[0]
                    told[share] = kernels.learn_share(
                        draw, size, share, threads, options.negative, alpha, matrices, scratch, changes
                    )
                    between.wait()
                    kernels.add_share(draw, size, share, threads, self.biased, matrices, changes)
            except BrokenBarrierError:
                return
            except BaseException:
                barrier.abort()
                between.abort()
                raise

        self._run(work)

    def _rounds(self, draw: kernels.Draw) -> Iterator[tuple[int, float]]:
        """Draw round after round; yield how many words it has, and the rate of learning."""
        for piece in self.pieces:
            random = kernels.seed_random(self.options.seed, self.state.epoch, piece.number)
            at = piece.begin
            while at < piece.end:
                done = (at - piece.begin) / (piece.end - piece.begin)
                size, at = kernels.draw(
                    self.text.ids, at, piece.end, self.sampling, self.options.window, BLOCK, random, draw
                )
                yield size, piece.rates[0] + (piece.rates[1] - piece.rates[0]) * done
            self._done(piece, 0.0, 0.0)


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


def _room(options: VectorOptions, words: int, blocks: int) -> tuple[kernels.Draw, kernels.Scratch, kernels.Changes]:
    """Return arrays for that many drawn words, and for the changes of that many blocks."""
    noise = noise_of_block(options.negative)
    dimension, span = -(-options.vector_size // 8) * 8, 2 * options.window + 4
    rows = BLOCK + span + noise

    def zeros(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    def numbers(*shape: int) -> NDArray[np.int32]:
        return np.zeros(shape, np.int32)

    draw = kernels.Draw(numbers(words), numbers(words), numbers(words), numbers(-(-words // BLOCK), noise))
    scratch = kernels.Scratch(
        zeros(BLOCK, dimension), zeros(rows, dimension), zeros(rows), zeros(BLOCK, span), zeros(BLOCK, noise)
    )
    return (
        draw,
        scratch,
        kernels.Changes(zeros(blocks, BLOCK, dimension), zeros(blocks, rows, dimension), zeros(blocks, rows)),
    )


def noise_of_block(negative: int) -> int:
    """Return how many noise words a block has, a multiple of 4."""
    return max(8, -(-negative * NOISE // 20) * 4)
