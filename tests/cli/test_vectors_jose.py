"""`nlptools vectors train --method jose` and `infer`: what goes where, and how it is stopped."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nlptools as nt
from nlptools.vectors.files import read_table

LINES = [" ".join(f"词{(7 * n + i) % 30}" for i in range(n % 13)) for n in range(60)]  # five are empty

QUICK = ("--vector-size", 6, "--epochs", 2, "--min-count", 1, "--workers", 1, "--sample", 0)
SAME: dict[str, Any] = {"vector_size": 6, "epochs": 2, "min_count": 1, "workers": 1, "sample": 0.0}

OBJECTIVES = pytest.mark.parametrize("objective", ["reference", "paper", "centroid"])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("nlptools.vectors.jose.PIECE", 24)
    monkeypatch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may have none
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("vectors", "train", *arguments, "--method", "jose")


@pytest.fixture
def infer(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("vectors", "infer", *arguments)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")  # without a newline at the end
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_norms(table: Any) -> None:
    assert np.abs(np.linalg.norm(table.vectors.astype(float), axis=1) - 1).max() < 1e-5


@OBJECTIVES
def test_the_same_as_in_python(run: Any, text: Path, tmp_path: Path, objective: str) -> None:
    out, documents = tmp_path / "words.kv", tmp_path / "docs.kv"
    result = run(text, "-o", out, "--documents", documents, "--objective", objective, *QUICK)
    assert (result.status, result.out) == (0, "")
    lines = result.err.splitlines()
    assert any(re.fullmatch(r"epoch 2 of 2: [\d,]+ words/s, loss \d+\.\d{4}", line) for line in lines)
    assert lines[-1].startswith(f"{out}: 30 words, 6 numbers each; {documents}: 60 documents (")
    words, found = nt.train_jose(text, objective=objective, **SAME)
    for path, expected in ((out, words), (documents, found)):
        table = read_table(path)
        check_norms(table)
        assert table.words.to_pylist() == expected.index_to_key
        np.testing.assert_array_equal(table.vectors, expected.vectors)
        assert (table.facts, table.kind) == (expected.facts, expected.kind)
    assert read_table(out).counts is not None
    assert run(text, "-o", out, "--documents", documents, "--objective", objective, *QUICK, "-q") == (0, "", "")
    np.testing.assert_array_equal(read_table(documents).vectors, found.vectors)
    assert names(tmp_path) == ["docs.kv", "text.txt", "words.kv"]


def test_words_alone(run: Any, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "words.kv"
    result = run(text, "-o", out, *QUICK, "--contexts")
    assert result.err.splitlines()[-1].startswith(f"{out}: 30 words, 6 numbers each (")
    table = read_table(out)
    assert table.contexts is not None
    assert np.abs(np.linalg.norm(table.contexts, axis=1) - 1).max() < 1e-5
    assert names(tmp_path) == ["text.txt", "words.kv"]


@pytest.mark.parametrize("suffix", [".vec", ".bin", ".vec.gz", ".parquet", ".arrow"])
def test_other_formats(run: Any, text: Path, tmp_path: Path, suffix: str) -> None:
    out, documents = tmp_path / f"words{suffix}", tmp_path / f"docs{suffix}"
    assert run(text, "-o", out, "--documents", documents, *QUICK, "-q") == (0, "", "")
    arguments = ("-o", tmp_path / "words.kv", "--documents", tmp_path / "docs.kv", *QUICK, "-q")
    assert run(text, *arguments) == (0, "", "")
    for one, other in ((out, tmp_path / "words.kv"), (documents, tmp_path / "docs.kv")):
        np.testing.assert_array_equal(read_table(one).vectors, read_table(other).vectors)
        assert read_table(one).words.to_pylist() == read_table(other).words.to_pylist()
        if suffix in (".vec", ".bin"):
            from gensim.models import KeyedVectors

            keyed = KeyedVectors.load_word2vec_format(one, binary=suffix == ".bin")
            np.testing.assert_array_equal(keyed.vectors, read_table(one).vectors)


def test_workers_give_the_same_bytes_if_they_wait(run: Any, text: Path, tmp_path: Path) -> None:
    files = []
    for workers in (1, 2, 3):
        out, documents = tmp_path / f"{workers}.kv", tmp_path / f"docs{workers}.kv"
        arguments = ("--documents", documents, *QUICK, "--deterministic", "--workers", workers, "-q")
        assert run(text, "-o", out, *arguments) == (0, "", "")
        files.append((out.read_bytes(), documents.read_bytes()))
    assert files[0] == files[1] == files[2]


def test_groups_have_their_names(run: Any, infer: Any, nlptools: Any, tmp_path: Path) -> None:
    triples, documents, new = tmp_path / "triples.jsonl", tmp_path / "docs.kv", tmp_path / "new.kv"
    rows = [("北京", "中国 首都"), ("北京", "城市"), ("𠮷野家", ""), ("东京 都", "日本 首都"), ("空", "少见")]
    lines = [f'{{"who": "{who}", "text": "{text}"}}\n' for who, text in rows]
    triples.write_text("".join(lines) + "{broken\n", encoding="utf-8")
    reading = ("--text-column", "text", "--group-by", "who")
    result = run(triples, "-o", tmp_path / "words.kv", "--documents", documents, *QUICK, *reading)
    assert result.status == 0
    assert "1 rejected" in result.err
    keys = ["北京", "𠮷野家", "东京 都", "空"]
    assert read_table(documents).words.to_pylist() == keys
    assert infer(tmp_path / "words.kv", triples, "-o", new, *reading).status == 0
    assert read_table(new).words.to_pylist() == keys
    near = nlptools("vectors", "nearest", documents, "北京", "--texts", triples, *reading, "--top", 9, "-q")
    assert near.status == 0
    assert re.search(r"东京 都 +-?[\d.]+ +日本 首都$", near.out, re.MULTILINE)
    triples.write_text("".join([*lines, lines[0]]), encoding="utf-8")
    result = run(triples, "-o", tmp_path / "words.kv", "--documents", documents, *QUICK, *reading)
    assert "names of documents: two are the same" in result.err
    assert read_table(documents).words.to_pylist() == ["0", "1", "2", "3", "4"]


def test_raw_text_and_files(run: Any, infer: Any, nlptools: Any, tmp_path: Path) -> None:
    pytest.importorskip("jieba")
    folder, out, documents, new = (tmp_path / name for name in ("posts", "words.kv", "docs.vec", "new.kv"))
    folder.mkdir()
    for name, content in (("b.txt", "北京在中国\n东京在日本"), ("a c.txt", "𠮷野家"), ("d.txt", "")):
        (folder / name).write_text(content, encoding="utf-8")
    arguments = (folder, "--segmenter", "jieba", "--document-per", "file")
    result = run(*arguments, "-o", out, "--documents", documents, *QUICK, "--objective", "centroid")
    assert result.status == 0
    assert "white space becomes _ in 1 of the words" in result.err
    paths = [str(folder / name) for name in ("a_c.txt", "b.txt", "d.txt")]
    assert read_table(documents).words.to_pylist() == paths
    assert infer(out, *arguments, "-o", new).status == 0
    np.testing.assert_array_equal(read_table(new).vectors, read_table(documents).vectors)
    near = nlptools("vectors", "nearest", new, paths[1], "--texts", folder, "--document-per", "file", "-q")
    assert near.status == 0
    assert re.search(r" -?[\d.]+  𠮷野家$", near.out, re.MULTILINE)


# infer


def test_infer_what_was_learned(run: Any, infer: Any, text: Path, tmp_path: Path) -> None:
    out, documents, new = (tmp_path / name for name in ("words.kv", "docs.kv", "new.kv"))
    arguments = ("--documents", documents, *QUICK, "--objective", "centroid", "--min-count", 12)
    assert run(text, "-o", out, *arguments, "-q").status == 0
    for threads in (1, 2):
        result = infer(out, text, "-o", new, "--threads", threads)
        assert (result.status, result.out) == (0, "")
        assert re.search(r"^[\d,]+ of 340 words have vectors$", result.err, re.MULTILINE)
        assert result.err.splitlines()[-1].startswith(f"{new}: 60 documents (")
        assert new.read_bytes() == documents.read_bytes()
    assert infer(out, text, "-o", new, "-q") == (0, "", "")
    assert names(tmp_path) == ["docs.kv", "new.kv", "text.txt", "words.kv"]


@OBJECTIVES
@pytest.mark.parametrize("suffix", [".kv", ".vec", ".bin"])
def test_infer_unseen_documents(run: Any, infer: Any, text: Path, tmp_path: Path, objective: str, suffix: str) -> None:
    out, unseen, new = tmp_path / "words.kv", tmp_path / "unseen.txt", tmp_path / f"new{suffix}"
    assert run(text, "-o", out, *QUICK, "--objective", objective, "-q").status == 0
    unseen.write_bytes("\ufeff词1 词2 词3\r\n\r\n未知 \0\n词1 未知 词2 词3\n词7".encode() + b"\n\xff\n")
    result = infer(out, unseen, "-o", new)
    assert result.status == 0
    assert "1 rejected" in result.err
    assert "7 of 10 words have vectors" in result.err
    found = read_table(new)
    assert found.words.to_pylist() == ["0", "1", "2", "3", "4"]
    check_norms(found)
    assert (found.vectors[1] == found.vectors[2]).all()
    assert not (found.vectors[0] == found.vectors[1]).all()
    whole = found.vectors
    unseen.write_text("词7", encoding="utf-8")
    assert infer(out, unseen, "-o", new, "-q") == (0, "", "")
    np.testing.assert_array_equal(read_table(new).vectors, whole[4:])


def test_infer_reads_more_often(run: Any, infer: Any, text: Path, tmp_path: Path) -> None:
    out, new, more = (tmp_path / name for name in ("words.kv", "new.kv", "more.kv"))
    assert run(text, "-o", out, *QUICK, "-q").status == 0
    for path, arguments in ((new, ()), (more, ("--epochs", 2)), (tmp_path / "x.kv", ("--epochs", 9))):
        assert infer(out, text, "-o", path, "-q", *arguments) == (0, "", "")
    assert new.read_bytes() == more.read_bytes()  # as often as QUICK
    assert not (read_table(new).vectors == read_table(tmp_path / "x.kv").vectors).all()


def test_infer_needs_words_of_jose(run: Any, infer: Any, nlptools: Any, text: Path, tmp_path: Path) -> None:
    words, documents, other, out = (tmp_path / name for name in ("w.kv", "d.kv", "o.kv", "out.kv"))
    assert run(text, "-o", words, "--documents", documents, *QUICK, "-q").status == 0
    assert nlptools("vectors", "train", text, "-o", other, *QUICK, "-q").status == 0
    assert nlptools("vectors", "convert", words, tmp_path / "w.vec", "-q").status == 0
    blank, damaged = tmp_path / "blank.txt", tmp_path / "damaged.kv"
    blank.write_text(" \r\n", encoding="utf-8")
    damaged.write_bytes(words.read_bytes()[:-99])
    raw = tmp_path / "raw.txt"
    raw.write_text("研究生命的起源是一个很有意思的问题\n" * 9, encoding="utf-8")
    for arguments, reason in (
        ([words, text], "'-o'"),
        ([words, "-o", out], "no INPUT"),
        ([tmp_path / "none.kv", text, "-o", out], "no such file"),
        ([words, tmp_path / "none.txt", "-o", out], "no such file"),
        ([words, text, "-o", words], "would overwrite"),
        ([words, text, "-o", text], "would overwrite"),
        ([words, text, "-o", tmp_path / "x.training"], "give another suffix"),
        ([words, text, "-o", tmp_path / "none" / "x.kv"], "mkdir -p"),
        ([words, text, "-o", out, "--threads", 0], "--threads 0 cannot work"),
        ([words, text, "-o", out, "--epochs", 0], "--epochs 0 cannot work"),
        ([words, text, "-o", out, "--segmenter", "none.seg"], "no such file"),
        ([words, text, "-o", out, "--text-column", "x"], "x"),
        ([words, blank, "-o", out], "blank.txt"),
        ([words, raw, "-o", out], "--segmenter"),
        ([damaged, text, "-o", out], "damaged.kv"),
        ([text, text, "-o", out], "text.txt"),
        ([documents, text, "-o", out], "vectors of documents cannot be used"),
        ([other, text, "-o", out], "of method sgns cannot be used"),
        ([tmp_path / "w.vec", text, "-o", out], "of method unknown cannot be used"),
    ):
        check_one_line(infer(*arguments), reason)
        assert not out.exists()


def check_one_line(result: Any, reason: str) -> None:
    assert result.status == 2, (reason, result)
    assert reason in result.err, result.err
    told = [line for line in result.err.splitlines() if line.startswith("nlptools: ")]
    assert len(told) == 1, result.err
    assert "Traceback" not in result.err
    assert result.out == ""


# stopped, and gone on with


@OBJECTIVES
def test_ctrl_c_keeps_the_state(
    run: Any, infer: Any, nlptools: Any, text: Path, tmp_path: Path, interrupt: Any, objective: str
) -> None:
    whole, out, state = tmp_path / "whole.kv", tmp_path / "words.kv", tmp_path / "words.kv.training"
    docs = {path: tmp_path / f"{path.stem}.docs.kv" for path in (whole, out)}
    arguments = (text, "--objective", objective, "--deterministic", *QUICK)
    assert run(*arguments, "-o", whole, "--documents", docs[whole], "-q").status == 0
    for resume in ([], ["--resume", "--workers", 2]):
        interrupt(3)
        result = run(*arguments, "-o", out, "--documents", docs[out])
        assert (result.status, result.out) == (130, "")
        assert f"{state}: the vectors as they are; the same command goes on from there" in result.err
        assert result.err.splitlines()[-1] == "nlptools: interrupted"
        assert "Traceback" not in result.err
        assert names(tmp_path) == ["text.txt", "whole.docs.kv", "whole.kv", "words.kv.training"]
        assert nlptools("vectors", "nearest", state, "词1", "--top", 3, "-q").out.count("\n") == 4
        check_one_line(infer(state, text, "-o", tmp_path / "new.kv"), "of a training that was stopped cannot be used")
        result = run(*arguments, "-o", out, "--documents", docs[out], *resume)
        assert result.status == 0
        assert re.search(r"^going on in epoch \d, after [\d,]+ of 680 words$", result.err, re.MULTILINE)
        assert out.read_bytes() == whole.read_bytes()
        assert docs[out].read_bytes() == docs[whole].read_bytes()
        assert not state.exists()
        out.unlink()
        docs[out].unlink()


def test_nothing_to_go_on_from(run: Any, nlptools: Any, text: Path, tmp_path: Path, interrupt: Any) -> None:
    out, state = tmp_path / "words.kv", tmp_path / "words.kv.training"
    check_one_line(run(text, "-o", out, *QUICK, "-q", "--resume"), f"{state}: there is no such file; ")
    interrupt(3)
    assert run(text, "-o", out, *QUICK, "-q").status == 130
    kept = state.read_bytes()
    check_one_line(run(text, "-o", out, *QUICK, "-q", "--resume", "--margin", 0.3), "another text, options or version")
    same = ("vectors", "train", text, "-o", out, *QUICK, "-q")
    check_one_line(nlptools(*same, "--resume"), "another text, options or version")  # sgns
    assert state.read_bytes() == kept
    for damaged in (kept[:-99], kept[:500], kept[: len(kept) // 2] + b"\x15" + kept[len(kept) // 2 + 1 :]):
        state.write_bytes(damaged)
        check_one_line(run(text, "-o", out, *QUICK, "-q", "--resume"), f"{state}: ")
    assert run(text, "-o", out, *QUICK, "-q").status == 0  # begins anew
    assert names(tmp_path) == ["text.txt", "words.kv"]
    state.write_text("mine", encoding="utf-8")
    check_one_line(run(text, "-o", out, *QUICK, "-q"), "move it away")
    assert state.read_text(encoding="utf-8") == "mine"


def test_a_process_that_hears_ctrl_c(spawn: Any, text: Path, tmp_path: Path, interpreted: bool) -> None:
    """For real: threads, and more epochs than one would wait for."""
    if interpreted:
        pytest.skip("slow uncompiled")
    out, state = tmp_path / "words.kv", tmp_path / "words.kv.training"
    arguments = ("vectors", "train", text, "-o", out, "--method", "jose", "--documents", tmp_path / "docs.kv")
    process = spawn(*arguments, *QUICK, "--workers", 2, "--epochs", 2 * 10**4)
    for line in process.stderr:
        if line.startswith("epoch "):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.endswith("nlptools: interrupted\n")
    assert "Traceback" not in err
    assert names(tmp_path) == ["text.txt", "words.kv.training"]
    assert len(read_table(state)) == 30


# what cannot work


def test_errors_are_one_line(run: Any, nlptools: Any, text: Path, tmp_path: Path) -> None:
    out, documents = tmp_path / "out.kv", tmp_path / "docs.kv"
    (tmp_path / "blank.txt").write_text("\r\n \n", encoding="utf-8")
    for arguments, reason in (
        ([text, "-o", out, "--documents", out], "would overwrite"),
        ([text, "-o", out, "--documents", text], "would overwrite"),
        ([text, "-o", out, "--documents", tmp_path / "docs.xyz"], "suffix"),
        ([text, "-o", out, "--documents", f"{out}.training"], "give another suffix"),
        ([text, "-o", out, "--documents", tmp_path / "none" / "docs.kv"], "mkdir -p"),
        ([text, "-o", out, "--min-alpha", 0.1], "--min-alpha 0.1 is not for --method jose"),
        ([text, "-o", out, "--x-max", 9], "--x-max 9.0 is not for --method jose"),
        ([text, "-o", out, "--objective", "magic"], "--objective 'magic' is not known: choose one of reference, paper"),
        ([text, "-o", out, "--margin", -1], "--margin -1.0 cannot work"),
        ([text, "-o", out, "--margin", "nan"], "--margin nan cannot work"),
        ([text, "-o", out, "--document-margin", 5], "--document-margin 5.0 cannot work"),
        ([text, "-o", out, "--document-sample", "nan"], "--document-sample nan cannot work"),
        (
            [text, "-o", out, "--document-margin", 1, "--objective", "paper"],
            "--document-margin 1.0 cannot be with objective",
        ),
        ([text, "-o", out, "--document-weight", 0], "--document-weight 0.0 cannot work"),
        ([text, "-o", out, "--vector-size", 0], "--vector-size 0 cannot work"),
        ([text, "-o", out, "--window", 0], "--window 0 cannot work"),
        ([text, "-o", out, "--negative", 0], "--negative 0 cannot work"),
        ([text, "-o", out, "--epochs", 0], "--epochs 0 cannot work"),
        ([text, "-o", out, "--alpha", 2], "--alpha 2.0 cannot work"),
        ([text, "-o", out, "--sample", "inf"], "--sample inf cannot work"),
        ([text, "-o", out, "--seed", -1], "--seed -1 cannot work"),
        ([text, "-o", out, "--workers", 0], "0 cannot work"),
        ([text, "-o", out, "--memory", "x"], "--memory 'x' cannot work"),
        ([text, "-o", out, "--min-count", 999], "a smaller --min-count"),
        ([tmp_path / "blank.txt", "-o", out], "blank.txt"),
        ([text, "-o", out, "--group-by", "x"], "x"),
    ):
        check_one_line(run(*arguments), reason)
        assert not out.exists()
    other = ("vectors", "train", text, "-o", out)
    for method in ("sgns", "nce", "pmi"):
        result = nlptools(*other, "--documents", documents, "--method", method)
        check_one_line(result, f"--documents {str(documents)!r} is for --method jose; leave it out")
    check_one_line(nlptools(*other, "--objective", "paper"), "--objective paper is not for --method sgns")
    assert names(tmp_path) == ["blank.txt", "text.txt"]
