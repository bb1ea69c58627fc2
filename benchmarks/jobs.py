"""Jobs: what they cost beside their stages, and that a job that is killed goes on to the same bytes.

    python benchmarks/jobs.py [--only overhead|kills] [--megabytes 5] [--kills 20] [--shards 1000] [--seed 1]

overhead: a job of so many shards of a line each, counted and merged: seconds for each shard, again when all is up to date,
and for `--dry-run`; and a job of three stages against the three commands, on the text. kills: a job of five stages on the
first megabytes of zh/mixed.txt.gz (100: the whole) is killed with SIGKILL at random moments until it has been killed so
often, and then left to end. If it ends before, and after one kill in five, it begins anew. All files must be those of an undisturbed job.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from common import Plot, machine, measure, need, nlptools, table

FIVE_STAGES = """
[stages.texts]
kind = "convert"
inputs = "../text.txt"
output = "texts.jsonl"
normalise = true

[stages.counts]
kind = "count"
inputs = "texts"
output = "counts.ngrams"

[stages.words]
kind = "newwords"
inputs = "texts"
output = "words.csv"

[stages.model]
kind = "segment train"
inputs = "texts"
output = "model.seg"
rounds = 2
words = "words"

[stages.vectors]
kind = "vectors"
inputs = "texts"
segmenter = "model"
output = "vectors.kv"
vector-size = 32
epochs = 2
deterministic = true
"""
FIVE_FILES = ("texts.jsonl", "counts.ngrams", "words.csv", "model.seg", "vectors.kv")

THREE_STAGES = """
[stages.counts]
kind = "count"
inputs = "text.txt"
output = "job.ngrams"

[stages.words]
kind = "newwords"
inputs = "text.txt"
output = "job.csv"

[stages.lm]
kind = "lm"
inputs = "counts"
output = "job.lm"
order = 4
"""

SHARDS = """
[stages.counts]
kind = "count"
inputs = "shards"
output = "counts/{shard}.ngrams"
shards = "each"

[stages.sum]
kind = "merge"
inputs = "counts"
output = "sum.ngrams"
"""

ANEW = 0.2
"""How often the job begins anew after a kill, so that all stages are killed."""


def write_text(folder: Path, megabytes: int) -> Path:
    """Write the beginning of the text: whole lines, taken evenly from all its sources."""
    (source,) = need("zh/mixed.txt.gz")
    path = folder / "text.txt"
    step = max(1, 100 // megabytes)
    with gzip.open(source, "rb") as packed, path.open("wb") as file:
        file.writelines(line for number, line in enumerate(packed) if number % step == 0)
    return path


def overhead(folder: Path, text: Path, shards: int) -> None:
    """Print what a job costs beside its stages."""
    (folder / "shards").mkdir()
    lines = text.read_text("utf-8").splitlines()
    for number in range(shards):
        (folder / "shards" / f"{number:05}.txt").write_text(lines[number % len(lines)] + "\n", encoding="utf-8")
    rows: list[list[object]] = []
    job = folder / "shards.toml"
    job.write_text(SHARDS, encoding="utf-8")
    start = measure(nlptools("--version")).seconds
    for what, options in (("first run", []), ("all up to date", []), ("--dry-run", ["--dry-run"])):
        seconds = measure(nlptools("run", str(job), "-q", *options)).seconds
        rows.append([f"{shards:,} shards, {what}", seconds, 1000 * seconds / shards])
    job = folder / "three.toml"
    job.write_text(THREE_STAGES, encoding="utf-8")
    rows.append(["count, newwords, lm as a job", measure(nlptools("run", str(job), "-q")).seconds, "-"])
    counts, model = folder / "counts.ngrams", folder / "model.lm"
    commands = [
        ["count", str(text), "-o", str(counts)],
        ["newwords", str(text), "-o", str(folder / "words.csv")],
        ["lm", "train", str(counts), "-o", str(model), "--order", "4"],
    ]
    rows.append(["the same as three commands", sum(measure(nlptools(*words, "-q")).seconds for words in commands), "-"])
    rows.append(["nlptools --version", start, "-"])
    table("Jobs", ["what", "seconds", "ms a shard"], rows, Plot("bars", "what", ["seconds"], "seconds", log=True))


def kills(folder: Path, wanted: int, seed: int) -> None:
    """Kill a job at random moments; SystemExit if a file is not that of an undisturbed one."""
    chance = Random(seed)
    started = time.perf_counter()
    process = begin(folder / "undisturbed")
    if process.wait():
        sys.exit("the undisturbed job failed")
    seconds = time.perf_counter() - started
    expected = files(folder / "undisturbed")
    print(
        f"undisturbed: {seconds:.1f} s, {sum(map(len, expected.values())):,} bytes in {len(expected)} files", flush=True
    )
    killed: Counter[str] = Counter()
    anew = 0
    process = begin(folder / "killed")
    while killed.total() < wanted:
        while not (folder / "killed" / "log.jsonl").exists() and process.poll() is None:
            time.sleep(0.01)  # starting up
        time.sleep(seconds * 10 ** chance.uniform(-2.5, 0))  # early stages are short, and shall have their share
        process.kill()
        status = process.wait()
        check(folder / "killed", expected, whole=status == 0)
        if status:
            killed[stage_of(folder / "killed")] += 1
        if status == 0 or chance.random() < ANEW:
            anew += 1
            shutil.rmtree(folder / "killed")
        process = begin(folder / "killed")
    if process.wait():
        sys.exit("the job failed after the last kill")
    check(folder / "killed", expected, whole=True)
    rows = [[stage, count] for stage, count in killed.most_common()]
    table(
        f"{wanted} kills, seed {seed}: all files as undisturbed; begun anew {anew} times", ["killed in", "kills"], rows
    )


def begin(folder: Path) -> "subprocess.Popen[bytes]":
    """Start the job, or go on with it."""
    folder.mkdir(exist_ok=True)
    (folder / "job.toml").write_text(FIVE_STAGES, encoding="utf-8")
    (folder / "log.jsonl").unlink(missing_ok=True)
    command = nlptools("run", str(folder / "job.toml"), "-q", "--log", str(folder / "log.jsonl"))
    return subprocess.Popen(command)


def stage_of(folder: Path) -> str:
    """Return the stage that was killed."""
    log = folder / "log.jsonl"
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    begun = [event["task"] for event in events if event["event"] == "task began"]
    done = [event["task"] for event in events if event["event"] == "task done"]
    return str(begun[-1]) if len(begun) > len(done) else "between stages" if events else "start-up"


def files(folder: Path) -> dict[str, bytes]:
    """Return what the stages have written."""
    return {name: (folder / name).read_bytes() for name in FIVE_FILES if (folder / name).exists()}


def check(folder: Path, expected: dict[str, bytes], whole: bool) -> None:
    """SystemExit if a file is not as expected, or, if the job has ended, missing."""
    found = files(folder)
    if not found.items() <= expected.items() or (whole and found.keys() != expected.keys()):
        wrong = [name for name in FIVE_FILES if found.get(name) != expected[name]]
        sys.exit(f"{', '.join(wrong)}: not as in the undisturbed job")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("overhead", "kills"))
    parser.add_argument("--megabytes", type=int, default=5)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = write_text(folder, options.megabytes)
        if options.only != "kills":
            overhead(folder, text, options.shards)
        if options.only != "overhead":
            kills(folder, options.kills, options.seed)


if __name__ == "__main__":
    main()
