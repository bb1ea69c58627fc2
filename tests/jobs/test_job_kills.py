"""A job is killed at random moments: the same command goes on, and all files are those of an undisturbed job.

NLPTOOLS_FAULTS=whole (make faults) asks for twenty kills and a larger text.
"""

import json
import os
import shutil
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nlptools_corpora.zhidao import sample_questions

WHOLE = os.environ.get("NLPTOOLS_FAULTS") == "whole"

JOB = """
[inputs]
questions = "../questions.jsonl"

[stages.texts]
kind = "convert"
inputs = "questions"
output = "texts.txt"
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
rounds = 1
words = "words"

[stages.vectors]
kind = "vectors"
inputs = "texts"
segmenter = "model"
output = "vectors.kv"
vector-size = 16
epochs = 1
deterministic = true
"""
OUTPUTS = ("texts.txt", "counts.ngrams", "words.csv", "model.seg", "vectors.kv")


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_kills_at_random_moments(tmp_path: Path, start: Any) -> None:
    kills = 20 if WHOLE else 3
    seed = int(os.environ.get("NLPTOOLS_FAULTS_SEED", Random().randrange(1 << 32)))
    chance = Random(seed)
    rows = sample_questions(100_000 if WHOLE else 1_000, seed=5)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
    expected, seconds = undisturbed(tmp_path / "undisturbed", start)
    folder = begin(tmp_path / "killed")
    done = resumed = 0
    while done < kills:
        process = start(folder / "job.toml", "--log", folder / "log.jsonl")
        wait_for_begin(process, folder / "log.jsonl")
        time.sleep(chance.uniform(0, 0.7 * seconds))
        process.kill()
        process.communicate(timeout=60)
        resumed += "task up to date" in (folder / "log.jsonl").read_text("utf-8")
        (folder / "log.jsonl").unlink()
        written = files(folder)
        assert written.items() <= expected.items(), f"NLPTOOLS_FAULTS_SEED={seed}"
        if process.returncode == 0:  # it was in time
            assert written == expected
            shutil.rmtree(folder)
            begin(folder)
        else:
            assert process.returncode == -9
            done += 1
    process = start(folder / "job.toml")
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert files(folder) == expected, f"NLPTOOLS_FAULTS_SEED={seed}"
    told = json.loads((folder / "job.manifest.json").read_text("utf-8"))
    assert all(task["done"] for task in told["tasks"])
    assert resumed or not WHOLE


def begin(folder: Path) -> Path:
    folder.mkdir()
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    return folder


def undisturbed(folder: Path, start: Any) -> tuple[dict[str, bytes], float]:
    """Return the files of a job that nobody killed, and how many seconds it worked."""
    process = start(begin(folder) / "job.toml", "--log", folder / "log.jsonl")
    wait_for_begin(process, folder / "log.jsonl")
    started = time.monotonic()
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    found = files(folder)
    assert set(found) == set(OUTPUTS)
    return found, time.monotonic() - started


def wait_for_begin(process: Any, log: Path) -> None:
    while not log.exists() or "job began" not in log.read_text("utf-8"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OUTPUTS if (folder / name).exists()}
