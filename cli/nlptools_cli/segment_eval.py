"""`nlptools segment eval`: compare a segmentation with a gold standard."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages
from nlptools_cli.options import Command, Option, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table

if TYPE_CHECKING:
    from nlptools.segment.evaluation import Evaluation


@click.command("eval", cls=Command)
@click.argument("gold")
@click.argument("predicted", required=False)
@click.option(
    "-m", "--model", metavar="FILE", cls=Option, section="Evaluation", help="Segment the gold text with this."
)
@click.option(
    "--vocabulary",
    metavar="FILE",
    cls=Option,
    section="Evaluation",
    help="The words of the training text, the first field of each line: prints how many gold words are not among them "
    "(OOV), and the recall of these and of the others.",
)
@threads_option("Evaluation")
@click.option(
    "--errors",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    cls=Option,
    help="Print the N most frequent differences.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    cls=Option,
    help="Write the figures also to FILE; the suffix says how: .csv, .tsv, .jsonl, .parquet or .arrow.",
)
@click.option(
    "--errors-output", metavar="FILE", cls=Option, help="Write all differences to FILE, with gold, predicted, count."
)
@quiet_option("Print no messages but errors.")
def evaluate(
    gold: str,
    predicted: str | None,
    model: str | None,
    vocabulary: str | None,
    threads: int | None,
    errors: int,
    output: str | None,
    errors_output: str | None,
    quiet: bool,
) -> None:
    """Compare a segmentation with a gold standard: precision, recall, F1, and the most frequent differences.

    GOLD is segmented text, a sentence on a line, white space between words. PREDICTED is another segmentation of the same
    text; with -m the model makes it. A word is correct if it has the same place in both. The second row leaves out words
    without a letter, number or Han character.

    \b
    Examples:
      nlptools segment eval gold.txt predicted.txt
      nlptools segment eval gold.txt -m model.seg --vocabulary training_words.txt
    """
    if (predicted is None) == (model is None):
        raise click.UsageError("give either PREDICTED, a segmented text, or -m MODEL, which makes one")
    from nlptools.corpus import check_output, open_corpus, write_table

    read = [file for file in (gold, predicted, model, vocabulary) if file is not None]
    for place, others, flag in ((output, [errors_output], "-o"), (errors_output, [], "--errors-output")):
        if place is not None:
            check_output(place)
            check_not_read(place, read, others, flag)
    corpus = open_corpus(Path(gold), strict=True)
    with Messages(quiet, corpus.size) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.corpus.dictionary import read_dictionary
            from nlptools.segment.evaluation import evaluate_both

        known = None if vocabulary is None else read_dictionary(vocabulary)
        judged: Any = Path(predicted) if predicted is not None else _load_segmenter(str(model))
        rows = evaluate_both(corpus, judged, vocabulary=known, threads=threads, progress=messages.progress)
    if output is not None:
        write_table(_scores(rows), output)
    if errors_output is not None:
        write_table(_differences(rows[0]), errors_output)
    click.echo(_score_table(rows))
    if errors and rows[0].differences:
        click.echo("\n" + _error_table(rows[0], errors))


def _load_segmenter(path: str) -> Any:
    from nlptools.segment.model import load_segmenter

    return load_segmenter(path)


def _scores(rows: "tuple[Evaluation, Evaluation]") -> Any:
    import pyarrow as pa

    every, words_only = rows
    table = pa.Table.from_pylist([{"punctuation": True, **every.row()}, {"punctuation": False, **words_only.row()}])
    empty = [field.with_type(pa.float64()) if pa.types.is_null(field.type) else field for field in table.schema]
    return table.cast(pa.schema(empty))


def _differences(evaluation: "Evaluation") -> Any:
    import pyarrow as pa

    text = pa.large_string()
    columns = list(zip(*evaluation.errors(), strict=True)) or [(), (), ()]
    kinds = (("gold", text), ("predicted", text), ("count", pa.int64()))
    return pa.table({name: pa.array(column, kind) for (name, kind), column in zip(kinds, columns, strict=True)})


def _score_table(rows: "tuple[Evaluation, Evaluation]") -> str:
    header = ["", "gold", "predicted", "correct", "precision", "recall", "F1"]
    shares = ["precision", "recall", "f1"]
    if rows[0].oov + rows[0].iv:
        header += ["OOV rate", "OOV recall", "IV recall"]
        shares += ["oov_rate", "oov_recall", "iv_recall"]
    lines = []
    for name, row in zip(("all words", "without punctuation"), rows, strict=True):
        counts = [f"{count:,}" for count in (row.gold, row.predicted, row.correct)]
        lines.append([name, *counts, *(_digits(getattr(row, share)) for share in shares)])
    return format_table(header, lines, "<" + ">" * (len(header) - 1))


def _digits(share: float) -> str:
    return "-" if share != share else f"{share:.4f}"  # NaN is not equal to itself


def _error_table(evaluation: "Evaluation", top: int) -> str:
    errors = [[f"{count:,}", clip(gold, 40), clip(predicted, 40)] for gold, predicted, count in evaluation.errors(top)]
    return format_table(["count", "gold", "predicted"], errors, "><<")
