"""The segmenter of kexue.fm 3956: a language model of characters, and four states that tell the place in a word."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.lm.estimate import Trie, estimate
from nlptools.lm.model import LanguageModel
from nlptools.lm.model_file import is_model
from nlptools.lm.vocabulary import Vocabulary
from nlptools.lm.windows import WordWindows
from nlptools.segment._unit_kernels import EDGE
from nlptools.segment.chain import best, log_odds
from nlptools.segment.four_states import STATES, four_states
from nlptools.segment.options import WEIGHTS
from nlptools.segment.units import STAND_INS, Alphabet

_LN10 = np.float32(np.log(10.0))
_ARRAYS = ("symbols", "log10_p", "backoff", "first_child")


class LmTagger:
    """Cuts where the best path through the four states does.

    lm: over the symbols of the units, of order 4: Kneser-Ney. unigram: (A,) ln of the raw relative frequency of each symbol,
    which is the probability of the first character of a word. weights: of the eight transitions, see `four_states`.
    """

    method = "lm"

    def __init__(self, lm: LanguageModel, unigram: NDArray[np.float32], weights: Sequence[float] = WEIGHTS) -> None:
        self.lm, self.unigram, self.weights = lm, unigram, tuple(weights)
        self.chain = four_states(weights)

    def emissions(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the scores of the states of `chain`, (U, 4) in nats."""
        out = self.lm.log_probabilities(symbols.astype(np.uint32)).astype(np.float32) * _LN10
        out[:, 0] = self.unigram[symbols]
        return out

    def begins(self, symbols: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return where words begin, (U,); every edge is a word, and so is what follows one."""
        return best(self.chain, symbols, self.emissions(symbols))

    def log_odds(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the log-odds of a word's begin at each symbol, (U,) in nats; infinite beside an edge."""
        return log_odds(self.chain, symbols, self.emissions(symbols))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a model file holds."""
        return {**self.lm.trie._asdict(), "unigram": self.unigram, "weights": np.array(self.weights)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], alphabet: Alphabet) -> "LmTagger":
        """Return the tagger of a model file; raises ValueError or KeyError if the arrays do not fit the alphabet."""
        trie = Trie(*(arrays[name] for name in _ARRAYS))
        vocabulary = _vocabulary(alphabet)
        unigram = arrays["unigram"]
        if unigram.size != alphabet.size or unigram.dtype.str != "<f4" or not np.isfinite(unigram).all():
            raise ValueError
        if not is_model(trie, vocabulary.size, STATES):
            raise ValueError
        return cls(LanguageModel(vocabulary, STATES, trie), unigram, arrays["weights"].tolist())


def train_lm_tagger(
    codes: NDArray[np.uint16], alphabet: Alphabet, weights: Sequence[float], memory: int, threads: int
) -> LmTagger:
    """Return the tagger of a text; codes: (T,) as of `read_symbols`."""
    four_states(weights)
    vocabulary = _vocabulary(alphabet)
    kept = np.flatnonzero(codes != EDGE)
    tokens = codes[kept].astype(np.uint32)
    ends = np.flatnonzero(codes == EDGE)
    left = ends[np.searchsorted(ends, kept)] - kept
    windows = WordWindows(tokens, left, STATES, threads)
    trie = estimate(windows, len(vocabulary.tokens), STATES, threads, (0,), memory, lambda _: None)
    counts = np.bincount(tokens, minlength=alphabet.size)
    unigram = np.log(np.maximum(counts, 0.5) / max(1, tokens.size)).astype(np.float32)
    return LmTagger(LanguageModel(vocabulary, STATES, trie), unigram, weights)


def _vocabulary(alphabet: Alphabet) -> Vocabulary:
    """Return a vocabulary whose symbols are those of the alphabet."""
    return Vocabulary([*STAND_INS, *alphabet.characters], words=False)
