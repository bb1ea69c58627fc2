"""A count that was stopped goes on where it was, if its runs are whole and of the same input; else it starts afresh."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nlptools.corpus import Corpus, open_corpus
from nlptools.errors import BadRecordError, InputError, OptionError, OutputError
from nlptools.ngrams import count as counting
from nlptools.ngrams import spill as spilling
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.count_file import write_counts
from nlptools.ngrams.counts import read_counts

LINES = [chr(0x4E00 + i % 30) * (i % 7 + 1) + "，研究生命" for i in range(120)]


class StopError(Exception):
    """In the place of a kill."""


class Work:
    """A text in a file, its counts by an undisturbed process, and a count of it that can be stopped."""

    def __init__(self, folder: Path, limits: Any) -> None:
        self.text, self.output = folder / "text.txt", folder / "counts.ngrams"
        self.folder = folder / "counts.ngrams.partial"
        self.text.write_text("\n".join(LINES) + "\n", encoding="utf-8")
        count_ngrams(self.text, 3, output=folder / "expected.ngrams")
        self.expected = (folder / "expected.ngrams").read_bytes()
        (folder / "expected.ngrams").unlink()
        self.said: list[str] = []
        self._limits = limits

    def count(self, source: Any = None, order: int = 3, block: int = 200, **options: Any) -> None:
        self.said.clear()
        corpus = source or open_corpus(self.text, batch_bytes=300)
        with self._limits(block=block, batch=16):
            count_ngrams(corpus, order, output=self.output, log=self.said.append, **options)

    def stop_after(self, runs: int, **options: Any) -> None:
        """Count until there are so many runs; then be gone without a word, as if killed."""
        add = spilling.Spill.add

        def counted(spill: spilling.Spill, *block: Any) -> None:
            add(spill, *block)
            if len(spill.runs) == runs:
                raise StopError

        def gone(spill: Any, failed: bool) -> None:
            spill._journal.close()
            spill._lock.close()

        with pytest.MonkeyPatch.context() as patch, pytest.raises(StopError):
            patch.setattr(spilling.Spill, "add", counted)
            patch.setattr(spilling.Spill, "_close", gone)
            self.count(**options)
        assert not self.output.exists()

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir()) if self.folder.exists() else []

    def check_done(self) -> None:
        with self._limits(batch=16):
            count_ngrams(self.text, 3, output=self.output.with_name("expected.ngrams"))
        expected = self.output.with_name("expected.ngrams")
        assert self.output.read_bytes() == expected.read_bytes()
        expected.unlink()
        assert sorted(file.name for file in self.text.parent.iterdir()) == ["counts.ngrams", "text.txt"]

    def runs_taken_over(self) -> int:
        """Return how many runs the last count found."""
        found = [line for line in self.said if "on disk already" in line]
        return int(found[0].removeprefix("runs: ").removeprefix("all ").split()[0]) if found else 0


@pytest.fixture
def work(tmp_path: Path, limits: Any) -> Work:
    return Work(tmp_path, limits)


@pytest.mark.parametrize("runs", [1, 2, 5])
def test_it_goes_on_behind_the_last_run(work: Work, runs: int) -> None:
    work.stop_after(runs)
    assert work.files == sorted(["journal.jsonl", "lock", *(f"run-{number}.ngrams" for number in range(runs))])
    before = [(work.folder / f"run-{number}.ngrams").stat().st_mtime_ns for number in range(runs)]
    work.stop_after(runs + 2)
    assert work.runs_taken_over() == runs
    assert [(work.folder / f"run-{number}.ngrams").stat().st_mtime_ns for number in range(runs)] == before
    work.count(threads=3, block=400, min_count=1, memory="2G")
    assert work.runs_taken_over() == runs + 2
    work.check_done()


def test_it_may_stop_at_every_run(work: Work) -> None:
    for runs in range(1, 9):
        work.stop_after(runs)
        assert work.runs_taken_over() == runs - 1
    work.count()
    work.check_done()


def test_min_count_may_be_another_one(work: Work, tmp_path: Path) -> None:
    work.stop_after(3)
    work.count(min_count=3)
    assert work.runs_taken_over() == 3
    assert read_counts(work.output).to_table().equals(count_ngrams(work.text, 3).to_table(3))


def stop_merging(work: Work, patch: pytest.MonkeyPatch, error: BaseException) -> None:
    def merged(*_: Any) -> Any:
        raise error

    with patch.context() as stopped, pytest.raises(type(error)):
        stopped.setattr(counting, "merged", merged)
        work.count()


def test_when_all_is_counted_nothing_is_read_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_merging(work, monkeypatch, StopError())
    assert work.said[-1].endswith("stay in counts.ngrams.partial: the same command will go on from there")

    def batches(*_: Any) -> Iterator[Any]:
        raise AssertionError("the text is read again")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Corpus, "batches", batches)
        work.count()
    assert any(line.startswith("runs: all ") for line in work.said)
    work.check_done()


def test_bad_records_are_told_again(work: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work.text.write_bytes(work.text.read_bytes() + b"\xff\xfe\xfd bad\n")
    work.stop_after(2)
    corpus = open_corpus(work.text, batch_bytes=300, rejects=tmp_path / "bad.jsonl")
    work.count(corpus)
    assert work.runs_taken_over() == 2
    assert corpus.report.rejected.total() == 1
    assert len((tmp_path / "bad.jsonl").read_text("utf-8").splitlines()) == 1
    (tmp_path / "bad.jsonl").unlink()
    stop_merging(work, monkeypatch, StopError())
    corpus = open_corpus(work.text, batch_bytes=300, strict=True)
    with pytest.raises(BadRecordError):
        work.count(corpus)
    corpus = open_corpus(work.text, batch_bytes=300)
    work.count(corpus)
    assert corpus.report.rejected.total() == 1
    work.check_done()


def touch(work: Work) -> None:
    os.utime(work.text, ns=(1, 1))


def lengthen(work: Work) -> None:
    with work.text.open("a", encoding="utf-8") as file:
        file.write("研究\n")


def other_version(work: Work) -> None:
    lines = (work.folder / "journal.jsonl").read_text().splitlines()
    lines[0] = json.dumps({"key": "0" * 64})
    (work.folder / "journal.jsonl").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("change", [touch, lengthen, other_version])
def test_runs_of_another_input_are_not_used(work: Work, change: Callable[[Work], None]) -> None:
    work.stop_after(3)
    change(work)
    work.count()
    assert work.runs_taken_over() == 0
    work.check_done()


def test_runs_of_another_order_or_other_columns_are_not_used(work: Work) -> None:
    work.stop_after(3, order=2)
    work.count()
    assert work.runs_taken_over() == 0
    work.check_done()
    work.output.unlink()
    work.stop_after(3)
    work.count(open_corpus(work.text, document_per="file"), block=2000)
    assert work.runs_taken_over() == 0


def test_a_version_is_part_of_the_key(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_VERSION", "__version__", "unidata_version"):
        work.stop_after(2)
        with monkeypatch.context() as patch:
            patch.setattr(counting, name, "another")
            work.stop_after(1)
        assert work.runs_taken_over() == 0
        (work.folder / "journal.jsonl").unlink()


def whole_journal(work: Work) -> list[str]:
    return (work.folder / "journal.jsonl").read_text().splitlines(keepends=True)


def test_any_torn_journal(work: Work) -> None:
    work.stop_after(4)
    lines = whole_journal(work)
    data, ends = "".join(lines).encode(), [len("".join(lines[: n + 1])) for n in range(5)]
    runs = {file: (work.folder / file).read_bytes() for file in work.files if file.startswith("run")}
    work.count()
    expected = work.output.read_bytes()
    for size in (ends[0] - 1, ends[0], ends[2] - 1, ends[3] + 30):
        for after in (
            b"",
            b"\0" * 50,
            b"\xff\xff\n",
            b"5\n",
            b'{"run": 1}\n',
            b'{"characters": 1}\n',
            b"[1]\n",
            b"null\n",
        ):
            work.folder.mkdir(exist_ok=True)
            for file, content in runs.items():
                (work.folder / file).write_bytes(content)
            (work.folder / "journal.jsonl").write_bytes(data[:size] + after)
            work.count()
            seen = size + (after == b"")  # the end of the line may be missing
            whole = sum(end <= seen for end in ends[1:]) if seen >= ends[0] else 0
            assert work.runs_taken_over() == whole, (size, after)
            assert work.output.read_bytes() == expected


def missing(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def exchanged(path: Path) -> None:
    path.write_bytes(path.with_name("run-0.ngrams").read_bytes())


def of_other_order(path: Path) -> None:
    count_ngrams(LINES[:3], 2, output=path)


@pytest.mark.parametrize("damage", [missing, cut, flipped, zeros, exchanged, of_other_order])
def test_a_damaged_run_and_those_behind_it_are_not_used(work: Work, damage: Callable[[Path], None]) -> None:
    work.stop_after(4)
    damage(work.folder / "run-2.ngrams")
    work.count()
    assert work.runs_taken_over() == 2
    work.check_done()


def test_what_is_not_ours_is_left_alone(work: Work) -> None:
    work.folder.mkdir()
    (work.folder / "notes.txt").write_text("mine")
    (work.folder / "folder").mkdir()
    work.stop_after(2)
    (work.folder / "result.ngrams").write_text("half")
    (work.folder / "merged-0-3.ngrams").write_text("half")
    work.stop_after(3)
    assert work.files == [
        "folder",
        "journal.jsonl",
        "lock",
        "notes.txt",
        "run-0.ngrams",
        "run-1.ngrams",
        "run-2.ngrams",
    ]
    work.count()
    assert work.files == ["folder", "notes.txt"]


def test_an_error_keeps_the_runs_and_says_so(work: Work) -> None:
    class Failing(Corpus):
        def batches(self, progress: Any = None, names: bool = False) -> Iterator[Any]:
            for number, batch in enumerate(super().batches(progress, names)):
                if number == 4:
                    raise InputError("text.txt: cannot be read (Input/output error); check the file and its disk")
                yield batch

    failing = open_corpus(work.text, batch_bytes=300)
    failing.__class__ = Failing
    with pytest.raises(InputError, match="Input/output error"):
        work.count(failing)
    runs = len([file for file in work.files if file.startswith("run")])
    assert runs > 0
    assert work.said[-1] == f"runs: {runs} stay in counts.ngrams.partial: the same command will go on from there"
    work.count()
    assert work.runs_taken_over() == runs
    work.check_done()


@pytest.mark.parametrize("change", [touch, lengthen, lambda work: work.text.unlink()])
def test_a_text_that_changes_while_it_is_read_is_an_error(work: Work, change: Callable[[Work], None]) -> None:
    corpus = open_corpus(work.text, batch_bytes=300)
    steps: list[int] = []

    def progress(size: int) -> None:
        steps.append(size)
        if len(steps) == 3:
            change(work)

    for block in (200, 1 << 20):  # with runs, and without
        with pytest.raises(InputError, match=r"text\.txt: changed while it was read; count again"):
            work.count(corpus, block=block, progress=progress)
        assert work.files == []
        assert not work.output.exists()
        work.text.write_text("\n".join(LINES) + "\n", encoding="utf-8")
        steps.clear()


def test_an_input_that_is_not_in_files_keeps_nothing(work: Work) -> None:
    def texts() -> Iterator[str]:
        yield from LINES
        raise InputError("it broke")

    with pytest.raises(InputError, match="it broke"):
        work.count(open_corpus(texts(), batch_bytes=300))
    assert work.files == []


def test_no_room(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the disk is full: one error that names the place, and the runs stay."""
    write, failing, calls = write_counts, 0, 0

    def full(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            arguments[0].write_bytes(b"half")
            raise OSError(28, "No space left on device")
        write(*arguments)

    monkeypatch.setattr(spilling, "write_counts", full)
    while not work.output.exists():
        failing, calls = failing + 1, 0
        try:
            work.count()
        except OutputError as error:
            assert str(error).startswith(f"{work.folder}: cannot be written (No space left on device); make room")
            assert not work.output.exists()
            assert all(file in ("journal.jsonl", "lock") or file.startswith("run-") for file in work.files)
    assert work.runs_taken_over() > 3
    monkeypatch.undo()
    work.check_done()


def test_no_room_for_the_journal(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    real = spilling.Spill._write_line

    def full(spill: spilling.Spill, line: dict[str, Any]) -> None:
        if "characters" in line:
            raise OSError(28, "No space left on device")
        real(spill, line)

    monkeypatch.setattr(spilling.Spill, "_write_line", full)
    with pytest.raises(OutputError, match="No space left"):
        work.count()
    assert work.files == []
    monkeypatch.setattr(spilling.Spill, "_write_line", lambda *_: full(work, {"characters": 1}))  # type: ignore[arg-type]
    with pytest.raises(OutputError, match="No space left"):
        work.count()
    assert work.files == []


def test_an_order_that_no_alphabet_allows_is_told(work: Work) -> None:
    with pytest.raises(OptionError, match="order=99 is too high"):
        work.count(order=99)
    assert work.files == []


def test_two_processes_with_one_output(work: Work) -> None:
    """The second is refused at once, and disturbs nothing; when the first is killed the output is free."""
    code = (
        "import sys, time; from nlptools.ngrams.spill import Spill\n"
        f"with Spill({str(work.output)!r}, 'key', print): print('ready', flush=True); time.sleep(60)\n"
    )
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        before = work.files
        with pytest.raises(OutputError, match=r"counts\.ngrams: another process is writing it; wait for it"):
            work.count()
        assert work.files == before
        other.kill()
    work.count()
    work.check_done()


def test_the_output_is_replaced_as_a_file_is(work: Work, tmp_path: Path) -> None:
    """A link is followed, permissions stay; a folder or a missing folder is refused."""
    real = tmp_path / "real"
    real.mkdir()
    (real / "target.ngrams").write_text("old")
    (real / "target.ngrams").chmod(0o640)
    work.output.symlink_to(real / "target.ngrams")
    work.count()
    assert work.output.is_symlink()
    assert (real / "target.ngrams").stat().st_mode & 0o777 == 0o640
    assert read_counts(real / "target.ngrams").documents == len(LINES)
    assert [file.name for file in real.iterdir()] == ["target.ngrams"]
    with pytest.raises(OutputError, match="is a folder"):
        count_ngrams(LINES, output=real)
    with pytest.raises(OutputError, match="mkdir -p"):
        count_ngrams(LINES, output=tmp_path / "nowhere" / "a.ngrams")
    (tmp_path / "b.ngrams.partial").write_text("a file")
    with pytest.raises(OutputError, match="File exists"):
        count_ngrams(LINES, output=tmp_path / "b.ngrams")


@pytest.mark.parametrize("moment", ["mkdir", "open", "flock", "fstat", "iterdir", "replace"])
def test_an_interrupt_while_it_begins_leaves_nothing(work: Work, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    owner: Any = {"flock": pytest.importorskip("fcntl"), "fstat": os}.get(moment, Path)
    real, calls = getattr(owner, moment), []

    def interrupted(*arguments: Any, **more: Any) -> Any:
        result = real(*arguments, **more)
        if moment == "fstat" or "partial" in str(arguments[0]) or moment == "flock":
            calls.append(1)
            if len(calls) == 1:
                if moment == "open":
                    result.close()
                raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(owner, moment, interrupted)
        work.count()
    assert calls
    assert work.files == []
    assert sorted(file.name for file in work.text.parent.iterdir()) == ["text.txt"]
