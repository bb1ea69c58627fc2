import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nlptools_cli.main import run
from nlptools_corpora.zhidao import sample_questions

ROOT = Path(__file__).parents[2]
MAIN = "from nlptools_cli.main import main; main()"

Nlptools = Callable[..., "Result"]


class Result(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def nlptools(capsys: pytest.CaptureFixture[str]) -> Nlptools:
    """The command in this process; its streams are no terminals."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return call


@pytest.fixture
def spawn() -> Callable[..., "subprocess.Popen[str]"]:
    """The command in a process of its own."""

    def start(
        *arguments: object,
        code: str = MAIN,
        through: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        **more: Any,
    ) -> "subprocess.Popen[str]":
        path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*through, sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path, **(env or {})},
            text=True,
            encoding="utf-8",
            **{**streams, **more},
        )

    return start


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Questions, 𠮷野家 in one of twenty; few enough for a quick test."""
    path = tmp_path / "corpus.txt"
    lines = [question["question"] for question in sample_questions(2000, seed=3)]
    lines[::20] = [f"{line}，𠮷野家{line}" for line in lines[::20]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make Ctrl-C come when a training of vectors has learned so many pieces, once."""

    def after(pieces: int) -> None:
        from nlptools_cli.vectors import _Bar

        real, calls = _Bar.show, 0

        def show(bar: Any, trained: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == pieces + 1:
                signal.raise_signal(signal.SIGINT)
            real(bar, trained)

        monkeypatch.setattr(_Bar, "show", show)

    return after
