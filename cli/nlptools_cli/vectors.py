"""`nlptools vectors`: learn vectors of words, and use them."""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.vectors.options import VectorOptions
from nlptools_cli.inputs import check_not_read, open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say
from nlptools_cli.options import Group, Option, options_from, quiet_option
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.vectors_pmi import keywords, similarity
from nlptools_cli.vectors_use import analogy, convert, evaluate, nearest

if TYPE_CHECKING:
    from nlptools.vectors.train import Trained


@click.group(cls=Group)
def vectors() -> None:
    """Learn vectors of words from segmented or raw text; neighbours, analogies, measures."""


@vectors.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    cls=Option,
    help="Write the vectors to FILE; the suffix says how: .kv (our own, with counts), .vec (word2vec text), .bin (word2vec "
    "binary), .parquet, .arrow.",
)
@click.option("--resume", is_flag=True, cls=Option, help="Go on from FILE.training; it is an error if that cannot be.")
@quiet_option("Print no messages but errors, and bad records at the end.")
@click.option(
    "--segmenter",
    metavar="MODEL",
    cls=Option,
    section="Words",
    help="Cut the text into words with this model, or with jieba if MODEL is jieba. Default: words stand between white space.",
)
@options_from(VectorOptions, section="Vectors")
@reading_options
def train(
    inputs: tuple[str, ...],
    output: str,
    resume: bool,
    quiet: bool,
    segmenter: str | None,
    reading: dict[str, Any],
    **options: Any,
) -> None:
    """Learn vectors of words.

    Ctrl-C keeps the state in FILE.training, which the other commands read as vectors; the same command, given again, goes
    on from there.

    \b
    Examples:
      nlptools vectors train words.txt -o words.kv
      nlptools vectors train corpus.txt -o words.kv --segmenter model.seg --method nce --vector-size 300
      nlptools vectors train zhidao.jsonl --text-column question -o words.vec --segmenter jieba
    """
    started = perf_counter()
    chosen = VectorOptions(**options)
    corpus = open_inputs(inputs, reading)
    from nlptools.corpus.writing import writes_through
    from nlptools.vectors.checkpoint import check_state
    from nlptools.vectors.files import check_vectors_output, write_vectors

    check_vectors_output(output)
    state = None if writes_through(output) else Path(f"{output}.training")
    others = [segmenter if segmenter != "jieba" else None, reading["rejects"]]
    check_not_read(output, inputs, others)
    if state is not None:
        check_state(state)
        check_not_read(str(state), inputs, others)
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log), _Bar(messages) as bar:
        with held():
            from nlptools.vectors.train import train_table

        try:
            table = train_table(
                corpus,
                chosen,
                segmenter=segmenter,
                progress=messages.progress,
                on_trained=bar.show,
                log=messages.log,
                resume=state,
                strict=resume,
            )
        except KeyboardInterrupt:
            if state is not None and state.exists():
                messages.log(f"{state}: the vectors as they are; the same command goes on from there")
            raise
        write_vectors(table, output, log=messages.log)
        if state is not None:
            state.unlink(missing_ok=True)
    if corpus.report.rejected:
        say(f"{corpus.name}: {corpus.report.summary()}")
    if not quiet:
        say(f"{output}: {len(table):,} words, {table.vector_size} numbers each ({perf_counter() - started:.1f} s)")


class _Bar:
    """How far the training is: a bar on a terminal, else a line for each epoch; a context manager."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._bar: Any = None
        self._epoch = 0
        self._first: Trained | None = None
        self._started = 0.0

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, trained: "Trained") -> None:
        """Show words, words per second and loss."""
        if self._messages.quiet:
            return
        if self._first is None:
            self._first, self._started, self._epoch = trained, perf_counter(), trained.epoch
        if self._messages.progress is not None:
            self._show_bar(trained)
        if trained.epoch != self._epoch or trained.words == trained.total:
            rate = (trained.words - self._first.words) / max(perf_counter() - self._started, 1e-9)
            done = trained.epochs if trained.words == trained.total else trained.epoch
            self._messages.log(f"epoch {done} of {trained.epochs}: {rate:,.0f} words/s, loss {trained.loss:.4f}")
            self._epoch = trained.epoch

    def _show_bar(self, trained: "Trained") -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=trained.total, desc="training", unit="words", unit_scale=True, leave=False)
        self._bar.set_postfix_str(f"loss {trained.loss:.4f}", refresh=False)
        self._bar.update(trained.words - self._bar.n)


for command in (nearest, analogy, evaluate, convert, keywords, similarity):
    vectors.add_command(command)
