"""Count all n-grams of orders 1 to 4 within the lines of a file: count_ngrams.py HOW FILE.

Prints how many different n-grams there are, and how many in all, as JSON. Phrases counts orders 1 and 2 only.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ORDER = 4


def lines_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def plain_counter(path: Path) -> tuple[int, int]:
    counts: Counter[str] = Counter()
    for line in lines_of(path):
        for n in range(1, ORDER + 1):
            counts.update(line[i : i + n] for i in range(len(line) - n + 1))
    return len(counts), counts.total()


def scikit_learn(path: Path) -> tuple[int, int]:
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer="char", ngram_range=(1, ORDER), lowercase=False)
    counts = vectorizer.fit_transform(lines_of(path))
    return counts.shape[1], int(counts.sum())


def gensim_phrases(path: Path) -> tuple[int, int]:
    from gensim.models import Phrases

    phrases = Phrases((list(line) for line in lines_of(path)), min_count=1, max_vocab_size=10**9, delimiter="")
    return len(phrases.vocab), sum(phrases.vocab.values())


def duckdb_sql(path: Path) -> tuple[int, int]:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute("SET preserve_insertion_order = false")
    # unit separators stand in no line of the text, so that a line is one column
    grouped = """
        WITH lines AS (SELECT column0 AS line FROM read_csv(?, header = false, delim = '\x1f', quote = '', escape = '',
                                                            columns = {'column0': 'VARCHAR'})),
             starts AS (SELECT line, unnest(range(1, length(line) + 1)) AS i, length(line) AS size FROM lines),
             windows AS (SELECT substr(line, i, n) AS ngram FROM starts, range(1, 5) AS orders(n) WHERE i + n <= size + 1)
        SELECT ngram, count(*) AS count FROM windows GROUP BY ngram"""
    row = connection.execute(f"SELECT count(*), sum(count) FROM ({grouped})", [str(path)]).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def polars_frames(path: Path) -> tuple[int, int]:
    import polars as pl

    lines = pl.scan_csv(path, has_header=False, separator="\x1f", quote_char=None, new_columns=["line"])
    character = pl.col("line").str.split("").list.eval(pl.element().filter(pl.element() != ""))
    text = lines.with_row_index("number").select("number", character.alias("character")).explode("character").collect()
    windows = []
    for n in range(1, ORDER + 1):
        whole = pl.col("number") == pl.col("number").shift(1 - n)
        ngram = pl.concat_str([pl.col("character").shift(-j) for j in range(n)]).alias("ngram")
        windows.append(text.lazy().select(ngram, whole.alias("whole")).filter("whole").select("ngram"))
    counts = pl.concat(windows).group_by("ngram").agg(pl.len()).collect(engine="streaming")
    return counts.height, int(counts["len"].sum())


HOW = {
    "counter": plain_counter,
    "scikit-learn": scikit_learn,
    "gensim": gensim_phrases,
    "duckdb": duckdb_sql,
    "polars": polars_frames,
}


if __name__ == "__main__":
    distinct, total = HOW[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps({"distinct": distinct, "total": total}))
