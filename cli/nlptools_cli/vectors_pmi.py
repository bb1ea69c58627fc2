"""`nlptools vectors keywords, similarity`: what sums of vectors tell."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.wording import counted
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Command, Option, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.segmenter_option import segmenter_file, segmenter_option
from nlptools_cli.start_up import compiled_kernels

if TYPE_CHECKING:
    from nlptools.vectors.table import VectorTable


@click.command("keywords", cls=Command)
@click.argument("file")
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write document, keywords and scores to FILE; the suffix says how: .jsonl, .parquet, .arrow, .csv or .tsv. .txt: "
    "keywords alone. Default: a line of keywords for each document on standard output.",
)
@click.option(
    "--top", type=int, default=10, show_default=True, metavar="N", cls=Option, help="How many keywords of a document."
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@segmenter_option
@threads_option("Words")
@reading_options
def keywords(
    file: str,
    inputs: tuple[str, ...],
    output: str | None,
    top: int,
    quiet: bool,
    segmenter: str | None,
    threads: int | None,
    reading: dict[str, Any],
) -> None:
    """Find the words that say most about each document: those whose vectors have the largest product with the sum of all.

    FILE holds vectors of `nlptools vectors train --method pmi`, best with --no-truncate, else some frequent words come first.
    The score of a word is its PMI with the document, in nats, if words are independent. With other vectors scores only rank.

    \b
    Examples:
      nlptools vectors keywords words.kv segmented.txt
      nlptools vectors keywords words.kv zhidao.jsonl --text-column question --segmenter model.seg -o keywords.jsonl
    """
    started = perf_counter()
    corpus = open_inputs(inputs, reading)
    from nlptools.corpus import check_output
    from nlptools.corpus.table_files import CORPUS_FORMATS

    if output is not None:
        check_output(output, CORPUS_FORMATS)
        check_not_read(output, inputs, [file, segmenter_file(segmenter), reading["rejects"]])
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.files import read_table
            from nlptools.vectors.keywords import document_keywords, write_keywords
            from nlptools.vectors.tokenize import make_tokenizer

        vectors = read_table(file, log=messages.log)
        if not quiet:
            _tell_method(file, vectors)
        tokenizer = make_tokenizer(segmenter)
        found = document_keywords(vectors, corpus.batches(messages.progress), tokenizer, top, threads)
        documents = write_keywords(found, output)
    tell_rejected(corpus)
    if not quiet and output is not None:
        say(f"{counted(documents, 'document')} in {output} ({perf_counter() - started:.1f} s)")


@click.command("similarity", cls=Command)
@click.argument("file")
@click.argument("one", metavar="TEXT")
@click.argument("other", metavar="TEXT")
@quiet_option("Print no messages but errors.")
@segmenter_option
def similarity(file: str, one: str, other: str, quiet: bool, segmenter: str | None) -> None:
    """Compare two texts by the sums of the vectors of their words: their product, and its cosine.

    FILE holds vectors of `nlptools vectors train --method pmi`. Then the product is the PMI of the two texts, in nats, if
    words are independent. With other vectors only the cosine means something.

    \b
    Examples:
      nlptools vectors similarity words.kv "微信 红包" "微信 付款"
      nlptools vectors similarity words.kv 微信红包怎么发 怎么用微信付款 --segmenter model.seg
    """
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.files import read_table
            from nlptools.vectors.keywords import split_texts, text_similarity
            from nlptools.vectors.tokenize import make_tokenizer

        vectors = read_table(file, log=messages.log)
        words = split_texts([one, other], make_tokenizer(segmenter))
        found = text_similarity(vectors, *words)
    if not quiet:
        _tell_method(file, vectors)
        for text, known, total in zip(("first", "second"), found.known, map(len, words), strict=True):
            if known < total or not total:
                say(f"{text} text: {known} of its {total} words have a vector")
    click.echo(f"PMI     {found.pmi:.4f}\ncosine  {found.cosine:.4f}")


def _tell_method(file: str, vectors: "VectorTable") -> None:
    """Say if the vectors are known to be of a method whose sums mean nothing."""
    method = vectors.facts.get("method", "pmi")
    if method != "pmi":
        say(f"{file}: is of method {method}, so that products are no PMI; train with --method pmi")
