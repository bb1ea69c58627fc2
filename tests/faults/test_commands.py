"""Every command that writes a file is killed, starved, locked out and run twice at once.

Each fault ends in the result of an undisturbed command, to the byte, or in one line and status 2; under the name of a result
there is never a part of one; and the same command, given again, gets the result. NLPTOOLS_FAULTS=whole asks for more faults.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numba
import pytest

from nlptools_corpora.zhidao import sample_questions

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks a process that has threads, and gives up capabilities"),
    pytest.mark.skipif(bool(vars(numba.config)["DISABLE_JIT"]), reason="needs compiled kernels"),
]

HERE = Path(__file__).parent
WHOLE = os.environ.get("NLPTOOLS_FAULTS") == "whole"
SEED = int(os.environ.get("NLPTOOLS_FAULTS_SEED", Random().randrange(1 << 32)))

JOB = """
[stages.texts]
kind = "convert"
inputs = "{texts}"
output = "texts.txt"
normalise = true

[stages.counts]
kind = "count"
inputs = "texts"
output = "counts.ngrams"
order = 2

[stages.model]
kind = "lm"
inputs = "texts"
output = "model.lm"
order = 2
"""

SMALL = ["--vector-size", "8", "--epochs", "1", "--min-count", "2", "--workers", "1"]
TRAIN = ["vectors", "train", "{words}", *SMALL, "-o", "v.kv"]

COMMANDS = {
    "newwords": ["newwords", "{texts}", "-o", "words.csv", "--report", "page.html"],
    "count": ["count", "{texts}", "-o", "c.ngrams", "--order", "3"],
    "merge": ["merge", "{counts}", "{counts}", "-o", "c.ngrams"],
    "lm train": ["lm", "train", "{texts}", "-o", "m.lm", "--order", "3", "--arpa", "m.arpa"],
    "lm score": ["lm", "score", "-m", "{lm}", "{texts}", "-o", "scores.csv"],
    "segment train": ["segment", "train", "{texts}", "-o", "m.seg", "--rounds", "2", "--no-discover"],
    "segment train --method lm": ["segment", "train", "{texts}", "-o", "m.seg", "--method", "lm"],
    "segment run": ["segment", "run", "-m", "{seg}", "{texts}", "-o", "out.txt"],
    "segment export": ["segment", "export", "{seg}", "-o", "dict.txt", "--format", "jieba"],
    "vectors train": TRAIN,
    "vectors train --method pmi": [*TRAIN, "--method", "pmi"],
    "vectors train --method jose": [*TRAIN, "--method", "jose", "--documents", "d.kv"],
    "vectors convert": ["vectors", "convert", "{kv}", "out.vec", "--save-vocab", "counts.txt"],
    "vectors infer": ["vectors", "infer", "{jose}", "{words}", "-o", "d.kv"],
    "vectors cluster": ["vectors", "cluster", "{kv}", "-k", "3", "-o", "clusters.csv"],
    "vectors keywords": ["vectors", "keywords", "{kv}", "{words}", "-o", "keywords.jsonl"],
    "concordance": ["concordance", "怎么", "{texts}", "--index", "t.kwic", "-o", "lines.csv"],
    "corpus convert": ["corpus", "convert", "{texts}", "-o", "out.parquet", "--deduplicate"],
    "corpus sample": ["corpus", "sample", "zhidao", "-o", "sample.jsonl", "--rows", "500", "--gold", "gold.txt"],
    "report": ["report", "{found}", "--corpus", "{texts}", "-o", "page.html"],
    "trends": ["trends", "{dated}", "--counts", "months", "-o", "trends.csv", "--report", "page.html"],
    "run": ["run", "job.toml", "-q"],
}
READING = [name for name, arguments in COMMANDS.items() if {"{texts}", "{words}", "{dated}"} & {*arguments}]
SHORT = ["newwords", "segment train", "vectors train", "concordance", "corpus convert", "run"]
TRIED = [*COMMANDS] if WHOLE else SHORT


class Zygote:
    """Commands that start at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(str(HERE.parents[1] / part) for part in ("", "cli", "corpora")),
            },
        )

    def ask(self, **told: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        (answer,) = json.loads(self._process.stdout.readline()).values()
        return int(answer)

    def close(self) -> None:
        self._process.communicate(timeout=60)


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    err: str


class Work:
    """Commands, what they read, and what they write when nothing disturbs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._zygote = Zygote()
        self._known: dict[tuple[str, str], tuple[dict[str, bytes], float]] = {}
        self._said: dict[int, Path] = {}
        self._number = 0
        for part in ("one", "other"):
            (folder / part).mkdir()
            self._make_material(folder / part, seed=1 + (part == "other"))

    def _make_material(self, folder: Path, seed: int) -> None:
        texts = [row["question"] for row in sample_questions(800, seed=seed)]
        dated = [f"2024-{1 + number % 3:02}-05,{text}" for number, text in enumerate(texts)]
        (folder / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
        (folder / "dated.csv").write_text("date,text\n" + "\n".join(dated) + "\n", encoding="utf-8")
        for arguments in (
            ["count", "texts.txt", "-o", "c.ngrams", "--order", "3"],
            ["lm", "train", "c.ngrams", "-o", "m.lm", "--order", "3"],
            ["segment", "train", "texts.txt", "-o", "m.seg", "--method", "lm"],
            ["segment", "run", "-m", "m.seg", "texts.txt", "-o", "words.txt"],
            ["vectors", "train", "words.txt", *SMALL, "-o", "w.kv"],
            ["vectors", "train", "words.txt", *SMALL, "-o", "j.kv", "--method", "jose"],
            ["newwords", "texts.txt", "-o", "words.csv"],
        ):
            self.run(arguments, folder)

    def arguments(self, command: str, part: str = "one", **other: str) -> list[str]:
        place = self.folder / part
        files = {"texts": "texts.txt", "words": "words.txt", "dated": "dated.csv", "found": "words.csv"}
        files |= {"counts": "c.ngrams", "lm": "m.lm", "seg": "m.seg", "kv": "w.kv", "jose": "j.kv"}
        paths = {name: str(place / file) for name, file in files.items()} | other
        return [argument.format(**paths) for argument in COMMANDS[command]]

    def fresh(self, command: str, part: str = "one", within: Path | None = None) -> Path:
        """Return a folder in which nothing was written yet."""
        self._number += 1
        folder = (within or self.folder) / str(self._number)
        folder.mkdir()
        if command == "run":
            (folder / "job.toml").write_text(JOB.format(texts=self.folder / part / "texts.txt"), encoding="utf-8")
        return folder

    def begin(self, arguments: list[str], folder: Path, powers: bool = True, file_size: int | None = None) -> int:
        """Start a command in a folder."""
        said = self._said_by_next()
        told = {"begin": arguments, "powers": powers, "file_size": file_size}
        pid = self._zygote.ask(**told, folder=str(folder), said=str(said), environment=places(folder))
        self._said[pid] = said
        return pid

    def run(self, arguments: list[str], folder: Path) -> None:
        """Run a command in a folder to its end, in the process that then begins others."""
        said = self._said_by_next()
        assert not self._zygote.ask(run=arguments, folder=str(folder), said=str(said), environment=places(folder)), said

    def _said_by_next(self) -> Path:
        self._number += 1
        return self.folder / f"{self._number}.said"

    def finished(self, pid: int) -> Ended:
        status = self._zygote.ask(wait=pid)
        said = self._said.pop(pid)
        return Ended(status, said.read_text("utf-8") if said.exists() else "")

    def undisturbed(self, command: str, part: str = "one") -> tuple[dict[str, bytes], float]:
        """Return the files that a command writes when nothing disturbs it, and the seconds it takes."""
        if (command, part) not in self._known:
            self.run(self.arguments(command, part), self.fresh(command, part))  # loads the kernels
            folder = self.fresh(command, part)
            started = time.monotonic()
            self.run(self.arguments(command, part), folder)
            seconds = time.monotonic() - started
            self._known[command, part] = files(folder), seconds
            assert list(folder.with_name(f"{folder.name}.tmp").iterdir()) == []
        return self._known[command, part]

    def close(self) -> None:
        self._zygote.close()


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    work = Work(tmp_path_factory.mktemp("work"))
    yield work
    work.close()


def places(folder: Path) -> dict[str, str]:
    """Return where temporary files and indexes go: beside the folder."""
    temporary = folder.with_name(f"{folder.name}.tmp")
    temporary.mkdir(exist_ok=True)
    return {"TMPDIR": str(temporary), "XDG_CACHE_HOME": f"{temporary}.cache"}


def files(folder: Path) -> dict[str, bytes]:
    """Return the results in a folder: neither what we gave, nor records and states, which tell times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.startswith((".nlptools-", "job."))
        and not path.name.endswith(".training")
        and not any(part.endswith((".partial", ".records")) for part in path.relative_to(folder).parts)
    }


def check_whole(folder: Path, *expected: dict[str, bytes]) -> None:
    """Check that there is no part of a result under its name."""
    for name, content in files(folder).items():
        if "/" not in name:  # what trends keeps in a folder grows
            assert any(content == whole.get(name) for whole in expected), f"{name}, NLPTOOLS_FAULTS_SEED={SEED}"


def check_done(ended: Ended, folder: Path, expected: dict[str, bytes]) -> None:
    assert ended.status == 0, (ended, f"NLPTOOLS_FAULTS_SEED={SEED}")
    found = files(folder)
    assert found.keys() == expected.keys()
    different = [name for name in found if found[name] != expected[name]]
    assert not different, f"NLPTOOLS_FAULTS_SEED={SEED}"


def check_refused(ended: Ended) -> None:
    assert ended.status == 2, ended
    errors = [line for line in ended.err.splitlines() if line.startswith("nlptools: ")]
    assert len(errors) == 1 or all(line.startswith("nlptools: job.toml, line ") for line in errors), ended
    assert ended.err.endswith(f"{errors[-1]}\n")
    assert "Traceback" not in ended.err
    assert len(errors[-1]) < 600


@pytest.mark.parametrize("command", TRIED)
def test_kills_at_random_moments(work: Work, command: str, record_property: Callable[[str, object], None]) -> None:
    kills = 5 if WHOLE else 1
    record_property("faults: killed at a random moment", kills)
    expected, seconds = work.undisturbed(command)
    chance = Random(f"{SEED} {command}")
    folder = work.fresh(command)
    for _ in range(kills):
        pid = work.begin(work.arguments(command), folder)
        time.sleep(seconds * chance.uniform(0, 1))
        os.kill(pid, signal.SIGKILL)
        assert work.finished(pid).status in (-signal.SIGKILL, 0)
        check_whole(folder, expected)
    ended = work.finished(work.begin(work.arguments(command), folder))
    check_done(ended, folder, expected)
    left = {path.name for path in folder.iterdir()} - {name.split("/")[0] for name in expected}
    assert all(name.startswith((".nlptools-", "job.")) for name in left), left


def sizes(expected: dict[str, bytes]) -> list[int]:
    """Return what a file may have at most; what the command says must fit, too."""
    largest = max(map(len, expected.values()))
    return sorted({min(4096, largest // 2), largest // 2, largest * 9 // 10}) if WHOLE else [largest // 2]


@pytest.mark.parametrize("command", TRIED)
def test_a_file_that_may_not_grow(work: Work, command: str, record_property: Callable[[str, object], None]) -> None:
    """As a full disk: results and temporary files alike."""
    expected, _ = work.undisturbed(command)
    record_property("faults: disk full (what a file may have)", len(sizes(expected)))
    for size in sizes(expected):
        folder = work.fresh(command)
        check_refused(work.finished(work.begin(work.arguments(command), folder, file_size=size)))
        check_whole(folder, expected)
        assert not list(folder.rglob(".nlptools-*"))
        check_done(work.finished(work.begin(work.arguments(command), folder)), folder, expected)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("command", [*COMMANDS] if WHOLE else ["vectors train"])
def test_a_full_disk(
    work: Work, small_disk: Path, command: str, record_property: Callable[[str, object], None]
) -> None:
    """Results and temporary files are on a disk that has no room for them."""
    expected, _ = work.undisturbed(command)
    parts = (0.1, 0.7) if WHOLE else (0.5,)
    record_property("faults: disk full (a small file system)", len(parts))
    folder = work.fresh(command, within=small_disk)
    for part in parts:
        size = 8192 + int(sum(map(len, expected.values())) * part)
        subprocess.run(["mount", "-o", f"remount,size={size}", str(small_disk)], check=True)
        check_refused(work.finished(work.begin(work.arguments(command), folder)))
        check_whole(folder, expected)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    check_done(work.finished(work.begin(work.arguments(command), folder)), folder, expected)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc/self/mem, whose beginning cannot be read")
@pytest.mark.parametrize("command", [name for name in READING if WHOLE or name in SHORT])
def test_an_input_that_cannot_be_read(work: Work, command: str, record_property: Callable[[str, object], None]) -> None:
    record_property("faults: read error", 1)
    folder = work.fresh(command)
    arguments = work.arguments(command)
    more = ["--corpus", "/proc/self/mem"] if command == "report" else ["/proc/self/mem"]
    ended = work.finished(work.begin([*arguments, *more], folder))
    check_refused(ended)
    assert "Input/output error" in ended.err
    assert files(folder) == {}


@pytest.mark.parametrize("command", TRIED if WHOLE else ["newwords", "run"])
def test_two_at_once(work: Work, command: str, record_property: Callable[[str, object], None]) -> None:
    """Two processes write the same file, of the same text and of different ones."""
    others = ["one"] if command in ("trends", "run", "corpus sample") else ["one", "other"]  # see test_trends_at_once
    record_property("faults: two processes with one output", len(others))
    expected = {part: work.undisturbed(command, part)[0] for part in others}
    for part in others:
        folder = work.fresh(command)
        pids = [work.begin(work.arguments(command, name), folder) for name in ("one", part)]
        ended = [work.finished(pid) for pid in pids]
        assert 0 in [end.status for end in ended], ended
        for end in ended:
            if end.status:
                check_refused(end)
        check_whole(folder, *expected.values())
        assert not list(folder.rglob(".nlptools-*"))
        check_done(work.finished(work.begin(work.arguments(command), folder)), folder, expected["one"])


@pytest.mark.parametrize("turn", range(3 if WHOLE else 1))
def test_trends_at_once(work: Work, turn: int, record_property: Callable[[str, object], None]) -> None:
    """Two processes add different texts to the same counts: nothing is lost."""
    record_property("faults: two processes with one output", 1)
    both = work.fresh("trends")
    for part in ("one", "other"):
        assert work.finished(work.begin(work.arguments("trends", part), both)).status == 0
    folder = work.fresh("trends")
    pids = [work.begin(work.arguments("trends", part), folder) for part in ("one", "other")]
    for pid, part in zip(pids, ("one", "other"), strict=True):
        ended = work.finished(pid)
        if ended.status:
            check_refused(ended)
            assert work.finished(work.begin(work.arguments("trends", part), folder)).status == 0
    counts = [
        {name: data for name, data in files(place).items() if name.endswith(".ngrams")} for place in (both, folder)
    ]
    assert counts[0].keys() == counts[1].keys()
    assert counts[0] == counts[1]


@pytest.mark.parametrize("command", TRIED)
def test_a_folder_that_may_not_be_written(
    work: Work, command: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("faults: a read-only folder", 1)
    folder = work.fresh(command)
    before = {path.name for path in folder.iterdir()}
    folder.chmod(0o555)
    try:
        ended = work.finished(work.begin(work.arguments(command), folder, powers=False))
        if "powers of root" in ended.err:
            pytest.skip(ended.err.strip())
        check_refused(ended)
        assert {path.name for path in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)
