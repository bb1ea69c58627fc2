"""`nlptools corpus`: the corpora the toolkit knows, and samples that have their shape."""

import click

from nlptools.errors import OptionError
from nlptools_cli.messages import say
from nlptools_cli.options import Group, Option, quiet_option
from nlptools_cli.table import format_table


@click.group(cls=Group)
def corpus() -> None:
    """List known corpora, and write samples like them."""


@corpus.command()
@click.argument("name")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    cls=Option,
    help="Write the sample to FILE; the suffix says how: .jsonl, .json, or .txt for the text alone; each also as .gz.",
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
    """Write a sample that has the shape of a corpus.

    It is of our own making, with invented words planted in it. `nlptools corpus list` has the NAMEs.

    \b
    Examples:
      nlptools corpus list
      nlptools corpus sample zhidao -o zhidao.jsonl --rows 20000 --seed 1 --gold zhidao.gold
      nlptools newwords zhidao.jsonl --text-column question
    """
    from nlptools_corpora import SAMPLES

    if name not in SAMPLES:
        raise OptionError(f"corpus {name!r} is not known; choose one of {', '.join(SAMPLES)}")
    written = SAMPLES[name].write_sample(output, rows=rows, seed=seed, gold=gold)
    if not quiet:
        planted = f", {len(written.planted):,} planted words in {gold}" if gold is not None else ""
        say(f"{written.rows:,} rows in {output}{planted}")


@corpus.command("list")
def list_corpora() -> None:
    """List the corpora that samples can be made of.

    \b
    Example:
      nlptools corpus list
    """
    from nlptools_corpora import SAMPLES

    rows = [[card.name, card.title, ", ".join(card.fields)] for card in SAMPLES.values()]
    click.echo(format_table(["name", "corpus", "fields"], rows, "<<<"))
