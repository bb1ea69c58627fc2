"""`nlptools vectors cluster, map`: words or documents, seen as a whole."""

from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.wording import counted
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say
from nlptools_cli.options import Command, Option, Words, quiet_option
from nlptools_cli.outputs import check_not_read
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table
from nlptools_cli.vectors_texts import Texts, texts_options
from nlptools_cli.vectors_use import check_table_output, output_option

if TYPE_CHECKING:
    from nlptools.vectors.cluster import Clusters
    from nlptools.vectors.table import VectorTable

CENTRAL = 5
"""Keys that stand for a cluster."""

_COLUMNS = 60  # that what stands for a cluster takes on a terminal, at most

_labels_option = click.option(
    "--labels",
    metavar="FILE",
    cls=Option,
    section="Labels",
    help="What people say each word or document is: a line for each, in order; or lines of a key, a tab and a label.",
)
_seed_option = click.option(
    "--seed", type=int, default=1, show_default=True, metavar="N", cls=Option, help="Of chance."
)


@click.command("cluster", cls=Command)
@click.argument("file")
@click.option(
    "-k",
    "--n-clusters",
    type=int,
    required=True,
    metavar="N",
    cls=Option,
    section="Clusters",
    help="How many clusters.",
)
@click.option(
    "--method",
    type=Words(["kmeans", "spherical", "vmf"]),
    default="kmeans",
    show_default=True,
    cls=Option,
    section="Clusters",
    help="kmeans: by distance. spherical: k-means by cosine. vmf: a mixture of von Mises-Fisher distributions.",
)
@click.option(
    "--n-init",
    type=int,
    default=10,
    show_default=True,
    metavar="N",
    cls=Option,
    section="Clusters",
    help="How often to begin anew; the best counts.",
)
@output_option("Write word or document, cluster, and distance, cosine or posterior to FILE.")
@_seed_option
@_labels_option
@click.option(
    "--words",
    metavar="FILE",
    cls=Option,
    section="Labels",
    help="Vectors of words that were trained together with the documents: show those nearest to each centre.",
)
@texts_options
@quiet_option("Print no messages but errors.")
def cluster(
    file: str,
    n_clusters: int,
    method: Any,
    n_init: int,
    output: str | None,
    seed: int,
    labels: str | None,
    words: str | None,
    texts: Texts,
    quiet: bool,
) -> None:
    """Divide documents, or words, into clusters of vectors that are near each other.

    Prints how large each cluster is and what is nearest to its centre; with --labels how well clusters agree with them
    (NMI, adjusted Rand index, purity), and how often most of the three nearest neighbours have the same label.

    \b
    Examples:
      nlptools vectors cluster docs.kv -k 20 -o clusters.csv --words words.kv
      nlptools vectors cluster docs.kv -k 20 --method spherical --labels labels.txt
    """
    check_table_output(output, file, labels, words, texts.path)
    started = perf_counter()
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.cluster import cluster_vectors
            from nlptools.vectors.cluster_evaluation import read_labels
            from nlptools.vectors.files import read_table

        vectors = read_table(file, log=messages.log)
        known = None if labels is None else read_labels(labels, vectors)
        others = None if words is None else read_table(words, log=messages.log)
        found = cluster_vectors(vectors, n_clusters, method, seed=seed, n_init=n_init)
        if output is not None:
            from nlptools.corpus import write_table

            write_table(found.to_table(), output)
            messages.log(f"{counted(len(vectors), vectors.kind)} in {output} ({perf_counter() - started:.1f} s)")
        click.echo(_summary(found, known, others, texts))
        if known is not None:
            click.echo(f"\n{_agreement(vectors, found, known)}")


def _summary(found: "Clusters", labels: "list[str | None] | None", words: "VectorTable | None", texts: Texts) -> str:
    """Return a table with a row for each cluster; with texts a row for each document that stands for one."""
    import pyarrow as pa

    central = found.central(CENTRAL)
    shown = [found.keys.take(pa.array(rows)) for rows in central]
    columns = [[[f"{number}"] for number in range(len(central))], [[f"{size:,}"] for size in found.sizes]]
    header, align = ["cluster", "size"], ">>"
    if labels is not None:
        columns.append(_majorities(found, labels))
        header, align = [*header, "label"], align + "<"
    if words is not None:
        columns.append(_nearest_words(found, words))
        header, align = [*header, "words"], align + "<"
    if texts.path is None:
        columns.append([[_joined(keys.to_pylist())] for keys in shown])
        header, align = [*header, f"central {found.kind}s"], align + "<"
    else:
        beginnings = iter(texts.of(pa.concat_arrays(shown)).to_pylist())
        columns.append([keys.to_pylist() for keys in shown])
        columns.append([[clip(next(beginnings) or "", _COLUMNS) for _ in range(len(keys))] for keys in shown])
        header, align = [*header, found.kind, "text"], align + "<<"
    rows = []
    for cells in zip(*columns, strict=True):
        for line in range(max(map(len, cells))):
            rows.append([cell[line] if line < len(cell) else "" for cell in cells])
    return format_table(header, rows, align)


def _majorities(found: "Clusters", labels: "list[str | None]") -> list[list[str]]:
    """Return the most frequent label of each cluster, and its share of those that have one."""
    counts: list[Counter[str]] = [Counter() for _ in found.sizes]
    for number, label in zip(found.assignment.tolist(), labels, strict=True):
        if label is not None:
            counts[number][label] += 1
    return [
        [f"{clip(label, 20)} {count / some.total():.0%}" for label, count in some.most_common(1)] or [""]
        for some in counts
    ]


def _nearest_words(found: "Clusters", words: "VectorTable") -> list[list[str]]:
    """Return the words nearest to the centre of each cluster."""
    import pyarrow as pa

    from nlptools.vectors.neighbours import nearest
    from nlptools.vectors.table import VectorTable

    names = [str(number) for number in range(len(found.centres))]
    centres = VectorTable(pa.array(names, pa.large_string()), found.centres)
    near = nearest(centres, names, CENTRAL, among=words)
    some: dict[str, list[str]] = {name: [] for name in names}
    for name, word in zip(near["word"].to_pylist(), near["neighbour"].to_pylist(), strict=True):
        some[name].append(word)
    return [[_joined(some[name])] for name in names]


def _joined(keys: list[str]) -> str:
    return clip(" ".join(keys), _COLUMNS)


def _agreement(vectors: "VectorTable", found: "Clusters", labels: "list[str | None]") -> str:
    from nlptools.vectors.cluster_evaluation import evaluate_clusters, neighbour_accuracy

    agreement = evaluate_clusters(found.assignment.tolist(), labels)
    accuracy = neighbour_accuracy(vectors, labels)
    figures = [("NMI", agreement.nmi), ("ARI", agreement.ari), ("purity", agreement.purity), ("3 neighbours", accuracy)]
    rows = [[name, "-" if figure is None else f"{figure:.4f}"] for name, figure in figures]
    return format_table(["labelled", f"{agreement.compared:,}"], rows, "<>")


@click.command("map", cls=Command)
@click.argument("file")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    cls=Option,
    help="Draw the map to FILE: .html, a page for a browser that needs nothing else; .png, if matplotlib is installed; .csv, "
    ".tsv, .jsonl, .parquet or .arrow, a table.",
)
@click.option(
    "--top",
    type=int,
    default=5000,
    show_default=True,
    metavar="N",
    cls=Option,
    help="Draw the N most frequent words, or N documents, evenly spread.",
)
@_seed_option
@click.option(
    "--perplexity",
    type=float,
    default=30,
    show_default=True,
    metavar="X",
    cls=Option,
    help="About how many neighbours of a point count.",
)
@_labels_option
@click.option(
    "--clusters",
    metavar="FILE",
    cls=Option,
    section="Labels",
    help="A table that `nlptools vectors cluster -o` wrote: colours are clusters.",
)
@texts_options
@quiet_option("Print no messages but errors.")
def draw_map(
    file: str,
    output: str,
    top: int,
    seed: int,
    perplexity: float,
    labels: str | None,
    clusters: str | None,
    texts: Texts,
    quiet: bool,
) -> None:
    """Draw words or documents on a plane, near each other if their vectors are (principal components, then t-SNE).

    On the page: the wheel zooms, a drag moves, a double click goes back; a point shows its key and text; the search shows
    what has a text in it.

    \b
    Examples:
      nlptools vectors map words.kv -o words.html --top 2000
      nlptools vectors map docs.kv -o docs.html --clusters clusters.csv --texts corpus.txt
    """
    if labels is not None and clusters is not None:
        raise click.UsageError("--labels and --clusters cannot both be the colours: give one of them")
    from nlptools.vectors.map_drawing import drawing

    draw = drawing(output)
    check_not_read(output, [], [file, labels, clusters, texts.path])
    started = perf_counter()
    with Messages(quiet, None) as messages, compiled_kernels(messages.log):
        with held():
            from nlptools.vectors.cluster_evaluation import read_clusters, read_labels
            from nlptools.vectors.files import read_table
            from nlptools.vectors.map import map_vectors

        vectors = read_table(file, log=messages.log)
        groups = None if labels is None else read_labels(labels, vectors)
        if clusters is not None:
            groups = read_clusters(clusters, vectors)
        if len(vectors) > top > 0:
            messages.log(f"{file}: {top:,} of {counted(len(vectors), vectors.kind)} are drawn; more with --top")
        found = map_vectors(vectors, top, groups=groups, perplexity=perplexity, seed=seed)
        if texts.path is not None:
            found = found.append_column("text", texts.of(found[vectors.kind]))
        draw(found, output)
    if not quiet:
        say(f"{counted(found.num_rows, vectors.kind)} in {output} ({perf_counter() - started:.1f} s)")
