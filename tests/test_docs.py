"""The docs say what is true: examples run, the reference is that of --help, links lead somewhere."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
MADE = {"benchmarks.md", "reference.md"}
"""Pages that scripts write."""
NOT_RUN = {"text"}
"""What commands print. Every other language is run, or a test fails."""
BLOCK = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each code block that runs."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(language, code) for language, code in found if language not in NOT_RUN]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment in which `nlptools` is the command of this repository."""
    folder = tmp_path_factory.mktemp("bin")
    if os.name == "nt":
        pytest.skip("the examples are for a POSIX shell")
    path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}  # of indexes
    environment = {**os.environ, **cache, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": path}
    client = folder / "nlptools"
    with tempfile.TemporaryDirectory() as short:  # names of sockets may not be long
        command = [sys.executable, str(ROOT / "tests" / "warm_command.py"), f"{short}/socket", str(client)]
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as server:
            try:
                while not client.exists():
                    assert server.poll() is None
                    time.sleep(0.05)
                yield environment
            finally:
                server.kill()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in MADE and blocks(page)], ids=lambda page: page.name
)
def test_examples_run(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """All examples of a page, in order, in one folder that holds a corpus.txt."""
    (tmp_path / "corpus.txt").write_text(
        "微信群里发了红包\n他在微信上抢红包\n微信红包怎么发\n抢到红包了\n用微信付款\n", encoding="utf-8"
    )
    for language, code in blocks(page):
        assert language in ("sh", "python", "console"), f"{page.name}: {language!r} is not run:\n{code}"
        if language == "console":
            check_session(code, tmp_path, environment)
            continue
        command = ["sh", "-e", "-c", code] if language == "sh" else ["nlptools", "-c", code]
        run(command, tmp_path, environment)


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run an example; return what a terminal would show."""
    streams: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
    done = subprocess.run(command, cwd=folder, env=environment, timeout=300, **streams)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}"
    return str(done.stdout)


def check_session(session: str, folder: Path, environment: dict[str, str]) -> None:
    """Run what stands behind each $; all lines below it must be printed, in that order. … stands for more lines.

    What a training of vectors comes to differs a little from one processor to the next, so of neighbours only the heading must be.
    """
    for part in session.removeprefix("$ ").split("\n$ "):
        line, *shown = part.splitlines()
        printed = iter(map(comparable, run(["sh", "-e", "-c", line], folder, environment).splitlines()))
        for expected in shown[:1] if line.startswith("nlptools vectors nearest") else shown:
            assert expected == "…" or comparable(expected) in printed, f"{line}\ndoes not print\n{expected}"


def comparable(line: str) -> str:
    """Return a line without what differs from machine to machine: times, and the last digits of cosines."""
    return re.sub(r"(0\.\d\d)\d\d", r"\1", re.sub(r"\(\d+\.\d s\)", "", line))


def test_reference_is_that_of_help(make_reference: ModuleType) -> None:
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == make_reference.reference(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for file, test in re.findall(r"((?:tests|benchmarks)/[\w/]+(?:\.py|\.tsv)?)(?:::(\w+))?", text):
        place = ROOT / file
        assert place.exists(), file
        assert not test or f"def {test}(" in place.read_text(encoding="utf-8"), f"{file}::{test}"


MEASURED = re.compile(r"\b(seconds|peak memory|MB/s|words/s|F1|P@\d+|NMI|Google)\b|, s\b")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_figures_name_what_shows_them(page: Path) -> None:
    for section in re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        heads = [head for head, line in pairwise(section.splitlines()) if line.startswith("| ---")]
        if any(MEASURED.search(head) for head in heads):
            assert re.search(r"benchmarks/\w+\.py|tests/\w+|measured once", section), f"{page.name}: {section[:60]}"


def test_no_package_is_named_that_belongs_to_others() -> None:
    for page in PAGES:
        assert "pip install nlptools\n" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_left_to_be_written(page: Path) -> None:
    assert not re.search("TODO|FIXME|XXX", page.read_text(encoding="utf-8"))
