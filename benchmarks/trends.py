"""Words born in 2024 in dated titles of 2023 and 2024: our list, with and without a dictionary, beside plain differences.

python benchmarks/trends.py            the first 100 of each list, with the judgements, and the precision of each
python benchmarks/trends.py --time     how long it takes, and what adding the last month to counts takes
"""

import argparse
import csv
import gzip
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jieba
import numpy as np
from common import Plot, machine, measure, need, nlptools, table

from nlptools import open_dated
from nlptools.newwords.trends import find_trends, periods_of

JUDGED = Path(__file__).with_name("trends_judged.tsv")
"""Judged one by one, by one reader. new: a name or word that came up in 2024. released: what it names came out in 2024, but
the name was known before, of a novel or by announcement. old: a word, but no new one. no word: a fragment or a phrase."""
FIRST = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time", action="store_true")
    (titles,) = need("zh/weibo_hot.tsv.gz")
    if parser.parse_args().time:
        _time(titles)
    else:
        _quality(titles)


def _quality(titles: Path) -> None:
    dictionary = Path(jieba.__file__).with_name("dict.txt")
    born: dict[str, Any] = {"rank": "born", "since": "2024", "top": FIRST}
    every = find_trends(_dated(titles))
    lists = {
        "born": find_trends(_dated(titles), **born)["word"].to_pylist(),
        "born, --new-only": find_trends(_dated(titles), **born, known=(dictionary,), new_only=True)["word"].to_pylist(),
        "plain difference": _by_difference(every),
    }
    judged = _judgements()
    rows = [
        [rank, *(f"{word} ({judged.get(word, '?')})" for word in words)]
        for rank, words in enumerate(zip(*lists.values(), strict=True), 1)
    ]
    table("Words born in 2024", ["rank", *lists], rows)
    figures = []
    for name, words in lists.items():
        found = Counter(judged.get(word, "?") for word in words)
        of_2024 = found["new"] + found["released"]
        figures.append([name, of_2024 + found["old"], of_2024, found["new"], found["?"]])
    table(
        f"Of the first {FIRST}",
        ["list", "words", "of 2024", "of them new names", "not judged"],
        figures,
        Plot("bars", "list", ["of 2024", "of them new names"], "of 100 words"),
    )


def _dated(titles: Path) -> Any:
    return open_dated(titles, "1", text_column="3")


def _by_difference(trends: Any) -> list[str]:
    """Return the words whose rate grew most from 2023 to 2024, by the difference of the rates."""
    series = np.array(trends["series"].to_pylist())
    sizes = np.array(periods_of(trends)["characters"])
    new = np.array([label >= "2024" for label in periods_of(trends)["labels"]])
    difference = series[:, new].sum(1) / sizes[new].sum() - series[:, ~new].sum(1) / sizes[~new].sum()
    words: Sequence[str] = trends["word"].to_pylist()
    return [words[place] for place in np.argsort(-difference, kind="stable")[:FIRST]]


def _judgements() -> dict[str, str]:
    with JUDGED.open(encoding="utf-8", newline="") as file:
        return {row["word"]: row["judgement"] for row in csv.DictReader(file, delimiter="\t")}


def _time(titles: Path) -> None:
    columns = ["--date-column", "1", "--text-column", "3", "-q"]
    with tempfile.TemporaryDirectory() as place:
        folder, last, rest = Path(place, "counts"), Path(place, "last.tsv"), Path(place, "rest.tsv")
        _split(titles, last, rest)
        runs = {
            "all 24 months at once": [str(titles), *columns],
            "23 months into a folder": [str(rest), *columns, "--counts", str(folder)],
            "the last month added": [str(last), *columns, "--counts", str(folder)],
            "that folder alone": ["--counts", str(folder), "-q"],
        }
        rows = []
        for name, arguments in runs.items():
            run = measure(nlptools("trends", *arguments, "-o", str(Path(place, "trends.parquet"))))
            rows.append([name, f"{run.seconds:.1f} s", f"{run.memory:.0f} MB"])
        size = sum(file.stat().st_size for file in folder.iterdir())
        rows.append(["size of the folder", f"{size / 1e6:.0f} MB", ""])
    print(machine())
    table("nlptools trends on 306,528 titles", ["what", "time", "peak memory"], rows)


def _split(titles: Path, last: Path, rest: Path) -> None:
    with gzip.open(titles, "rt", encoding="utf-8") as lines, last.open("w") as new, rest.open("w") as old:
        for line in lines:
            (new if line.startswith("2024-12") else old).write(line)


if __name__ == "__main__":
    main()
