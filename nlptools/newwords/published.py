"""Two published methods, for comparison: cohesion (kexue.fm 4256) and entropy (kexue.fm 3491).

What is kept of them: the statistics, the thresholds, the stages. What differs: counts are exact, equal documents count
once, punctuation ends a segment in both (3491 deletes it), and a neighbour beyond a segment's end counts as a
neighbour of its own. Code to compare with: find_words.py of bojone/unsupervised-vocabulary-search.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.newwords import _kernels
from nlptools.newwords.chains import Chains
from nlptools.newwords.evidence import collect_evidence
from nlptools.newwords.left_out import LeftOut, Limit
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.rows import ranked_table, spell
from nlptools.ngrams.trie import Trie, build_trie
from nlptools.text.characters import DIGIT, HAN, LETTER
from nlptools.text.encode import EncodedText, Prepare, encode_characters
from nlptools.wording import counted

COHESION_ORDER = 4  # n-grams whose cohesion is looked at
COHESION_PMI = math.log(5)  # per character beyond the first: ratios 5, 25, 125
ENTROPY_PMI = math.log(30)
ENTROPY_LEAST = 3.0
ENTROPY_MIN_COUNT = 10
ENTROPY_MAX_LENGTH = 4
MAX_LENGTH = 12


def default_min_count(size: int) -> int:
    """Return the least count of a word in a text of `size` characters: 3 at 1 MB, 28 at 100 MB (128 was for 3 M articles)."""
    return max(2, round(3 * math.sqrt(size / 350_000)))


def words_by_cohesion(
    batches: Iterable[pa.RecordBatch],
    options: NewWordsOptions,
    prepare: Prepare,
    log: Callable[[str], object],
    left_out: LeftOut | None = None,
) -> pa.Table:
    """Return the pieces between weak gaps that survive backtracking, most frequent first.

    1. A gram of 2 to 4 characters is cohesive if its PMI over the weakest split is beyond ln 5, ln 25, ln 125.
    2. A gap is cut unless a cohesive gram lies across it; the pieces are counted, rare ones dropped.
    3. A piece of 3 characters or more stays if all its substrings of 3 to 4 characters are cohesive.
    """
    text, threads = _characters(batches, options, prepare, log)
    min_count = options.min_count or default_min_count(text.size)
    trie = build_trie(text, min_count, max(COHESION_ORDER, options.max_length or MAX_LENGTH), threads)
    log(f"n-grams: {trie.counts.size - 1:,} seen {min_count} times or more")

    per_character = COHESION_PMI if options.min_pmi is None else options.min_pmi
    frequent = int(trie.counts[(trie.lengths == 1) & (trie.counts >= min_count)].sum())
    pmi = trie.pmi + math.log(max(1, frequent) / max(1, trie.total))
    cohesive = (trie.lengths >= 2) & (trie.lengths <= COHESION_ORDER) & (pmi > per_character * (trie.lengths - 1))
    reach = np.zeros(trie.counts.size, np.int16)
    _kernels.longest_cohesive(trie.parents, trie.lengths, cohesive, reach)
    pieces = np.zeros(trie.counts.size, np.int64)
    _kernels.cut_and_count(text.codes, trie.node_at, trie.parents, trie.lengths, reach, pieces)
    log(f"pieces: {int((pieces >= min_count).sum()):,} seen {min_count} times or more")

    stays = np.zeros(trie.counts.size, np.bool_)
    _kernels.backtrack(trie.parents, trie.suffixes, trie.lengths, cohesive, COHESION_ORDER, stays)
    words = (pieces >= min_count) & stays & (trie.lengths >= 2) & (trie.lengths <= (options.max_length or MAX_LENGTH))
    if left_out is not None:
        left_out.add_nodes(
            text, trie, [Limit("cohesion", ~stays), Limit("pieces", pieces < min_count, pieces, min_count)]
        )
    return _by_count(text, trie, words, options, left_out, pieces)


def words_by_entropy(
    batches: Iterable[pa.RecordBatch],
    options: NewWordsOptions,
    prepare: Prepare,
    log: Callable[[str], object],
    left_out: LeftOut | None = None,
) -> pa.Table:
    """Return the n-grams of 2 to 4 characters with PMI beyond ln 30 and both entropies beyond 3, most frequent first."""
    text, threads = _characters(batches, options, prepare, log)
    min_count = options.min_count or ENTROPY_MIN_COUNT
    trie = build_trie(text, min_count, options.max_length or ENTROPY_MAX_LENGTH, threads)
    log(f"n-grams: {trie.counts.size - 1:,} seen {min_count} times or more")

    min_pmi = ENTROPY_PMI if options.min_pmi is None else options.min_pmi
    words = (trie.lengths >= 2) & (trie.pmi > min_pmi)
    if left_out is not None:
        left_out.add_nodes(text, trie, [Limit("pmi", trie.pmi <= min_pmi, trie.pmi, min_pmi)])
    return _by_count(text, trie, words, options, left_out, least_entropy=ENTROPY_LEAST)


def _characters(
    batches: Iterable[pa.RecordBatch],
    options: NewWordsOptions,
    prepare: Prepare,
    log: Callable[[str], object],
) -> tuple[EncodedText, int]:
    threads = options.thread_count
    text = encode_characters(batches, threads, True, (HAN, DIGIT, LETTER), prepare)
    log(f"text: {counted(text.size, 'character')}, {text.duplicates:,} duplicate documents left out")
    return text, threads


def _by_count(
    text: EncodedText,
    trie: Trie,
    chosen: NDArray[np.bool_],
    options: NewWordsOptions,
    left_out: LeftOut | None,
    pieces: NDArray[np.int64] | None = None,
    least_entropy: float | None = None,
) -> pa.Table:
    """Return the rows of the chosen nodes, (G,), most frequent first; where there are pieces, these are what is counted."""
    chains = Chains(trie, chosen, options.thread_count)
    words = chains.nodes
    evidence = collect_evidence(text, chains, trie.counts[words], options.thread_count)
    more = {} if pieces is None else {"count": pieces[words], "occurrences": trie.counts[words]}
    score = more.get("count", trie.counts[words]).astype(np.float64)
    rare = np.zeros(words.size, np.bool_) if options.min_score is None else score < options.min_score
    least_entropy = least_entropy if options.min_entropy is None else options.min_entropy
    entropy = np.minimum(evidence.left_entropy, evidence.right_entropy)
    tied = np.zeros(words.size, np.bool_) if least_entropy is None else entropy <= least_entropy
    if left_out is not None:
        limits = [Limit("score", rare, score, options.min_score), Limit("entropy", tied, entropy, least_entropy)]
        left_out.add(score.astype(np.int64), limits, lambda rows: spell(text, trie, words[rows]))
    keep = ~(rare | tied)
    return ranked_table(text, trie, words, evidence, score, keep, **more)
