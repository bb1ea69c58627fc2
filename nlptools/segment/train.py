"""`train_segmenter`: the stages of learning to segment, in order. The start of all reading.

From raw text alone. A lattice of words samples segmentations; a teacher, a tagger of gaps with statistics of the text,
smooths them, and its opinion goes back into the lattice; after some rounds a student learns to do without statistics.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.memory import default_memory, parse_memory
from nlptools.ngrams.trie import build_trie
from nlptools.segment import gaps
from nlptools.segment._gap_kernels import Weights
from nlptools.segment.checkpoint import Checkpoint
from nlptools.segment.gap_tagger import GapTagger
from nlptools.segment.lattice import Lattice, segment_bounds
from nlptools.segment.lexicon import read_lexicon
from nlptools.segment.lm_tagger import train_lm_tagger
from nlptools.segment.model import Segmenter, Tagger
from nlptools.segment.options import SegmenterOptions
from nlptools.segment.reading import read_symbols
from nlptools.segment.statistics import LONGEST, first_segmentation, measure
from nlptools.segment.vocabulary_counts import count_words
from nlptools.text.encode import EncodedText
from nlptools.version import __version__

BURN_IN = 8
"""Sweeps of the lattice before the first teacher."""

SWEEPS = 2
"""Sweeps of which the teacher learns the mean."""

SMALL = 4_000_000
"""Symbols with which the training of a larger text begins."""

FIRST_ROUNDS = 3
"""Rounds of that beginning."""

MEMORY_OF_SYMBOL = 120
"""Bytes that training takes for each symbol, about."""

Log = Callable[[str], object]


def train_segmenter(
    corpus: CorpusInput,
    *,
    progress: Callable[[int], object] | None = None,
    log: Log | None = None,
    resume: str | Path | None = None,
    **options: Any,
) -> Segmenter:
    """Train a segmenter from raw text alone: no dictionary, no labels.

    corpus: anything that `open_corpus` takes. options: the fields of `SegmenterOptions`.
    progress: called with the number of input bytes read since its last call; log: called with a line for each stage.
    resume: a file in which the state of the training is kept after each round, until it is done; if it is there already, and
        of the same text and options, the training goes on from it.

    The model does not depend on threads or batches; equal corpora, options and seeds give equal models. Raises OptionError
    for an option that cannot work, InputError for a corpus or lexicon that cannot be used.
    """
    chosen = SegmenterOptions(**options)
    log = log or (lambda _: None)
    memory = default_memory() if chosen.memory is None else parse_memory(chosen.memory)
    lexicon = read_lexicon(chosen.lexicon, chosen.words, chosen.lexicon_weight)
    most = max(SMALL, memory // MEMORY_OF_SYMBOL)
    text = read_symbols(open_corpus(corpus).batches(progress), most, chosen.thread_count)
    if text.kept < text.documents:
        log(f"training with {text.kept:,} of {text.documents:,} documents; more need more memory")
    tagger: Tagger
    if chosen.method == "lm":
        log("estimating a language model")
        tagger = train_lm_tagger(text.codes, text.alphabet, chosen.weights, memory, chosen.thread_count)
    else:
        with Checkpoint(resume, text.codes, chosen) as checkpoint:
            tagger = GapTagger.from_student(learn_gaps(text.codes, chosen, checkpoint, log))
    log("counting the words")
    vocabulary = count_words(text.codes, tagger.begins(text.codes), text.alphabet, chosen.thread_count)
    facts = {"version": __version__, **{name: str(value) for name, value in asdict(chosen).items()}}
    return Segmenter(tagger, text.alphabet, vocabulary, lexicon, facts)


def learn_gaps(codes: NDArray[np.uint16], options: SegmenterOptions, checkpoint: Checkpoint, log: Log) -> Weights:
    """Return the weights of the student of a text, (T,) symbols; a large text begins with what a part of it taught."""
    student: Weights | None = None
    if codes.size > 2 * SMALL and checkpoint.round == 0:
        part = _part(codes, SMALL)
        log(f"a first look at {part.size:,} of {codes.size:,} symbols")
        student = _teach(part, None, FIRST_ROUNDS, options, Checkpoint(None), log)
    return _teach(codes, student, options.rounds, options, checkpoint, log)


def _teach(
    codes: NDArray[np.uint16],
    student: Weights | None,
    rounds: int,
    options: SegmenterOptions,
    checkpoint: Checkpoint,
    log: Log,
) -> Weights:
    """Return the student of the last of some rounds: the lattice teaches the teacher, who teaches the student, who
    teaches the lattice.

    student: of another text, to begin with; without one, the four states of kexue.fm 3956 begin.
    """
    threads = options.thread_count
    log("counting n-grams")
    text = EncodedText(codes, pa.nulls(int(codes.max()) + 1, pa.string()), np.array([codes.size]))
    trie = build_trie(text, 2, LONGEST + 1, threads)
    statistics = measure(codes, trie)
    bins = gaps.dense_bins(codes, trie, statistics, threads)
    begins = first_segmentation(codes, trie, statistics, segment_bounds(codes, threads), threads)
    lattice = Lattice(codes, trie, begins, options.seed, threads)
    del trie, statistics, begins
    if checkpoint.round:
        student = checkpoint.restore(lattice)
    if student is None:
        for sweep in range(BURN_IN):
            log(f"lattice, sweep {sweep + 1} of {BURN_IN}")
            lattice.sweep()
    for number in range(checkpoint.round, rounds):
        log(f"round {number + 1} of {rounds}")
        if student is not None:
            lattice.gaps = _factors(codes, gaps.predict(codes, student, threads))
        odds = gaps.teach(codes, bins, lattice.mean_begins(SWEEPS), threads)
        student = gaps.learn(codes, odds > 0)
        checkpoint.save(number + 1, lattice, student)
    return cast("Weights", student)


def _factors(codes: NDArray[np.uint16], odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the factors of the lattice on the begin of a word: what the student says counts twice."""
    factors = np.exp(np.clip(2 * odds, -16, 16))
    factors[_beside_edges(codes)] = 1
    return factors


def _beside_edges(codes: NDArray[np.uint16]) -> NDArray[np.bool_]:
    beside: NDArray[np.bool_] = codes == 0
    beside[1:] |= codes[:-1] == 0
    return beside


def _part(codes: NDArray[np.uint16], size: int) -> NDArray[np.uint16]:
    """Return about so many symbols of a text: whole segments, from all over it."""
    bounds = segment_bounds(codes, 1024)
    step = max(1, codes.size // size)
    pieces = [codes[lo:hi] for lo, hi in zip(bounds[:-1:step], bounds[1::step], strict=False)]
    return np.concatenate(pieces)
