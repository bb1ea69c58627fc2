"""Quality of the word lists: ours, the two published methods, raw frequency; on gold segmentations and on raw text.

    python benchmarks/quality.py

Protocol. Only words of two or more characters, all of U+4E00-9FA5, are looked at, in the list and in the gold. P@K: share
of the first K that the gold has twice or more. Recall: of the gold words seen five times or more, at the longest list of
at least 100 words whose precision is still 0.85. New, P@100: the list after jieba's dictionary is removed; a hit is any
gold word. On raw text: share of the first K that a union of lexicons has.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jieba
import pyarrow as pa
import pyarrow.compute as pc
from common import Plot, machine, need, table

from nlptools import count_ngrams, find_new_words, open_corpus

HAN = re.compile("[\u4e00-\u9fa5]{2,}")
GOLD_ONCE_IN_LIST, GOLD_FOR_RECALL, PRECISION = 2, 5, 0.85
GOLD_HEADER = ("words", "P@100", "P@1000", "P@2000", "recall")
METHODS = ("raw frequency", "entropy", "cohesion", "mdl")


def ranked(method: str, corpus: Path | list[str], **options: Any) -> list[str]:
    """Return the Han words that a method finds, best first."""
    if method == "raw frequency":
        batches = list(open_corpus(corpus).batches())
        if options.get("script"):
            from nlptools.text.scripts import batch_folder

            batches = [batch_folder(str(options["script"]))(batch) for batch in batches]
        words = most_frequent(count_ngrams(pa.Table.from_batches(batches), order=4).to_table(min_count=2))
    else:
        words = find_new_words(corpus, method=method, **options)["word"].to_pylist()
    return [word for word in words if HAN.fullmatch(word)]


def most_frequent(counts: pa.Table) -> list[str]:
    """Return the n-grams of two or more characters, the most frequent first."""
    counts = counts.filter(pc.greater(counts["n"], 1)).sort_by([("count", "descending"), ("ngram", "ascending")])
    words: list[str] = counts["ngram"].slice(0, 400_000).to_pylist()
    return words


def precision(words: list[str], hits: Iterable[str], k: int) -> float | str:
    """Return the share of the first k words that are hits; "-" if there are fewer."""
    return sum(word in hits for word in words[:k]) / k if len(words) >= k else "-"


def recall_at_precision(words: list[str], gold: Counter[str]) -> float:
    """Return the recall at the longest list with precision 0.85."""
    wanted = {word for word, n in gold.items() if n >= GOLD_FOR_RECALL}
    hits = found = 0
    best = 0.0
    for k, word in enumerate(words, 1):
        hits += gold[word] >= GOLD_ONCE_IN_LIST
        found += word in wanted
        if k >= 100 and hits / k >= PRECISION:
            best = found / max(1, len(wanted))
    return best


def read_gold(files: list[Path]) -> tuple[list[str], Counter[str]]:
    """Return the documents of gold segmentations, not segmented, and how often each Han word occurs."""
    lines = [line.split() for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return ["".join(line) for line in lines], Counter(word for line in lines for word in line if HAN.fullmatch(word))


def gold_figures(words: list[str], gold: Counter[str]) -> list[object]:
    """Return the cells of GOLD_HEADER."""
    frequent = {word for word, n in gold.items() if n >= GOLD_ONCE_IN_LIST}
    return [len(words), *(precision(words, frequent, k) for k in (100, 1000, 2000)), recall_at_precision(words, gold)]


def read_lexicon(path: Path) -> set[str]:
    """Return the words of the union of lexicons."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return {line.split("\t", 1)[0] for line in stream}


def on_gold(title: str, files: list[Path]) -> None:
    documents, gold = read_gold(files)
    dictionary = Path(jieba.__file__).with_name("dict.txt")
    known = {line.split(" ", 1)[0] for line in dictionary.read_text(encoding="utf-8").splitlines()}
    rows: list[list[object]] = []
    for method in METHODS:
        words = ranked(method, documents)
        new = [word for word in words if word not in known]
        if method != "raw frequency":
            filtered = ranked(method, documents, known=(dictionary,), new_only=True)
        else:
            filtered = new
        rows.append([method, *gold_figures(words, gold), precision(new, gold, 100), precision(filtered, gold, 100)])
    header = ["method", *GOLD_HEADER, "new, P@100", "--new-only, P@100"]
    table(title, header, rows, Plot("bars", "method", ["P@100", "P@1000", "recall"], "share"))


def on_raw_text(path: Path, lexicon: Path) -> None:
    words = read_lexicon(lexicon)
    rows = []
    for method in METHODS:
        found = ranked(method, path, script="simplified")
        rows.append([method, len(found), *(precision(found, words, k) for k in (1000, 10_000, 50_000))])
    table(
        "100 MB of mixed text folded to simplified characters, against a union of lexicons",
        ["method", "words", "P@1000", "P@10,000", "P@50,000"],
        rows,
        Plot("bars", "method", ["P@1000", "P@10,000", "P@50,000"], "share"),
    )


def main() -> None:
    print(machine())
    on_gold(
        "msr_test + udc_train (nothing was fitted on them)",
        need("zh/cws/msr_test.seg", "zh/cws/udc_train.seg"),
    )
    on_gold("pku_dev (nothing was fitted on it)", need("zh/cws/pku_dev.seg"))
    on_gold("msr_dev (the weights were fitted here)", need("zh/cws/msr_dev.seg"))
    on_raw_text(*need("zh/mixed.txt.gz", "lexicon/words.tsv.gz"))


if __name__ == "__main__":
    main()
