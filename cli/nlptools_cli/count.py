"""`nlptools count` and `nlptools merge`: exact n-gram counts, and sums of them."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.ngrams.output import check_counts_output, is_count_file, read_added_up, write_counts_table
from nlptools.wording import counted
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Command, Option, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels

if TYPE_CHECKING:
    from nlptools.ngrams.counts import NgramCounts

_output = click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    cls=Option,
    help="Write the counts to FILE. The suffix says how: .ngrams for a count file, which all commands take; .csv, .tsv, "
    ".jsonl, .parquet or .arrow for a table of ngram, n, count.",
)
_min_count = click.option(
    "--min-count",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Counting",
    help="Leave out n-grams seen less often. The counts of the others stay exact, but such files do not add.",
)
_memory = click.option(
    "--memory",
    metavar="SIZE",
    cls=Option,
    section="Counting",
    help="How much memory to use, e.g. 500M or 2G; what is more goes through sorted runs on disk. Default: half of what "
    "the machine has. The result does not depend on it.",
)


@click.command(cls=Command)
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@_output
@quiet_option("Print no messages but errors, and bad records at the end.")
@click.option(
    "--order",
    type=int,
    default=4,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Counting",
    help="Count n-grams of 1 to N characters; up to 8, or 6 if there are more than 65,535 different characters.",
)
@_min_count
@_memory
@threads_option("Counting")
@reading_options
def count(
    inputs: tuple[str, ...],
    output: str,
    quiet: bool,
    order: int,
    min_count: int,
    memory: str | None,
    threads: int | None,
    reading: dict[str, Any],
) -> None:
    """Count all n-grams of characters in a text, exactly, in as much memory as you give it.

    Count once, use everywhere: a count file adds to others (nlptools merge), opens in Python (nlptools.read_counts), and
    takes the place of the text (nlptools newwords). If the work is killed, the same command goes on where it was.

    \b
    Examples:
      nlptools count corpus.txt -o counts.ngrams
      nlptools count part-*.txt.zst -o counts.ngrams --order 5 --memory 2G
      nlptools count corpus.txt -o ngrams.parquet --min-count 5
    """
    started = perf_counter()
    corpus = open_inputs(inputs, reading)
    check_counts_output(output)
    check_not_read(output, inputs, [reading["rejects"]])
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.ngrams.count import count_ngrams

        counts = count_ngrams(
            corpus,
            order,
            min_count=min_count,
            memory=memory,
            output=output if is_count_file(output) else None,
            threads=threads,
            progress=messages.progress,
            log=messages.log,
        )
        write_counts_table(counts, output)
    tell_rejected(corpus)
    if not quiet:
        say(_result(counts, output, started))


@click.command(cls=Command)
@click.argument("inputs", metavar="COUNTS...", nargs=-1)
@_output
@quiet_option("Print no messages but errors.")
@click.option(
    "--order",
    type=int,
    metavar="N",
    cls=Option,
    section="Counting",
    help="Keep n-grams of 1 to N characters. Default: the lowest order of the files.",
)
@_min_count
@_memory
@threads_option("Counting")
def merge(
    inputs: tuple[str, ...],
    output: str,
    quiet: bool,
    order: int | None,
    min_count: int,
    memory: str | None,
    threads: int | None,
) -> None:
    """Add up count files: of shards, of machines, of months; or write one as a table.

    The result is the file that counting all the text at once would have written, to the byte, in whatever order the files
    come. Alphabets may differ; of files of different orders the longer n-grams are left out.

    \b
    Examples:
      nlptools merge 2026-*.ngrams -o 2026.ngrams
      nlptools merge counts.ngrams -o ngrams.csv --min-count 10
    """
    started = perf_counter()
    if not inputs:
        raise click.UsageError("no COUNTS: name count files, e.g. nlptools merge a.ngrams b.ngrams -o c.ngrams")
    from nlptools.corpus.paths import expand

    check_counts_output(output)
    check_not_read(output, inputs, [])
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.ngrams.merge import merge_counts

        counts = merge_counts(
            [path for name in inputs for path in expand(name)],
            output if is_count_file(output) else None,
            order=order,
            min_count=min_count,
            memory=memory,
            threads=threads,
            log=messages.log,
        )
        write_counts_table(counts, output)
    if not quiet:
        say(_result(counts, output, started))


def open_counts(inputs: Sequence[str], threads: int | None, log: Callable[[str], object]) -> "NgramCounts":
    """Return the counts in a count file, or in several added up."""
    from nlptools.corpus.paths import expand

    return read_added_up([path for name in inputs for path in expand(name)], threads, log)


def _result(counts: "NgramCounts", output: str, started: float) -> str:
    return (
        f"{counted(counts.total, 'character')} of {counted(counts.documents, 'document')} counted to order {counts.order}, in {output} "
        f"({perf_counter() - started:.1f} s)"
    )
