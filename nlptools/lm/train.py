"""`train_lm`: a language model from counts or text."""

from collections.abc import Callable, Sequence
from pathlib import Path

from nlptools.checks import check_numbers
from nlptools.corpus import CorpusInput, open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.lm.estimate import Windows, estimate
from nlptools.lm.model import MOST_ORDER, LanguageModel
from nlptools.lm.vocabulary import Vocabulary
from nlptools.lm.windows import CountedWindows, read_words
from nlptools.memory import default_memory, parse_memory
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts, read_counts
from nlptools.ngrams.output import is_count_file
from nlptools.threads import default_threads


def train_lm(
    corpus: CorpusInput | NgramCounts,
    order: int = 5,
    *,
    memory: int | str | None = None,
    prune: Sequence[int] = (0,),
    words: bool = False,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
) -> LanguageModel:
    """Train a language model over characters, or over the words of segmented text: interpolated modified Kneser-Ney.

    corpus: counts of `order` or more (of 2 for order 1); a count file, whose name ends in .ngrams; or anything that
        `open_corpus` takes, which is counted first.
    order: of the longest n-grams, 1 to 8.
    memory: what this may use, in bytes or as "2G"; default: half of what the machine has. What does not fit lies in
        temporary files. The words of a text must fit.
    prune: up to which count n-grams of each order are left out, first 0, rising; the last is for all further orders.
        (0, 0, 1) leaves out what has three symbols or more and was seen once.
    words: the text is segmented: white space between words, a document is a sentence. Otherwise a sentence is a segment
        that ends at punctuation or white space.
    threads, progress, log: as for `count_ngrams`. The model does not depend on threads or memory.
    Raises OptionError if an option cannot work, InputError if the corpus cannot be used, OutputError if there is no room.

    >>> model = train_lm(["今天天气好", "明天天气好"], order=2)
    >>> model.score("明天") > model.score("天明")
    True
    """
    threads = default_threads() if threads is None else threads
    check_numbers(order=order, threads=threads)
    if order > MOST_ORDER:
        raise OptionError(f"order={order} is too high: give {MOST_ORDER} at most")
    prune = _checked(prune)
    log = log or (lambda _: None)
    budget = default_memory() if memory is None else parse_memory(memory)
    depth = max(order, 2)
    if isinstance(corpus, (str, Path)) and is_count_file(corpus):
        corpus = read_counts(corpus)
    windows: Windows
    if words:
        if isinstance(corpus, NgramCounts):
            raise OptionError("words needs segmented text, and these are counts of characters: give the text")
        vocabulary, windows = read_words(open_corpus(corpus).batches(progress), depth, threads, budget)
    else:
        counts = corpus
        if not isinstance(counts, NgramCounts):
            counts = count_ngrams(counts, depth, memory=memory, threads=threads, progress=progress, log=log)
        _check_counts(counts, order)
        vocabulary, windows = Vocabulary(counts.layout.characters, words=False), CountedWindows(counts, depth)
    if not vocabulary.tokens:
        raise InputError(f"the corpus has no {vocabulary.unit}, only punctuation and white space; give more text")
    trie = estimate(windows, len(vocabulary.tokens), order, threads, prune, budget, log)
    return LanguageModel(vocabulary, order, trie)


def _checked(prune: Sequence[int]) -> Sequence[int]:
    for threshold in prune:
        check_numbers(least=0, prune=threshold)
    if not prune or prune[0] != 0 or list(prune) != sorted(prune):
        raise OptionError(f"prune={','.join(map(str, prune))} cannot work: begin with 0, and let no number fall: 0,0,1")
    return prune


def _check_counts(counts: NgramCounts, order: int) -> None:
    if counts.order < max(order, 2):
        raise OptionError(
            f"order={order} is too high for counts of n-grams of up to {counts.order} characters: "
            f"count again to order {max(order, 2)}, or give a lower one"
        )
    if counts.min_count > 1:
        raise InputError(
            f"these are counts of n-grams seen {counts.min_count} times or more, and a model needs all: "
            "count without min_count, and give prune"
        )
