"""`train_supervised`: the stages of learning to segment from segmented text, in order.

A linear-chain conditional random field over symbols. Raw text, segmented by a segmenter that needed no labels, tells it which
n-grams look like words and which symbols are alike; then it segments the raw text itself, better than that one did, and
learns once more with the words it found.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlptools.segment import _tagger_kernels as kernels
from nlptools.segment._tagger_kernels import Evidence, Templates
from nlptools.segment.chain import Chain, best, log_odds
from nlptools.segment.evidence import hash_size, learn_evidence, no_evidence, with_words
from nlptools.segment.gold import Gold
from nlptools.segment.lattice import segment_bounds
from nlptools.segment.model import Tagger
from nlptools.segment.units import FIRST_HAN, Alphabet
from nlptools.threads import in_threads

EPOCHS = 4
AVERAGED = 2
"""The weights are the mean of those at the end of each of the last so many epochs."""

SYMBOL_RATE, CLASS_RATE, EVIDENCE_RATE, TRANSITION_RATE = 0.2, 0.1, 0.05, 0.05
"""Steps of AdaGrad. Evidence is dense, so it takes small ones."""

MAX_WEIGHT = 8.0
"""Nats of the largest weight of a model; larger ones are cut off."""

_PIECE = 1 << 18  # symbols of which the features are listed at a time
_UNIT = MAX_WEIGHT / 32767

Log = Callable[[str], object]


class RawText(NamedTuple):
    """Raw text as symbols, (T,) uint16 with an edge between segments and at both ends, and where words begin, (T,) uint8."""

    codes: NDArray[np.uint16]
    begins: NDArray[np.uint8]


class SupervisedTagger:
    """Cuts where the best path through the four states of a symbol does: it begins a word, is inside, ends one, or is one.

    evidence: what raw text tells; without any the features are of symbols alone. features: (H,) uint64, a hash table, as of
    `_tagger_kernels`. weights: (R, 4) int16, in units of MAX_WEIGHT / 32767. transitions: (4, 4), -inf where there is none.
    """

    method = "supervised"

    def __init__(
        self,
        evidence: Evidence,
        features: NDArray[np.uint64],
        weights: NDArray[np.int16],
        transitions: NDArray[np.float32],
    ) -> None:
        self.evidence, self.features, self.weights = evidence, features, weights
        self.templates = templates(evidence)[0]
        ends = np.array([False, False, True, True])
        begins = np.array([True, False, False, True])
        self.chain = Chain(transitions, begins, ends, begins)

    def emissions(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the scores of the states of `chain`, (U, 4) in nats; 0 at edges."""
        text, places = _laid_out(symbols)
        sums = np.empty((text.size, kernels.STATES), np.int32)
        kernels.emit(text, self.evidence, self.templates, self.features, self.weights, sums)
        out = np.empty((symbols.size, kernels.STATES), np.float32)
        kernels.to_nats(symbols, places, sums, _UNIT, out)
        return out

    def begins(self, symbols: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return where words begin, (U,); every edge is a word, and so is what follows one."""
        return best(self.chain, symbols, self.emissions(symbols))

    def log_odds(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the log-odds of a word's begin at each symbol, (U,) in nats; infinite beside an edge."""
        return log_odds(self.chain, symbols, self.emissions(symbols))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a model file holds."""
        return {
            **{f"evidence.{name}": array for name, array in self.evidence._asdict().items()},
            "features": self.features,
            "weights": self.weights,
            "transitions": self.chain.transitions,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], alphabet: Alphabet) -> "SupervisedTagger":
        """Return the tagger of a model file; raises ValueError or KeyError if the arrays do not fit the alphabet."""
        evidence = Evidence(*(arrays[f"evidence.{name}"] for name in Evidence._fields))
        features, weights, transitions = arrays["features"], arrays["weights"], arrays["transitions"]
        _check_evidence(evidence, alphabet)
        shapes = templates(evidence)[0]
        _check_features(features, weights, shapes)
        allowed = _allowed()
        if transitions.dtype != np.float32 or transitions.shape != allowed.shape:
            raise ValueError
        if not np.array_equal(np.isfinite(transitions), allowed) or (transitions[~allowed] > 0).any():
            raise ValueError
        return cls(evidence, features, weights, transitions)


def train_supervised(
    gold: Gold,
    alphabet: Alphabet,
    raw: RawText | None = None,
    *,
    seed: int = 1,
    threads: int = 1,
    log: Log | None = None,
) -> SupervisedTagger:
    """Return the tagger that segmented text teaches.

    alphabet: of the symbols of the raw text, or `gold_alphabet(gold)` without one.
    raw: raw text, segmented by any segmenter of that alphabet; the more of it, the better.
    log: called with a line for each stage. The result does not depend on threads.
    """
    log = log or (lambda _: None)
    symbols, begins = gold.symbols(alphabet)
    if raw is None:
        log("learning from the segmented text")
        return _learn(symbols, begins, no_evidence(), seed)
    log("looking at the n-grams of the raw text")
    evidence = learn_evidence(raw.codes, alphabet.size, seed, threads)
    log("learning from the segmented text")
    tagger = _learn(symbols, begins, with_words(evidence, raw.codes, raw.begins), seed)
    log("segmenting the raw text")
    found = segmented(tagger, raw.codes, threads)
    log("learning from the segmented text with the words found")
    return _learn(symbols, begins, with_words(evidence, raw.codes, found), seed)


def gold_alphabet(gold: Gold) -> Alphabet:
    """Return the Han characters of segmented text that occur twice; so the model learns what to do with others."""
    everything = "".join(gold.texts.to_pylist())
    points, counts = np.unique(np.array([ord(character) for character in everything], np.int64), return_counts=True)
    known = Alphabet([chr(point) for point in points[counts > 1].tolist()])
    units = known.find_units(gold.texts)
    used = np.unique(units.symbols[units.symbols >= FIRST_HAN]) - FIRST_HAN
    return Alphabet([known.characters[index] for index in used.tolist()])


def states(symbols: NDArray[np.uint16], begins: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the state of each symbol, (T,), from where words begin."""
    ends = np.append(begins[1:], 1)
    return np.where(
        begins == 1,
        np.where(ends == 1, kernels.SINGLE, kernels.BEGIN),
        np.where(ends == 1, kernels.END, kernels.INSIDE),
    ).astype(np.uint8)


def templates(evidence: Evidence) -> tuple[Templates, NDArray[np.float32]]:
    """Return the templates of the features, and the rate at which the weights of each are learned, (F,)."""
    symbol, group = kernels.SYMBOL, kernels.CLASS
    chosen = [
        (SYMBOL_RATE, -2, 2, [(symbol, 0)]),
        (SYMBOL_RATE, -1, 2, [(symbol, 0), (symbol, 1)]),
        (SYMBOL_RATE, 0, 2, [(symbol, 0), (symbol, 2)]),
        (SYMBOL_RATE, 0, 0, [(kernels.REPEATED, 0)]),
    ]
    if evidence.ngrams.size:
        chosen += [
            (CLASS_RATE, -2, 2, [(group, 0)]),
            (CLASS_RATE, 0, 1, [(group, 0), (group, 1)]),
            (CLASS_RATE, 1, 1, [(group, 0), (group, 2)]),
            (CLASS_RATE, 0, 1, [(symbol, 0), (group, 1)]),
            (CLASS_RATE, 0, 1, [(group, 0), (symbol, 1)]),
            *((EVIDENCE_RATE, first, last, columns) for first, last, columns in _evidence_templates()),
        ]
    columns, shifts = np.full((len(chosen), 4), -1), np.zeros((len(chosen), 4), np.int64)
    for f, (_, _, _, parts) in enumerate(chosen):
        columns[f, : len(parts)], shifts[f, : len(parts)] = zip(*parts, strict=True)
    bits = np.where(columns < 0, 0, kernels.BITS[columns])
    first, last = (np.array([row[k] for row in chosen]) for k in (1, 2))
    widths = last - first + 1
    direct = bits.sum(axis=1) <= kernels.MOST_DIRECT
    sizes = np.where(direct, widths << bits.sum(axis=1) * direct, 0)
    rows = np.where(direct, widths.max() + np.cumsum(sizes) - sizes, -1)
    rates = np.array([row[0] for row in chosen], np.float32)
    return Templates(columns, shifts, bits, first, last, rows), rates


def _evidence_templates() -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Return the templates of what raw text tells: whom each speaks about, and its columns."""
    longest, quality, words, halved = kernels.LONGEST, kernels.QUALITY, kernels.WORDS, kernels.HALVED
    return [
        (0, 0, [(words, 0)]),
        *((0, n - 1, [(quality + n - 2, 0), (words + n - 1, 0)]) for n in range(2, longest + 1)),
        (1, 1, [(quality, 0), (quality, 1)]),
        (1, 1, [(halved + 1, 0), (halved + 1, 1), (halved, 1)]),
        (1, 2, [(halved + 1, 0), (halved + 1, 1), (halved + 1, 2)]),
        (2, 2, [(halved + 2, 0), (halved + 1, 1), (halved + 1, 2), (halved + 2, 2)]),
        (2, 2, [(halved + 2, 0), (halved + 2, 1), (halved + 2, 2)]),
        (0, 0, [(kernels.STARTS, 0), (kernels.ENDS, 0), (kernels.AROUND, 0)]),
        (0, 1, [(kernels.ENDS, 0), (kernels.STARTS, 1)]),
    ]


def _learn(symbols: NDArray[np.uint16], begins: NDArray[np.uint8], evidence: Evidence, seed: int) -> SupervisedTagger:
    chosen, rates = templates(evidence)
    text, places = _laid_out(symbols)
    right = np.zeros(text.size, np.uint8)
    right[places] = states(symbols, begins)
    inside = text != 0
    starts, ends = np.flatnonzero(inside[1:] & ~inside[:-1]) + 1, np.flatnonzero(inside[:-1] & ~inside[1:]) + 1
    features, rows = _number_features(text, evidence, chosen)
    weights, squares = np.zeros((2, rows, kernels.STATES), np.float32)
    transitions, transition_squares = np.zeros((2, kernels.STATES, kernels.STATES))
    mean, mean_transitions = np.zeros_like(weights), np.zeros_like(transitions)
    random = np.random.default_rng(seed)
    for epoch in range(EPOCHS if starts.size else 0):
        kernels.train(
            text, right, starts, ends, random.permutation(starts.size), evidence, chosen, features,
            rates, TRANSITION_RATE, weights, squares, transitions, transition_squares,
        )  # fmt: skip
        if epoch >= EPOCHS - AVERAGED:
            mean += weights / np.float32(AVERAGED)
            mean_transitions += transitions / AVERAGED
    packed = np.rint(mean.clip(-MAX_WEIGHT, MAX_WEIGHT) / np.float32(_UNIT)).astype(np.int16)
    legal = np.where(_allowed(), mean_transitions, -np.inf).astype(np.float32)
    return SupervisedTagger(evidence, features, packed, legal)


def _laid_out(symbols: NDArray[np.uint16]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Return a text with padding between segments, and the place of each symbol in it, (T,)."""
    edges = int(np.count_nonzero(symbols == 0))
    text = np.empty(symbols.size + kernels.PADDING * (edges + 2), np.uint16)
    places = np.empty(symbols.size, np.int64)
    return text[: kernels.lay_out(symbols, text, places)], places


def _number_features(text: NDArray[np.uint16], evidence: Evidence, chosen: Templates) -> tuple[NDArray[np.uint64], int]:
    """Return the features of a text that have to be looked up, and how many rows of weights there are for all."""
    keys = np.zeros(0, np.uint64)
    for lo in range(0, text.size, _PIECE):
        hi = min(lo + _PIECE, text.size)
        listed = np.empty((hi - lo) * int((chosen.rows < 0).sum()), np.uint64)
        n = kernels.list_features(text, lo, hi, evidence, chosen, listed)
        keys = np.union1d(keys, listed[:n])
    widths = (chosen.last - chosen.first + 1)[(keys & np.uint64(63)).astype(np.int64)]
    behind = _direct_rows(chosen) + np.cumsum(widths)
    features = np.zeros(hash_size(keys.size), np.uint64)
    kernels.enter_features(keys, behind - widths, features)
    return features, int(behind[-1] + widths.max())  # any feature would have room at any first row


def _direct_rows(chosen: Templates) -> int:
    """Return how many rows of weights come before those of features that are looked up."""
    widths = chosen.last - chosen.first + 1
    direct = chosen.rows >= 0
    sizes = widths[direct] << chosen.bits[direct].sum(axis=1)
    return int(widths.max() + sizes.sum())


def segmented(tagger: Tagger, codes: NDArray[np.uint16], threads: int) -> NDArray[np.uint8]:
    """Return where words begin in a text of symbols, (T,), on all cores; the text ends with an edge."""
    begins = np.empty(codes.size, np.uint8)

    def work(lo: int, hi: int) -> None:
        begins[lo:hi] = tagger.begins(codes[lo:hi])

    in_threads(work, segment_bounds(codes, max(1, codes.size >> 18)), threads)
    return begins


def _allowed() -> NDArray[np.bool_]:
    """Return which state may follow which, (4, 4): a word goes on to its end, and then another begins."""
    goes_on = np.array([True, True, False, False])
    begins = np.array([True, False, False, True])
    allowed: NDArray[np.bool_] = goes_on[:, None] != begins
    return allowed


def _check_evidence(evidence: Evidence, alphabet: Alphabet) -> None:
    """Raise ValueError if arrays are no evidence about the symbols of an alphabet."""
    kinds = (np.uint32, np.uint8, np.uint8)
    if any(evidence[k].dtype != kind or evidence[k].ndim != 1 for k, kind in enumerate(kinds)):
        raise ValueError
    symbols = alphabet.size if evidence.ngrams.size else 0
    if evidence.words.size != symbols or evidence.classes.size != symbols:
        raise ValueError
    if evidence.ngrams.size:
        _check_table(evidence.ngrams)
        if evidence.words.max() >= 1 << kernels.WORD_BITS or evidence.classes.max() >= 1 << kernels.BITS[kernels.CLASS]:
            raise ValueError


def _check_features(features: NDArray[np.uint64], weights: NDArray[np.int16], chosen: Templates) -> None:
    """Raise ValueError if arrays are no features of these templates with weights."""
    if features.dtype != np.uint64 or weights.dtype != np.int16 or weights.ndim != 2:
        raise ValueError
    _check_table(features)
    rows = (features & np.uint64(0xFFFFFFFF)).astype(np.int64)
    widest = int((chosen.last - chosen.first).max()) + 1
    least = max(_direct_rows(chosen), int(rows.max())) + widest
    if weights.shape[0] < least or weights.shape[1] != kernels.STATES:
        raise ValueError


def _check_table(table: NDArray[Any]) -> None:
    """Raise ValueError if it is no hash table that has a free slot."""
    if table.ndim != 1 or table.size == 0 or table.size & (table.size - 1) or table.all():
        raise ValueError
