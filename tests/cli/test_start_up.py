"""Where compiled kernels are kept, and when the user is told to wait."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from nlptools.errors import OutputError
from nlptools_cli import start_up
from nlptools_cli.start_up import compiled_kernels

FIRST = "nlptools: first run: compiling the kernels, about 20 s; the result is kept"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NUMBA_DISABLE_JIT", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def told() -> list[str]:
    lines: list[str] = []
    with compiled_kernels(lines.append):
        pass
    return lines


def read_only(monkeypatch: pytest.MonkeyPatch, *writable: Path) -> None:
    """Let nothing but `writable` be written to."""
    monkeypatch.setattr(start_up, "_is_writable", lambda folder: any(map(folder.is_relative_to, writable)))


def test_the_first_run_is_told_once() -> None:
    assert told() == [FIRST]
    assert told() == []


def test_a_run_that_fails_compiles_again() -> None:
    with pytest.raises(KeyboardInterrupt), compiled_kernels(lambda _: None):
        raise KeyboardInterrupt
    assert told() == [FIRST]


@pytest.mark.parametrize("changed", ["kernels", "numba"])
def test_a_change_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str) -> None:
    assert told() == [FIRST]
    if changed == "numba":
        monkeypatch.setattr("importlib.metadata.version", lambda _: "99")
    else:
        new = tmp_path / "_kernels.py"
        new.write_text("# another", encoding="utf-8")
        monkeypatch.setattr(start_up, "_kernel_files", lambda: [new])
    assert told() == [FIRST]
    assert told() == []


def test_the_users_folder_is_taken(tmp_path: Path) -> None:
    told()
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "kernels")
    assert len(list((tmp_path / "kernels").iterdir())) == 1


def test_beside_the_source_numba_needs_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    told()
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_a_read_only_package_uses_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cache" / "nlptools").mkdir(parents=True)
    read_only(monkeypatch, tmp_path / "cache")
    assert told() == [FIRST]
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "cache" / "nlptools")
    assert told() == []


def test_else_a_folder_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    read_only(monkeypatch)
    lines: list[str] = []
    with compiled_kernels(lines.append):
        folder = Path(os.environ["NUMBA_CACHE_DIR"])
        assert folder.is_dir()
        (folder / "kernel").touch()
    assert not folder.exists()
    (line,) = lines
    assert line.endswith("to keep the result set NUMBA_CACHE_DIR to a folder")


def test_nowhere_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    read_only(monkeypatch)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    with pytest.raises(OutputError, match=r"No space left on device.*NUMBA_CACHE_DIR"):
        told()


def test_interpreted_kernels_need_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert told() == []
    assert not (tmp_path / "kernels").exists()


def test_the_command_tells_it_once(nlptools: Any, corpus: Path) -> None:
    assert nlptools("newwords", corpus).err.splitlines()[0] == FIRST
    assert FIRST not in nlptools("newwords", corpus).err
