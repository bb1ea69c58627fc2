"""`nlptools segment export`: the words of a segmenter, or of a table, for other programs."""

from typing import Any

import click

from nlptools.wording import counted
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say
from nlptools_cli.options import Command, Option, Words, quiet_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels

FORMATS = ("jieba", "hanlp", "pkuseg", "ltp", "sentencepiece", "tokenizers")


@click.command("export", cls=Command)
@click.argument("source", metavar="MODEL|WORDS")
@click.option("-o", "--output", metavar="FILE", required=True, cls=Option, help="Write the vocabulary to FILE.")
@click.option(
    "--format",
    "format",
    type=Words(FORMATS),
    required=True,
    cls=Option,
    help="Which program shall load it. For sentencepiece the suffix says what to write: .model, .vocab or .tsv.",
)
@quiet_option("Print no messages but errors.")
@click.option(
    "--min-count",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Words",
    help="Leave out words that occur less often.",
)
@click.option("--top", type=int, metavar="N", cls=Option, section="Words", help="Keep only the N most frequent words.")
def export(source: str, output: str, format: str, quiet: bool, min_count: int, top: int | None) -> None:
    """Write the words of a model for jieba, HanLP, pkuseg, LTP, sentencepiece or Hugging Face tokenizers.

    In place of a MODEL it takes WORDS, a table with the columns word and count, such as `nlptools newwords` writes (.csv,
    .tsv, .jsonl, .parquet, .arrow). Left out are words with white space or control characters, and for hanlp, pkuseg and
    ltp, whose dictionaries may overrule their models, single characters.

    \b
    Examples:
      nlptools segment export model.seg -o dict.txt --format jieba
      nlptools segment export words.csv -o unigram.json --format tokenizers --min-count 5
    """
    check_not_read(output, [source], [])
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.segment.vocabulary import check_export, export_vocabulary

        check_export(output, format)
        words = _words(source)
        written = export_vocabulary(words, output, format, min_count=min_count, top=top)  # type: ignore[arg-type]
    if not quiet:
        say(f"{written:,} of {counted(words.num_rows, 'word')} in {output}")


def _words(source: str) -> Any:
    """Return the words of a table or of a model, as the name tells."""
    from nlptools.corpus.paths import tells_format

    if tells_format(source):
        from nlptools.segment.vocabulary import read_words

        return read_words(source)
    from nlptools.segment.model import load_segmenter

    return load_segmenter(source).words()
