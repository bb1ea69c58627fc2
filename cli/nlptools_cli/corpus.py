"""`nlptools corpus`: what is in a corpus, other formats, samples, and the corpora the toolkit knows."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.checks import check_choice
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.wording import counted
from nlptools_cli.describe import description_text
from nlptools_cli.inputs import open_input_records, reading_options
from nlptools_cli.messages import Messages, say
from nlptools_cli.options import Group, Option, Words, quiet_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table

if TYPE_CHECKING:
    from nlptools.corpus.record_texts import RecordStream
    from nlptools_corpora import Card

_FORMATS = ".jsonl, .json (one array), .csv, .tsv, .txt (the text alone), each also with .gz, .zst, .bz2 or .xz; .parquet, .arrow"

_INFO_FORMATS = ("table", "json")


@click.group(cls=Group)
def corpus() -> None:
    """Look into a corpus, convert and clean it, draw samples; list known corpora."""


@corpus.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "--format",
    type=Words(_INFO_FORMATS),
    default="table",
    show_default=True,
    cls=Option,
    help="How it is printed: for people, or as one JSON object.",
)
@click.option(
    "--top",
    type=int,
    default=10,
    show_default=True,
    metavar="N",
    cls=Option,
    help="How many of the most frequent values are shown.",
)
@quiet_option("Print no progress.")
@reading_options
def info(inputs: tuple[str, ...], format: str, top: int, quiet: bool, reading: dict[str, Any]) -> None:
    """Tell what is in a corpus.

    Files, fields and their most frequent values, documents, characters and scripts, bad records; of triples also
    the attributes. INPUT is a file, a glob, a folder, or - for standard input.

    \b
    Examples:
      nlptools corpus info zhidao.json.gz
      nlptools corpus info triples.tsv --group-by entity
      nlptools corpus info corpus.parquet --text-column title,body --format json
    """
    check_choice(_INFO_FORMATS, format=format)
    with compiled_kernels(_log(quiet)):
        records, card = known_records(inputs, reading)
        from nlptools.corpus.describe import describe_corpus
        from nlptools_corpora import recognise

        with Messages(quiet, records.size) as messages:
            found = describe_corpus(
                records,
                recognise=recognise,
                triples=None if card is None else card.attributes,
                top=top,
                progress=messages.progress,
                **reading,
            )
    if format == "json":
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(description_text(found, None if card is None else card.title))


@corpus.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-n", "--rows", type=int, default=10, show_default=True, metavar="N", cls=Option, help="How many records are shown."
)
@reading_options
def head(inputs: tuple[str, ...], rows: int, reading: dict[str, Any]) -> None:
    """Print the first records: a table on a terminal, JSON lines elsewhere.

    \b
    Examples:
      nlptools corpus head zhidao.json.gz
      nlptools corpus head corpus.parquet -n 100 > first.jsonl
    """
    if rows < 1:
        raise OptionError(f"rows={rows} shows nothing; ask for 1 or more")
    if sys.stdout is None:
        raise OutputError("standard output is closed; give it a place to go to")
    with compiled_kernels(_log(quiet=True)):
        records, _ = known_records(inputs, reading)
        batches = _first_rows(records, rows)
    if sys.stdout.isatty():
        cells = [[_cell(value) for value in row.values()] for batch in batches for row in batch.to_pylist()]
        click.echo(format_table(records.schema.names, cells, "<" * len(records.schema.names)))
    else:
        from nlptools.corpus.table_files import write_batches_to

        write_batches_to(batches, records.schema, sys.stdout.buffer, "jsonl")
        sys.stdout.flush()


def _first_rows(records: "RecordStream", rows: int) -> list[Any]:
    """Return the first rows, as record batches."""
    first = []
    for batch in records.batches():
        first.append(batch.slice(0, rows))
        rows -= first[-1].num_rows
        if not rows:
            break
    return first


def _cell(value: Any) -> str:
    if isinstance(value, list):
        value = "、".join(map(str, value))
    return clip("" if value is None else str(value), 40)


@corpus.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o", "--output", metavar="FILE", required=True, cls=Option, help=f"Write to FILE; the suffix says how: {_FORMATS}."
)
@click.option(
    "--columns", metavar="NAMES", cls=Option, help="Write only these columns, comma separated, in this order."
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@click.option(
    "--deduplicate",
    is_flag=True,
    cls=Option,
    section="Cleaning",
    help="Of records whose text is the same after normalising, write only the first.",
)
@click.option(
    "--normalise",
    is_flag=True,
    cls=Option,
    section="Cleaning",
    help="Fold the text to Unicode NFKC (full width to half width, among others), and tidy its white space.",
)
@reading_options
def convert(
    inputs: tuple[str, ...],
    output: str,
    columns: str | None,
    quiet: bool,
    deduplicate: bool,
    normalise: bool,
    reading: dict[str, Any],
) -> None:
    """Write a corpus in another format, without duplicates or normalised if asked for.

    The text, which is compared and normalised, is that of --text-column. Of known corpora it is by default the
    question, or entity, attribute and value together; a .txt file gets the question, or the value.

    \b
    Examples:
      nlptools corpus convert zhidao.json.gz -o zhidao.parquet
      nlptools corpus convert triples.tsv -o triples.jsonl.zst --deduplicate
      nlptools corpus convert 'part-*.csv' -o corpus.txt.gz --text-column title,body --normalise
    """
    started = perf_counter()
    with compiled_kernels(_log(quiet)):
        records, card = known_records(inputs, reading)
        check_not_read(output, inputs, [reading["rejects"]])
        from nlptools.corpus.convert import convert_corpus
        from nlptools.corpus.table_files import CORPUS_FORMATS, output_format
        from nlptools_corpora import recognise

        is_text = output_format(output, CORPUS_FORMATS) == "txt"
        if card is not None and reading["text_column"] is None and not is_text:
            reading["text_column"] = card.key_column(records.schema.names)
        with Messages(quiet, records.size) as messages:
            done = convert_corpus(
                records,
                output,
                columns=None if columns is None else columns.split(","),
                recognise=recognise,
                deduplicate=deduplicate,
                normalise=normalise,
                progress=messages.progress,
                **reading,
            )
    if done.report.rejected:
        say(f"{records.name}: {done.report.summary()}")
    if not quiet:
        say(f"{done.summary()} in {output} ({perf_counter() - started:.1f} s)")


def _log(quiet: bool) -> Callable[[str], object]:
    return (lambda line: None) if quiet else say


def known_records(inputs: tuple[str, ...], reading: dict[str, Any]) -> "tuple[RecordStream, Card | None]":
    """Return the records of the inputs, those of a known corpus with the names of its card; and the card.

    The columns that `reading` names may be named as in the file.
    """
    records = open_input_records(inputs, reading)
    from nlptools_corpora import bare_card, recognise_card
    from nlptools_corpora.known import KnownRecords

    names = records.schema.names
    card = recognise_card(names)
    if card is None and names[:1] == ["1"]:
        card = bare_card(inputs, reading.get("input_format"))
    if card is None:
        return records, None
    known = KnownRecords(records, card)
    for name in ("text_column", "group_by"):
        if reading[name] is not None:
            reading[name] = known.renamed(reading[name])
    return known, card


@corpus.command()
@click.argument("name", metavar="NAME|FILE")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    cls=Option,
    help=f"Write the sample to FILE; the suffix says how: {_FORMATS}.",
)
@click.option("--gold", metavar="FILE", cls=Option, help="Write the planted words to FILE: `word count` a line.")
@quiet_option("Print no messages but errors.")
@click.option(
    "--rows",
    type=int,
    default=20_000,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Sample",
    help="Records.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="S",
    cls=Option,
    section="Sample",
    help="Equal seeds give equal samples.",
)
def sample(name: str, output: str, gold: str | None, quiet: bool, rows: int, seed: int) -> None:
    """Write a sample that has the shape of a known corpus, or records drawn from a file.

    With the NAME of a corpus the sample is of our own making, with invented words planted in it;
    `nlptools corpus list` has the names. Of a FILE records are drawn at random, and keep their order.

    \b
    Examples:
      nlptools corpus sample zhidao -o zhidao.jsonl --rows 20000 --seed 1 --gold zhidao.gold
      nlptools corpus sample triples -o triples.tsv
      nlptools corpus sample zhidao.jsonl -o some.jsonl --rows 100
    """
    from nlptools_corpora import CARDS

    if name in CARDS:
        written = CARDS[name].write_sample(output, rows=rows, seed=seed, gold=gold)
        count, planted = (
            written.rows,
            f", {counted(len(written.planted), 'planted word')} in {gold}" if gold is not None else "",
        )
    else:
        if gold is not None:
            raise OptionError(f"gold {gold!r} is for words planted in a sample of {', '.join(CARDS)}; leave it out")
        count, planted = _sample_file(name, output, rows, seed, quiet), ""
    if not quiet:
        say(f"{counted(count, 'row')} in {output}{planted}")


def _sample_file(name: str, output: str, rows: int, seed: int, quiet: bool) -> int:
    """Write records drawn from a file; return how many."""
    from nlptools.corpus.convert import convert_corpus
    from nlptools.corpus.sample import sample_corpus
    from nlptools.corpus.table_files import CORPUS_FORMATS, check_output
    from nlptools_corpora import CARDS, recognise

    if not (set(name) & set("*?[") or name == "-" or Path(name).exists()):
        raise InputError(
            f"{name}: is no known corpus and no file; choose one of {', '.join(CARDS)}, or check the path of the file"
        )
    check_output(output, CORPUS_FORMATS)
    check_not_read(output, (name,), ())
    with compiled_kernels(_log(quiet)):
        records, _ = known_records((name,), {"text_column": None, "group_by": None})
        drawn = sample_corpus(records, rows, seed=seed)
        convert_corpus(drawn, output, recognise=recognise)
    return int(drawn.num_rows)


@corpus.command("list")
@click.argument("name", required=False)
def list_corpora(name: str | None) -> None:
    """List the corpora that are known; with a NAME tell all about one.

    \b
    Examples:
      nlptools corpus list
      nlptools corpus list triples
    """
    from nlptools_corpora import CARDS

    if name is None:
        rows = [[card.name, card.title, ", ".join(card.fields)] for card in CARDS.values()]
        click.echo(format_table(["name", "corpus", "fields"], rows, "<<<"))
    elif name in CARDS:
        click.echo(_card_text(CARDS[name]))
    else:
        raise OptionError(f"corpus {name!r} is not known; choose one of {', '.join(CARDS)}")


def _card_text(card: "Card") -> str:
    facts = [
        ("size", card.size),
        ("published", card.published),
        ("format", card.format),
        ("licence", card.licence),
        ("sample", card.sample),
        ("text", "; ".join(f"--text-column {columns}" for columns in card.texts.values()) + " (the first by default)"),
    ]
    kinds = {name: "list of strings" if name in card.lists else "string" for name in card.fields}
    fields = [[name, kinds[name], what] for name, what in card.fields.items()]
    lines = [f"{card.name}: {card.title}", card.description, ""]
    lines += [format_table(["field", "type", "holds"], fields, "<<<"), ""]
    return "\n".join([*lines, *(f"{fact + ':':11}{value}" for fact, value in facts)])
