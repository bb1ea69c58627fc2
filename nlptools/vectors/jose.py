"""JoSE: words, words as contexts, and documents as points of one unit sphere (Meng and others 2019, arXiv 1911.01196).

A word u in the window of a word v, and a word u of a document d, shall be closer to each other than a noise word u' is to
v or d, by a margin m: the cosines are f = ⟨u, v⟩ and h = ⟨u', v⟩, and the hinge max(0, m - (f - h)) is open if it is not
zero. An open hinge moves its points along the sphere, x to (x + z) / |x + z| for a step z in the tangent plane of x:

    objective       reference                                   paper
    hinge           one of (u, v, u') and one of (u, d, u')     one of (u, v, d, u'), f and h sums of two cosines
    u               alpha (1 - f) (v - f u)                     alpha (1 - f / |v + d|) (v + d - f u)
    u'              alpha 2 h (h u' - v)                        alpha (1 + h / |v + d|) (h u' - v - d)
    v (so d)        alpha (1 - (f - h)) (u - u' - (f - h) v)    alpha (1 - (f - h) / |u - u'|) (u - u' - (f - h) v)

(in the last cell f and h are those of v alone, or of d). What differs from the program of the authors: the words of a block
of the text share their noise words, steps of a block are computed from the same state and added up before the retraction,
but for documents, which move word by word; the text is read in another order in each epoch, in pieces of whole documents,
and never cut within a line. Documents without a word point all in the same direction.

A thread learns several documents side by side, a block of each in turn. In the order of the text a document and its words
run after each other, and what the document has learned is where its words happened to be in between; of documents side by
side frequent words cannot follow each one. That makes better documents, but its words are worse for sums.

With objective centroid words are learned as with reference, beside documents that have a wide margin and learn of few
occurrences of frequent words, in the order of the text. In the end a document is where the sum over its words of
a / (a + p(u)) (⟨u, d⟩ - mean of ⟨u', d⟩) is largest, p the share of the text: margins that are never reached, weights of Arora
and others (2017). That is the direction of a sum, so
unseen documents need no training.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from threading import Barrier, BrokenBarrierError, Lock

import numpy as np
from numpy.typing import NDArray

from nlptools.vectors import _jose_kernels as kernels
from nlptools.vectors._skipgram_kernels import seed_random
from nlptools.vectors._token_kernels import DOCUMENT_END
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.skipgram import Progress, alias_table, keep_probability, noise_distribution
from nlptools.vectors.word_ids import WordIds

BLOCK = 16
"""Words that are learned together; a multiple of 4."""

NOISE = 8
"""Noise words of a block for each of `negative`; a multiple of 4."""

PIECE = 1 << 13
"""Ids of a piece of the text, about."""

DRAW = 1 << 12
"""Words that are drawn at a time."""

LANES = 8
"""Pieces that a thread, or all of them if training is deterministic, learn side by side. With objective centroid a thread
learns one after the other, unless training is deterministic."""

ROUND = 8
"""Blocks of each of these that are learned from the same words."""

_ROWS = 1 << 16  # of a matrix that are worked on at a time

_OFF_SPHERE = 2e-6  # more than rounding takes a norm away from 1


@dataclass
class JoseState(Progress):
    """A training between two pieces of the text, which can be kept and gone on with.

    sphere: what is learned. loss: the sum of the hinges of pairs of words.
    """

    sphere: kernels.Sphere


def start_jose(text: WordIds, options: JoseOptions) -> JoseState:
    """Return the state before the first word: directions that are drawn, but for documents without words."""
    lengths = np.diff(document_ends(text.ids), prepend=0)
    random = np.random.default_rng(options.seed)
    words, size = len(text.words), options.vector_size
    sphere = kernels.Sphere(*(_directions(rows, size, random) for rows in (words, words, lengths.size)))
    kernels.direction_of_nothing(nothing := np.empty(size, np.float32))
    sphere.documents[lengths == 1] = nothing
    return JoseState(sphere)


def _directions(rows: int, size: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Return random rows from a cube around the origin, of norm 1, (rows, size)."""
    drawn = np.empty((rows, size), np.float32)
    for lo in range(0, rows, _ROWS):
        some = drawn[lo : lo + _ROWS]
        some[:] = random.random(some.shape, np.float32) - np.float32(0.5)
        some /= np.linalg.norm(some, axis=1, keepdims=True)
    return drawn


def _return_to_sphere(matrix: NDArray[np.float32]) -> None:
    """Scale the rows that two threads wrote at the same time, a part of each, to norm 1; the others stay to the bit."""
    for lo in range(0, len(matrix), _ROWS):
        some = matrix[lo : lo + _ROWS]
        norms = np.linalg.norm(some, axis=1, keepdims=True)
        np.divide(some, norms, out=some, where=np.abs(norms - 1) > _OFF_SPHERE)


def learn_jose(
    text: WordIds,
    options: JoseOptions,
    state: JoseState,
    on_piece: Callable[[JoseState], object] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Learn from where `state` is to the end of the last epoch, or until `stop` is true; `state` is changed in place.

    on_piece: called after each piece of the text, by one thread at a time. stop: asked before each piece.
    With options.deterministic the same text, options and seed give the same bytes at any number of workers.
    """
    training = _Training(text, options, state, on_piece, stop)
    if options.deterministic:
        training.learn_in_rounds()
    else:
        training.learn_freely()
    if state.epoch == options.epochs and options.objective == "centroid":
        vectors, documents = state.sphere.vectors, state.sphere.documents
        weights, centre = document_weights(text.counts, options), centre_of(vectors, text.counts, options)
        kernels.sum_documents(text.ids, 0, text.ids.size, weights, centre, vectors, documents)


def document_weights(counts: NDArray[np.int64], options: JoseOptions) -> NDArray[np.float32]:
    """Return how much each word weighs in a document of objective centroid, (V,)."""
    shares: NDArray[np.float64] = counts / counts.sum()
    return (options.document_weight / (options.document_weight + shares)).astype(np.float32)


def centre_of(vectors: NDArray[np.float32], counts: NDArray[np.int64], options: JoseOptions) -> NDArray[np.float32]:
    """Return the mean of the vectors of noise words, (D,), from which objective centroid looks at vectors."""
    noise = noise_distribution(counts, options.ns_exponent)
    centre: NDArray[np.float32] = np.zeros(vectors.shape[1], np.float32)
    for lo in range(0, noise.size, _ROWS):
        centre += noise[lo : lo + _ROWS].astype(np.float32) @ vectors[lo : lo + _ROWS]
    return centre


@dataclass(frozen=True)
class _Piece:
    """Of the text: ids[begin:end], of which the first document has a number; number: in the order of the text."""

    begin: int
    end: int
    document: int
    number: int
    rates: tuple[float, float]  # of learning, at begin and end


@dataclass
class _Training:
    """One call of `learn_jose`."""

    text: WordIds
    options: JoseOptions
    state: JoseState
    on_piece: Callable[[JoseState], object] | None
    stop: Callable[[], bool]
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Prepare what is drawn from, and the pieces."""
        options = self.options
        self.bounds, self.documents = piece_bounds(document_ends(self.text.ids), PIECE)
        self.sampling = sampling_of(self.text.counts, options)
        self.hinge = hinge_of(options)
        self.lanes = 1 if options.objective == "centroid" and not options.deterministic else LANES
        self.pieces = self._pieces()

    def _pieces(self) -> Iterator[_Piece]:
        """Yield the pieces that are left, in the order in which they are learned, until `stop` is true.

        It is not asked between those that are learned side by side.
        """
        options, state, size = self.options, self.state, self.text.ids.size
        while state.epoch < options.epochs:
            order = np.random.default_rng([options.seed, state.epoch]).permutation(self.documents.size)
            ends = state.epoch * size + np.cumsum(self.bounds[order + 1] - self.bounds[order])
            while state.piece < order.size:
                if state.piece % self.lanes == 0 and self.stop():
                    return
                if state.piece == 0:
                    state.loss = state.pairs = 0.0
                number, end = int(order[state.piece]), int(ends[state.piece])
                begin, stop = int(self.bounds[number]), int(self.bounds[number + 1])
                done = [at / (options.epochs * size) for at in (end - stop + begin, end)]
                low, high = (max(options.min_alpha, options.alpha * (1 - at)) for at in done)
                state.piece += 1
                yield _Piece(begin, stop, int(self.documents[number]), number, (low, high))
            state.epoch, state.piece = state.epoch + 1, 0

    def _next_lanes(self) -> kernels.Lanes | None:
        """Return the next pieces of an epoch that are learned side by side; None if there is none."""
        first = list(islice(self.pieces, 1))
        if not first:
            return None
        pieces = first + list(islice(self.pieces, min(self.lanes - 1, self.documents.size - self.state.piece)))
        places = np.array([(piece.begin, piece.end, piece.document, 0, 0) for piece in pieces], np.int64)
        rates = np.array([piece.rates for piece in pieces])
        random = np.stack([seed_random(self.options.seed, self.state.epoch, piece.number) for piece in pieces])
        return kernels.Lanes(places, places[:, 0].copy(), rates, random, np.zeros((len(pieces), 2)))

    def _done(self, lanes: kernels.Lanes) -> None:
        for begin, end in zip(lanes.begins, lanes.places[:, 1], strict=True):
            self.state.words += int(np.count_nonzero(self.text.ids[begin:end] >= 0))
        self.state.loss += float(lanes.told[:, 0].sum())
        self.state.pairs += float(lanes.told[:, 1].sum())
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
        """Let each thread take the next lanes; they change words as they like (Niu and others 2011, Hogwild)."""

        def work(_: int) -> None:
            draws, scratch = _draw(self.options, self.lanes), _scratch(self.options)
            changes = _changes(self.options, 1)
            while True:
                with self.lock:
                    lanes = self._next_lanes()
                if lanes is None:
                    return
                kernels.learn_freely(
                    self.text.ids, lanes, self.sampling, self.hinge, draws, self.state.sphere, scratch, changes
                )
                with self.lock:
                    self._done(lanes)

        self._run(work)
        for matrix in self.state.sphere:
            _return_to_sphere(matrix)

    def learn_in_rounds(self) -> None:
        """Learn LANES pieces side by side: some blocks of each from the same words, whose changes are added in order.

        A document is in one lane only and changes at once.
        """
        options, sphere, threads = self.options, self.state.sphere, self.options.thread_count
        draws, changes = _draw(options, LANES), _changes(options, LANES, ROUND)
        rounds = self._rounds()
        current: list[kernels.Lanes | None] = [None]

        def next_round() -> None:
            current[0] = next(rounds, None)

        barrier, between = Barrier(threads, next_round), Barrier(threads)

        def work(share: int) -> None:
            scratch = _scratch(options)
            try:
                while True:
                    barrier.wait()
                    lanes = current[0]
                    if lanes is None:
                        return
                    kernels.learn_round(
                        self.text.ids, lanes, share, threads, self.sampling, self.hinge, draws, sphere, scratch, changes
                    )
                    between.wait()
                    kernels.add_round(lanes, share, threads, draws, sphere, changes)
            except BrokenBarrierError:
                return
            except BaseException:
                barrier.abort()
                between.abort()
                raise

        self._run(work)

    def _rounds(self) -> Iterator[kernels.Lanes]:
        """Yield the lanes for each round; its blocks are behind them when the next one is asked for."""
        while lanes := self._next_lanes():
            left = True
            while left:
                yield lanes
                left = kernels.next_blocks(lanes, BLOCK, ROUND)
            self._done(lanes)


def document_ends(ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each document ends in the text, (N,), behind its mark."""
    found = [np.flatnonzero(ids[lo : lo + (1 << 24)] == DOCUMENT_END) + (lo + 1) for lo in range(0, ids.size, 1 << 24)]
    return np.concatenate([np.empty(0, np.int64), *found])


def piece_bounds(ends: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the P + 1 bounds of pieces of at least `size` ids that end with a document, and the first document of each, (P,)."""
    if not ends.size:
        return np.zeros(1, np.int64), np.zeros(0, np.int64)
    wanted = np.searchsorted(ends, np.arange(size, ends[-1], size))
    last = np.unique(np.append(wanted, ends.size - 1))
    bounds = np.append(0, ends[last])
    return bounds, np.append(0, last[:-1] + 1)


def sampling_of(counts: NDArray[np.int64], options: JoseOptions) -> kernels.Sampling:
    """Return what is drawn of words with these counts, (V,)."""
    keep = keep_probability(counts, options.sample)
    told = np.minimum(1, keep_probability(counts, options.document_sample) / keep)
    noise = alias_table(noise_distribution(counts, options.ns_exponent))
    return kernels.Sampling(_bits(keep), _bits(told), *noise)


def _bits(chances: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return which of 2^32 random numbers mean that something happens; the largest stands for certainty."""
    return np.where(chances >= 1, 2**32 - 1, np.minimum(chances * 2**32, 2**32 - 2)).astype(np.uint32)


def hinge_of(options: JoseOptions) -> kernels.Hinge:
    """Return what the hinges are made of."""
    margins = float(options.margin), float(options.document_margin)
    return kernels.Hinge(options.negative, *margins, options.objective == "paper")


def _draw(options: JoseOptions, *lanes: int) -> kernels.Draw:
    """Return room for drawn words; lanes: a dimension in front."""
    words, low, high = (np.zeros((*lanes, DRAW), np.int32) for _ in range(3))
    noise = np.zeros((*lanes, DRAW // BLOCK, options.negative * NOISE), np.int32)
    documents, told = np.zeros((*lanes, DRAW), np.int64), np.zeros((*lanes, DRAW), np.bool_)
    return kernels.Draw(words, documents, told, low, high, noise)


def _scratch(options: JoseOptions) -> kernels.Scratch:
    """Return room for a block and its scores."""
    rows, size, span, noise = _shape(options)
    shapes = (rows, size), (BLOCK, size), (BLOCK, span), (BLOCK, noise), (2, BLOCK, span), (2, BLOCK, noise)
    return kernels.Scratch(*(np.zeros(shape, np.float32) for shape in shapes))


def _changes(options: JoseOptions, *blocks: int) -> kernels.Changes:
    """Return room for the changes of blocks."""
    rows, size, *_ = _shape(options)
    shapes = (rows, size), (BLOCK, size), (rows,), (BLOCK,)
    floats = [np.zeros((*blocks, *shape), np.float32) for shape in shapes]
    return kernels.Changes(*floats, *(np.zeros((*blocks, *shape), np.int32) for shape in shapes[2:]))


def _shape(options: JoseOptions) -> tuple[int, int, int, int]:
    """Return how many vectors a block needs, how long they are, how wide its windows are, how many noise words it has."""
    span, noise = 2 * options.window + 4, options.negative * NOISE
    return BLOCK + span + noise, -(-options.vector_size // 8) * 8, span, noise
