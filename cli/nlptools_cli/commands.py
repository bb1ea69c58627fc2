"""The command `nlptools` and its subcommands."""

import click

from nlptools import __version__
from nlptools_cli.corpus import corpus
from nlptools_cli.newwords import newwords


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def nlptools(context: click.Context) -> None:
    """From a large pile of raw Chinese text to words, with the evidence.

    \b
    Begin with a text of yours, UTF-8, plain or JSON lines:
      nlptools newwords corpus.txt

    \b
    or with a sample:
      nlptools corpus sample zhidao -o zhidao.jsonl
      nlptools newwords zhidao.jsonl --text-column question -o words.csv

    `nlptools COMMAND --help` tells all about a command.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


nlptools.add_command(newwords)
nlptools.add_command(corpus)
