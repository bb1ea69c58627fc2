"""The command `nlptools` and its subcommands."""

import click

from nlptools import __version__
from nlptools_cli.completion import completion
from nlptools_cli.concordance import concordance
from nlptools_cli.corpus import corpus
from nlptools_cli.count import count, merge
from nlptools_cli.lm import lm
from nlptools_cli.newwords import newwords
from nlptools_cli.options import Group
from nlptools_cli.report import report
from nlptools_cli.run import run
from nlptools_cli.segment import segment
from nlptools_cli.trends import trends
from nlptools_cli.vectors import vectors


@click.group(cls=Group)
@click.version_option(__version__, message="nlptools %(version)s")
def nlptools() -> None:
    """From a large pile of raw Chinese text to words, with the evidence.

    \b
    Begin with a text of yours, in whatever format it is:
      nlptools newwords corpus.txt                          its words, best first
      nlptools newwords corpus.txt --report report.html     a page to read, with the evidence
      nlptools segment train corpus.txt -o model.seg        learn to cut it into words
      nlptools segment run -m model.seg corpus.txt          cut it

    \b
    or with a sample:
      nlptools corpus sample zhidao -o zhidao.jsonl
      nlptools newwords zhidao.jsonl --text-column question

    `nlptools COMMAND --help` tells all about a command.
    """


nlptools.add_command(newwords)
nlptools.add_command(trends)
nlptools.add_command(report)
nlptools.add_command(concordance)
nlptools.add_command(count)
nlptools.add_command(merge)
nlptools.add_command(lm)
nlptools.add_command(segment)
nlptools.add_command(vectors)
nlptools.add_command(corpus)
nlptools.add_command(run)
nlptools.add_command(completion)
