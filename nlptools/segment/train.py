"""`train_segmenter`: the stages of learning to segment, in order. The start of all reading.

From raw text alone. A lattice of words samples segmentations; a teacher, a tagger of gaps with statistics of the text,
smooths them, and its opinion goes back into the lattice; after some rounds a student learns to do without statistics.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.errors import OptionError
from nlptools.memory import default_memory, parse_memory
from nlptools.ngrams.trie import build_trie
from nlptools.segment import gaps
from nlptools.segment._gap_kernels import Weights
from nlptools.segment.chain import beside_edges
from nlptools.segment.checkpoint import Checkpoint
from nlptools.segment.discovery import discover_words, segment_symbols
from nlptools.segment.gap_tagger import GapTagger, numerals_of
from nlptools.segment.gold import read_gold
from nlptools.segment.lattice import Lattice, segment_bounds
from nlptools.segment.lexicon import read_lexicon
from nlptools.segment.lm_tagger import train_lm_tagger
from nlptools.segment.model import Segmenter, Tagger, load_segmenter
from nlptools.segment.options import SegmenterOptions
from nlptools.segment.reading import SymbolText, read_symbols
from nlptools.segment.statistics import LONGEST, first_segmentation, measure
from nlptools.segment.supervised import RawText, gold_alphabet, segmented, train_supervised
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

_FACTS = ("method", "rounds", "seed", "fold", "numerals", "discover", "weights", "lexicon_weight", "words_weight")
"""Options that a model file tells; not those of the machine it was trained on."""

Log = Callable[[str], object]


def train_segmenter(
    corpus: CorpusInput | None = None,
    *,
    progress: Callable[[int], object] | None = None,
    log: Log | None = None,
    resume: str | Path | None = None,
    **options: Any,
) -> Segmenter:
    """Train a segmenter from raw text alone, or from segmented text (gold=...) and raw text.

    corpus: raw text, anything that `open_corpus` takes; with gold it may be left out. options: the fields of
        `SegmenterOptions`.
    progress: called with the number of input bytes read since its last call; log: called with a line for each stage.
    resume: a file in which the state of the training is kept after each round; if it is there already, and of the same text
        and options, the training goes on from it. Remove it when the model is saved.

    The model does not depend on threads or batches; equal corpora, options and seeds give equal models. Raises OptionError
    for an option that cannot work, InputError for a corpus, segmented text or lexicon that cannot be used.
    """
    chosen = SegmenterOptions(**options)
    log = log or (lambda _: None)
    threads = chosen.thread_count
    lexicon = read_lexicon(chosen.lexicon, chosen.words, chosen.lexicon_weight, chosen.words_weight)
    gold = None if chosen.gold is None else read_gold(Path(chosen.gold))
    base = None if chosen.base is None else load_segmenter(chosen.base)
    if corpus is None:
        if gold is None or base is not None:
            raise OptionError("there is no raw text to learn from: name an input")
        alphabet = gold_alphabet(gold)
        codes, begins = gold.symbols(alphabet)
        tagger: Tagger = train_supervised(gold, alphabet, seed=chosen.seed, threads=threads, log=log)
        vocabulary = count_words(codes, begins, alphabet, threads)
    else:
        memory = default_memory() if chosen.memory is None else parse_memory(chosen.memory)
        most = max(SMALL, memory // MEMORY_OF_SYMBOL)
        batches = open_corpus(corpus).batches(progress)
        text = read_symbols(batches, most, threads, chosen.fold, None if base is None else base.alphabet)
        if text.kept < text.documents:
            log(f"training with {text.kept:,} of {text.documents:,} documents; more need more memory")
        alphabet = text.alphabet
        tagger = _unsupervised(text, chosen, memory, resume, log) if base is None else base.tagger
        if gold is not None:
            raw = RawText(text.codes, segmented(tagger, text.codes, threads))
            tagger = train_supervised(gold, alphabet, raw, seed=chosen.seed, threads=threads, log=log)
        elif chosen.discover and chosen.method == "lattice":
            log("finding words")
            discovered = discover_words(text, chosen.words_weight, threads)
            lexicon = discovered if lexicon is None else discovered | lexicon
        log("counting the words")
        begins = segment_symbols(tagger, lexicon, text, threads)
        vocabulary = count_words(text.spelled, begins, text.spelling, threads)
    facts = {"version": __version__, **{name: str(getattr(chosen, name)) for name in _FACTS}}
    return Segmenter(tagger, alphabet, vocabulary, lexicon, facts)


def _unsupervised(
    text: SymbolText, options: SegmenterOptions, memory: int, resume: str | Path | None, log: Log
) -> Tagger:
    if options.method == "lm":
        log("estimating a language model")
        return train_lm_tagger(text.codes, text.alphabet, options.weights, memory, options.thread_count)
    checkpoint = Checkpoint(resume, text.codes, options)
    student = learn_gaps(text.codes, options, checkpoint, log)
    return GapTagger.from_student(student, numerals_of(text.alphabet) if options.numerals else None)


def learn_gaps(codes: NDArray[np.uint16], options: SegmenterOptions, checkpoint: Checkpoint, log: Log) -> Weights:
    """Return the weights of the student of a text, (T,) symbols; a large text begins with what a part of it taught."""
    if checkpoint.round == options.rounds:
        return checkpoint.student()
    student: Weights | None = None
    symbols = int(codes.max()) + 1
    if codes.size > 2 * SMALL and checkpoint.round == 0:
        part = _part(codes, SMALL)
        log(f"a first look at {part.size:,} of {codes.size:,} symbols")
        student = _teach(part, symbols, None, FIRST_ROUNDS, options, Checkpoint(None), log)
    return _teach(codes, symbols, student, options.rounds, options, checkpoint, log)


def _teach(
    codes: NDArray[np.uint16],
    symbols: int,
    student: Weights | None,
    rounds: int,
    options: SegmenterOptions,
    checkpoint: Checkpoint,
    log: Log,
) -> Weights:
    """Return the student of the last of some rounds: the lattice teaches the teacher, who teaches the student, who
    teaches the lattice.

    symbols: how many the student shall know. student: of another text, to begin with; without one, the four states of
        kexue.fm 3956 begin.
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
        checkpoint.restore(lattice)
        student = checkpoint.student()
    if student is None:
        for sweep in range(BURN_IN):
            log(f"lattice, sweep {sweep + 1} of {BURN_IN}")
            lattice.sweep()
    for number in range(checkpoint.round, rounds):
        log(f"round {number + 1} of {rounds}")
        if student is not None:
            lattice.gaps = _factors(codes, gaps.predict(codes, student, threads))
        odds = gaps.teach(codes, bins, lattice.mean_begins(SWEEPS), threads)
        student = gaps.learn(codes, odds, symbols)
        checkpoint.save(number + 1, lattice, student)
    return cast("Weights", student)


def _factors(codes: NDArray[np.uint16], odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the factors of the lattice on the begin of a word: what the student says counts twice."""
    factors = np.exp(np.clip(2 * odds, -16, 16))
    factors[beside_edges(codes)] = 1
    return factors


def _part(codes: NDArray[np.uint16], size: int) -> NDArray[np.uint16]:
    """Return about so many symbols of a text: whole segments, from all over it."""
    bounds = segment_bounds(codes, 1024)
    step = max(1, codes.size // size)
    pieces = [codes[lo:hi] for lo, hi in zip(bounds[:-1:step], bounds[1::step], strict=False)]
    return np.concatenate(pieces)
