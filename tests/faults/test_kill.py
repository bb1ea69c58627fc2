"""`nlptools count` is killed at random moments: the same command goes on, and the file is that of an undisturbed count."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest


def test_kills_at_random_moments(
    undisturbed: Any, start: Any, whole: bool, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    kills = 50 if whole else 3
    record_property("faults: killed at a random moment", kills)
    seed = int(os.environ.get("NLPTOOLS_FAULTS_SEED", Random().randrange(1 << 32)))
    chance = Random(seed)
    output = tmp_path / "counts.ngrams"
    seconds = undisturbed.seconds
    resumed = done = 0
    while done < kills:
        with (tmp_path / "said").open("w+", encoding="utf-8") as said:
            process = start(undisturbed.text, "-o", output, stderr=said)
            while "plan: " not in (tmp_path / "said").read_text("utf-8"):
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(seconds * chance.uniform(0, 1.1))
            process.kill()
            process.communicate(timeout=60)
        resumed += "on disk already" in (tmp_path / "said").read_text("utf-8")
        (tmp_path / "said").unlink()
        if process.returncode == 0:  # it was in time: begin again
            check_done(output, undisturbed.expected, seed)
            seconds *= 0.9
        else:
            assert process.returncode == -9
            done += 1
        if output.exists():  # also of one that was killed after the renaming
            assert output.read_bytes() == undisturbed.expected, f"NLPTOOLS_FAULTS_SEED={seed}"
            output.unlink()
    process = start(undisturbed.text, "-o", output)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    check_done(output, undisturbed.expected, seed)
    assert resumed or not whole


def check_done(output: Path, expected: bytes, seed: int) -> None:
    assert output.read_bytes() == expected, f"NLPTOOLS_FAULTS_SEED={seed}"
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("stage", ["run 2", "merge"] if os.environ.get("NLPTOOLS_FAULTS") == "whole" else ["merge"])
def test_a_kill_at_a_stage(undisturbed: Any, start: Any, tmp_path: Path, stage: str) -> None:
    output = tmp_path / "counts.ngrams"
    for _ in range(10):  # where the machine is busy it may be done before we kill it
        process = start(undisturbed.text, "-o", output)
        for line in process.stderr:
            if line.startswith(stage):
                process.kill()
                break
        process.communicate(timeout=60)
        if process.returncode == -9 and not output.exists():
            break
        output.unlink()
    assert process.returncode == -9
    assert not output.exists()
    assert (tmp_path / "counts.ngrams.partial" / "run-1.ngrams").exists()
    process = start(undisturbed.text, "-o", output)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "on disk already" in err
    check_done(output, undisturbed.expected, 0)
