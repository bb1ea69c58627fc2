"""Terminals, pipes and locales, in a process of their own."""

import os
from pathlib import Path
from typing import Any

import pytest

POSIX = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
def test_output_is_utf8_in_every_locale(spawn: Any, corpus: Path, locale: str) -> None:
    env = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    out, err = spawn("newwords", corpus, "--show", "500", env=env).communicate(timeout=60)
    assert "𠮷野家" in out
    out, err = spawn("newwords", "没有.txt", env=env).communicate(timeout=60)
    assert out == ""
    assert err.startswith("nlptools: 没有.txt: no such file") or "\\udc" in err  # as the locale decodes it


def test_standard_input(spawn: Any, corpus: Path) -> None:
    with corpus.open("rb") as stdin:
        out, err = spawn("newwords", "-", "--quiet", stdin=stdin).communicate(timeout=60)
    assert err == ""
    assert "\n𠮷野家," in out


@POSIX
def test_a_terminal_sees_a_bar_and_a_table(spawn: Any, corpus: Path) -> None:
    import termios

    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = spawn("newwords", corpus, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 1 << 16):
            seen += piece
    except OSError:  # Linux says so at the end
        pass
    os.close(ours)
    assert process.wait(60) == 0
    text = seen.decode("utf-8")
    assert "reading: " in text
    assert "rank  word" in text
    assert "write them all with: -o words.csv" in text
    assert "reading" not in text[text.index("rank") :]


@POSIX
def test_quiet_on_a_terminal(spawn: Any, corpus: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = spawn("newwords", corpus, "-q", "-o", tmp_path / "w.csv", stdout=theirs, stderr=theirs)
    assert process.wait(60) == 0
    os.close(theirs)
    with pytest.raises(OSError, match="Input/output error"):
        os.read(ours, 1)
    os.close(ours)
    assert (tmp_path / "w.csv").exists()
