"""What the user can mend is one line with the remedy and status 2; nothing is written; no traceback, ever."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from nlptools.newwords import find

POSIX = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and pipes")


@pytest.fixture
def files(tmp_path: Path, corpus: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "blank.txt").write_text("  \n\n", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "latin.txt").write_bytes("Où êtes-vous allés ?\n".encode("latin-1") * 20)
    (tmp_path / "records.jsonl").write_text('{"url": "http://a", "answer": "好吗"}\n', encoding="utf-8")
    (tmp_path / "bad.jsonl").write_text('{"text": "好吗"}\nbad\n', encoding="utf-8")
    (tmp_path / "words.dict").write_text("充电宝\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "value", "remedy"),
    [
        (["missing.txt"], "missing.txt", "check the path"),
        (["*.nothing"], "*.nothing", "check the pattern"),
        (["folder"], "folder", "give a pattern"),
        (["empty.txt"], "empty.txt", "give a file with text"),
        (["blank.txt"], "blank.txt", "give text"),
        (["binary.txt"], "binary.txt", "extract the text first"),
        (["latin.txt"], "latin.txt", "--encoding NAME"),
        (["corpus.txt", "--encoding", "klingon"], "--encoding 'klingon'", "gb18030"),
        (["corpus.txt", "--input-format", "xml"], "--input-format 'xml'", "jsonl"),
        (["corpus.txt", "--group-by", "entity"], "'entity'", "--group-by"),
        (["records.jsonl"], "'answer'", "--text-column"),
        (["records.jsonl", "--text-column", "title"], "'title'", "--text-column"),
        (["bad.jsonl", "--strict"], "bad.jsonl, line 2", "leave out --strict"),
        (["corpus.txt", "--min-count", "0"], "--min-count 0", "give 1 or more"),
        (["corpus.txt", "--max-length", "1"], "--max-length 1", "give 2 or more"),
        (["corpus.txt", "--method", "magic"], "--method 'magic'", "mdl, cohesion, entropy"),
        (["corpus.txt", "--script", "latin"], "--script 'latin'", "simplified"),
        (["corpus.txt", "--document-per", "page"], "--document-per 'page'", "line, file"),
        (["corpus.txt", "--max-line-bytes", "0"], "--max-line-bytes 0", "give at least 1"),
        (["corpus.txt", "--max-line-bytes", "9"], "line 1", "--max-line-bytes 18"),
        (["corpus.txt", "--new-only"], "--new-only", "--known DICT"),
        (["corpus.txt", "--known", "missing.dict"], "missing.dict", "check the path"),
        (["corpus.txt", "-o", "nowhere/words.csv"], "nowhere", "mkdir -p"),
        (["corpus.txt", "-o", "words.xlsx"], "words.xlsx", ".csv"),
        (["corpus.txt", "-o", "folder"], "folder", ".csv"),
        (["corpus.txt", "--rejects", "nowhere/bad.jsonl"], "nowhere", "mkdir -p"),
        (["corpus.txt", "--rejects", "corpus.txt"], "corpus.txt", "name another file"),
        (["records.jsonl", "-o", "records.jsonl"], "records.jsonl", "another name"),
        (["*.jsonl", "-o", "bad.jsonl"], "bad.jsonl", "another name"),
        (["corpus.txt", "--known", "words.dict", "-o", "words.dict"], "words.dict", "another name"),
        (["corpus.txt", "--rejects", "new.jsonl", "-o", "new.jsonl"], "new.jsonl", "another name"),
        (["-", "-"], "standard input is named twice", "name it once"),
    ],
)
def test_newwords(
    nlptools: Any, files: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], value: str, remedy: str
) -> None:
    monkeypatch.chdir(files)
    before = {path: path.read_bytes() for path in files.rglob("*") if path.is_file()}
    result = nlptools("newwords", "--quiet", *(["-o", "out.csv"] if "-o" not in arguments else []), *arguments)
    assert (result.status, result.out) == (2, "")
    (line,) = result.err.splitlines()
    assert line.startswith("nlptools: ")
    assert value in line
    assert remedy in line
    assert {path: path.read_bytes() for path in files.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "value", "remedy"),
    [
        (["zhihu", "-o", "a.jsonl"], "zhihu", "zhidao"),
        (["zhidao", "-o", "a.xlsx"], "a.xlsx", ".jsonl"),
        (["zhidao", "-o", "nowhere/a.jsonl"], "nowhere", "mkdir -p"),
        (["zhidao", "-o", "a.jsonl", "--rows", "0"], "--rows 0", "1 or more"),
        (["zhidao", "-o", "a.jsonl", "--seed", "-1"], "--seed -1", "0 or more"),
        (["zhidao", "-o", "a.jsonl", "--gold", "a.jsonl"], "--gold 'a.jsonl'", "of its own"),
    ],
)
def test_corpus_sample(
    nlptools: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    value: str,
    remedy: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = nlptools("corpus", "sample", *arguments)
    assert (result.status, result.out) == (2, "")
    (line,) = result.err.splitlines()
    assert line.startswith("nlptools: ")
    assert value in line
    assert remedy in line
    assert list(tmp_path.iterdir()) == []


def failing(error: BaseException) -> Any:
    def find_new_words(*_: Any, **__: Any) -> None:
        raise error

    return find_new_words


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (MemoryError("Unable to allocate 9 TiB"), 2, "nlptools: out of memory; give a part of the corpus"),
        (
            OSError(28, "No space left on device", "/tmp/x"),
            2,
            "nlptools: /tmp/x: No space left on device; make room",
        ),
        (
            KeyError("codes"),
            1,
            "nlptools: internal error: KeyError: 'codes'; please report it; set NLPTOOLS_DEBUG=1",
        ),
        (ValueError("two\nlines"), 1, "nlptools: internal error: ValueError: two\\nlines; please report"),
    ],
)
def test_other_errors(
    nlptools: Any,
    corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    message: str,
) -> None:
    monkeypatch.setattr(find, "find_new_words", failing(error))
    result = nlptools("newwords", corpus, "--quiet")
    assert (result.status, result.out) == (status, "")
    assert len(result.err.splitlines()) == 1
    assert result.err.startswith(message)


def test_debug_shows_the_traceback(nlptools: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "find_new_words", failing(KeyError("codes")))
    monkeypatch.setenv("NLPTOOLS_DEBUG", "1")
    result = nlptools("newwords", corpus)
    assert result.status == 1
    assert "Traceback (most recent call last)" in result.err


def test_a_strange_file_name_stays_on_one_line(nlptools: Any) -> None:
    result = nlptools("newwords", "a\nb\x07.txt")
    assert result.status == 2
    assert result.err.startswith("nlptools: a\\nb\\x07.txt: no such file")
    assert len(result.err.splitlines()) == 1


@POSIX
def test_an_interrupt_ends_the_work_and_leaves_nothing(spawn: Any, tmp_path: Path) -> None:
    """The corpus is a pipe that does not end, so the command is in the middle of its work for sure."""
    read, write = os.pipe()
    output = tmp_path / "out" / "words.csv"
    output.parent.mkdir()
    process = spawn("newwords", "-", "-o", output, stdin=read)
    os.close(read)

    def feed() -> None:
        try:
            with os.fdopen(write, "wb") as pipe:
                while True:
                    pipe.write("研究生命的起源\n".encode() * 1000)
        except BrokenPipeError:
            pass

    os.write(write, b"\n" * 100)
    threading.Thread(target=feed, daemon=True).start()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "nlptools: interrupted"
    assert "Traceback" not in err
    assert list(output.parent.iterdir()) == []


@POSIX
def test_an_interrupt_that_c_would_swallow_is_heard() -> None:
    code = (
        "import ctypes, os, signal, sys, time; from nlptools_cli import commands, main\n"
        "def work():\n"
        "    ctypes.CFUNCTYPE(None)(lambda: os.kill(os.getpid(), signal.SIGINT))()\n"
        "    time.sleep(20)\n"
        "commands.nlptools.callback = work; commands.nlptools.params = []; sys.argv[1:] = []; main.main()\n"
    )
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "cli")])
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=15,
    )
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "nlptools: interrupted\n")


@POSIX
@pytest.mark.parametrize("arguments", [["corpus", "list"], ["--help"], ["newwords", "corpus.txt", "-q"]])
def test_a_reader_that_leaves_is_no_error(spawn: Any, corpus: Path, arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    process = spawn(*arguments, stdout=write, cwd=corpus.parent)
    os.close(write)
    assert process.communicate(timeout=60) == (None, "")
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_standard_output(spawn: Any, corpus: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = spawn("newwords", corpus, "-q", stdout=full)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == "nlptools: output: No space left on device; make room, or write to another place\n"


@POSIX
def test_standard_output_is_closed(spawn: Any, corpus: Path) -> None:
    process = spawn("newwords", corpus, "-q", through=("sh", "-c", 'exec "$@" >&-', "sh"))
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (
        2,
        "nlptools: standard output is closed; name a file: -o words.csv\n",
    )


@POSIX
def test_standard_error_is_closed(spawn: Any, corpus: Path) -> None:
    process = spawn("newwords", corpus, through=("sh", "-c", 'exec "$@" 2>&-', "sh"))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("word,count")


def test_what_a_stranger_broke(tmp_path: Path) -> None:
    """Each is one line with the value and the remedy, status 2, and no file is touched."""
    text, words = tmp_path / "a.txt", tmp_path / "words.txt"
    text.write_text("研究生命起源，研究生命\n", encoding="utf-8")
    words.write_text("研究\n", encoding="utf-8")
    command = [sys.executable, "-m", "nlptools_cli", "newwords"]
    for arguments in (
        [""],
        [str(text), "--top", "9" * 30],
        [str(text), "--min-count", "9" * 30],
        [str(text), "--threads", "100000"],
        [str(text), "--min-pmi", "nan"],
        [str(text), "--known", str(words), "--rejects", str(words)],
        [str(text), "--stopwords", str(words), "--rejects", str(words)],
    ):
        done = subprocess.run([*command, *arguments, "-q"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 2, arguments
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stdout == ""
    assert words.read_text(encoding="utf-8") == "研究\n"
