"""`train_vectors`: from a corpus to vectors of its words. The start of all reading."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from nlptools.corpus import CorpusInput
from nlptools.errors import OutputError
from nlptools.vectors.checkpoint import Checkpoint
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.pmi import PmiState, start_pmi, train_pmi
from nlptools.vectors.skipgram import Progress, SkipgramState, start_skipgram, train_skipgram
from nlptools.vectors.table import VectorTable
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import WordIds, read_word_ids
from nlptools.version import __version__
from nlptools.wording import counted

if TYPE_CHECKING:
    from nlptools.segment.model import Segmenter

KEEP_SECONDS = 600
"""How often the state of a long training is kept."""

_FACTS = ("method", "window", "min_count", "sample", "negative", "ns_exponent", "alpha", "min_alpha", "epochs", "seed")
"""Options that a file of vectors tells."""


@dataclass(frozen=True)
class Trained:
    """How far a training is. words: learned, of `total` in all epochs; loss: of a pair, in this epoch."""

    words: int
    total: int
    loss: float
    epochs: int


def train_vectors(
    corpus: CorpusInput,
    *,
    segmenter: "str | Path | Segmenter | None" = None,
    progress: Callable[[int], object] | None = None,
    on_trained: Callable[[Trained], object] | None = None,
    log: Callable[[str], object] | None = None,
    resume: str | Path | None = None,
    **options: Any,
) -> Any:
    """Learn vectors of words and return them as gensim `KeyedVectors`.

    corpus: text whose words stand between white space, anything that `open_corpus` takes. segmenter: for raw text: a
        segmenter, the path of its model, or "jieba". options: the fields of `VectorOptions`, named as in gensim.
    progress: called with the number of input bytes read since its last call; on_trained: after each piece of training;
        log: with a line for each stage.
    resume: a file in which the state is kept every ten minutes and when the user interrupts; if it is there already, and of
        the same text and options, the training goes on from it. Remove it when the vectors are saved.

    The counts of the words are the attribute "count"; with contexts=True the object has the attributes `contexts` (V, D) and,
    with nce, `biases` (V,). Without options.deterministic the threads of sgns and nce change the vectors as they come, so that
    two runs with more than one worker differ a little; pmi never does.

    Raises OptionError for an option that cannot work, InputError for a corpus or segmenter that cannot be used.
    """
    chosen = VectorOptions(**options)
    return train_table(
        corpus, chosen, segmenter=segmenter, progress=progress, on_trained=on_trained, log=log, resume=resume
    ).keyed_vectors()


def train_table(
    corpus: CorpusInput,
    options: VectorOptions,
    *,
    segmenter: "str | Path | Segmenter | None" = None,
    progress: Callable[[int], object] | None = None,
    on_trained: Callable[[Trained], object] | None = None,
    log: Callable[[str], object] | None = None,
    resume: str | Path | None = None,
    strict: bool = False,
) -> VectorTable:
    """Learn vectors of words; see `train_vectors`. strict: raise InputError if `resume` is no state to go on from."""
    log = log or (lambda _: None)
    tokenizer = make_tokenizer(segmenter)
    log("counting words")
    with read_word_ids(
        corpus, tokenizer, options.min_count, options.memory, options.thread_count, progress=progress, log=log
    ) as text:
        log(f"{text.counts.sum():,} of {counted(text.tokens, 'word')} are in the vocabulary of {len(text.words):,}")
        checkpoint = Checkpoint(resume, text, options, strict)
        train = _train_pmi if options.method == "pmi" else _train_skipgram
        return train(text, options, checkpoint, on_trained or (lambda _: None), log)


def _train_skipgram(
    text: WordIds,
    options: VectorOptions,
    checkpoint: Checkpoint,
    on_trained: Callable[[Trained], object],
    log: Callable[[str], object],
) -> VectorTable:
    epochs = options.epochs or 0
    total = int(text.counts.sum()) * epochs
    state = checkpoint.skipgram() or start_skipgram(text, options)
    say_start(state.epoch, state.words, total, log)

    def on_piece(state: SkipgramState) -> None:
        on_trained(Trained(state.words, total, state.mean_loss, epochs))

    on_piece(state)
    learn = partial(train_skipgram, text, options, state, on_piece)
    learn_and_keep(state, epochs, learn, checkpoint.keep_skipgram, log)
    matrices = state.matrices
    return VectorTable(
        text.words,
        matrices.vectors,
        text.counts,
        matrices.contexts if options.contexts else None,
        matrices.biases if options.contexts and options.method == "nce" else None,
        facts_of(options),
    )


def learn_and_keep(
    state: Progress,
    epochs: int,
    learn: Callable[[Callable[[], bool]], object],
    keep: Callable[[Any], None],
    log: Callable[[str], object],
) -> None:
    """Learn until all epochs are done or the user interrupts; the state is kept then, and every KEEP_SECONDS.

    learn: goes on from where the state is until what it gets is true.
    """
    with interrupts_held() as interrupted:
        while state.epoch < epochs and not interrupted():
            learn(after(KEEP_SECONDS, interrupted))
            if state.epoch < epochs or interrupted():
                kept(keep, state, log)
    log(f"loss {state.mean_loss:.4f}")


def _train_pmi(
    text: WordIds,
    options: VectorOptions,
    checkpoint: Checkpoint,
    on_trained: Callable[[Trained], object],
    log: Callable[[str], object],
) -> VectorTable:
    epochs = options.epochs or 0
    state = checkpoint.pmi() or start_pmi(len(text.words), options)
    words = int(text.counts.sum())

    def learned(state: PmiState) -> int:
        return round(words * state.done / max(1, state.total))

    say_start(state.epoch, learned(state), epochs * words, log)

    due = after(KEEP_SECONDS)

    def on_round(state: PmiState) -> None:
        nonlocal due
        on_trained(Trained(learned(state), epochs * words, state.mean_loss, epochs))
        if due():
            kept(checkpoint.keep_pmi, state, log)
            due = after(KEEP_SECONDS)

    with interrupts_held() as interrupted:
        if state.epoch < epochs:
            state = train_pmi(text, options, state, None, on_round, interrupted, log)
        if interrupted():
            kept(checkpoint.keep_pmi, state, log)
    log(f"loss {state.mean_loss:.4f}")
    return VectorTable(text.words, state.take_vectors(), text.counts, facts=facts_of(options))


def say_start(epoch: int, words: int, total: int, log: Callable[[str], object]) -> None:
    """Tell that the training begins, or where it goes on."""
    log("training" if not words else f"going on in epoch {epoch + 1}, after {words:,} of {total:,} words")


def kept(keep: Callable[[Any], None], state: Any, log: Callable[[str], object]) -> None:
    """Keep the state; if there is no room for it, the training goes on without."""
    try:
        keep(state)
    except OutputError as error:
        log(f"{error}; the training goes on, and its state is not kept")


def facts_of(options: VectorOptions) -> dict[str, str]:
    """Return what a file of vectors tells about how they were made."""
    return {"version": __version__, **{name: str(getattr(options, name)) for name in _FACTS}}


def after(seconds: float, or_if: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
    """Return what says whether so many seconds have passed since now, or the other is true."""
    end = monotonic() + seconds
    return lambda: or_if() or monotonic() > end


@contextmanager
def interrupts_held() -> Iterator[Callable[[], bool]]:
    """Yield what says whether the user has interrupted; that is raised when the block ends.

    A second interrupt is raised at once.
    """
    heard: list[int] = []
    before: Any = signal.getsignal(signal.SIGINT)

    def hear(number: int, _: object) -> None:
        heard.append(number)
        signal.signal(signal.SIGINT, before)

    try:
        signal.signal(signal.SIGINT, hear)
    except ValueError:  # not in the main thread
        yield lambda: False
        return
    try:
        yield lambda: bool(heard)
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt
