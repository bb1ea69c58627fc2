"""A tagger of gaps that is ready to run: the student's weights, a byte each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.segment import _gap_kernels as kernels
from nlptools.segment._unit_kernels import NUMBER, UNKNOWN
from nlptools.segment.chain import Chain
from nlptools.segment.units import Alphabet

_COLUMNS = {"symbols": "<u4", "pairs": "<u8", "apart": "<u2", "triples": "<u4"}

HIGHEST = kernels.HIGHEST
"""The score of a gap beside an edge."""

_MOST = 127

NUMERALS = "〇零一二三四五六七八九十百千万亿萬億"


def numerals_of(alphabet: Alphabet) -> NDArray[np.uint16]:
    """Return the symbols of Chinese numerals, sorted."""
    symbols = alphabet.symbol_of[[ord(numeral) for numeral in NUMERALS]]
    return np.unique(symbols[symbols != UNKNOWN])


CHAIN = Chain(
    transitions=np.zeros((2, 2), np.float32),
    first=np.array([True, False]),
    last=np.array([True, True]),
    begins=np.array([True, False]),
)
"""Two states, a word begins or it goes on, and the gaps do not depend on one another."""


class GapTagger:
    """Decides for each gap by itself: a word begins where the weights of the n-grams around the gap add up to more than 0.

    weights: by n-gram, see `_gap_kernels`. unit: nats of a weight of 1. numerals: symbols of Chinese numerals; a run of them is
    never cut, as none of digits is, nor are numerals behind digits (5万).
    """

    method = "gaps"
    chain = CHAIN

    def __init__(self, weights: kernels.PackedWeights, unit: float, numerals: NDArray[np.uint16] | None = None) -> None:
        views = {name: table.view() for name, table in weights._asdict().items()}
        self.weights, self.unit = kernels.PackedWeights(**views), unit
        for table in self.weights:
            table.flags.writeable = False  # as if it came from a file, so that kernels are compiled once
        self.numerals = np.zeros(0, np.uint16) if numerals is None else numerals
        self._is_numeral = np.zeros(self.weights.symbols.size, np.bool_)
        self._is_numeral[self.numerals] = True

    @classmethod
    def from_student(cls, weights: kernels.Weights, numerals: NDArray[np.uint16] | None = None) -> "GapTagger":
        """Return the tagger of trained weights, rounded to a byte each; the largest are cut off at 99.99 % of all."""
        used = np.concatenate([np.abs(table[table != 0]) for table in weights[:4]])
        unit = float(np.quantile(used, 0.9999)) / _MOST if used.size else 1.0
        packed = {}
        for (name, kind), table in zip(_COLUMNS.items(), weights, strict=False):
            steps = np.rint(table / np.float32(unit)).clip(-_MOST, _MOST).astype(np.int8)
            packed[name] = steps.view(kind)
        return cls(kernels.PackedWeights(**packed), unit, numerals)

    def scores(self, symbols: NDArray[np.uint16]) -> NDArray[np.int16]:
        """Return the score of the gap before each symbol, (U,), in units; HIGHEST beside an edge."""
        scores = np.empty(symbols.size, np.int16)
        kernels.score(symbols, self.weights, scores)
        if self.numerals.size:
            kernels.join_numerals(symbols, self._is_numeral, NUMBER, scores)
        return scores

    def begins(self, symbols: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return where words begin, (U,); every edge is a word, and so is what follows one."""
        return (self.scores(symbols) > 0).view(np.uint8)

    def log_odds(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the log-odds of a word's begin at each symbol, (U,), in nats; infinite beside an edge."""
        scores = self.scores(symbols)
        odds = scores.astype(np.float32) * np.float32(self.unit)
        odds[scores == HIGHEST] = np.inf
        return odds

    def emissions(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the scores of the states of `chain`, (U, 2) in nats."""
        half = self.log_odds(symbols) / np.float32(2)
        half[np.isinf(half)] = 0
        return np.stack([half, -half], axis=1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a model file holds."""
        return {**self.weights._asdict(), "unit": np.array([self.unit]), "numerals": self.numerals}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], alphabet: Alphabet) -> "GapTagger":
        """Return the tagger of a model file; raises ValueError or KeyError if the arrays do not fit the alphabet."""
        tables = {name: arrays[name] for name in _COLUMNS}
        for name, kind in _COLUMNS.items():
            if tables[name].dtype.str != kind:
                raise ValueError
        rows = [tables[name].size for name in ("pairs", "apart", "triples")]
        if tables["symbols"].size != alphabet.size or any(size == 0 or size & (size - 1) for size in rows):
            raise ValueError
        unit = float(arrays["unit"][0])
        if not 0 < unit < np.inf:
            raise ValueError
        numerals = arrays["numerals"]
        if numerals.dtype != np.uint16 or (numerals >= alphabet.size).any():
            raise ValueError
        return cls(kernels.PackedWeights(**tables), unit, numerals)
