"""Growth: time and peak memory of every command against the size of its input, and with which power of it they grow.

    python benchmarks/growth.py [--sizes 1 2 4 8 16] [--only COMMAND...] [--rounds 1]

The text is the beginning of zh/mixed.txt.gz, and without the evaluation data a sample of our own. What a command reads beside
the text, such as a model, is of the smallest size for all, and other inputs (counts, segmented text, vectors of documents)
are what our commands make of the text of that size. Slow commands stop at a smaller size. Whole commands, kernels warm:
each runs once at the smallest size before. Seconds are the median of the rounds, memory is the largest peak.
Exponent: least squares on the logarithms of size and of what is above the same command on 20 kB of text, which is what the
command costs to start. A size that adds less than 10 % to the start says little and is left out; if the largest adds less, the
command does not grow, as far as can be seen here; with fewer than three sizes left no exponent is given. 1 is proportional to
the input. `vectors map` draws at most 5,000 documents, which are in 2 MB.
Not here: `corpus list`, which reads nothing, and `vectors eval`, `analogy` and `similarity`, which read vectors as `nearest`.
"""

import argparse
import gzip
import json
import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import DATA, Plot, Run, attempt, machine, median, nlptools, table

START = 0.02
"""MB of the text on which a command costs what it costs to start."""
GROWS = 1.1
"""A size counts for the exponent if it takes at least this many times the start."""
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0)
FILE = re.compile(r"(first/)?[a-z]+\.[a-z]+")

JOB = """
[stages.counts]
kind = "count"
inputs = "text.txt"
output = "job.ngrams"

[stages.words]
kind = "newwords"
inputs = "text.txt"
output = "job.csv"
"""


@dataclass(frozen=True)
class Command:
    """A command line; words that look like a file are one in the folder of the size, or, with first/, of the smallest.

    writes: what must be away before it runs. most: the largest size in MB for it by default.
    """

    line: str
    writes: tuple[str, ...]
    most: float = math.inf


GROUPS = {
    "Reading": {
        "corpus info": Command("corpus info text.txt -q", ()),
        "corpus head": Command("corpus head text.txt", ()),
        "corpus convert": Command("corpus convert text.txt -o text.parquet -q", ("text.parquet",)),
        "corpus convert --deduplicate": Command(
            "corpus convert text.txt -o unique.jsonl --deduplicate -q", ("unique.jsonl",)
        ),
        "corpus sample": Command("corpus sample text.txt -o some.txt --rows 1000 -q", ("some.txt",)),
    },
    "Counting and words": {
        "count": Command("count text.txt -o counts.ngrams -q", ("counts.ngrams",)),
        "merge": Command("merge counts.ngrams other.ngrams -o sum.ngrams -q", ("sum.ngrams",)),
        "newwords": Command("newwords text.txt -o words.csv -q", ("words.csv",)),
        "newwords --method entropy": Command("newwords text.txt -o entropy.csv --method entropy -q", ("entropy.csv",)),
        "newwords --method cohesion": Command(
            "newwords text.txt -o cohesion.csv --method cohesion -q", ("cohesion.csv",)
        ),
        "newwords, of counts": Command("newwords counts.ngrams -o counted.csv -q", ("counted.csv",)),
        "newwords --background": Command(
            "newwords text.txt --background other.ngrams -o contrast.csv -q", ("contrast.csv",)
        ),
        "trends": Command("trends dated.jsonl -o trends.csv -q", ("trends.csv",)),
        "report": Command("report words.csv --corpus text.txt -o report.html -q", ("report.html",)),
        "concordance, index made": Command("concordance 的 text.txt --index text.kwic --top 10 -q", ("text.kwic",)),
        "concordance, index there": Command("concordance 的 text.kwic --top 10 -q", ()),
        "run, count and newwords": Command(
            "run job.toml -q", ("job.ngrams", "job.csv", "job.manifest.json", "job.records")
        ),
    },
    "Models and segmentation": {
        "lm train": Command("lm train text.txt -o model.lm -q", ("model.lm",)),
        "lm train --words": Command("lm train words.txt -o words.lm --words --order 3 -q", ("words.lm",)),
        "lm score": Command("lm score -m first/model.lm text.txt -o scores.csv -q", ("scores.csv",)),
        "segment train": Command("segment train text.txt -o model.seg -q", ("model.seg",), 4),
        "segment train --method lm": Command("segment train text.txt -o lm.seg --method lm -q", ("lm.seg",)),
        "segment train --gold": Command(
            "segment train text.txt --gold words.txt --base first/model.seg -o gold.seg -q", ("gold.seg",), 4
        ),
        "segment run": Command("segment run text.txt -m first/model.seg -o words.txt -q", ("words.txt",)),
        "segment eval": Command("segment eval words.txt -m first/model.seg -q", ()),
        "segment export": Command("segment export words.csv -o dictionary.txt --format jieba -q", ("dictionary.txt",)),
    },
    "Vectors": {
        "vectors train --method sgns": Command("vectors train words.txt -o words.kv -q", ("words.kv",)),
        "vectors train --method nce": Command("vectors train words.txt -o nce.kv --method nce -q", ("nce.kv",)),
        "vectors train --method pmi": Command("vectors train words.txt -o pmi.kv --method pmi -q", ("pmi.kv",), 4),
        "vectors train --method jose": Command(
            "vectors train words.txt -o jose.kv --method jose --documents documents.kv -q",
            ("jose.kv", "documents.kv"),
            8,
        ),
        "vectors infer": Command("vectors infer first/jose.kv words.txt -o inferred.kv -q", ("inferred.kv",)),
        "vectors keywords": Command(
            "vectors keywords first/pmi.kv words.txt -o keywords.jsonl -q", ("keywords.jsonl",)
        ),
        "vectors cluster": Command("vectors cluster documents.kv -k 10 -o clusters.csv -q", ("clusters.csv",), 8),
        "vectors map": Command("vectors map documents.kv -o map.html -q", ("map.html",), 4),
        "vectors nearest": Command("vectors nearest words.kv 的 -q", ()),
        "vectors convert": Command("vectors convert words.kv words.vec -q", ("words.vec",)),
    },
}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}
UNLISTED = Command("count other.txt -o other.ngrams -q", ("other.ngrams",))
MAKERS = {file: command for command in (*COMMANDS.values(), UNLISTED) for file in command.writes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", help="in MB; default: 1 2 4 8 16, fewer for slow commands")
    parser.add_argument("--only", nargs="+", metavar="COMMAND", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    sizes = sorted(options.sizes or SIZES)
    if sizes[0] <= START:
        parser.error(f"--sizes {sizes[0]:g}: more than {START} MB, at which the start is measured")
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folders = write_texts(Path(name), [START, *sizes])
        found: dict[str, dict[float, Run]] = {}
        for command in options.only:
            most = math.inf if options.sizes else COMMANDS[command].most
            run(COMMANDS[command], folders[START], folders[sizes[0]], 1)  # warm
            found[command] = {
                size: run(COMMANDS[command], folders[size], folders[sizes[0]], options.rounds)
                for size in folders
                if size <= most
            }
            said = (f"{size:g} MB: {one.failure or f'{one.seconds:.2f} s'}" for size, one in found[command].items())
            print(command, *said, sep=", ", flush=True)
    show(found)


# inputs


def write_texts(folder: Path, sizes: list[float]) -> dict[float, Path]:
    """Write a text of each size, dated too, and another text of that size; return their folders."""
    text = whole_text(int(2.5e6 * max(sizes)))
    folders = {}
    for size in sizes:
        place = folder / f"{size:g}"
        place.mkdir()
        mine, rest = part(text, size)
        (place / "text.txt").write_bytes(mine)
        (place / "other.txt").write_bytes(part(rest, size)[0])
        (place / "dated.jsonl").write_text("".join(dated(mine.decode())), encoding="utf-8")
        (place / "job.toml").write_text(JOB, encoding="utf-8")
        folders[size] = place
    return folders


def whole_text(size: int) -> bytes:
    """Return so many bytes of text, from the evaluation data, or else of our own making."""
    path = DATA / "zh" / "mixed.txt.gz"
    if path.exists():
        with gzip.open(path, "rb") as stream:
            return stream.read(size)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "sample.txt")
        rows = str(max(1000, size // 40))  # a question has more than 40 bytes
        subprocess.run(nlptools("corpus", "sample", "zhidao", "-o", str(made), "--rows", rows, "-q"), check=True)
        return made.read_bytes()[:size]


def part(text: bytes, size: float) -> tuple[bytes, bytes]:
    """Return the first `size` MB of a text, whole lines, and the rest."""
    end = text.rfind(b"\n", 0, int(size * 1e6)) + 1
    if not end or len(text) < size * 1e6:
        raise SystemExit(f"{size:g} MB: the text has only {len(text) / 1e6:.1f} MB left; give smaller --sizes")
    return text[:end], text[end:]


def dated(text: str) -> Iterable[str]:
    """Yield the lines of a text as JSON, with a day of 24 months."""
    for number, line in enumerate(text.splitlines()):
        month = number % 24
        yield json.dumps({"date": f"{2023 + month // 12}-{1 + month % 12:02}-01", "text": line}, ensure_ascii=False)
        yield "\n"


# runs


def run(command: Command, place: Path, first: Path, rounds: int) -> Run:
    """Make what a command reads, if it is not there; run it, and return the median of seconds and the largest peak.

    If it fails, that run is returned.
    """
    arguments = [str(path_of(word, place, first)) if FILE.fullmatch(word) else word for word in command.line.split()]
    for word in command.line.split():
        if FILE.fullmatch(word) and word not in command.writes and not path_of(word, place, first).exists():
            name = word.removeprefix("first/")
            run(MAKERS[name], first if name != word else place, first, 1)
    runs = []
    for _ in range(rounds):
        remove(place / file for file in command.writes)
        runs.append(attempt(nlptools(*arguments)))
        if runs[-1].failure:
            return runs[-1]
    return Run(median([one.seconds for one in runs]), max(one.memory for one in runs))


def path_of(word: str, place: Path, first: Path) -> Path:
    return first / word.removeprefix("first/") if word.startswith("first/") else place / word


def remove(paths: Iterable[Path]) -> None:
    """Remove files and folders that are there."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


# tables


def show(found: dict[str, dict[float, Run]]) -> None:
    """Print the tables."""
    failed = [
        [command, size, one.failure] for command, runs in found.items() for size, one in runs.items() if one.failure
    ]
    if failed:
        table("Failed", ["command", "MB", "why"], failed)
    found = {command: runs for command, runs in found.items() if not any(one.failure for one in runs.values())}
    for group, commands in GROUPS.items():
        chart(f"{group}: seconds", "seconds", found, commands, lambda one: one.seconds)
        chart(f"{group}: peak memory", "peak memory, MB", found, commands, lambda one: round(one.memory))
    rows: list[list[object]] = []
    for command, runs in found.items():
        seconds = {size: one.seconds for size, one in runs.items()}
        memory = {size: one.memory for size, one in runs.items()}
        rows.append(
            [
                command,
                f"{max(runs):g}",
                f"{seconds[START]:.2f}",
                exponent(seconds),
                round(memory[START]),
                exponent(memory),
            ]
        )
    header = ["command", "up to MB", "start, s", "exponent of time", "start, MB", "exponent of memory"]
    table("Growth: time and memory above the start are as size to this power", header, rows)


def chart(
    title: str,
    what: str,
    found: dict[str, dict[float, Run]],
    commands: Iterable[str],
    value: Callable[[Run], float],
) -> None:
    """Print what the commands took, a row for each size, if any of them was measured."""
    rows = [
        [command, f"{size:g}", value(one)]
        for command in commands
        for size, one in found.get(command, {}).items()
        if size != START
    ]
    if rows:
        table(title, ["command", "MB", what], rows, Plot("lines", "MB", [what], what, by="command", log=True))


def exponent(taken: dict[float, float]) -> str:
    """Return with which power of the size grows what was taken above the start, or why that cannot be said."""
    start = taken[START]
    above = {size: value - start for size, value in taken.items() if size != START and value >= GROWS * start}
    if max(taken) not in above:
        return "does not grow"
    if len(above) < 3:
        return "too few sizes"
    slope, _ = np.polyfit(np.log(list(above)), np.log(list(above.values())), 1)
    return f"{slope:.2f}"


if __name__ == "__main__":
    main()
