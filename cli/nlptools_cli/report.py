"""`nlptools report`: a page on which to read words, with their evidence."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from nlptools.report.options import ReportOptions
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Command, Option, options_from, quiet_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels

if TYPE_CHECKING:
    from nlptools.corpus import CorpusInput

report_option = click.option(
    "--report",
    metavar="FILE",
    cls=Option,
    help="Write a page to FILE (.html) on which to read the words with their evidence; it needs nothing else.",
)


@click.command(cls=Command)
@click.argument("words")
@click.option(
    "--corpus",
    "inputs",
    metavar="INPUT",
    multiple=True,
    cls=Option,
    section="Words",
    help="The text that the words are from, or an index of it (.kwic); the evidence is taken from it. May be repeated.",
)
@click.option(
    "--left-out",
    metavar="FILE",
    cls=Option,
    section="Words",
    help="N-grams that are no words, as `nlptools newwords --left-out` wrote them: who looks for one is told why.",
)
@click.option("-o", "--output", metavar="FILE", required=True, cls=Option, help="The page, a .html.")
@options_from(ReportOptions, section="Words")
@quiet_option("Print no messages but errors, and bad records at the end.")
@reading_options
def report(
    words: str,
    inputs: tuple[str, ...],
    left_out: str | None,
    output: str,
    quiet: bool,
    reading: dict[str, Any],
    **options: Any,
) -> None:
    """Write a page on which to read a table of words: ranked, searched, drawn, each with its evidence from the text.

    WORDS is what `nlptools newwords -o` or `nlptools trends -o` wrote: CSV, TSV, JSON lines, Parquet or Arrow. Written with
    `newwords --explain` it also says why each word ranks where it does. The page is one file and needs no network.

    \b
    Examples:
      nlptools report words.csv --corpus corpus.txt -o report.html
      nlptools newwords corpus.txt --explain -o words.parquet --left-out others.parquet
      nlptools report words.parquet --corpus corpus.txt --left-out others.parquet -o report.html
    """
    ReportOptions(**options)
    check_report(output, inputs, [words, left_out, reading["rejects"]], "-o")
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.corpus import Corpus
            from nlptools.report.words_table import read_words

        corpus = _opened(inputs, reading)
        table = read_words(words)
        others = None if left_out is None else read_words(left_out)
        give_report(table, corpus, output, quiet, messages.log, left_out=others, **options)
    tell_rejected(corpus if isinstance(corpus, Corpus) else None)


def _opened(inputs: tuple[str, ...], reading: dict[str, Any]) -> "CorpusInput | None":
    if not inputs:
        return None
    if len(inputs) == 1 and inputs[0].lower().endswith(".kwic"):
        return inputs[0]
    return open_inputs(inputs, reading)


def check_report(path: str | None, inputs: Iterable[str], others: Iterable[str | None], flag: str = "--report") -> None:
    """Raise OutputError now if a report could not be written to `path` later, or it is a file that is read or written."""
    if path is None:
        return
    from nlptools.report.write import check_page

    check_page(path)
    check_not_read(path, inputs, others, flag)


def give_report(words: Any, corpus: Any, path: str, quiet: bool, log: Callable[[str], object], **options: Any) -> None:
    """Write a report, and say how large it is."""
    from nlptools.memory import show_memory
    from nlptools.report.write import write_report

    size = write_report(words, corpus, path, log=log, **options)
    if not quiet:
        say(f"{show_memory(size)} in {path}; open it in a browser")
