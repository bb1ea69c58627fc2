"""Damaged files of every format: `python tests/faults/damage.py STATE FORMAT:FIRST:END...`.

A small file of each format is written into the folder of STATE, once; then commands read it, cut and damaged. Fault n of a
format is made from its file and n alone, so `FORMAT:n:n+1` repeats one. STATE is a file that always holds the format and the
number of the fault at work: after a crash it tells which one it was. Findings are printed, one JSON object a line, and at the
end of each format how faults ended; without a format, the size of each file, whether damage must be seen, and whether it is slow.

A command must end with one line and status 2, or with status 0 and the answer that the whole file gives. Where the format has
no checksum, it may also give another answer.
"""

import contextlib
import faulthandler
import io
import json
import resource
import shutil
import sys
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from nlptools_cli import start_up
from nlptools_cli.main import run
from nlptools_corpora.zhidao import sample_questions

SECONDS = 60  # for one fault, on a machine that is busy
ROOM = 3 << 30  # bytes of address space that a damaged file may make a command use

KINDS = ("cut", "a bit", "a byte", "zeros", "a piece twice", "a piece lost")


class Format(NamedTuple):
    """A file, the arguments of the commands that read it, whether damage must be seen, and the files that they write.

    slow: a fault takes a second.
    """

    file: str
    reading: list[list[str]]
    sealed: bool = True
    answer: tuple[str, ...] = ()
    slow: bool = False


JOB = """
[inputs]
questions = "questions.jsonl"

[stages.texts]
kind = "convert"
inputs = "questions"
output = "j.txt"
normalise = true

[stages.counts]
kind = "count"
inputs = "texts"
output = "j.ngrams"
order = 2
"""

_VECTORS = [
    "vectors",
    "train",
    "words.txt",
    "--vector-size",
    "4",
    "--epochs",
    "2",
    "--min-count",
    "5",
    "--workers",
    "1",
]
_SEGMENTER = ["segment", "train", "few.txt", "-o", "s.seg", "--rounds", "2", "--no-discover"]
_STATES = {"s.seg.training": _SEGMENTER, "t.kv.training": [*_VECTORS, "-o", "t.kv"]}
MAKING = [
    ["count", "texts.txt", "-o", "c.ngrams", "--order", "3"],
    ["lm", "train", "few.txt", "-o", "m.lm", "--order", "2", "--arpa", "m.arpa"],
    ["segment", "train", "texts.txt", "-o", "lm.seg", "--method", "lm"],
    ["segment", "train", "texts.txt", "-o", "lattice.seg", "--rounds", "1"],
    ["segment", "run", "-m", "lm.seg", "texts.txt", "-o", "words.txt"],
    [*_VECTORS, "-o", "w.kv"],
    [*_VECTORS, "-o", "j.kv", "--method", "jose", "--documents", "d.kv"],
    *(
        ["vectors", "convert", "w.kv", f"w.{suffix}"]
        for suffix in ("vec", "bin", "vec.gz", "bin.gz", "arrow", "parquet")
    ),
    ["vectors", "convert", "w.kv", "v.vec", "--save-vocab", "counts.txt"],
    ["vectors", "cluster", "w.kv", "-k", "3", "-o", "clusters.csv"],
    ["concordance", "怎么", "texts.txt", "--index", "t.kwic", "-o", "lines.csv"],
    *(["newwords", "texts.txt", "-o", f"n.{suffix}"] for suffix in ("csv", "tsv", "jsonl", "parquet", "arrow", "dict")),
    ["newwords", "texts.txt", "--explain", "-o", "e.parquet", "--left-out", "o.parquet"],
    ["trends", "dated.csv", "--counts", "months", "-o", "trends.csv"],
    *(
        ["corpus", "convert", "questions.jsonl", "-o", f"q.{suffix}"]
        for suffix in (
            "txt",
            "json",
            "csv",
            "tsv",
            "parquet",
            "arrow",
            "jsonl.gz",
            "jsonl.bz2",
            "jsonl.xz",
            "jsonl.zst",
        )
    ),
    ["run", "job.toml"],
]


def make_material(folder: Path) -> None:
    """Write a file of each format."""
    rows = list(sample_questions(150, seed=5))
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    texts = [row["question"] for row in rows]
    dated = [f"2024-{1 + number % 3:02}-05,{text}" for number, text in enumerate(texts)]
    for name, written in {
        "questions.jsonl": lines[:12],
        "texts.txt": texts,
        "few.txt": texts[:12],
        "dated.csv": ["date,text", *dated],
        "job.toml": JOB.splitlines(),
        "similarity.txt": ["怎么 什么 5", "怎么 哪里 3", "什么 哪里 1"],
        "analogy.txt": [": 名", "怎么 什么 哪里 怎么"],
    }.items():
        (folder / name).write_text("\n".join(written) + "\n", encoding="utf-8")
    for arguments in MAKING:
        told = said(arguments)
        if told.status:
            raise SystemExit(f"{arguments}: {told}")
    for name, arguments in _STATES.items():
        keep_state(folder / name, arguments)
    with zipfile.ZipFile(folder / "q.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "questions.jsonl", zipfile.ZipInfo("questions.jsonl").filename)


def keep_state(state: Path, arguments: list[str]) -> None:
    """Interrupt a training when it has kept its first state."""
    from nlptools.corpus.array_file import write_arrays

    def write_and_stop(*args: Any) -> None:
        write_arrays(*args)
        raise KeyboardInterrupt

    with (
        patch("nlptools.segment.checkpoint.write_arrays", write_and_stop),
        patch("nlptools.vectors.checkpoint.write_arrays", write_and_stop),
        patch("nlptools.vectors.train.KEEP_SECONDS", 0),
    ):
        told = said(arguments)
    if told.status != 130 or not state.exists():
        raise SystemExit(f"{arguments}: {told}")


_SHOW = ["-o", "out.csv"]
FORMATS = {
    "counts (.ngrams)": Format("c.ngrams", [["merge", "c.ngrams", *_SHOW]], answer=("out.csv",)),
    "language model (.lm)": Format("m.lm", [["lm", "score", "-m", "m.lm", "few.txt"]]),
    "segmenter (.seg), lm": Format("lm.seg", [["segment", "run", "-m", "lm.seg", "few.txt"]]),
    "segmenter (.seg), lattice": Format("lattice.seg", [["segment", "run", "-m", "lattice.seg", "few.txt"]]),
    "vectors (.kv)": Format("w.kv", [["vectors", "convert", "w.kv", "out.vec"]], answer=("out.vec",)),
    "vectors of documents (.kv)": Format("d.kv", [["vectors", "convert", "d.kv", "out.vec"]], answer=("out.vec",)),
    "concordance (.kwic)": Format("t.kwic", [["concordance", "怎么", "t.kwic", "--word", "什么"]]),
    "trends: counts": Format("months/2024-01.ngrams", [["trends", "--counts", "months", *_SHOW]], answer=("out.csv",)),
    "trends: documents": Format(
        "months/2024-01.documents", [["trends", "--counts", "months", *_SHOW]], answer=("out.csv",)
    ),
    "trends: words": Format(
        "months/words.parquet", [["trends", "--counts", "months", *_SHOW]], sealed=False, answer=("out.csv",)
    ),
    "ARPA": Format("m.arpa", [["lm", "score", "-m", "m.arpa", "few.txt"]], sealed=False),
    **{
        f"vectors (.{suffix})": Format(
            f"w.{suffix}", [["vectors", "convert", f"w.{suffix}", "out.kv"]], suffix.endswith(".gz"), ("out.kv",)
        )
        for suffix in ("vec", "bin", "vec.gz", "bin.gz", "arrow", "parquet")
    },
    "vocabulary (--read-vocab)": Format(
        "counts.txt", [["vectors", "convert", "v.vec", "out.kv", "--read-vocab", "counts.txt"]], False, ("out.kv",)
    ),
    **{
        f"words (.{suffix})": Format(
            f"n.{suffix}",
            [
                ["report", f"n.{suffix}", "-o", "out.html"],
                ["segment", "export", f"n.{suffix}", "-o", "out.txt", "--format", "jieba"],
            ],
            False,
            ("out.html", "out.txt"),
        )
        for suffix in ("csv", "tsv", "jsonl", "parquet", "arrow")
    },
    "words, explained (.parquet)": Format(
        "e.parquet", [["report", "e.parquet", "-o", "out.html"]], False, ("out.html",)
    ),
    "words left out (.parquet)": Format(
        "o.parquet", [["report", "e.parquet", "--left-out", "o.parquet", "-o", "out.html"]], False, ("out.html",)
    ),
    "trends (.csv)": Format("trends.csv", [["report", "trends.csv", "-o", "out.html"]], False, ("out.html",)),
    "dictionary (--known)": Format("n.dict", [["newwords", "c.ngrams", "--known", "n.dict"]], False),
    "dictionary (--lexicon)": Format(
        "n.dict", [["segment", "run", "-m", "lm.seg", "few.txt", "--lexicon", "n.dict"]], False
    ),
    "clusters (.csv)": Format(
        "clusters.csv",
        [["vectors", "map", "w.kv", "--top", "20", "-o", "out.html", "--clusters", "clusters.csv"]],
        False,
        slow=True,
    ),
    "labels": Format(
        "texts.txt", [["vectors", "cluster", "d.kv", "-k", "2", "--n-init", "1", "--labels", "texts.txt"]], False
    ),
    "similarities": Format("similarity.txt", [["vectors", "eval", "w.kv", "--similarity", "similarity.txt"]], False),
    "analogies": Format("analogy.txt", [["vectors", "eval", "w.kv", "--analogy", "analogy.txt"]], False),
    "gold segmentation": Format("words.txt", [["segment", "eval", "words.txt", "-m", "lm.seg"]], False),
    "job record": Format("job.records/texts.json", [["run", "job.toml"]], answer=("j.txt", "j.ngrams")),
    "job manifest": Format("job.manifest.json", [["run", "job.toml"]], answer=("j.txt", "j.ngrams")),
    **{
        f"state of a training ({name})": Format(
            name, [arguments], answer=(name.removesuffix(".training"),), slow=name.startswith("s.")
        )
        for name, arguments in _STATES.items()
    },
    "vectors in training (.training)": Format(
        "t.kv.training", [["vectors", "convert", "t.kv.training", "out.vec"]], answer=("out.vec",)
    ),
    "job": Format("job.toml", [["run", "job.toml", "--dry-run"]], False),
    **{
        f"text (.{suffix})": Format(
            f"q.{suffix}",
            [["corpus", "convert", f"q.{suffix}", "-o", "out.txt"], ["corpus", "head", f"q.{suffix}"]],
            suffix.endswith((".gz", ".bz2", ".xz")),
            ("out.txt",),
        )
        for suffix in (
            *("txt", "json", "csv", "tsv", "parquet", "arrow"),
            *("jsonl.gz", "jsonl.bz2", "jsonl.xz", "jsonl.zst", "zip"),
        )
    },
    "dated texts (.csv)": Format("dated.csv", [["trends", "dated.csv", *_SHOW]], False, ("out.csv",)),
}


class Said(NamedTuple):
    status: int
    out: str
    err: str


def said(arguments: list[str]) -> Said:
    """Run a command in this process."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        status = run(arguments)
    return Said(status, out.buffer.getvalue().decode(), err.getvalue())


def damaged(data: bytes, number: int) -> bytes:
    """Return a file with fault `number`: the places of each kind of fault are spread evenly, and later ones lie between."""
    kind, turn = KINDS[number % len(KINDS)], number // len(KINDS)
    stride = next(
        step for step in range(max(1, int(0.618 * len(data))), 2 * len(data) + 2) if gcd(step, len(data)) == 1
    )
    at = turn * stride % len(data)
    size = (1, 8, 64, 512)[turn % 4]
    if kind == "cut":
        return data[:at]
    if kind == "a bit":
        return data[:at] + bytes([data[at] ^ 1 << turn % 8]) + data[at + 1 :]
    if kind == "a byte":
        return data[:at] + bytes([(data[at] + 1 + turn * 7 % 255) % 256]) + data[at + 1 :]
    if kind == "zeros":
        return data[:at] + bytes(len(data[at : at + size])) + data[at + size :]
    if kind == "a piece twice":
        return data[: at + size] + data[at:]
    return data[:at] + data[at + size :]


def answer(name: str) -> tuple[int, object]:
    """Return the status, and what the commands that read a format printed and wrote; raises AssertionError."""
    found: list[object] = []
    for file in FORMATS[name].answer:
        if not file.startswith("j."):  # of a job, which knows them
            Path(file).unlink(missing_ok=True)
    for arguments in FORMATS[name].reading:
        told = said(arguments)
        found.append("" if arguments[0] == "run" else told.out)
        if told.status:
            check_refusal(told)
            return told.status, None
    check_leftovers()
    return 0, (found, [Path(file).read_bytes() for file in FORMATS[name].answer])


def check_refusal(told: Said) -> None:
    """Raise AssertionError if a command did not end with one clear line."""
    error = told.err.splitlines()[-1] if told.err else ""
    if told.status != 2 or not error.startswith("nlptools: ") or "Traceback" in told.err or "out of memory" in told.err:
        raise AssertionError(f"status {told.status}: {told.err[-600:]}")
    lines = [line for line in told.err.splitlines() if line.startswith("nlptools: ")]
    if len(error) > 1000 or (
        len(lines) > 1 and not all(line.startswith("nlptools: job.toml, line ") for line in lines)
    ):
        raise AssertionError(f"more than one clear line: {told.err[-1500:]}")
    check_leftovers()


def check_leftovers() -> None:
    """Raise AssertionError if a command left a temporary file."""
    left = [path.name for path in Path().glob(".nlptools-*")]
    if left:
        raise AssertionError(f"left behind: {left}")


def try_faults(name: str, first: int, end: int, state: Path) -> Counter[str]:
    """Try faults of a format; print what is found, and return how many ended how."""
    format = FORMATS[name]
    path = Path(format.file)
    data = path.read_bytes()
    expected = answer(name)
    if expected[0]:
        raise SystemExit(f"{name}: the whole file is refused: {said(format.reading[0])}")
    ended: Counter[str] = Counter()
    with state.open("wb", buffering=0) as file:
        for number in range(first, end):
            file.seek(0)
            file.write(f"{name}:{number}\n".encode())
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            content = damaged(data, number)
            try:
                path.write_bytes(content)
                found = answer(name)
                if found[0]:
                    ended["refused"] += 1
                elif found == expected:
                    ended["same answer"] += 1
                elif format.sealed and content != data:
                    raise AssertionError("another answer")
                else:
                    ended["another answer, no checksum"] += 1
            except Exception as error:
                what = "".join(traceback.format_exception(error, limit=-1))[-1500:]
                fault = f"{KINDS[number % len(KINDS)]}, {len(data)} bytes"
                told = {"target": name, "number": number, "input": fault, "error": what}
                print(json.dumps(told, ensure_ascii=False), flush=True)  # noqa: T201
            finally:
                path.write_bytes(data)
    faulthandler.cancel_dump_traceback_later()
    return ended


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Do not wait for the disk, nor look at all kernels, for each command: neither has to do with what is read."""
    with patch("os.fsync"), patch("nlptools_cli.start_up._fingerprint", cache(start_up._fingerprint)):
        yield


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Let a command use `ROOM` bytes of addresses more than it has now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def material(state: Path) -> Path:
    """Return the folder of the files; a state that was left by a crash is removed."""
    whole, work = state.parent / "material", state.parent / "work"
    if not whole.exists():
        part = state.parent / "part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        with contextlib.chdir(part):
            make_material(part)
        part.rename(whole)
    shutil.rmtree(work, ignore_errors=True)
    return Path(shutil.copytree(whole, work))


def main() -> None:
    """Run what the arguments name."""
    faulthandler.enable()
    faulthandler.dump_traceback_later(15 * SECONDS, exit=True)  # of the files; each fault has its own limit
    state = Path(sys.argv[1]).resolve()
    with contextlib.chdir(material(state)):
        if len(sys.argv) == 2:
            told = {name: [Path(of.file).stat().st_size, of.sealed, of.slow] for name, of in FORMATS.items()}
            print(json.dumps(told))  # noqa: T201
        with bounded_memory(), quick():
            for argument in sys.argv[2:]:
                name, first, end = argument.rsplit(":", 2)
                begun = time.monotonic()
                ended = try_faults(name, int(first), int(end), state)
                seconds = round(time.monotonic() - begun, 1)
                done = {"target": name, "done": int(end) - int(first), "ended": ended, "seconds": seconds}
                print(json.dumps(done), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
