"""What stands around the occurrences of words: documents, neighbours on both sides, gaps inside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlptools.newwords import _kernels
from nlptools.newwords.chains import Chains
from nlptools.ngrams.grouping import count_keys, window_bits
from nlptools.text.encode import EncodedText
from nlptools.threads import in_threads, slices

_GAP_UNIT = 2.0**24  # sums of gaps are kept in whole units, so that they do not depend on threads


@dataclass(frozen=True)
class Evidence:
    """For W words, (W,) each.

    documents: how many have it. left_entropy, right_entropy: branching entropies in nats (左邻字熵, 右邻字熵).
    largest_neighbour: count of the most frequent neighbour on either side. openness: mean over the occurrences of the
    most open gap inside, in [0, 1]; 0 where no gaps were given.
    """

    documents: NDArray[np.int64]
    left_entropy: NDArray[np.float64]
    right_entropy: NDArray[np.float64]
    largest_neighbour: NDArray[np.int64]
    openness: NDArray[np.float64]


def collect_evidence(
    text: EncodedText,
    words: Chains,
    counts: NDArray[np.int64],
    threads: int,
    gaps: NDArray[np.float32] | None = None,
) -> Evidence:
    """Return the evidence for `words`, which occur `counts` times, (W,).

    Entropy: H = ln N − (1/N) Σ f ln f over the neighbouring codes; an occurrence beside a break has a neighbour of its own.
    gaps: (T,), the probability that a word begins at each position.
    """
    gaps = np.empty(0, np.float32) if gaps is None else gaps
    size = counts.size
    bits = window_bits(len(text.alphabet))
    ends = text.document_ends
    # cut at the ends of documents, which are counted, and so that the pieces are even in codes
    cuts = np.searchsorted(ends, slices(text.codes.size, 4 * threads)).tolist()
    cuts[-1] = ends.size
    starts = [int(ends[d - 1]) if d else 0 for d in cuts]
    occurrences = in_threads(
        lambda lo, hi: _kernels.count_occurrences(words.word_at, lo, hi, words.links), starts, threads
    )
    places = dict(zip(cuts[:-1], np.cumsum([0, *occurrences]).tolist(), strict=False))
    left, right = np.empty(int(counts.sum()), np.uint64), np.empty(int(counts.sum()), np.uint64)

    def work(first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        openness, documents = np.zeros(size, np.int64), np.zeros(size, np.int64)
        if first < last:
            _kernels.list_occurrences(
                text.codes, ends, first, last, words.word_at, words.links, gaps, bits, _GAP_UNIT, places[first],
                left, right, openness, documents,
            )  # fmt: skip
        return openness, documents

    openness, documents = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for part_openness, part_documents in in_threads(work, cuts, threads):
        openness += part_openness
        documents += part_documents
    largest = np.zeros(size, np.int64)
    entropies = []
    for keys in (left, right):
        entropy, most = np.zeros(size), np.zeros(size, np.int64)
        _kernels.neighbour_entropy(*count_keys(keys, threads), bits, entropy, most)
        entropies.append(entropy)
        largest = np.maximum(largest, most)
    return Evidence(documents, entropies[0], entropies[1], largest, openness / _GAP_UNIT / counts)
