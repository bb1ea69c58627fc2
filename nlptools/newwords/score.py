"""How sure we are that an n-gram is a word: a logistic score with fixed weights.

The form, and what it looks at, follow the trials in NEWWORDS: description-length price first, then length, function
characters and statistics of the neighbourhood. Ours adds the *openness* of the inner gaps and looks at the two branching
entropies one by one. The weights were fitted once, on gold words of one development text of 0.5 MB, and rounded.
The score is a sum of terms, one for each feature, so that it can be told why a word ranks where it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.newwords.description_length import Prices
from nlptools.newwords.evidence import Evidence
from nlptools.newwords.function_characters import FUNCTION_CHARACTERS
from nlptools.ngrams.trie import Trie
from nlptools.text.encode import EncodedText


@dataclass(frozen=True)
class Weights:
    """Weights of the features, in nats of log-odds."""

    constant: float = -2.4
    three: float = -1.6  # three codes long
    four: float = -2.7
    five_or_more: float = -3.3
    log_price: float = 1.1  # ln(λ + 0.05)
    left_freedom: float = 2.3  # left branching entropy over ln(count + 1)
    right_freedom: float = 2.5
    loose_end: float = -1.1  # how often the first or the last character, whichever is more, is a word of its own
    known_rest: float = -1.6  # the same of the first character, if the rest is a word
    first_is_function: float = -0.8
    last_is_function: float = -1.0
    company: float = 1.1  # share of the most frequent neighbour
    pmi: float = 0.1
    openness: float = -3.6  # mean probability of a word boundary at the most open inner gap


def word_terms(
    text: EncodedText,
    trie: Trie,
    prices: Prices,
    words: NDArray[np.int64],
    evidence: Evidence,
    weights: Weights = Weights(),
) -> dict[str, NDArray[np.float64]]:
    """Return what each feature adds to the log-odds that an n-gram is a word, in nats: name -> (W,), `constant` first.

    words: (W,) nodes of two codes or more.
    """
    counts = trie.counts[words].astype(np.float64)
    lengths = trie.lengths[words]
    first = text.codes[trie.example[words]].astype(np.int64)
    last = text.codes[trie.example[words] + lengths - 1].astype(np.int64)
    function = np.asarray(pc.is_in(text.alphabet, pa.array(sorted(FUNCTION_CHARACTERS))))
    singles = slice(0, trie.single + 1)
    alone = np.zeros(len(text.alphabet))
    alone[singles] = prices.expected[singles] / np.maximum(1, trie.counts[singles])
    return {
        "constant": np.full(words.size, weights.constant),
        "length": weights.three * (lengths == 3)
        + weights.four * (lengths == 4)
        + weights.five_or_more * (lengths >= 5),
        "price": weights.log_price * np.log(prices.gains[words] + 0.05),
        "left_freedom": weights.left_freedom * evidence.left_entropy / np.log(counts + 1),
        "right_freedom": weights.right_freedom * evidence.right_entropy / np.log(counts + 1),
        "loose_end": weights.loose_end * np.maximum(alone[first], alone[last]),
        "known_rest": weights.known_rest
        * np.where((lengths >= 3) & prices.kept[trie.suffixes[words]], alone[first], 0),
        "first_is_function": weights.first_is_function * function[first],
        "last_is_function": weights.last_is_function * function[last],
        "company": weights.company * evidence.largest_neighbour / counts,
        "pmi": weights.pmi * trie.pmi[words],
        "openness": weights.openness * evidence.openness,
    }


def probability(terms: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the probability that each n-gram is a word, (W,), in (0, 1), from what `word_terms` gives."""
    log_odds = sum(terms.values())
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return probability
