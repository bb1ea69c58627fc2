"""`nlptools vectors infer`: vectors of documents that were not there when the words were learned."""

from time import perf_counter
from typing import Any

import click

from nlptools.wording import counted
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Command, Option, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.segmenter_option import segmenter_file, segmenter_option
from nlptools_cli.start_up import compiled_kernels


@click.command("infer", cls=Command)
@click.argument("file")
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    cls=Option,
    help="Write the vectors of the documents, e.g. to docs.kv.",
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@segmenter_option
@click.option(
    "--epochs",
    type=int,
    metavar="N",
    cls=Option,
    section="Words",
    help="How often to read each document; more makes short ones better. Default: as often as the training did. With objective "
    "centroid it has no effect.",
)
@threads_option("Words")
@reading_options
def infer(
    file: str,
    inputs: tuple[str, ...],
    output: str,
    quiet: bool,
    segmenter: str | None,
    epochs: int | None,
    threads: int | None,
    reading: dict[str, Any],
) -> None:
    """Compute vectors of new documents; the words, in FILE, stay as they are.

    FILE holds words as `nlptools vectors train --method jose` wrote them (.kv). A vector depends on the document alone.

    \b
    Example:
      nlptools vectors infer words.kv new.txt -o new.kv
    """
    started = perf_counter()
    corpus = open_inputs(inputs, reading)
    from nlptools.vectors.files import check_vectors_output, read_table, write_vectors

    check_vectors_output(output)
    check_not_read(output, inputs, [file, segmenter_file(segmenter), reading["rejects"]])
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.infer import infer_documents

        found = infer_documents(
            corpus,
            read_table(file),
            segmenter=segmenter,
            epochs=epochs,
            threads=threads,
            progress=messages.progress,
            log=messages.log,
        )
        write_vectors(found, output, log=messages.log)
    tell_rejected(corpus)
    if not quiet:
        say(f"{output}: {counted(len(found), 'document')} ({perf_counter() - started:.1f} s)")
