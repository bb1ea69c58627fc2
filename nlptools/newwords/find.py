"""`find_new_words`: the stages of new-word discovery, in order. The start of all reading."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nlptools.checks import check_numbers
from nlptools.corpus import CorpusInput, open_corpus
from nlptools.corpus.dictionary import read_dictionary
from nlptools.newwords.contrast import background_counts, contrasted
from nlptools.newwords.counted_words import words_from_counts
from nlptools.newwords.description_words import words_by_description_length
from nlptools.newwords.known import is_member, is_phrase, mark_known
from nlptools.newwords.left_out import LEFT_OUT, LeftOut, Limit
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.published import words_by_cohesion, words_by_entropy
from nlptools.newwords.rows import with_text_size
from nlptools.newwords.word_counts import size_of_counts
from nlptools.ngrams.counts import NgramCounts
from nlptools.text.scripts import batch_folder, folder

_METHODS: dict[str, Callable[..., pa.Table]] = {
    "mdl": words_by_description_length,
    "cohesion": words_by_cohesion,
    "entropy": words_by_entropy,
}


def find_new_words(
    corpus: CorpusInput | NgramCounts,
    *,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
    **options: Any,
) -> pa.Table:
    """Return the words of a corpus, best first, with the evidence; no dictionary is needed.

    corpus: anything that `open_corpus` takes; equal documents (lines, as a rule) count once. Or the counts of one: then
        the method is "entropy", words have up to order - 1 characters, and equal documents count as often as they were.
    progress: called with the number of input bytes read since its last call; log: called with a line for each stage.
    options: the fields of `NewWordsOptions`.

    Columns: word; count, documents (occurrences, and documents that have it); pmi (over the weakest split), left_entropy,
    right_entropy (of the neighbouring characters), all in nats; score; known (null if no dictionary was given); and
    with method="mdl" price (λ: what the word saves over what spelling it costs), standalone (share of its occurrences
    in which it stands as a word). score is a probability with "mdl", the count with "cohesion" and "entropy".
    Equal scores are ordered by count, then by the word. With a background also background, g2, log_odds, keyness and q_value,
    see `contrast`, and another order. The table does not depend on threads or batches.

    Raises OptionError for an option that cannot work, InputError for a corpus or dictionary that cannot be read.
    """
    return _find(corpus, NewWordsOptions(**options), progress, log, None)


def explain_new_words(
    corpus: CorpusInput | NgramCounts,
    *,
    left_out: int = LEFT_OUT,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
    **options: Any,
) -> tuple[pa.Table, pa.Table]:
    """Return the words as `find_new_words` does, and the most frequent n-grams that are none, each with what it failed.

    The first table has further columns why_… (method "mdl"): what each feature adds to the log-odds of `score`, in nats.
    The second has the `left_out` most frequent other n-grams: word, count, limit (its name, see `LeftOut`), value and
    least (what was looked at, and what it had to reach or exceed; null where the limit is no number).
    """
    check_numbers(left_out=left_out)
    others = LeftOut(left_out)
    words = _find(corpus, NewWordsOptions(**{**options, "explain": True}), progress, log, others)
    return words, others.table


def without_terms(words: pa.Table) -> pa.Table:
    """Return a table of words without the columns why_…."""
    return words.drop_columns([name for name in words.column_names if name.startswith("why_")])


def _find(
    corpus: CorpusInput | NgramCounts,
    chosen: NewWordsOptions,
    progress: Callable[[int], object] | None,
    log: Callable[[str], object] | None,
    left_out: LeftOut | None,
) -> pa.Table:
    fold = folder(chosen.script)
    known = {word for path in chosen.known for word in read_dictionary(path, fold)} if chosen.known else None
    stopwords = read_dictionary(chosen.stopwords, fold) if chosen.stopwords else set()
    log = log or (lambda _: None)
    background = None
    if chosen.background is not None:
        background = background_counts(chosen.background, chosen.script, chosen.threads, log)
    if isinstance(corpus, NgramCounts):
        table = with_text_size(words_from_counts(corpus, chosen, log, left_out), size_of_counts(corpus))
    else:
        batches = open_corpus(corpus).batches(progress)
        table = _METHODS[chosen.method or "mdl"](batches, chosen, batch_folder(chosen.script), log, left_out)
    table = mark_known(table, known)
    table = _without(table, is_member(table["word"], stopwords), "stopword", left_out)
    if chosen.new_only:
        table = _without(table, table["known"], "known", left_out)
        table = _without(table, is_phrase(table["word"]), "phrase", left_out)
    if background is not None:
        table = contrasted(table, background, chosen.rank or "new", chosen.keyness_n, log)
    rank = np.arange(table.num_rows)
    top = table.num_rows if chosen.top is None else chosen.top
    return _without(table, pa.chunked_array([rank >= top]), "top", left_out).combine_chunks()


def _without(table: pa.Table, failed: pa.ChunkedArray, name: str, left_out: LeftOut | None) -> pa.Table:
    """Return the rows that did not fail; left_out gets the others."""
    if left_out is not None:
        limit = Limit(name, np.asarray(failed))
        left_out.add(np.asarray(table["count"]), [limit], lambda rows: table["word"].take(rows).combine_chunks())
    return table.filter(pc.invert(failed))
