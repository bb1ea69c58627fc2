"""`nlptools concordance`: a word in context, from an index that is made once."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby, zip_longest
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import click

from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, printable, say, tell_rejected
from nlptools_cli.options import Command, Option, Words, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read, check_stdout, print_csv
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import display_width, format_table

if TYPE_CHECKING:
    from nlptools.concordance.search import Concordance, Sort

SHOWN = 30
"""How many lines of a word are shown on a terminal if nothing else is asked for; of neighbours a third."""

WIDTH = 40
"""How many characters of context a line has, if nothing else is asked for and it fits on the terminal."""

SORTS = ("document", "left", "right", "count")


@click.command(cls=Command)
@click.argument("word")
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write all lines, or as many as --top says, to FILE; the suffix says how: .csv, .tsv, .jsonl, .parquet or .arrow. "
    "Default: aligned lines on a terminal, CSV elsewhere.",
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@click.option(
    "--word",
    "more",
    metavar="WORD",
    multiple=True,
    cls=Option,
    section="Lines",
    help="Look up another word, too. May be repeated.",
)
@click.option(
    "--width",
    type=int,
    metavar="N",
    cls=Option,
    section="Lines",
    help=f"Show N characters on each side. Default: {WIDTH}, on a terminal no more than fit.",
)
@click.option(
    "--top",
    type=int,
    metavar="N",
    cls=Option,
    section="Lines",
    help=f"Show the first N lines of each word, or neighbours on each side. Default: all, on a terminal {SHOWN}.",
)
@click.option(
    "--sample",
    type=int,
    metavar="N",
    cls=Option,
    section="Lines",
    help="Draw N lines of each word, spread evenly over the corpus.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="N", cls=Option, section="Lines", help="Of --sample."
)
@click.option(
    "--sort",
    type=Words(SORTS),
    default="document",
    show_default=True,
    cls=Option,
    section="Lines",
    help="document: the order of the corpus; left, right: by what stands there, from the word on; count: the most frequent pairs "
    "of characters before and behind first.",
)
@click.option(
    "--neighbours",
    is_flag=True,
    cls=Option,
    section="Lines",
    help="In place of lines, count the characters before and behind each word.",
)
@click.option(
    "--index",
    metavar="FILE",
    cls=Option,
    section="Index",
    help="Keep the index in FILE (.kwic), and use it if it is there and the corpus has not changed. Default: the user's cache "
    "folder.",
)
@threads_option("Index")
@reading_options
def concordance(
    word: str,
    inputs: tuple[str, ...],
    output: str | None,
    quiet: bool,
    more: tuple[str, ...],
    width: int | None,
    top: int | None,
    sample: int | None,
    seed: int,
    sort: str,
    neighbours: bool,
    index: str | None,
    threads: int | None,
    reading: dict[str, Any],
) -> None:
    """Show a word in its context, wherever it stands in a text, and count it.

    WORD is any string of characters, of any script, and may have blanks. The first question makes an index, in one pass;
    questions after that take less than a second. INPUT may be an index, too (.kwic). Columns of the result: word,
    document (its number, from 0), offset (bytes before the word in it), left, right; with --neighbours word, side,
    neighbour (empty: the end of the document), count.

    \b
    Examples:
      nlptools concordance 红包 corpus.txt
      nlptools concordance 红包 corpus.txt --sample 100 --sort right
      nlptools concordance 红包 --word 抢红包 corpus.txt --neighbours
      nlptools concordance 红包 corpus.jsonl.gz --text-column text --index corpus.kwic -o lines.csv
      nlptools concordance 微信 corpus.kwic
    """
    started = perf_counter()
    words = [word, *more]
    _check_order(word, inputs)
    from nlptools.concordance.search import MANY, check_lines, encoded
    from nlptools.corpus.table_files import CORPUS_FORMATS, check_output

    check_lines(WIDTH if width is None else width, top, sample, seed, sort)
    for one in words:
        encoded(one)
    if output is not None:
        check_output(output, {name: write for name, write in CORPUS_FORMATS.items() if name != "txt"})
    else:
        check_stdout("-o lines.csv")
    check_not_read(output, inputs, [index, reading["rejects"]])
    check_not_read(index, (), [reading["rejects"]], "--index")
    people = output is None and sys.stdout.isatty()
    with _opened(inputs, index, quiet, threads, reading) as found:
        counts = list(map(found.count, words))
        if neighbours:
            with _kernels(max(counts) > MANY, quiet):
                _print_neighbours(words, found, output, people, SHOWN // 3 if people and top is None else top)
        else:
            lines = _lines(words, found, width, sort, SHOWN if people and top is None else top, sample, seed)
            _print_lines(lines, output, people, width is None)
    if not quiet:
        told = ", ".join(f"{one} {count:,}" for one, count in zip(words, counts, strict=True))
        rest = "" if output is None else f"; written to {output}"
        if people and not neighbours and top is None and max(counts) > SHOWN:
            rest = f"; the first {SHOWN} are shown, see --top"
        say(f"occurrences: {told}{rest} ({perf_counter() - started:.1f} s)")


def _check_order(word: str, inputs: tuple[str, ...]) -> None:
    """Raise UsageError if the file seems to stand where the word should."""
    with suppress(OSError, ValueError):  # no name of a file
        if Path(word).is_file() and (not inputs or not Path(inputs[0]).exists()) and inputs[:1] != ("-",):
            raise click.UsageError(f"{word} is a file; the word comes first: nlptools concordance WORD {word}")


@contextmanager
def _opened(
    inputs: tuple[str, ...], index: str | None, quiet: bool, threads: int | None, reading: dict[str, Any]
) -> Iterator["Concordance"]:
    """Open the concordance of the inputs; its index is made if there is none."""
    from nlptools.concordance.open import has_index, is_index, open_concordance

    if any(map(is_index, inputs)):
        if len(inputs) > 1 or index is not None:
            raise click.UsageError("an index can only stand alone: give one .kwic without --index, or texts")
        with open_concordance(inputs[0], log=say) as found:
            yield found
        return
    corpus = open_inputs(inputs, reading)
    check_not_read(index, inputs, (), "--index")
    making = not has_index(corpus, index)
    with _kernels(making, quiet), Messages(quiet or not making, corpus.size) as messages:
        found = open_concordance(corpus, index=index, threads=threads, progress=messages.progress, log=messages.log)
    if making:
        tell_rejected(corpus)
    with found:
        yield found


@contextmanager
def _kernels(needed: bool, quiet: bool) -> Iterator[None]:
    """Load the kernels if they are needed: most questions after the first are answered without, and sooner."""
    if not needed:
        yield
        return
    with compiled_kernels((lambda line: None) if quiet else say):
        with held():
            import nlptools.concordance.build
            import nlptools.concordance.many  # noqa: F401
        yield


def _lines(
    words: list[str], found: "Concordance", width: int | None, sort: str, top: int | None, sample: int | None, seed: int
) -> Iterator[Any]:
    """Yield the lines of each word as record batches."""
    for word in words:
        chosen: dict[str, Any] = {"width": width or WIDTH, "top": top, "sample": sample, "seed": seed}
        if sort == "document":
            yield from found.lines(word, **chosen)
        else:
            yield from found.find(word, sort=cast("Sort", sort), **chosen).to_batches()


def _print_lines(batches: Iterator[Any], output: str | None, people: bool, fit: bool) -> None:
    """Print aligned lines for people, or write a table."""
    from nlptools.concordance.search import LINES
    from nlptools.corpus.table_files import write_batches, write_batches_to

    if output is not None:
        write_batches(batches, LINES, output)
    elif people:
        rows = [row for batch in batches for row in batch.to_pylist()]
        if rows:
            click.echo(lines_table(rows, shutil.get_terminal_size().columns if fit else None))
    else:
        write_batches_to(batches, LINES, sys.stdout.buffer, "csv")
        sys.stdout.flush()


def lines_table(rows: list[dict[str, Any]], columns: int | None) -> str:
    """Return lines for people: the words stand one below the other.

    columns: of the terminal; the contexts are cut so that a line fits. None: they are not cut.
    """
    cells = [[f"{row['document']}", *(printable(row[name]) for name in ("left", "word", "right"))] for row in rows]
    if columns is not None:
        taken = [max(display_width(line[place]) for line in cells) for place in (0, 2)]
        room = max(10, (columns - max(taken[0], len("document")) - taken[1] - 6) // 2)
        for line in cells:
            line[1], line[3] = _last(line[1], room), _first(line[3], room)
    return format_table(["document", "left", "", "right"], cells, ">><<")


def _first(text: str, columns: int) -> str:
    """Return as much of the beginning of a text as fits in so many columns."""
    while display_width(text) > columns:
        text = text[:-1]
    return text


def _last(text: str, columns: int) -> str:
    while display_width(text) > columns:
        text = text[1:]
    return text


def _print_neighbours(
    words: list[str], found: "Concordance", output: str | None, people: bool, top: int | None
) -> None:
    """Print the neighbours of each word for people, or write a table."""
    import pyarrow as pa

    from nlptools.corpus import write_table

    table = pa.concat_tables([found.neighbours(word, top=top) for word in words])
    if output is not None:
        write_table(table, output)
    elif people:
        click.echo(neighbours_table(table.to_pylist()))
    else:
        print_csv(table)


def neighbours_table(rows: list[dict[str, Any]]) -> str:
    """Return the neighbours of words for people, the left ones beside the right ones."""
    cells = []
    for word, some in groupby(rows, key=lambda row: row["word"]):
        sides: dict[str, list[tuple[str, str]]] = {"left": [], "right": []}
        for row in some:
            sides[row["side"]].append((f"{row['count']:,}", row["neighbour"] or "(edge)"))
        for left, right in zip_longest(sides["left"], sides["right"], fillvalue=("", "")):
            cells.append([*left, word, *reversed(right)])
    return format_table(["count", "left", "", "right", "count"], cells, ">><<>")
