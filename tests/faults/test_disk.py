"""A disk that is full, and one that cannot be read: one line, status 2, and the same command goes on afterwards."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlptools.corpus import open_corpus
from nlptools.errors import InputError
from nlptools.ngrams import count as counting
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.plan import Plan
from nlptools_cli.main import run

resource = pytest.importorskip("resource", reason="needs POSIX limits")

WHOLE = os.environ.get("NLPTOOLS_FAULTS") == "whole"


def check_refused(process: "subprocess.Popen[str]", output: Path, reason: str) -> int:
    """Return how many runs stay."""
    _, err = process.communicate(timeout=600)
    assert process.returncode == 2, err
    *said, error = err.splitlines()
    assert error.startswith("nlptools: ")
    assert f"counts.ngrams.partial: cannot be written ({reason}); make room or give another place" in error
    assert not output.exists()
    kept = [line for line in said if "stay in counts.ngrams.partial" in line]
    partial = output.with_name("counts.ngrams.partial")
    runs = sorted(path.name for path in partial.glob("run-*")) if partial.exists() else []
    assert kept == (
        [f"runs: {len(runs)} stay in counts.ngrams.partial: the same command will go on from there"] if runs else []
    )
    assert not partial.exists() or not list(partial.glob("*result*"))
    return len(runs)


def check_goes_on(process: "subprocess.Popen[str]", output: Path, runs: int, expected: bytes) -> None:
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert (f"{runs} are on disk already" in err) == (runs > 0)
    assert output.read_bytes() == expected
    assert list(output.parent.iterdir()) == [output]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        pytest.skip("needs the command mount")
    if done.returncode:
        pytest.skip(f"needs the right to mount a tmpfs ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("part", [0.1, 0.6, 1.05, 1.5, 1.9] if WHOLE else [1.5])
def test_a_full_disk(undisturbed: Any, start: Any, small_disk: Path, part: float) -> None:
    """There is room for a part of the result; the runs take a little more than the result."""
    output = small_disk / "counts.ngrams"
    size = int(len(undisturbed.expected) * part) + (32 << 10)
    subprocess.run(["mount", "-o", f"remount,size={size}", str(small_disk)], check=True)
    runs = check_refused(start(undisturbed.text, "-o", output), output, "No space left on device")
    assert (runs > 0) == (part > 0.5)
    if WHOLE:
        assert check_refused(start(undisturbed.text, "-o", output), output, "No space left on device") == runs
    subprocess.run(["mount", "-o", f"remount,size={size + 4 * len(undisturbed.expected)}", str(small_disk)], check=True)
    check_goes_on(start(undisturbed.text, "-o", output), output, runs, undisturbed.expected)


@pytest.mark.parametrize("part", [0.1, 0.6, 0.95] if WHOLE else [0.6])
def test_a_file_that_may_not_grow(undisturbed: Any, start: Any, tmp_path: Path, part: float) -> None:
    """What a user may write is limited: as a full disk, for those who may not mount one."""
    output = tmp_path / "counts.ngrams"
    size = int(len(undisturbed.expected) * part)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    runs = check_refused(start(undisturbed.text, "-o", output, preexec_fn=limit), output, "File too large")
    check_goes_on(start(undisturbed.text, "-o", output), output, runs, undisturbed.expected)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc/self/mem, whose beginning cannot be read")
def test_an_input_that_cannot_be_read(
    undisturbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        counting, "make_plan", lambda memory, order, threads: Plan(1 << 30, threads, 150_000, 40_000, 3)
    )
    arguments = ["count", *[str(undisturbed.text)] * 8, "/proc/self/mem", "-o", str(tmp_path / "a.ngrams")]
    assert run(arguments) == 2
    *_, kept, error = capsys.readouterr().err.splitlines()
    assert kept.endswith(" stay in a.ngrams.partial: the same command will go on from there")
    assert error.startswith("nlptools: /proc/self/mem: cannot be read (Input/output error); ")
    assert run(arguments) == 2
    assert "are on disk already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.ngrams.partial"]


def test_an_input_that_is_cut_while_it_is_read(tmp_path: Path) -> None:
    text, output = tmp_path / "text.txt", tmp_path / "counts.ngrams"
    text.write_text("研究生命的起源\n" * 100_000, encoding="utf-8")
    steps: list[int] = []

    def cut(size: int) -> None:
        steps.append(size)
        if len(steps) == 1:
            os.truncate(text, size + 1000)

    with pytest.raises(InputError, match=r"text\.txt"):
        count_ngrams(open_corpus(text, batch_bytes=10_000), 3, output=output, progress=cut)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]
