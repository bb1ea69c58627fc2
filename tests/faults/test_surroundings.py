"""Without a home, without a place for kernels or indexes, in the locale C: the same answer, or one line and status 2."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from nlptools.errors import InputError
from nlptools_cli.main import run
from nlptools_cli.start_up import compiled_kernels

ROOT = Path(__file__).parents[2]
WHOLE = os.environ.get("NLPTOOLS_FAULTS") == "whole"
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TEXT = "研究生命的起源\n打印机怎么安装\n𠮷野家的牛丼\n研究生命的起源\n"
JOB = '[stages."词"]\nkind = "convert"\ninputs = "语料.txt"\noutput = "结果.csv"\n'

pytestmark = pytest.mark.skipif(bool(vars(numba.config)["DISABLE_JIT"]), reason="needs compiled kernels")


def start(
    folder: Path, arguments: list[str], environment: dict[str, str], source: Path = ROOT
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command in a process of its own, with these variables and without those that are empty."""
    path = os.pathsep.join(str(source / part) for part in ("", "cli", "corpora"))
    variables = {**os.environ, "PYTHONPATH": path, **environment}
    variables = {name: value for name, value in variables.items() if value and name != "PYTHONIOENCODING"}
    code = "from nlptools_cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run([os.fsencode(part) for part in command], cwd=folder, env=variables, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "语料.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "作业.toml").write_text(JOB, encoding="utf-8")
    return tmp_path


IN_C = [
    ["newwords", "语料.txt", "--min-count", "2", "--method", "cohesion", "-q"],
    ["corpus", "head", "语料.txt"],
    ["corpus", "convert", "语料.txt", "-o", "结果.csv"],
    ["concordance", "研究", "语料.txt", "--index", "索引.kwic"],
    ["run", "作业.toml", "-q"],
    ["count", "没有.txt", "-o", "数.ngrams"],
]


@pytest.mark.skipif(os.name == "nt", reason="locales as POSIX has them")
@pytest.mark.parametrize("arguments", IN_C if WHOLE else IN_C[3:4], ids=lambda arguments: arguments[0])
def test_the_locale_c(folder: Path, arguments: list[str], record_property: Callable[[str, object], None]) -> None:
    """Chinese names of files, words on the command line, and words in a pipe."""
    record_property("faults: a locale of C", 1)
    expected = start(folder, arguments, {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"})
    written = files(folder)
    for name in written:
        if name not in ("语料.txt", "作业.toml"):
            (folder / name).unlink()
    shutil.rmtree(folder / "作业.records", ignore_errors=True)
    found = start(folder, arguments, PLAIN)
    assert found.returncode == expected.returncode, found
    if found.returncode == 0:
        assert found.stdout == expected.stdout
        assert files(folder) == written
    else:
        assert found.stderr.count(b"\n") == 1
        assert found.stderr.startswith(b"nlptools: ")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".json"}


HOMELESS = [
    {"HOME": "/dev/null/home"},  # where root can make no folder either
    {"HOME": "", "XDG_CACHE_HOME": "/proc/nowhere"},
    {"XDG_CACHE_HOME": "/dev/null"},
]


@pytest.mark.skipif(os.name == "nt", reason="places as POSIX has them")
@pytest.mark.parametrize("places", HOMELESS, ids=lambda places: "+".join(places))
def test_no_home(
    tmp_path: Path,
    places: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    """An index that can be kept nowhere is made for one question."""
    record_property("faults: no home, no cache folder", 1)
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    assert run(["concordance", "研究", str(text)]) == 0
    said = capsys.readouterr()
    assert said.out.count("研究") == 2
    assert "Traceback" not in said.err


@pytest.mark.skipif(not WHOLE, reason="compiles; runs with NLPTOOLS_FAULTS=whole")
@pytest.mark.skipif(os.name == "nt", reason="places as POSIX has them")
def test_no_place_for_kernels(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Neither beside the source, nor in the user's cache, nor where the user says: kernels are compiled and forgotten."""
    record_property("faults: no home, no cache folder", 2)
    source = tmp_path / "source"
    for part in ("nlptools", "cli", "corpora"):
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for place in {path.parent for path in source.rglob("*.py")}:
        (place / "__pycache__").write_text("in the way", encoding="utf-8")
    (tmp_path / "语料.txt").write_text(TEXT, encoding="utf-8")
    nowhere = {"NUMBA_CACHE_DIR": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere", "HOME": "/nonexistent"}
    arguments = ["corpus", "convert", "语料.txt", "-o", "out.txt"]
    found = start(tmp_path, arguments, nowhere, source)
    assert found.returncode == 0, found
    assert (tmp_path / "out.txt").read_text("utf-8") == TEXT
    assert "to keep the result set NUMBA_CACHE_DIR" in found.stderr.decode()
    code = "import tempfile; tempfile.tempdir = '/proc/nowhere'; from nlptools_cli.main import main; main()"
    variables: dict[str, Any] = {**os.environ, **nowhere}
    variables["PYTHONPATH"] = os.pathsep.join(str(source / part) for part in ("", "cli", "corpora"))
    refused = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, env=variables, capture_output=True, encoding="utf-8"
    )
    assert refused.returncode == 2, refused
    assert "no folder for the compiled kernels can be written to" in refused.stderr


@pytest.mark.parametrize("end", ["", "/"])
def test_kernels_that_are_damaged_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", f"{tmp_path}{end}")
    damaged = pytest.raises(InputError, match=f"{tmp_path}: the compiled kernels there are damaged; delete all")
    with damaged, compiled_kernels(lambda line: None):
        raise EOFError("Ran out of input")


@pytest.mark.skipif(not WHOLE, reason="compiles; runs with NLPTOOLS_FAULTS=whole")
def test_damaged_kernels(folder: Path, record_property: Callable[[str, object], None]) -> None:
    """What Numba keeps is cut: one line, and its remedy is one."""
    record_property("faults: damaged kernels", 4)
    kernels = folder / "kernels"
    kernels.mkdir()
    arguments, places = ["corpus", "convert", "语料.txt", "-o", "out.txt"], {"NUMBA_CACHE_DIR": str(kernels)}
    assert start(folder, arguments, places).returncode == 0
    for suffix, size in itertools.product(("nbi", "nbc"), (0, 100)):
        for file in kernels.rglob(f"*.{suffix}"):
            file.write_bytes(file.read_bytes()[:size])
        found = start(folder, arguments, places)
        assert found.returncode == 2, found
        assert b"the compiled kernels there are damaged" in found.stderr
        for file in kernels.rglob("*.nbi"):
            file.unlink()
        assert start(folder, arguments, places).returncode == 0
