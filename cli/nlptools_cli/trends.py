"""`nlptools trends`: how words come and go."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.trend_options import WORD_OPTIONS, TrendOptions
from nlptools.wording import counted
from nlptools_cli.inputs import open_dated_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Command, Option, options_from, quiet_option
from nlptools_cli.outputs import SHOWN, check_not_read, check_stdout, print_best
from nlptools_cli.report import check_report, give_report, report_option
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table

SPARKS = " ▁▂▃▄▅▆▇█"
"""What a sparkline is made of; a period without the word is blank."""

WIDTH = 36
"""How many characters a sparkline has, at most."""

WIDE = {".csv", ".tsv", ".jsonl", ".ndjson", ".json"}
"""Formats that get a column for each period in place of a list."""


@click.command(cls=Command)
@click.argument("inputs", metavar="[INPUT...]", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write all words to FILE; the suffix says how: .csv, .tsv and .jsonl with a column for each period; .parquet and "
    ".arrow with a list. Default: a table on a terminal, CSV elsewhere.",
)
@click.option(
    "--show",
    type=click.IntRange(min=1),
    metavar="N",
    cls=Option,
    help=f"Print the N best words as a table with sparklines, also with -o. Default on a terminal: {SHOWN}.",
)
@report_option
@quiet_option("Print no messages but errors, and bad records at the end.")
@click.option(
    "--date-column",
    default="date",
    show_default=True,
    metavar="NAME",
    cls=Option,
    section="Trends",
    help="Which column or field holds the date: 2024-01-31, also with a time, 2024/1/31, 20240131, or a date of Arrow.",
)
@options_from(TrendOptions, section="Trends")
@options_from(NewWordsOptions, section="Words", only=WORD_OPTIONS)
@reading_options
def trends(
    inputs: tuple[str, ...],
    output: str | None,
    show: int | None,
    report: str | None,
    quiet: bool,
    date_column: str,
    reading: dict[str, Any],
    **options: Any,
) -> None:
    """Follow the words of dated texts: which are born, rise, burst or die, and when.

    INPUT is as for `nlptools newwords`, with a column of dates. With --counts FOLDER what was counted stays there: give the
    new texts next month, and only these are read. Without INPUT the words in the folder are shown.

    \b
    Examples:
      nlptools trends titles.tsv --date-column date --by month -o trends.csv --report trends.html
      nlptools trends titles.tsv --rank born --since 2024 --known dict.txt --new-only
      nlptools trends 2024-05.jsonl --counts titles.counts --rank rising
      nlptools trends --counts titles.counts --words names.txt -o names.parquet
    """
    started = perf_counter()
    chosen = TrendOptions(**{name: value for name, value in options.items() if name not in WORD_OPTIONS})
    NewWordsOptions(**{name: options[name] for name in WORD_OPTIONS})
    corpus = None if chosen.counts is not None and not inputs else open_dated_inputs(inputs, date_column, reading)
    from nlptools.corpus import check_output, write_table

    if output is not None:
        check_output(output)
    if show is not None or (output or report) is None:
        check_stdout("-o trends.csv")
    lists = [*map(str, options["known"]), options["stopwords"], options["words"]]
    check_not_read(output, inputs, [*lists, reading["rejects"]])
    check_not_read(reading["rejects"], (), lists, "--rejects")
    check_report(report, inputs, [*lists, reading["rejects"], output])
    with Messages(quiet, corpus.size if corpus else None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.newwords.trends import find_trends, trends_wide

        table = find_trends(corpus, progress=messages.progress, log=messages.log, **options)
        if output is not None:
            write_table(trends_wide(table) if WIDE & set(Path(output.lower()).suffixes) else table, output)
        if report is not None:
            texts = None if corpus is None else corpus.texts()
            if texts is not None and not texts.restartable:
                messages.log(f"report: {texts.name} can be read only once, so the page has no evidence; give a file")
                texts = None
            give_report(table, texts, report, quiet, messages.log, script=options["script"])
    tell_rejected(corpus)
    shown = print_best(table, output or report, show, options["top"], trends_table, trends_wide)
    if not quiet:
        say(_result(table.num_rows, shown, output, perf_counter() - started))


def trends_table(trends: Any) -> str:
    """Return the words with when they changed, and a sparkline of their rates, as a table for people."""
    from nlptools.newwords.trends import periods_of

    periods = periods_of(trends)
    labels = periods["labels"]
    header = ["rank", "word", "count", "trend", "since", "times", "peak", f"{labels[0]} to {labels[-1]}"]
    rows = [
        [
            str(rank),
            clip(row["word"], 40),
            str(row["count"]),
            row["trend"],
            row["change"] or "",
            "" if row["ratio"] is None else f"{row['ratio']:.2g}" if row["ratio"] < 99.5 else "99+",
            row["peak"] or "",
            sparkline(row["series"], periods["characters"]),
        ]
        for rank, row in enumerate(trends.to_pylist(), 1)
    ]
    return format_table(header, rows, "><><<>><"[: len(header)])


def sparkline(counts: Sequence[int], sizes: Sequence[int], width: int = WIDTH) -> str:
    """Return the rates of some periods as a line of blocks, the highest rate full: "    ▂█▃▁".

    More periods than `width` are added up in groups. A period without the word is blank, and so is one without text.
    """
    group = -(-len(counts) // width)
    starts = range(0, len(counts), group)
    rates = [sum(counts[i : i + group]) / max(1, sum(sizes[i : i + group])) for i in starts]
    highest = max(rates)
    return "".join(SPARKS[0] if rate == 0 else SPARKS[max(1, round(8 * rate / highest))] for rate in rates)


def _result(found: int, shown: int | None, output: str | None, seconds: float) -> str:
    words = counted(found, "word")
    line = f"{words} {'followed' if output is None else f'in {output}'} ({seconds:.1f} s)"
    if output is None and shown is not None and shown < found:
        return f"{line}, the first {shown} are shown; write them all with: -o trends.csv"
    return line
