"""`nlptools segment`: learn to cut text into words, cut it, and see how well."""

from pathlib import Path
from time import perf_counter
from typing import Any

import click

from nlptools.segment.options import SegmenterOptions
from nlptools.wording import counted
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Group, Option, options_from, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.segment_eval import evaluate
from nlptools_cli.segment_export import export
from nlptools_cli.start_up import compiled_kernels


@click.group(cls=Group)
def segment() -> None:
    """Learn to cut text into words from raw text alone; cut text; measure."""


@segment.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o", "--output", metavar="FILE", required=True, cls=Option, help="Write the model to FILE, e.g. model.seg."
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@options_from(SegmenterOptions, section="Model")
@reading_options
def train(inputs: tuple[str, ...], output: str, quiet: bool, reading: dict[str, Any], **options: Any) -> None:
    """Learn to segment from raw text alone: no dictionary, no labels; or, with --gold, from segmented text and raw text.

    The more text the better; 10 MB take a minute, 100 MB some minutes. A run that was stopped goes on from its last round
    when the same command is given again; until it is done, FILE.training keeps the state.

    \b
    Examples:
      nlptools segment train corpus.txt -o model.seg
      nlptools segment train zhidao.jsonl --text-column question -o model.seg --words words.csv
      nlptools segment train corpus.txt -o simple.seg --method lm
      nlptools segment train corpus.txt -o mine.seg --gold segmented.txt --base model.seg
    """
    started = perf_counter()
    chosen = SegmenterOptions(**options)
    corpus = open_inputs(inputs, reading) if inputs or chosen.gold is None else None
    from nlptools.corpus import check_place
    from nlptools.corpus.writing import writes_through

    check_place(output)
    given = [str(path) for path in (*chosen.lexicon, *chosen.words, chosen.gold, chosen.base) if path is not None]
    check_not_read(output, inputs, [*given, reading["rejects"]])
    state = None if writes_through(output) else Path(f"{output}.training")
    check_not_read(None if state is None else str(state), inputs, [*given, reading["rejects"]])
    with Messages(quiet, corpus.size if corpus else None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.segment.checkpoint import check_state
            from nlptools.segment.train import train_segmenter

        if state is not None:
            check_state(state)
        model = train_segmenter(corpus, progress=messages.progress, log=messages.log, resume=state, **options)
        model.save(output)
        if state is not None:
            state.unlink(missing_ok=True)
    tell_rejected(corpus)
    if not quiet:
        words = model.words().num_rows
        say(
            f"{output}: {counted(model.alphabet.size, 'symbol')}, {counted(words, 'word')} ({perf_counter() - started:.1f} s)"
        )


@segment.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-m", "--model", metavar="FILE", required=True, cls=Option, help="The model, as `segment train` wrote it."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write to FILE; the suffix says how. .txt: a line for each text, one blank between words. .jsonl, .parquet, .arrow: "
    "document, text, words, starts (characters) and probabilities; .csv and .tsv without the last two. Text formats also with "
    ".gz, .zst, .bz2, .xz. "
    "Default: text on standard output.",
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@options_from(SegmenterOptions, section="Words", only=("lexicon", "words", "lexicon_weight", "words_weight"))
@threads_option("Words")
@reading_options
def run(
    inputs: tuple[str, ...],
    model: str,
    output: str | None,
    quiet: bool,
    lexicon: tuple[str, ...],
    words: tuple[str, ...],
    lexicon_weight: float,
    words_weight: float,
    threads: int | None,
    reading: dict[str, Any],
) -> None:
    """Cut text into words.

    \b
    Examples:
      nlptools segment run -m model.seg corpus.txt -o words.txt
      nlptools segment run -m model.seg zhidao.jsonl --text-column question -o words.parquet
      nlptools segment run -m model.seg corpus.txt --lexicon mine.txt
    """
    started = perf_counter()
    corpus = open_inputs(inputs, reading)
    from nlptools.corpus import check_output
    from nlptools.corpus.table_files import CORPUS_FORMATS

    if output is not None:
        check_output(output, CORPUS_FORMATS)
    check_not_read(output, inputs, [model, *lexicon, *words, reading["rejects"]])
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.segment.lexicon import read_lexicon
            from nlptools.segment.model import load_segmenter
            from nlptools.segment.output import write_segmented

        segmenter = load_segmenter(model)
        more = read_lexicon(lexicon, words, lexicon_weight, words_weight)
        if more is not None:
            segmenter = segmenter.with_lexicon(more)
        documents = write_segmented(segmenter, corpus.batches(messages.progress), output, threads)
    tell_rejected(corpus)
    if not quiet and output is not None:
        say(f"{counted(documents, 'text')} in {output} ({perf_counter() - started:.1f} s)")


segment.add_command(evaluate)
segment.add_command(export)
