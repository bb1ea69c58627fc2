"""The page docs/benchmarks.md, with its plots in docs/images/, from the records docs/benchmarks/*.json.

python benchmarks/run.py --page
"""

import ast
import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from common import ROOT, cell, markdown
from contents import CLAIMS, CONTENTS, Benchmark, Claim, Part

RECORDS = ROOT / "docs" / "benchmarks"
PAGE = ROOT / "docs" / "benchmarks.md"
IMAGES = ROOT / "docs" / "images"

# Okabe and Ito's colours, which the colour-blind tell apart; the yellow, which is pale on white, left out
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vP*X"
LONG = 40  # rows; a longer table is folded


class Table(TypedDict):
    """A table of a record; `plot` has the fields of common.Plot."""

    title: str
    header: list[str]
    rows: list[list[Any]]
    plot: dict[str, Any] | None


class Machine(TypedDict):
    processor: str
    cores: int
    memory_gb: int | None
    system: str


class Record(TypedDict):
    """What one run of a part gave. load: at 1, 5 and 15 minutes before it began; null in records of before 2026-11-22,
    like seconds, versions that were not written down, and the machine's memory. note: what must be known beside it."""

    command: str
    about: str
    date: str
    seconds: int | None
    load: list[float] | None
    machine: Machine
    versions: dict[str, str]
    peers: dict[str, str]
    missing: dict[str, str]
    note: str
    tables: list[Table]


INTRODUCTION = """\
# Benchmarks

This page is made by `python benchmarks/run.py --page` from the records in [benchmarks/](benchmarks), and every record by the
command that stands beside it. They need the evaluation data (`NLPTOOLS_DATA` names the folder), which is licensed for
evaluation only and not part of this repository.

```
make bench                                     # all of it: some hours
make bench ONLY="counting segmentation-speed"  # some; python benchmarks/run.py --list has the names
python benchmarks/peers.py                     # first: the packages that we are compared with, into build/peers
```

Packages that are measured in one process with ours (polars, gensim, jieba, rjieba, sentencepiece, scikit-learn, pyarrow, ijson)
are those beside it, so that both meet the same machine in turn; all others are in build/peers and run as processes.
Machines are noisy, and virtual ones more so: within a benchmark everything runs in turn, figures are medians, and ratios are to
be trusted more than seconds. "Load" is the mean number of running processes in the minute before a benchmark began; where it
is not known, or more than 1, other jobs may have had their share.
"""


def write() -> None:
    """Write the page and its plots, and remove plots that no longer belong to it."""
    records = read_records()
    PAGE.write_text(render(records), encoding="utf-8")
    IMAGES.mkdir(exist_ok=True)
    wanted = set()
    for name, record in records.items():
        for number, table in enumerate(record["tables"], 1):
            if table["plot"]:
                wanted.add(path := plot_path(name, number))
                draw(table, path)
    for path in IMAGES.glob("bench-*.svg"):
        if path not in wanted:
            path.unlink()


def read_records() -> dict[str, Record]:
    """Return the records by the name of their part."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RECORDS.glob("*.json"))}


def write_record(name: str, record: Mapping[str, object]) -> None:
    """Write the record of a part, each row of a table on a line of its own."""
    text = json.dumps(record, ensure_ascii=False, indent=1)
    text = re.sub(r"\[\n *([^][{}]*)\n *\]", lambda found: "[" + re.sub(r"\n *", " ", found[1]) + "]", text)
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def about(script: str) -> str:
    """Return the protocol of a script: its docstring without the lines that show how it is called."""
    text = (ROOT / "benchmarks" / f"{script}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    paragraphs = docstring.split("\n\n")
    return "\n\n".join(each for each in paragraphs if not each.lstrip().startswith("python benchmarks/"))


def plot_path(name: str, number: int) -> Path:
    """Return the file of the plot of a part's table."""
    return IMAGES / f"bench-{name}-{number}.svg"


def render(records: dict[str, Record]) -> str:
    """Return the page."""
    sections = [section(benchmark, records) for benchmark in CONTENTS]
    return "\n".join([INTRODUCTION, summary(records), *sections])


def summary(records: dict[str, Record]) -> str:
    """Return the claims in a table, won and lost alike."""
    commands = {part.name: part.command(benchmark) for benchmark in CONTENTS for part in benchmark.parts}
    commands |= {name: record["command"] for name, record in records.items()}
    rows = [
        [
            claim.what,
            *figures(claim, records),
            f"[`{commands[claim.part].removeprefix('python benchmarks/')}`](#{claim.part})",
        ]
        for claim in CLAIMS
    ]
    head = "## In short\n\nAhead or behind: ours beside the best of the others, however far it is; differences as small as those\nbetween two seeds, or two runs, count as well.\n"
    return "\n".join([head, markdown(["what", "figures", "ours is", "shown by"], rows), ""])


def figures(claim: Claim, records: dict[str, Record]) -> tuple[str, str]:
    """Return the cells that show a claim, and whether we are ahead."""
    found = {label: look_up(claim, cells, records) for label, cells in claim.sides.items()}
    told = ", ".join(f"{label} {'not measured' if value is None else cell(value)}" for label, value in found.items())
    ours, *beside = [number(value) for value in found.values()]
    others = [value for value in beside if value is not None]  # the rest did not end, or was not measured
    if ours is None:
        return "not measured", ""
    if not others:
        return told, ""
    best = min(others) if claim.measure == "cost" else max(others)
    ratio = best / ours if claim.measure == "cost" else ours / best
    word = "level" if ratio == 1 else "ahead" if ratio > 1 else "**behind**"
    return told, word if claim.measure == "quality" or ratio == 1 else f"{word}, × {ratio:.2f}"


def look_up(claim: Claim, cells: tuple[tuple[str, ...], str], records: dict[str, Record]) -> Any:
    """Return the cell of a claim; None if the record has none."""
    (labels, column) = cells
    for table in records[claim.part]["tables"] if claim.part in records else []:
        if not table["title"].startswith(claim.table) or column not in table["header"]:
            continue
        for row in table["rows"]:
            if set(labels) <= {re.sub("[*`]", "", str(value)) for value in row}:
                return row[table["header"].index(column)]
    return None


def number(value: object) -> float | None:
    """Return the number that a cell is or begins with: 5, 1.25, "1,353,000", "0.632 ± 0.002"; None if there is none."""
    if isinstance(value, int | float):
        return float(value)
    found = re.match(r"[\d,]*\.?\d+", str(value))
    return float(found[0].replace(",", "")) if found else None


def section(benchmark: Benchmark, records: dict[str, Record]) -> str:
    """Return the section of a script: its protocol, and each part."""
    measured = [records[part.name] for part in benchmark.parts if part.name in records]
    protocol = [measured[-1]["about"], ""] if measured else []
    parts = [part_section(benchmark, part, records.get(part.name)) for part in benchmark.parts]
    return "\n".join([f"## {benchmark.title}\n", *protocol, *parts])


def part_section(benchmark: Benchmark, part: Part, record: Record | None) -> str:
    """Return what a part measured: command, circumstances, tables, plots, comment."""
    lines = [f"### {part.name}\n"]
    if record is None:
        return "\n".join([*lines, f"`{part.command(benchmark)}`: not measured yet.\n"])
    lines.append(f"`{record['command']}`  \n{circumstances(record)}\n")
    for number_of, table in enumerate(record["tables"], 1):
        shown = [f"**{table['title']}**\n", markdown(table["header"], table["rows"]), ""]
        if len(table["rows"]) > LONG:
            shown = [f"<details><summary>{table['title']}</summary>\n", *shown[1:], "</details>\n"]
        lines += shown
        if table["plot"]:
            lines.append(f"![{table['title']}](images/{plot_path(part.name, number_of).name})\n")
    lines += [f"{name} did not install here: {reason}\n" for name, reason in record["missing"].items()]
    lines += [f"{text}\n" for text in (record["note"], part.comment) if text]
    return "\n".join(lines)


def circumstances(record: Record) -> str:
    """Return one line: when, how long, how busy, where, with what."""
    machine, load = record["machine"], record["load"]
    memory = f", {machine['memory_gb']} GB" if machine["memory_gb"] else ""
    told = [
        record["date"],
        f"{record['seconds']:,} s in all" if record["seconds"] is not None else "",
        f"load {load[0]}" if load else "load not known",
        ", ".join(each for each in (f"{machine['cores']} × {machine['processor']}{memory}", machine["system"]) if each),
        ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
    ]
    if record["peers"]:
        told.append("in build/peers: " + ", ".join(f"{name} {version}" for name, version in record["peers"].items()))
    return "; ".join(each for each in told if each)


def draw(table: Table, path: Path) -> None:
    """Draw the plot of a table as SVG; the same table gives the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib.figure import Figure

    plot = table["plot"]
    assert plot is not None
    # text stays text, in the fonts of whoever looks at it: those here need not have Chinese characters
    settings: dict[Any, object] = {
        "svg.hashsalt": "nlptools",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.right": False,
    }
    with mpl.rc_context(settings | {"axes.spines.top": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure = Figure(figsize=(8, 4), facecolor="white")
        axes = figure.add_subplot()
        (_lines if plot["kind"] == "lines" else _bars)(axes, table, plot)
        _plain_numbers(axes, plot)
        axes.set_title(table["title"], loc="left", fontsize=10, wrap=True)
        figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})


def _plain_numbers(axes: Any, plot: dict[str, Any]) -> None:
    for axis in (axes.xaxis, axes.yaxis) if plot["kind"] == "lines" else (axes.xaxis,):
        axis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def _lines(axes: Any, table: Table, plot: dict[str, Any]) -> None:
    column = table["header"].index
    groups: dict[str, list[list[Any]]] = {}
    for row in table["rows"]:
        groups.setdefault(str(row[column(plot["by"])]) if plot["by"] else "", []).append(row)
    drawn = 0
    for name, rows in groups.items():
        for y in plot["y"]:
            pairs = [(number(row[column(plot["x"])]), number(row[column(y)])) for row in rows]
            points = [(a, b) for a, b in pairs if a is not None and b is not None]
            if points:
                style = ("-", "--", ":")[drawn // len(COLOURS) % 3]
                label = ", ".join(each for each in (name, y if len(plot["y"]) > 1 else "") if each)
                colour, marker = COLOURS[drawn % len(COLOURS)], MARKERS[drawn % len(MARKERS)]
                axes.plot(*zip(*points, strict=True), style, color=colour, marker=marker, markersize=4, label=label)
                drawn += 1
    if plot["log"]:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel(plot["x"])
    axes.set_ylabel(plot["label"])
    axes.grid(color="#dddddd")
    if drawn > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)


def _bars(axes: Any, table: Table, plot: dict[str, Any]) -> None:
    column = table["header"].index
    rows = table["rows"]
    names = [", ".join(str(row[column(name)]) for name in (plot["by"], plot["x"]) if name) for row in rows]
    height = 0.8 / len(plot["y"])
    for nth, y in enumerate(plot["y"]):
        lengths = [number(row[column(y)]) for row in rows]
        places = [place + nth * height for place in range(len(rows))]
        drawn = axes.barh(places, [length or 0 for length in lengths], height, color=COLOURS[nth], label=y)
        shown = [str(cell(row[column(y)])) for row in rows]
        axes.bar_label(drawn, shown, padding=3, fontsize=8)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(rows))], names)
    axes.invert_yaxis()
    axes.figure.set_figheight(0.7 + 0.26 * len(rows) * max(1, len(plot["y"]) * 0.7))
    if plot["log"]:
        axes.set_xscale("log")
    axes.set_xlabel(plot["label"])
    if len(plot["y"]) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
