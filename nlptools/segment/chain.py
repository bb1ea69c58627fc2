"""What a chain of states says of a text: the sums over all segmentations, and what follows from them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlptools.segment import _chain_kernels as kernels

_SHARPEST = 1e6
"""The highest factor on scores: the best is all but certain, and sums are still far from the end of floats."""


class Chain(NamedTuple):
    """What a chain of S states may do.

    transitions: (S, S) in nats, -inf where there is none. first, last: (S,), whether a segment may begin and end in a state.
    begins: (S,), whether a word begins in a state. No two sequences of states have the same words.
    """

    transitions: NDArray[np.float32]
    first: NDArray[np.bool_]
    last: NDArray[np.bool_]
    begins: NDArray[np.bool_]


Choice = tuple[float, NDArray[np.uint8]]
"""The score of a segmentation in nats, and where words begin in it."""


def segments(symbols: NDArray[np.uint16]) -> list[tuple[int, int]]:
    """Return where the segments between edges begin and end; the last symbol is an edge."""
    edges = np.flatnonzero(symbols == 0)
    starts = np.concatenate([[0], edges[:-1] + 1])
    filled = edges > starts
    return list(zip(starts[filled].tolist(), edges[filled].tolist(), strict=True))


def sums(
    chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ln of the sums over all ways to each state and on from it, each (U, S); see the kernels."""
    forwards, backwards = np.zeros(emissions.shape), np.zeros(emissions.shape)
    kernels.forward(symbols, emissions, chain.transitions, chain.first, 1.0, forwards)
    kernels.backward(symbols, emissions, chain.transitions, chain.last, backwards)
    return forwards, backwards


def log_sum(chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32]) -> float:
    """Return ln of the sum over all segmentations of a text."""
    ends = [end - 1 for _, end in segments(symbols)]
    forwards, _ = sums(chain, symbols, emissions)
    last = np.where(chain.last, forwards[ends], -np.inf)
    return float(np.logaddexp.reduce(last, axis=1).sum()) if ends else 0.0


def beside_edges(symbols: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return which symbols are edges, or follow one, (U,); before the first stands an edge."""
    beside: NDArray[np.bool_] = symbols == 0
    beside[1:] |= symbols[:-1] == 0
    beside[:1] = True
    return beside


def log_odds(chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-odds of a word's begin at each symbol, (U,) in nats; infinite beside an edge."""
    both = np.add(*sums(chain, symbols, emissions))
    begins, goes_on = (np.logaddexp.reduce(both[:, states], axis=1) for states in (chain.begins, ~chain.begins))
    with np.errstate(invalid="ignore"):
        odds: NDArray[np.float32] = (begins - goes_on).astype(np.float32)
    odds[beside_edges(symbols)] = np.inf
    return odds


def best(chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return where words begin in the best segmentation, (U,), at edges and what follows one, too."""
    begins = np.empty(symbols.size, np.uint8)
    kernels.viterbi(symbols, emissions, *chain, begins)
    return begins


def word_log_probabilities(
    chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32], begins: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Return ln of the probability of each word of a segmentation, (U,), where it begins; 0 at edges."""
    out = np.zeros(symbols.size)
    kernels.word_log_probabilities(symbols, emissions, *chain, *sums(chain, symbols, emissions), begins, out)
    return out


def n_best(chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32], n: int) -> list[Choice]:
    """Return the n best segmentations of one segment, the best first."""
    begins, scores = np.zeros((n, symbols.size), np.uint8), np.zeros(n)
    found = kernels.n_best(symbols, emissions, *chain, begins, scores)
    return list(zip(scores[:found].tolist(), begins[:found], strict=True))


def draw(
    chain: Chain, symbols: NDArray[np.uint16], emissions: NDArray[np.float32], temperature: float, seed: int
) -> NDArray[np.uint8]:
    """Return where words begin, (U,), in a segmentation drawn with its probability to the power of 1 / temperature."""
    factor = min(max(1 / temperature, 1 / _SHARPEST), _SHARPEST)
    forwards = np.zeros(emissions.shape)
    kernels.forward(symbols, emissions, chain.transitions, chain.first, factor, forwards)
    uniform = np.random.PCG64(seed).random_raw(symbols.size) / 2.0**64
    begins = np.empty(symbols.size, np.uint8)
    kernels.draw(symbols, chain.transitions, chain.last, chain.begins, factor, forwards, uniform, begins)
    return begins
