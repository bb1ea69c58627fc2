"""`nlptools lm`: train a language model, and score text with one."""

import sys
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.ngrams.output import is_count_file
from nlptools.wording import counted
from nlptools_cli.inputs import open_inputs, reading_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say, tell_rejected
from nlptools_cli.options import Group, Option, numbers, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read, check_stdout
from nlptools_cli.start_up import compiled_kernels

if TYPE_CHECKING:
    from nlptools.lm.model import Evaluation, LanguageModel


@click.group(cls=Group)
def lm() -> None:
    """Train language models of characters or words, and score text with them."""


@lm.command()
@click.argument("inputs", metavar="COUNTS|INPUT...", nargs=-1)
@click.option(
    "-o", "--output", metavar="FILE", required=True, cls=Option, help="Write the model to FILE, e.g. model.lm."
)
@click.option(
    "--arpa", metavar="FILE", cls=Option, help="Write the model to FILE also as ARPA text, which KenLM and SRILM read."
)
@quiet_option("Print no messages but errors, and bad records at the end.")
@click.option(
    "--order",
    type=int,
    default=5,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Model",
    help="Length of the longest n-grams, 1 to 8. Counts must have it, too.",
)
@click.option(
    "--words",
    is_flag=True,
    cls=Option,
    section="Model",
    help="The text is segmented: a model of words, which white space parts; a line is a sentence.",
)
@click.option(
    "--prune",
    callback=numbers(int),
    default="0",
    show_default=True,
    metavar="N,N,...",
    cls=Option,
    section="Model",
    help="Up to which count n-grams of order 1, 2, ... are left out; the last number is for all further orders. 0,0,1 leaves "
    "out what has three characters or more and was seen once.",
)
@click.option(
    "--memory",
    metavar="SIZE",
    cls=Option,
    section="Model",
    help="How much memory to use, e.g. 500M or 2G; what is more lies in temporary files. Default: half of what the machine "
    "has. The result does not depend on it.",
)
@threads_option("Model")
@reading_options
def train(
    inputs: tuple[str, ...],
    output: str,
    arpa: str | None,
    quiet: bool,
    order: int,
    words: bool,
    prune: tuple[int, ...],
    memory: str | None,
    threads: int | None,
    reading: dict[str, Any],
) -> None:
    """Train a language model from text, or from a count file: interpolated modified Kneser-Ney.

    It tells how probable a character is after those before it. A sentence ends at punctuation and white space; with
    --words at the end of the line.

    \b
    Examples:
      nlptools lm train corpus.txt -o model.lm
      nlptools lm train counts.ngrams -o model.lm --order 4 --arpa model.arpa
      nlptools lm train corpus.txt -o small.lm --prune 0,0,1
      nlptools lm train segmented.txt -o words.lm --words --order 3
    """
    started = perf_counter()
    from nlptools.corpus import check_place

    counts = _is_counted(inputs)
    corpus = None if counts else open_inputs(inputs, reading)
    for place, others, flag in ((output, [arpa, reading["rejects"]], "-o"), (arpa, [reading["rejects"]], "--arpa")):
        if place is not None:
            check_place(place)
            check_not_read(place, inputs, others, flag)
    with Messages(quiet, corpus.size if corpus else None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.lm.train import train_lm

        model = train_lm(
            corpus or inputs[0],
            order,
            memory=memory,
            prune=prune,
            words=words,
            threads=threads,
            progress=messages.progress,
            log=messages.log,
        )
        model.save(output)
        if arpa is not None:
            model.to_arpa(arpa)
    tell_rejected(corpus)
    if not quiet:
        also = "" if arpa is None else f" and {arpa}"
        say(f"{counted(sum(model.sizes), 'n-gram')} in {output}{also} ({perf_counter() - started:.1f} s)")


@lm.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option("-m", "--model", metavar="FILE", required=True, cls=Option, help="The model; .arpa for an ARPA file.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write the table to FILE; the suffix says how: .csv, .tsv, .jsonl, .parquet or .arrow. Default: CSV on standard "
    "output.",
)
@quiet_option("Do not print the perplexity.")
@threads_option("Model")
@reading_options
def score(
    inputs: tuple[str, ...], model: str, output: str | None, quiet: bool, threads: int | None, reading: dict[str, Any]
) -> None:
    """Score text with a language model: a table with a row for each line, and the perplexity.

    Columns: document (its number, from 0); log10_probability, ends of sentences included; characters, sentences and unknown
    (characters that the model has never seen), numbers; unknown_log10_probability, what the unknown ones contribute;
    per_character. For a model of words: words, per_word. The perplexity, on standard error, is per character and end.

    \b
    Examples:
      nlptools lm train corpus.txt -o model.lm
      nlptools lm score -m model.lm corpus.txt
      nlptools lm score -m model.lm corpus.txt -o scores.parquet
    """
    corpus = open_inputs(inputs, reading)
    from nlptools.corpus.table_files import check_output, write_batches, write_batches_to

    if output is not None:
        check_output(output)
    else:
        check_stdout("-o scores.csv")
    check_not_read(output, inputs, [model, reading["rejects"]])
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.lm.model import Evaluation, load_lm, read_arpa

        found = read_arpa(model) if model.lower().endswith(".arpa") else load_lm(model)
        total = [Evaluation()]

        def batches() -> Iterator[Any]:
            for batch in found.score_batches(corpus.batches(messages.progress), threads):
                total[0] += Evaluation.of(batch)
                yield batch

        if output is None:
            write_batches_to(batches(), found.score_schema, sys.stdout.buffer, "csv")
            sys.stdout.flush()
        else:
            write_batches(batches(), found.score_schema, output)
    tell_rejected(corpus)
    if not quiet:
        say(_summary(total[0], found))


def _summary(total: "Evaluation", model: "LanguageModel") -> str:
    unit = model.vocabulary.unit
    return (
        f"perplexity {total.perplexity:.2f}, without unknown {unit}s {total.known_perplexity:.2f}; "
        f"{counted(total.tokens, unit)}, {total.unknown:,} unknown, in {counted(total.sentences, 'sentence')}"
    )


def _is_counted(inputs: tuple[str, ...]) -> bool:
    """Say whether the input is a count file; raises UsageError if it is more than that."""
    if not any(map(is_count_file, inputs)):
        return False
    if len(inputs) > 1:
        raise click.UsageError(
            "a count file can only stand alone; add several up first: nlptools merge a.ngrams b.ngrams"
        )
    return True
