"""How fast files become Arrow batches, beside pyarrow, plain Python and ijson; and the memory of a long JSON array.

python benchmarks/reading.py [--rounds 3]

The files are made from 100 MB of text, and read from the page cache.
"""

import argparse
import csv
import gzip
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import ijson
import opencc
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
from common import Plot, machine, measure, median, need, table

from nlptools import InputError, open_corpus, open_records
from nlptools.corpus.byte_stream import chunk_stream
from nlptools.corpus.encodings import as_utf8

TRIALS = 2000
READ = "import sys, nlptools; [None for _ in nlptools.open_corpus(sys.argv[1])]"
Work = Callable[[Path], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    (source,) = need("zh/mixed.txt.gz")
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        memory(source, Path(name))
        detection(source)
        speed(make_files(source, Path(name)), rounds)


def make_files(source: Path, folder: Path) -> dict[str, Path]:
    """Write the same records in every format."""
    text = gzip.decompress(source.read_bytes()).decode()
    rows = [{"id": number, "text": line, "tags": ["甲", "乙"]} for number, line in enumerate(text.splitlines())]
    files = {
        "text.txt": text.encode(),
        "gb18030.txt": text.encode("gb18030"),
        "lines.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(),
        "array.json": json.dumps(rows, ensure_ascii=False, indent=4).encode(),
    }
    paths = {name: folder / name for name in (*files, "table.csv", "table.parquet")}
    for name, data in files.items():
        paths[name].write_bytes(data)
    records = pa.Table.from_pylist(rows).select(["id", "text"])
    pa.csv.write_csv(records, paths["table.csv"])
    pq.write_table(records, paths["table.parquet"], row_group_size=50_000, compression="zstd")
    return paths


def speed(files: dict[str, Path], rounds: int) -> None:
    """Print megabytes of the file a second."""
    jobs: list[tuple[str, str, Work]] = [
        ("text.txt", "open_corpus", documents),
        ("text.txt", "Python: readline, decode", lambda path: exhaust(path.open(encoding="utf-8"))),
        ("gb18030.txt", "open_corpus", documents),
        ("gb18030.txt", "Python: readline, decode", lambda path: exhaust(path.open(encoding="gb18030"))),
        ("lines.jsonl", "open_corpus", documents),
        ("lines.jsonl", "open_corpus, text and tags", lambda path: exhaust(open_corpus(path, text_column="text,tags"))),
        ("lines.jsonl", "open_records, all columns", lambda path: exhaust(open_records(path))),
        ("lines.jsonl", "pyarrow.json.read_json", pa.json.read_json),
        ("lines.jsonl", "Python: json.loads per line", lambda path: exhaust(map(json.loads, path.open("rb")))),
        ("array.json", "open_corpus", documents),
        ("array.json", "open_records, all columns", lambda path: exhaust(open_records(path))),
        ("array.json", f"ijson.items ({ijson.backend})", with_ijson),
        ("array.json", "Python: json.load, all in memory", lambda path: json.loads(path.read_bytes())),
        ("table.csv", "open_corpus", documents),
        ("table.csv", "pyarrow.csv.open_csv", lambda path: exhaust(pa.csv.open_csv(path))),
        ("table.csv", "Python: csv.reader", lambda path: exhaust(csv.reader(path.open(encoding="utf-8", newline="")))),
        ("table.parquet", "open_corpus", documents),
        ("table.parquet", "pyarrow.parquet.read_table", lambda path: pq.read_table(path, columns=["text"])),
    ]
    rows = []
    for name, what, work in jobs:
        path = files[name]
        work(path)  # warm: kernels, page cache
        seconds = median([timed(work, path) for _ in range(rounds)])
        size = path.stat().st_size
        rows.append([name, f"{size / 1e6:.0f}", what, f"{seconds:.2f}", f"{size / seconds / 1e6:.0f}"])
    table(
        "Reading",
        ["file", "MB", "how", "median seconds", "MB/s"],
        rows,
        Plot("bars", "how", ["MB/s"], "MB/s", by="file"),
    )


def memory(source: Path, folder: Path) -> None:
    """Print the peak memory of reading JSON arrays of two sizes; before this process is large itself."""
    elements = folder / "elements"
    with gzip.open(source, "rt", encoding="utf-8") as text, elements.open("w", encoding="utf-8") as file:
        for number, line in enumerate(text):
            record = {"id": number, "text": line.rstrip("\n"), "tags": ["甲", "乙"]}
            file.write(",\n" * (number > 0) + json.dumps(record, ensure_ascii=False, indent=4))
    rows = []
    for copies in (1, 10):
        path = folder / f"{copies}.json"
        with path.open("wb") as file_of_all:
            for number in range(copies):
                file_of_all.write(b"," if number else b"[")
                with elements.open("rb") as one:
                    shutil.copyfileobj(one, file_of_all)
            file_of_all.write(b"]")
        measure([sys.executable, "-c", READ, str(path)])  # warm
        run = measure([sys.executable, "-c", READ, str(path)])
        rows.append([f"{path.stat().st_size / 1e6:.0f}", f"{run.seconds:.2f}", round(run.memory)])
    table("A JSON array, the whole process", ["MB", "seconds", "peak memory, MB"], rows)


def detection(source: Path) -> None:
    """Print how often the encoding of a piece of text is found out, by its length."""
    traditional = opencc.OpenCC("s2t").convert
    with gzip.open(source, "rt", encoding="utf-8") as file:
        text = re.sub(r"\s|[!-~]", "", file.read(12_000_000))
    random = Random(0)
    rows = []
    for length in (2, 5, 10, 20, 50, 200):
        right = {"GB18030": 0, "Big5": 0}
        for _ in range(TRIALS):
            start = random.randrange(len(text) - length)
            piece = text[start : start + length]
            right["GB18030"] += detected(piece.encode("gb18030")) == "GB18030"
            right["Big5"] += detected(traditional(piece).encode("big5", "ignore")) == "Big5"
        rows.append([length, *(f"{100 * count / TRIALS:.2f}" for count in right.values())])
    table(f"Encodings found out, {TRIALS} pieces of each length", ["characters", "GB18030, %", "Big5, %"], rows)


def detected(data: bytes) -> str | None:
    try:
        return as_utf8(chunk_stream(iter([data])), "piece", None, 64 << 10)[1]
    except InputError:
        return None


def documents(path: Path) -> None:
    exhaust(open_corpus(path, text_column=None if path.suffix == ".txt" else "text"))


def with_ijson(path: Path) -> None:
    with path.open("rb") as file:
        exhaust(ijson.items(file, "item"))


def exhaust(items: Iterable[Any]) -> None:
    iterator: Iterator[Any] = iter(items)
    for _ in iterator:
        pass


def timed(work: Work, path: Path) -> float:
    start = time.perf_counter()
    work(path)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
