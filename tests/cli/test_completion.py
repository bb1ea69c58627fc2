"""The TAB key: what the three shells are told, and that they take it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlptools_cli.commands import nlptools as group
from nlptools_cli.completion import answer

ROOT = Path(__file__).parents[2]
HEAVY = {"numba", "numpy", "pyarrow", "gensim", "tqdm", "opencc"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which `nlptools` is the command of this repository, and says what heavy things it imported."""
    if os.name == "nt":
        pytest.skip("for POSIX shells")
    code = (
        "import atexit, sys; from nlptools_cli.main import main; "
        f"atexit.register(lambda: print(*({HEAVY!r} & sys.modules.keys()), end='', file=open('heavy', 'a'))); main()"
    )
    command = tmp_path / "bin" / "nlptools"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
    return {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": path}


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Callable[..., list[str]]:
    """Run lines of a shell; return the lines they print. The test is skipped where there is no such shell."""

    def run(name: str, lines: str) -> list[str]:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"no {name} here")
        options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
        done = subprocess.run(
            [found, *options, "-c", lines],
            cwd=tmp_path,
            env={**environment, "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=100,
        )
        assert done.stderr == ""
        assert (tmp_path / "heavy").read_text(encoding="utf-8") == ""
        return done.stdout.splitlines()

    return run


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., str]:
    """Return the answer to a shell in which `words` were typed, the last of them not to its end."""

    def answered(question: str, *words: str) -> str:
        monkeypatch.setenv("COMP_WORDS", "\n".join(["nlptools", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        answer(group, question)
        return capsysbinary.readouterr().out.decode("utf-8", "surrogateescape")

    return answered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ne"], "plain,newwords\n"),
        (["segment", "e"], "plain,eval\nplain,export\n"),
        (["newwords", "--meth"], "plain,--method\n"),
        (["newwords", "--method", ""], "plain,mdl\nplain,cohesion\nplain,entropy\n"),
        (["newwords", "corpus.txt", "--method", "c"], "plain,cohesion\n"),
        (["newwords", ""], "file,\n"),
        (["newwords", "微信"], "file,微信\n"),
        (["vectors", "train", "-o", "\udcff"], "file,\udcff\n"),
        (["completion", ""], "plain,bash\nplain,zsh\nplain,fish\n"),
    ],
)
def test_commands_options_values_and_files(ask: Callable[..., str], words: list[str], expected: str) -> None:
    assert ask("bash_complete", *words) == expected


@pytest.mark.parametrize("question", ["", "bash", "bash_source", "tcsh_complete"])
def test_a_question_that_is_not_known_has_no_answer(ask: Callable[..., str], question: str) -> None:
    assert ask(question, "") == ""


def test_bash(shell: Callable[..., list[str]]) -> None:
    typed = (
        'COMP_WORDS=(nlptools newwords --method ""); COMP_CWORD=3; _nlptools_completion nlptools; echo ${COMPREPLY[@]}'
    )
    lines = f'set -e; eval "$(nlptools completion bash)"; complete -p nlptools; {typed}'
    assert shell("bash", lines) == ["complete -o nosort -F _nlptools_completion nlptools", "mdl cohesion entropy"]


def test_zsh(shell: Callable[..., list[str]]) -> None:
    """The functions of zsh that show completions are replaced: they need a terminal."""
    stubs = "compdef() { echo $@ }; compadd() { echo ${(P)@[-1]} }; _path_files() { echo files }"
    values = 'words=(nlptools newwords --method ""); CURRENT=4; _nlptools_completion'
    files = 'words=(nlptools newwords ""); CURRENT=3; _nlptools_completion'
    printed = shell("zsh", f'{stubs}; eval "$(nlptools completion zsh)"; {values}; {files}')
    assert printed == ["_nlptools_completion nlptools", "mdl cohesion entropy", "files"]


def test_fish(shell: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").touch()
    typed = ["nlptools newwords --method c", "nlptools newwords corp", "nlptools segm"]
    lines = "nlptools completion fish | source; " + "; ".join(f"complete -C {line!r}" for line in typed)
    first, second, third = shell("fish", lines)
    assert (first, second) == ("cohesion", "corpus.txt")
    assert third.startswith("segment\t")


def test_no_shell_is_an_error(nlptools: Any) -> None:
    result = nlptools("completion")
    assert (result.status, result.out) == (2, "")
    message, _ = result.err.splitlines()
    assert message.startswith(
        "nlptools: Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish. For example: "
    )
