"""The docs say what is true: examples run, the reference is that of --help, links lead somewhere."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `nlptools` is the command of this repository."""
    folder = tmp_path_factory.mktemp("bin")
    if os.name == "nt":
        pytest.skip("the examples are for a POSIX shell")
    command = folder / "nlptools"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nlptools_cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}  # of indexes
    return {**os.environ, **cache, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": path}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_examples_run(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """All examples of a page, in order, in one folder that holds a corpus.txt."""
    (tmp_path / "corpus.txt").write_text(
        "微信群里发了红包\n他在微信上抢红包\n微信红包怎么发\n抢到红包了\n用微信付款\n", encoding="utf-8"
    )
    for language, code in blocks(page):
        if language == "sh" and re.search(r"^(make|git|cd|source)\b", code, re.MULTILINE):
            continue  # set-up: .ci/run does it
        command = ["sh", "-e", "-c", code] if language == "sh" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{page.name}:\n{code}\n{done.stderr}"


def test_reference_is_that_of_help() -> None:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == module.reference(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


def test_no_package_is_named_that_belongs_to_others() -> None:
    for page in PAGES:
        assert "pip install nlptools\n" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_left_to_be_written(page: Path) -> None:
    assert not re.search("TODO|FIXME|XXX", page.read_text(encoding="utf-8"))
