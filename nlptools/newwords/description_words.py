"""Method "mdl": words by description-length price, scored with the evidence."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.newwords.chains import Chains
from nlptools.newwords.description_length import price_words
from nlptools.newwords.evidence import collect_evidence
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.rows import ranked_table
from nlptools.newwords.score import word_probability
from nlptools.ngrams.trie import Trie, build_trie
from nlptools.text.encode import DIGITS, LETTERS, EncodedText, Prepare, encode_symbols

LEAST_PRICE = 0.3  # λ of an n-gram that is looked at as a word
SURELY_BOUND = 4  # occurrences, all with one neighbour, after which that is no accident
MIN_SCORE = 0.3
MAX_LENGTH = 12


def default_min_count(size: int) -> int:
    """Return how often an n-gram must occur in a text of `size` symbols: 2 at 1 MB, 3 at 10 MB, 6 at 100 MB."""
    return max(2, round(2 * math.sqrt(math.sqrt(size / 350_000))))


def words_by_description_length(
    batches: Iterable[pa.RecordBatch],
    options: NewWordsOptions,
    prepare: Prepare,
    log: Callable[[str], object],
) -> pa.Table:
    """Return the words that pay for themselves, with the probability that each is a word."""
    text = encode_symbols(batches, options.thread_count, min_run_count=default_min_count, prepare=prepare)
    log(
        f"text: {text.size:,} symbols, {len(text.alphabet) - 1:,} different, {text.duplicates:,} duplicate documents left out"
    )
    return words_of_text(text, options, log)


def words_of_text(text: EncodedText, options: NewWordsOptions, log: Callable[[str], object]) -> pa.Table:
    """Return the words of a text of symbols."""
    threads = options.thread_count
    min_count = options.min_count or default_min_count(text.size)
    trie = build_trie(text, min_count, options.max_length or MAX_LENGTH, threads)
    log(f"n-grams: {trie.counts.size - 1:,} seen {min_count} times or more")

    min_pmi = options.min_pmi or 0.0
    candidates = (trie.pmi >= min_pmi) & ~(bound(trie) & (trie.counts >= SURELY_BOUND))
    prices = price_words(trie, candidates, threads, log)

    priced = (trie.lengths >= 2) & (trie.pmi > min_pmi) & (prices.gains > LEAST_PRICE)
    chains = Chains(trie, priced & ~_unspellable(text, trie), threads)
    words = chains.nodes
    evidence = collect_evidence(text, chains, trie.counts[words], threads, prices.gaps)
    score = word_probability(text, trie, prices, words, evidence)
    log(f"evidence: {words.size:,} candidates")

    keep = score >= (MIN_SCORE if options.min_score is None else options.min_score)
    if options.min_entropy is not None:
        keep &= np.minimum(evidence.left_entropy, evidence.right_entropy) >= options.min_entropy
    standalone = prices.expected[words] / trie.counts[words]
    return ranked_table(text, trie, words, evidence, score, keep, price=prices.gains[words], standalone=standalone)


def bound(trie: Trie) -> NDArray[np.bool_]:
    """Return which nodes always have the same code before them, or behind them: pieces of a longer n-gram, no words.

    "新疆卫视" seen 9 times, "疆卫视" 9 times: "疆卫视" is bound.
    """
    found = np.zeros(trie.counts.size, np.bool_)
    for shorter in (trie.parents, trie.suffixes):
        found[shorter[(trie.counts == trie.counts[shorter]) & (trie.lengths > 1)]] = True
    return found


def _unspellable(text: EncodedText, trie: Trie) -> NDArray[np.bool_]:
    """Return which nodes hold a symbol that stands for many different runs."""
    vague = np.asarray(pc.is_in(text.alphabet, pa.array([LETTERS, DIGITS])))
    last = text.codes[np.maximum(0, trie.example + trie.lengths - 1)]
    found: NDArray[np.bool_] = vague[last]
    found[0] = False
    for length in range(2, int(trie.lengths[-1]) + 1):
        level = slice(*np.searchsorted(trie.lengths, [length, length + 1]).tolist())
        found[level] |= found[trie.parents[level]]
    return found
