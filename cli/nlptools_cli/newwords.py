"""`nlptools newwords`: the words of a text, with the evidence."""

from time import perf_counter
from typing import Any

import click

from nlptools.newwords.options import NewWordsOptions
from nlptools.ngrams.output import is_count_file
from nlptools.wording import counted
from nlptools_cli.count import open_counts
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Command, Option, options_from, quiet_option
from nlptools_cli.outputs import SHOWN, check_not_read, check_stdout, print_best
from nlptools_cli.report import check_report, give_report, report_option
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table


@click.command(cls=Command)
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write all words to FILE; the suffix says how: .csv, .tsv, .jsonl, .parquet, .arrow, or .dict for a "
    "dictionary that jieba loads. Default: a table on a terminal, CSV elsewhere.",
)
@click.option(
    "--show",
    type=click.IntRange(min=1),
    metavar="N",
    cls=Option,
    help=f"Print the N best words as a table, also with -o. Default on a terminal: {SHOWN}.",
)
@report_option
@click.option(
    "--left-out",
    metavar="FILE",
    cls=Option,
    help="Write the most frequent n-grams that are no words to FILE, and which limit each failed. The suffix says how.",
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@options_from(NewWordsOptions, section="Words")
@reading_options
def newwords(
    inputs: tuple[str, ...],
    output: str | None,
    show: int | None,
    report: str | None,
    left_out: str | None,
    quiet: bool,
    reading: dict[str, Any],
    **options: Any,
) -> None:
    """Find the words of a text, best first, with the evidence. No dictionary is needed.

    INPUT is a file, a glob, a folder, or - for standard input: text, JSON, CSV, TSV, Parquet or Arrow, also
    compressed (.gz, .bz2, .xz, .zst) or in a .zip, in UTF-8, UTF-16, GB18030 or Big5; or a count file (.ngrams).

    \b
    Examples:
      nlptools newwords corpus.txt
      nlptools newwords corpus.txt -o words.csv
      nlptools newwords corpus.txt --report report.html
      nlptools newwords questions.jsonl.gz --text-column question --known dict.txt --new-only -o new.csv
      nlptools newwords corpus.txt --background general.ngrams --rank new -o new.csv
      nlptools newwords corpus.zip --encoding gbk -o words.dict
    """
    started = perf_counter()
    chosen = NewWordsOptions(**options)
    from_counts = bool(inputs) and all(map(is_count_file, inputs))
    corpus = None if from_counts else open_inputs(inputs, reading)
    from nlptools.corpus import check_output, write_table

    for path in (output, left_out):
        if path is not None:
            check_output(path)
    if show is not None or (output or report) is None:
        check_stdout("-o words.csv")
    dictionaries = [*map(str, chosen.known), options["stopwords"], options["background"]]
    check_not_read(output, inputs, [*dictionaries, reading["rejects"]])
    check_not_read(left_out, inputs, [*dictionaries, reading["rejects"], output], "--left-out")
    check_report(report, inputs, [*dictionaries, reading["rejects"], output, left_out])
    check_not_read(reading["rejects"], (), dictionaries, "--rejects")
    with Messages(quiet, corpus.size if corpus else None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.newwords.find import explain_new_words, find_new_words, without_terms

        background = options["background"]
        if background is not None and not is_count_file(background):
            options["background"] = open_inputs((background,), {})
        corpus = corpus.spooled() if corpus and report else corpus  # it is read again for the report
        source = corpus or open_counts(inputs, chosen.threads, messages.log)
        others = None
        if report is None and left_out is None:
            words = find_new_words(source, progress=messages.progress, log=messages.log, **options)
        else:
            words, others = explain_new_words(source, progress=messages.progress, log=messages.log, **options)
        told = words if chosen.explain else without_terms(words)
        if output is not None:
            write_table(told, output)
        if left_out is not None:
            write_table(others, left_out)
        if report is not None:
            give_report(words, corpus, report, quiet, messages.log, left_out=others, script=chosen.script)
    tell_rejected(corpus)
    shown = print_best(told, output or report, show, options["top"], words_table)
    if not quiet:
        say(_result(words.num_rows, shown, output, perf_counter() - started))


def words_table(words: Any) -> str:
    """Return the first columns of the words, as a table for people."""
    header = ["rank", "word", "count", "documents", "pmi", "left H", "right H", "score"]
    columns: list[list[str]] = [
        [str(rank) for rank in range(1, words.num_rows + 1)],
        [clip(word, 40) for word in words.column("word").to_pylist()],
        *(
            ["-" if value is None else str(value) for value in words.column(name).to_pylist()]
            for name in ("count", "documents")
        ),
    ]
    for name in ("pmi", "left_entropy", "right_entropy"):
        columns.append(["-" if nats is None else f"{nats:.2f}" for nats in words.column(name).to_pylist()])
    columns.append([_score(score) for score in words.column("score").to_pylist()])
    align = "><>>>>>>"
    if "background" in words.column_names:
        header, align = [*header, "background", "g2"], align + ">>"
        columns.append([str(count) for count in words.column("background").to_pylist()])
        columns.append([f"{g2:.1f}" for g2 in words.column("g2").to_pylist()])
    known = words.column("known").to_pylist()
    if any(mark is not None for mark in known):
        header, align = [*header, "known"], align + "<"
        columns.append(["✓" if mark else "" for mark in known])
    return format_table(header, list(zip(*columns, strict=True)), align)


def _score(score: float) -> str:
    """Return a probability, or a count, as text."""
    return f"{score:.0f}" if float(score).is_integer() and score > 1 else f"{score:.4f}"


def _result(found: int, shown: int | None, output: str | None, seconds: float) -> str:
    words = counted(found, "word")
    line = f"{words} {'found' if output is None else f'in {output}'} ({seconds:.1f} s)"
    if found == 0:
        return f"{line}; give more text (signs and emoji do not count), or lower limits, e.g. --min-count 2"
    if output is None and shown is not None and shown < found:
        return f"{line}, the best {shown} are shown; write them all with: -o words.csv"
    return line
