"""What is seen before any work: help, version, and how soon they come."""

import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import nlptools as library
from nlptools_cli import main
from nlptools_cli.commands import nlptools as group
from nlptools_cli.newwords import newwords

ROOT = Path(__file__).parents[2]
HEAVY = {"numba", "numpy", "pyarrow", "gensim", "tqdm", "opencc"}


def test_alone_it_shows_what_to_do_next(nlptools: Any) -> None:
    result = nlptools()
    assert result.status == 0
    assert result.err == ""
    for line in (
        "nlptools newwords corpus.txt ",
        "--report report.html",
        "nlptools segment train",
        "nlptools corpus sample",
    ):
        assert line in result.out
    assert "`nlptools COMMAND --help` tells all" in result.out
    assert "..." not in result.out.split("Commands:")[1]  # no sentence is cut off
    assert result.out.split("Commands:")[1].split()[0] == "newwords"


def test_version(nlptools: Any) -> None:
    assert nlptools("--version") == (0, f"nlptools {library.__version__}\n", "")


@pytest.mark.parametrize("command", [["newwords"], ["corpus", "sample"], ["corpus", "list"]])
def test_help_begins_with_what_it_does_and_has_examples(command: list[str]) -> None:
    result = CliRunner().invoke(group, [*command, "--help"], prog_name="nlptools")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith(f"Usage: nlptools {' '.join(command)}")
    assert lines[2].strip().split(". ")[0]
    examples = result.output.split("Example", 1)[1]
    assert f"  nlptools {' '.join(command)}" in examples


def test_a_group_alone_shows_its_help(nlptools: Any) -> None:
    result = nlptools("corpus")
    assert (result.status, result.err) == (0, "")
    assert "sample" in result.out


def test_newwords_without_input_says_how_to_call_it(nlptools: Any) -> None:
    result = nlptools("newwords")
    assert (result.status, result.out) == (2, "")
    assert "nlptools newwords corpus.txt" in result.err
    assert result.err.endswith("Try: nlptools newwords --help\n")


def commands(group: click.Group, name: str) -> list[str]:
    found = []
    for word, command in group.commands.items():
        found += commands(command, f"{name} {word}") if isinstance(command, click.Group) else [f"{name} {word}"]
    return found


@pytest.mark.parametrize("command", sorted(set(commands(group, "nlptools")) - {"nlptools corpus list"}))
def test_a_command_alone_shows_an_example(nlptools: Any, command: str) -> None:
    result = nlptools(*command.split()[1:])
    assert (result.status, result.out) == (2, "")
    message, hint = result.err.splitlines()
    assert re.search(rf"(For example:|e\.g\.) {command} \S", message)
    assert hint == f"Try: {command} --help"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["newword"], "No such command 'newword'"),
        (["newwords", "--min-cout", "3", "x"], "--min-count"),
        (["newwords", "--min-count", "many", "x"], "'many' is not a valid integer"),
        (["corpus", "sample", "zhidao"], "--output"),
        (["corpus", "sample"], "NAME"),
    ],
)
def test_a_misspelt_command_is_one_line_and_a_hint(nlptools: Any, arguments: list[str], reason: str) -> None:
    result = nlptools(*arguments)
    assert (result.status, result.out) == (2, "")
    message, hint = result.err.splitlines()
    assert message.startswith("nlptools: ")
    assert reason in message
    assert hint.startswith("Try: nlptools")
    assert hint.endswith(" --help")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["newwords", "--help"], ["newwords"], ["count"], ["corpus", "list"], []]
)
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    code = (
        "import sys; from nlptools_cli.main import run; "
        f"run({arguments!r}); print(*sorted({HEAVY!r} & sys.modules.keys()), 'none', file=sys.stderr)"
    )
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {[str(ROOT / p) for p in ('', 'cli', 'corpora')]!r}; {code}",
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.stderr.splitlines()[-1] == "none"


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["--version"], f"nlptools {library.__version__}"),
        (["count", "-h"], "Usage: python -m nlptools_cli count [OPTIONS] "),
    ],
)
def test_python_m(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], first: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py", *arguments])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    interrupts = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as exit_info:
        runpy.run_module("nlptools_cli", run_name="__main__")
    signal.signal(signal.SIGINT, interrupts)
    assert exit_info.value.code == 0
    assert capsys.readouterr().out.startswith(first)


def test_help_of_a_command_is_the_same_before_and_after_it_was_called_alone() -> None:
    """click keeps the help option that a command made first (this once made the reference depend on test order)."""
    alone = CliRunner().invoke(newwords, ["--help"]).output
    assert "-h, --help" in alone
    assert CliRunner().invoke(group, ["newwords", "-h"]).output.splitlines()[1:] == alone.splitlines()[1:]


@pytest.mark.parametrize(("options", "begins"), [({}, 1), ({"utf8": True}, 0)])
def test_python_begins_again_only_once(monkeypatch: pytest.MonkeyPatch, options: dict[str, bool], begins: int) -> None:
    """There are settings, such as PYTHONLEGACYWINDOWSFSENCODING, that go before -X utf8."""
    begun: list[list[str]] = []
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    monkeypatch.setattr(sys, "_xoptions", options)
    monkeypatch.setattr("os.execv", lambda program, arguments: begun.append(arguments))
    main._begin_again_in_utf8()
    assert len(begun) == begins
    assert all(arguments[:3] == [sys.executable, "-X", "utf8"] for arguments in begun)
