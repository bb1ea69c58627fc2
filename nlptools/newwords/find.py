"""`find_new_words`: the stages of new-word discovery, in order. The start of all reading."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.corpus.dictionary import read_dictionary
from nlptools.newwords.counted_words import words_from_counts
from nlptools.newwords.description_words import words_by_description_length
from nlptools.newwords.function_characters import FUNCTION_CHARACTERS
from nlptools.newwords.known import is_member
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.published import words_by_cohesion, words_by_entropy
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
    Equal scores are ordered by count, then by the word. The table does not depend on threads or batches.

    Raises OptionError for an option that cannot work, InputError for a corpus or dictionary that cannot be read.
    """
    chosen = NewWordsOptions(**options)
    fold = folder(chosen.script)
    known = {word for path in chosen.known for word in read_dictionary(path, fold)} if chosen.known else None
    stopwords = read_dictionary(chosen.stopwords, fold) if chosen.stopwords else set()
    log = log or (lambda _: None)
    if isinstance(corpus, NgramCounts):
        table = words_from_counts(corpus, chosen, log)
    else:
        batches = open_corpus(corpus).batches(progress)
        table = _METHODS[chosen.method or "mdl"](batches, chosen, batch_folder(chosen.script), log)
    table = _mark_known(table, known)
    table = table.filter(pc.invert(is_member(table["word"], stopwords)))
    if chosen.new_only:
        table = table.filter(pc.invert(pc.or_(table["known"], _is_phrase(table["word"]))))
    return table.slice(0, chosen.top).combine_chunks()


def _mark_known(table: pa.Table, known: set[str] | None) -> pa.Table:
    column = pa.nulls(table.num_rows, pa.bool_()) if known is None else is_member(table["word"], known)
    return table.add_column(table.schema.get_field_index("score") + 1, "known", column)


def _is_phrase(words: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which words begin or end with a function character: outside a dictionary these are phrases, as a rule."""
    function = pa.array(sorted(FUNCTION_CHARACTERS), words.type)
    first, last = (pc.utf8_slice_codeunits(words, start, stop) for start, stop in ((0, 1), (-1, None)))
    return pc.or_(pc.is_in(first, function), pc.is_in(last, function))
