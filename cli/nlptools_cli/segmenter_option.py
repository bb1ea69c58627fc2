"""--segmenter: what cuts the text of a command that needs words."""

import click

from nlptools_cli.options import Option

segmenter_option = click.option(
    "--segmenter",
    metavar="MODEL",
    cls=Option,
    section="Words",
    help="Cut the text into words with this model, or with jieba if MODEL is jieba. Default: words stand between white space.",
)


def segmenter_file(segmenter: str | None) -> str | None:
    """Return the file that --segmenter names; None if it is jieba, or nothing."""
    return None if segmenter == "jieba" else segmenter
