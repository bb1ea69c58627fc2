"""`nlptools vectors`: learn vectors of words, and use them."""

from dataclasses import fields
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.errors import OptionError
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.options import VectorOptions
from nlptools.wording import counted
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Group, Option, options_from, quiet_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.segmenter_option import segmenter_file, segmenter_option
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.vectors_documents import cluster, draw_map
from nlptools_cli.vectors_infer import infer
from nlptools_cli.vectors_pmi import keywords, similarity
from nlptools_cli.vectors_use import analogy, convert, evaluate, nearest

if TYPE_CHECKING:
    from nlptools.vectors.train import Trained


MOST_LINES = 10
"""That tell how far the training is, if there is no bar."""


JOSE = ("objective", "margin", "document_margin", "document_sample", "document_weight")
"""Options of JoseOptions that VectorOptions does not have."""


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
@click.option(
    "--documents",
    metavar="FILE",
    cls=Option,
    help="With --method jose: write the vectors of the documents to FILE, e.g. docs.kv.",
)
@click.option("--resume", is_flag=True, cls=Option, help="Go on from FILE.training; it is an error if that cannot be.")
@quiet_option("Print no messages but errors, and bad records at the end.")
@segmenter_option
@options_from(VectorOptions, section="Vectors")
@options_from(JoseOptions, section="JoSE (--method jose)", only=JOSE)
@reading_options
def train(
    inputs: tuple[str, ...],
    output: str,
    documents: str | None,
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
      nlptools vectors train words.txt -o words.kv --method jose --documents docs.kv
    """
    started = perf_counter()
    chosen = _chosen(options)
    if documents is not None and not isinstance(chosen, JoseOptions):
        raise OptionError(f"documents={documents!r} is for --method jose; leave it out")
    corpus = open_inputs(inputs, reading)
    from nlptools.vectors.files import write_vectors

    state = _checked_places(output, documents, inputs, [segmenter_file(segmenter), reading["rejects"]])
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log), _Bar(messages) as bar:
        with held():
            from nlptools.vectors.train import train_table
            from nlptools.vectors.train_jose import train_jose_tables

        watched: dict[str, Any] = {
            "segmenter": segmenter,
            "progress": messages.progress,
            "on_trained": bar.show,
            "log": messages.log,
            "resume": state,
            "strict": resume,
        }
        try:
            if isinstance(chosen, JoseOptions):
                table, found = train_jose_tables(corpus, chosen, **watched)
            else:
                table, found = train_table(corpus, chosen, **watched), None
        except KeyboardInterrupt:
            if state is not None and state.exists():
                messages.log(f"{state}: the vectors as they are; the same command goes on from there")
            raise
        write_vectors(table, output, log=messages.log)
        if documents is not None and found is not None:
            write_vectors(found, documents, log=messages.log)
        if state is not None:
            state.unlink(missing_ok=True)
    tell_rejected(corpus)
    if not quiet:
        also = (
            f"; {documents}: {counted(len(found), 'document')}" if documents is not None and found is not None else ""
        )
        say(
            f"{output}: {counted(len(table), 'word')}, {table.vector_size} numbers each{also} ({perf_counter() - started:.1f} s)"
        )


def _checked_places(
    output: str, documents: str | None, inputs: tuple[str, ...], others: list[str | None]
) -> Path | None:
    """Return where the state of the training is kept, None if nowhere; raises OutputError if a file cannot be written."""
    from nlptools.corpus.writing import writes_through
    from nlptools.vectors.checkpoint import check_state
    from nlptools.vectors.files import check_vectors_output

    check_vectors_output(output)
    check_not_read(output, inputs, [*others, documents])
    if documents is not None:
        check_vectors_output(documents)
        check_not_read(documents, inputs, others, "--documents")
    if writes_through(output):
        return None
    state = Path(f"{output}.training")
    check_state(state)
    check_not_read(str(state), inputs, others)
    return state


def _chosen(options: dict[str, Any]) -> VectorOptions | JoseOptions:
    """Return the options of the method, from those that the user has given; the others have the method's defaults."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    given = {name: value for name, value in options.items() if context.get_parameter_source(name) is not default}
    method = given.get("method", VectorOptions.method)
    kind = JoseOptions if method == "jose" else VectorOptions
    known = {field.name for field in fields(kind)}
    for name in given:
        if name not in known and name != "method":
            raise OptionError(f"{name}={given[name]} is not for --method {method}; leave it out")
    if kind is JoseOptions:
        given.pop("method")
    return kind(**given)


class _Bar:
    """How far the training is: a bar on a terminal, and a line for each epoch, or each tenth of them; a context manager."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._bar: Any = None
        self._lines = 0
        self._first = 0
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
        lines = min(trained.epochs, MOST_LINES) * trained.words // trained.total
        if not self._started:
            self._first, self._started, self._lines = trained.words, perf_counter(), lines
        if self._messages.progress is not None:
            self._show_bar(trained)
        if lines > self._lines:
            self._lines = lines
            rate = (trained.words - self._first) / max(perf_counter() - self._started, 1e-9)
            epoch = trained.words * trained.epochs // trained.total
            self._messages.log(f"epoch {epoch} of {trained.epochs}: {rate:,.0f} words/s, loss {trained.loss:.4f}")

    def _show_bar(self, trained: "Trained") -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=trained.total, desc="training", unit="words", unit_scale=True, leave=False)
        self._bar.set_postfix_str(f"loss {trained.loss:.4f}", refresh=False)
        self._bar.update(trained.words - self._bar.n)


for command in (nearest, analogy, evaluate, convert, keywords, similarity, infer, cluster, draw_map):
    vectors.add_command(command)
