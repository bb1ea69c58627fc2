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
from nlptools.newwords.left_out import LeftOut, Limit
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.rows import ranked_table, spell
from nlptools.newwords.score import probability, word_terms
from nlptools.ngrams.trie import Trie, build_trie
from nlptools.text.encode import DIGITS, LETTERS, EncodedText, Prepare, encode_symbols
from nlptools.wording import counted

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
    left_out: LeftOut | None = None,
) -> pa.Table:
    """Return the words that pay for themselves, with the probability that each is a word."""
    text = encode_symbols(batches, options.thread_count, min_run_count=default_min_count, prepare=prepare)
    log(
        f"text: {counted(text.size, 'symbol')}, {len(text.alphabet) - 1:,} different, {text.duplicates:,} duplicate documents left out"
    )
    return words_of_text(text, options, log, left_out)


def words_of_text(
    text: EncodedText,
    options: NewWordsOptions,
    log: Callable[[str], object],
    left_out: LeftOut | None = None,
) -> pa.Table:
    """Return the words of a text of symbols; left_out gets the others."""
    threads = options.thread_count
    min_count = options.min_count or default_min_count(text.size)
    trie = build_trie(text, min_count, options.max_length or MAX_LENGTH, threads)
    log(f"n-grams: {trie.counts.size - 1:,} seen {min_count} times or more")

    min_pmi = options.min_pmi or 0.0
    surely_bound = bound(trie) & (trie.counts >= SURELY_BOUND)
    candidates = (trie.pmi >= min_pmi) & ~surely_bound
    prices = price_words(trie, candidates, threads, log)

    spellable = ~_unspellable(text, trie)
    priced = (trie.lengths >= 2) & (trie.pmi > min_pmi) & (prices.gains > LEAST_PRICE)
    chains = Chains(trie, priced & spellable, threads)
    words = chains.nodes
    evidence = collect_evidence(text, chains, trie.counts[words], threads, prices.gaps)
    terms = word_terms(text, trie, prices, words, evidence)
    score = probability(terms)
    log(f"evidence: {counted(words.size, 'candidate')}")

    min_score = MIN_SCORE if options.min_score is None else options.min_score
    keep = score >= min_score
    entropy = np.minimum(evidence.left_entropy, evidence.right_entropy)
    if options.min_entropy is not None:
        keep &= entropy >= options.min_entropy
    if left_out is not None:
        nodes = [
            Limit("bound", surely_bound & spellable),
            Limit("pmi", (trie.pmi <= min_pmi) & spellable, trie.pmi, min_pmi),
            Limit("price", (prices.gains <= LEAST_PRICE) & spellable, prices.gains, LEAST_PRICE),
        ]
        left_out.add_nodes(text, trie, nodes)
        scored = [
            Limit("score", score < min_score, score, min_score),
            Limit("entropy", ~keep, entropy, options.min_entropy),
        ]
        left_out.add(trie.counts[words], scored, lambda rows: spell(text, trie, words[rows]))
    standalone = prices.expected[words] / trie.counts[words]
    more = {f"why_{name}": term + 0.0 for name, term in terms.items()} if options.explain else {}
    return ranked_table(
        text, trie, words, evidence, score, keep, price=prices.gains[words], standalone=standalone, **more
    )


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
