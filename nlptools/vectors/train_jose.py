"""`train_jose`: from a corpus to words and documents on one sphere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nlptools.corpus import CorpusInput
from nlptools.vectors.checkpoint import Checkpoint
from nlptools.vectors.jose import JoseState, learn_jose, start_jose
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.table import VectorTable
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.train import Trained, learn_and_keep, say_start
from nlptools.vectors.word_ids import read_word_ids
from nlptools.wording import counted

if TYPE_CHECKING:
    from nlptools.segment.model import Segmenter


def train_jose(
    corpus: CorpusInput,
    *,
    segmenter: "str | Path | Segmenter | None" = None,
    progress: Callable[[int], object] | None = None,
    on_trained: Callable[[Trained], object] | None = None,
    log: Callable[[str], object] | None = None,
    resume: str | Path | None = None,
    **options: Any,
) -> tuple[Any, Any]:
    """Learn vectors of words and of documents, all of norm 1, and return both as gensim `KeyedVectors`.

    Each text of the corpus is a document, also an empty one. Its key is its name, which is its value of `group_by`, or its
    file if that is a document; if two names are the same, or there are none, all keys are numbers from "0".
    options: the fields of `JoseOptions`. corpus, segmenter, progress, on_trained, log, resume: as for `train_vectors`.

    Raises OptionError for an option that cannot work, InputError for a corpus or segmenter that cannot be used.
    """
    words, documents = train_jose_tables(
        corpus,
        JoseOptions(**options),
        segmenter=segmenter,
        progress=progress,
        on_trained=on_trained,
        log=log,
        resume=resume,
    )
    return words.keyed_vectors(), documents.keyed_vectors()


def train_jose_tables(
    corpus: CorpusInput,
    options: JoseOptions,
    *,
    segmenter: "str | Path | Segmenter | None" = None,
    progress: Callable[[int], object] | None = None,
    on_trained: Callable[[Trained], object] | None = None,
    log: Callable[[str], object] | None = None,
    resume: str | Path | None = None,
    strict: bool = False,
) -> tuple[VectorTable, VectorTable]:
    """Learn vectors of words and of documents; see `train_jose`. strict: raise InputError if there is no state to go on from."""
    log = log or (lambda _: None)
    on_trained = on_trained or (lambda _: None)
    tokenizer = make_tokenizer(segmenter)
    log("counting words")
    with read_word_ids(
        corpus, tokenizer, options.min_count, options.memory, options.thread_count, True, progress, log
    ) as text:
        keys = pa.array([], pa.large_string()) if text.documents is None else text.documents
        log(
            f"{text.counts.sum():,} of {counted(text.tokens, 'word')} are in the vocabulary of {len(text.words):,}; "
            f"{counted(len(keys), 'document')}"
        )
        checkpoint = Checkpoint(resume, text, options, strict)
        total = int(text.counts.sum()) * options.epochs
        state = checkpoint.jose() or start_jose(text, options)
        say_start(state.epoch, state.words, total, log)

        def on_piece(state: JoseState) -> None:
            on_trained(Trained(state.words, total, state.mean_loss, options.epochs))

        on_piece(state)
        learn = partial(learn_jose, text, options, state, on_piece)
        learn_and_keep(state, options.epochs, learn, checkpoint.keep_jose, log)
        sphere = state.sphere
        words = VectorTable(
            text.words, sphere.vectors, text.counts, sphere.contexts if options.contexts else None, facts=options.facts
        )
        return words, VectorTable(keys, sphere.documents, facts=options.facts, kind="document")
