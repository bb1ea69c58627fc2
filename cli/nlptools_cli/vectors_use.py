"""`nlptools vectors nearest, analogy, eval, convert`: what vectors are for."""

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.errors import InputError
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say
from nlptools_cli.options import Command, Function, Option, Words, quiet_option, threads_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table
from nlptools_cli.vectors_texts import Texts, texts_options

if TYPE_CHECKING:
    from nlptools.vectors.table import VectorTable

_COLUMNS = 40  # that a word takes on a terminal, at most


def output_option(what: str) -> Callable[[Function], Function]:
    """Return a decorator that gives a command the option -o for a table; what: the first sentence of its help."""
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        cls=Option,
        help=f"{what} The suffix says how: .csv, .tsv, .jsonl, .parquet or .arrow.",
    )


_top_option = click.option(
    "--top", type=int, default=10, show_default=True, metavar="N", cls=Option, help="How many to list for each."
)


@click.command("nearest", cls=Command)
@click.argument("file")
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@output_option("Write the table to FILE, in place of printing it.")
@_top_option
@click.option(
    "--contexts",
    is_flag=True,
    cls=Option,
    section="Words",
    help="List words that are likely near WORD in a text, not in its place: look among the vectors of words as contexts, "
    "which `nlptools vectors train --contexts` keeps.",
)
@click.option(
    "--among",
    metavar="FILE",
    cls=Option,
    section="Words",
    help="Look for neighbours among the vectors of another file that were trained together with the first: documents of a "
    "word, words of a document.",
)
@texts_options
@quiet_option("Print no messages but errors.")
def nearest(
    file: str,
    words: tuple[str, ...],
    output: str | None,
    top: int,
    contexts: bool,
    among: str | None,
    texts: "Texts",
    quiet: bool,
) -> None:
    """List the words, or documents, whose vectors have the largest cosine with that of a word or document.

    Columns: word or document, rank, neighbour, cosine, count if there are counts, and text with --texts.

    \b
    Examples:
      nlptools vectors nearest words.kv 微信
      nlptools vectors nearest words.vec 微信 红包 --top 20 -o neighbours.csv
      nlptools vectors nearest words.kv 微信 --among docs.kv --texts corpus.txt
      nlptools vectors nearest docs.kv 0 --among words.kv
    """
    check_table_output(output, file, among, texts.path)
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.files import read_table
            from nlptools.vectors.neighbours import nearest, unknown

        vectors = read_table(file, log=messages.log)
        missing = [word for word, row in zip(words, vectors.rows_of(words).tolist(), strict=True) if row < 0]
        known = [word for word in words if word not in missing]
        if not known:
            raise InputError(unknown(vectors, words[0]))
        for word in missing:
            say(f"nlptools: {unknown(vectors, word)}")
        other = None if among is None else read_table(among, log=messages.log)
        found = nearest(vectors, known, top, contexts=contexts, among=other)
        if texts.path is not None:
            found = found.append_column("text", texts.of(found["neighbour"]))
    _give(found, output, [vectors.kind, "neighbour", "cosine", "count", "text"])


@click.command("analogy", cls=Command)
@click.argument("file")
@click.argument("a")
@click.argument("b")
@click.argument("c")
@output_option("Write the table to FILE, in place of printing it.")
@_top_option
@click.option(
    "--method",
    type=Words(["add", "mul"]),
    default="add",
    show_default=True,
    cls=Option,
    section="Words",
    help="add: 3CosAdd, the largest cos(x, B) - cos(x, A) + cos(x, C). mul: 3CosMul, the largest cos(x, B) · cos(x, C) / "
    "(cos(x, A) + 0.001), cosines moved to 0 to 1.",
)
@quiet_option("Print no messages but errors.")
def analogy(file: str, a: str, b: str, c: str, output: str | None, top: int, method: Any, quiet: bool) -> None:
    """A is to B as C is to what? A, B and C themselves are left out.

    Columns: rank, word, score, and count if FILE has counts.

    \b
    Examples:
      nlptools vectors analogy words.kv 中国 北京 日本
      nlptools vectors analogy words.kv 中国 北京 日本 --method mul
    """
    check_table_output(output, file)
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.analogy import analogy
            from nlptools.vectors.files import read_table

        found = analogy(read_table(file, log=messages.log), a, b, c, top, method=method)
    _give(found, output, ["word", "score", "count"])


@click.command("eval", cls=Command)
@click.argument("file")
@output_option("Write the figures also to FILE.")
@click.option(
    "--similarity",
    metavar="FILE",
    multiple=True,
    cls=Option,
    section="Evaluation",
    help="Pairs of words and how similar people find them, on lines of two words and a number. May be repeated.",
)
@click.option(
    "--analogy",
    metavar="FILE",
    multiple=True,
    cls=Option,
    section="Evaluation",
    help="Analogies, on lines of four words, in sections that begin with a line ': name'. May be repeated.",
)
@click.option(
    "--lower",
    is_flag=True,
    cls=Option,
    section="Evaluation",
    help="Look for words only in lower case. Default: as they are, and if they are not there in lower case.",
)
@click.option(
    "--restrict-vocab",
    type=int,
    default=300_000,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Evaluation",
    help="Use only the first N words of FILE.",
)
@threads_option("Evaluation")
@quiet_option("Print no messages but errors.")
def evaluate(
    file: str,
    output: str | None,
    similarity: tuple[str, ...],
    analogy: tuple[str, ...],
    lower: bool,
    restrict_vocab: int,
    threads: int | None,
    quiet: bool,
) -> None:
    """Measure vectors: rank correlation with judgements of similarity, and the share of analogies that they solve.

    Pairs and analogies with a word that FILE does not have (OOV) do not count. Similarity files may be WordSim-353,
    wordsim-240, SimLex-999, MEN; analogies Google's questions-words.txt and CA8.

    \b
    Examples:
      nlptools vectors eval words.kv --similarity wordsim-240.txt --analogy morphological.txt --analogy semantic.txt
    """
    if not similarity + analogy:
        raise click.UsageError("nothing to evaluate with: give --similarity FILE or --analogy FILE")
    check_table_output(output, file, *similarity, *analogy)
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.evaluation import evaluate_vectors
            from nlptools.vectors.files import read_table

        found = evaluate_vectors(
            read_table(file, threads=threads, log=messages.log),
            similarity=similarity,
            analogy=analogy,
            lower=lower,
            restrict_vocab=restrict_vocab,
            threads=threads,
        )
    if output is not None:
        _write(found, output)
    rows = found.to_pylist()
    tables = [_similarity_table(rows[: len(similarity)])] if similarity else []
    if analogy:
        tables.append(_analogy_table(rows[len(similarity) :]))
    click.echo("\n\n".join(tables))


def _similarity_table(rows: list[dict[str, Any]]) -> str:
    lines = [[row["file"], f"{row['questions']:,}", f"{row['oov']:,}", _digits(row["spearman"])] for row in rows]
    return format_table(["similarity", "pairs", "OOV", "Spearman"], lines, "<>>>")


def _analogy_table(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        name = row["file"] if row["section"] is None else f"  {clip(row['section'] or '(no section)', _COLUMNS)}"
        lines.append([name, f"{row['questions']:,}", f"{row['oov']:,}", _digits(row["add"]), _digits(row["mul"])])
    return format_table(["analogies", "questions", "OOV", "3CosAdd", "3CosMul"], lines, "<>>>>")


def _digits(share: float | None) -> str:
    return "-" if share is None else f"{share:.4f}"


@click.command("convert", cls=Command)
@click.argument("source", metavar="FILE")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "--read-vocab",
    metavar="FILE",
    cls=Option,
    section="Counts",
    help="Take the counts of the words of a .vec or .bin from FILE, lines of a word and its count.",
)
@click.option(
    "--save-vocab",
    metavar="FILE",
    cls=Option,
    section="Counts",
    help="Write the counts of words, which .vec and .bin do not keep, to FILE, lines of a word and its count.",
)
@threads_option("Counts")
@quiet_option("Print no messages but errors.")
def convert(
    source: str, output: str, read_vocab: str | None, save_vocab: str | None, threads: int | None, quiet: bool
) -> None:
    """Write vectors in another format, as the suffix of OUTPUT says.

    \b
      .kv                  our own: mapped into memory; with counts, contexts, and how the vectors were made
      .vec .txt            word2vec's text, which fastText and gensim write, too; GloVe's without a first line is read
      .bin                 word2vec's binary format
      .parquet .arrow      a table with the columns word, count, vector

    .vec, .txt and .bin also with .gz. They hold words and numbers only; white space in a word becomes _.

    \b
    Examples:
      nlptools vectors convert words.kv words.vec --save-vocab counts.txt
      nlptools vectors convert words.vec again.kv --read-vocab counts.txt
    """
    started = perf_counter()
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.files import check_vectors_output, read_table, write_vectors

        check_vectors_output(output, save_vocab)
        for place, flag in ((output, "OUTPUT"), (save_vocab, "--save-vocab")):
            check_not_read(place, [], [source, read_vocab, output if place is save_vocab else None], flag)
        vectors = read_table(source, fvocab=read_vocab, threads=threads, log=messages.log)
        write_vectors(vectors, output, fvocab=save_vocab, threads=threads, log=messages.log)
    if not quiet:
        say(f"{_size(vectors)} in {output} ({perf_counter() - started:.1f} s)")


def _size(vectors: "VectorTable") -> str:
    return f"{len(vectors):,} {vectors.kind}s of {vectors.vector_size} numbers"


def check_table_output(output: str | None, *read: str | None) -> None:
    """Raise OutputError now if a table could not be written to `output` later, or it is a file that is read."""
    from nlptools.corpus import check_output

    if output is not None:
        check_output(output)
        check_not_read(output, [], read)


def _give(found: Any, output: str | None, shown: list[str]) -> None:
    """Write a table to a file, or print some of its columns."""
    if output is not None:
        _write(found, output)
        return
    names = [name for name in shown if name in found.column_names]
    columns = [[_cell(value) for value in found[name].to_pylist()] for name in names]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if "neighbour" in names:  # each word once
        for before, row in reversed(list(zip(rows, rows[1:], strict=False))):
            row[0] = "" if row[0] == before[0] else row[0]
    align = "".join(">" if name in ("score", "cosine", "count") else "<" for name in names)
    click.echo(format_table(names, rows, align))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return clip(value, _COLUMNS)
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"


def _write(table: Any, output: str) -> None:
    from nlptools.corpus import write_table

    write_table(table, output)
