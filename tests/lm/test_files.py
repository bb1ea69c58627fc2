"""Model files and ARPA files: what goes in comes out; damaged and hostile files are errors of one line."""

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.lm import arpa
from nlptools.lm.model import LanguageModel

TEXT = ["今天天气好，明天天气好", "今天好。好天气", "𠮷野家", "天天", "е́ 5G"]


def same(first: LanguageModel, second: LanguageModel) -> bool:
    """Say whether two models are equal in all but the type of their numbers."""
    return (
        first.order == second.order
        and first.vocabulary.words == second.vocabulary.words
        and list(first.vocabulary.tokens) == list(second.vocabulary.tokens)
        and all(np.array_equal(a, b) for a, b in zip(first.trie, second.trie, strict=True))
    )


@pytest.mark.parametrize("order", [1, 2, 3, 8])
@pytest.mark.parametrize("prune", [(0,), (0, 1), (0, 99)])
@pytest.mark.parametrize("words", [False, True])
def test_what_goes_in_comes_out(
    tmp_path: Path, order: int, prune: tuple[int, ...], words: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nt.train_lm(TEXT, order=order, prune=prune, words=words)
    model.save(tmp_path / "model.lm")
    assert same(model, nt.load_lm(tmp_path / "model.lm"))
    for lines in (2, 1 << 18):
        monkeypatch.setattr(arpa, "_LINES", lines)
        model.to_arpa(tmp_path / f"{lines}.arpa")
        assert same(model, nt.read_arpa(tmp_path / f"{lines}.arpa"))
    text = (tmp_path / "2.arpa").read_bytes()
    assert text == (tmp_path / f"{1 << 18}.arpa").read_bytes()
    (tmp_path / "model.arpa.gz").write_bytes(gzip.compress(text))
    assert same(model, nt.read_arpa(str(tmp_path / "model.arpa.gz"), words))


def test_equal_models_have_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        nt.train_lm(TEXT, order=3).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def load(data: bytes, path: Path) -> LanguageModel | None:
    """Return the model, or None if the file is refused, in one line that names it."""
    path.write_bytes(data)
    try:
        return nt.load_lm(path)
    except nt.InputError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
        return None


def test_damaged_model_files(tmp_path: Path, interpreted: bool) -> None:
    """A byte changed, anywhere: refused, or no matter."""
    path = tmp_path / "model.lm"
    model = nt.train_lm(TEXT[:2], order=2)
    model.save(path)
    data = path.read_bytes()
    for i in range(0, len(data), 41 if interpreted else 3):
        found = load(data[:i] + bytes([data[i] ^ 0x15]) + data[i + 1 :], path)
        assert found is None or same(found, model)
    for i in range(0, len(data) - 1, 97):
        assert load(data[:i], path) is None


def resealed(change: Any, path: Path) -> bytes:
    """Return a model file whose arrays were changed, and whose checksums are right."""
    import zlib

    model = nt.train_lm(TEXT[:2], order=3)
    model.save(path)
    table = pa.ipc.open_file(path).read_all()
    cells = {name: bytearray(table[name][0].as_py()) for name in table.schema.names}
    metadata = dict(table.schema.metadata)
    change(cells, metadata)
    metadata.setdefault(b"crc32", b"")
    if metadata.pop(b"crc32"):
        facts = b"\0".join(name + b"\0" + metadata[name] for name in sorted(metadata))
        metadata[b"crc32"] = b" ".join(b"%08x" % zlib.crc32(part) for part in [*cells.values(), bytearray(facts)])
    schema = pa.schema([pa.field(name, pa.large_binary()) for name in cells], metadata)
    out = io.BytesIO()
    with pa.ipc.new_file(out, schema) as writer:
        writer.write_batch(
            pa.record_batch([pa.array([bytes(c)], pa.large_binary()) for c in cells.values()], schema=schema)
        )
    return out.getvalue()


def put(name: str, kind: str, index: int, value: Any) -> Any:
    def change(cells: dict[str, bytearray], _: Any) -> None:
        np.frombuffer(cells[name], kind)[index] = value

    return change


HOSTILE = {
    "child beyond the end": put("first_child", "<u4", 3, 4_000_000_000),
    "children that overlap": put("first_child", "<u4", 5, 0),
    "no first level": put("first_child", "<u4", 0, 0),
    "symbol that is none": put("symbols", "<u2", -1, 65535),
    "symbols out of order": put("symbols", "<u2", 2, 0),
    "probability above one": put("log10_p", "<f4", 1, 0.5),
    "no probability": put("log10_p", "<f4", 1, np.nan),
    "endless probability": put("log10_p", "<f4", 1, -np.inf),
    "endless weight": put("backoff", "<f4", 1, np.inf),
    "shorter array": lambda cells, _: cells["log10_p"].__delitem__(slice(-4, None)),
    "half a number": lambda cells, _: cells["log10_p"].__delitem__(slice(-1, None)),
    "no array": lambda cells, _: cells["backoff"].clear(),
    "other type": lambda _, metadata: metadata.update({b"symbols": b"|O8"}),
    "lower order": lambda _, metadata: metadata.update({b"order": b"2"}),
    "higher order": lambda _, metadata: metadata.update({b"order": b"4"}),
    "no order": lambda _, metadata: metadata.update({b"order": b"0"}),
    "huge order": lambda _, metadata: metadata.update({b"order": b"9" * 30}),
    "order that is no number": lambda _, metadata: metadata.update({b"order": b"x"}),
    "order that is missing": lambda _, metadata: metadata.pop(b"order"),
    "no UTF-8": lambda cells, _: cells["vocabulary"].__setitem__(0, 0xFF),
    "tokens out of order": lambda cells, _: cells.update(vocabulary=bytearray("好\n明\n今\n天\n气".encode())),
    "words for characters": lambda cells, _: cells.update(vocabulary=bytearray("今\n天\n好\n明\n气气".encode())),
    "fewer tokens": lambda cells, _: cells.update(vocabulary=bytearray("今\n天".encode())),
    "no checksums": lambda _, metadata: metadata.update({b"crc32": b""}),
    "columns in another order": lambda cells, _: cells.update(symbols=cells.pop("symbols")),
    "other format": lambda _, metadata: metadata.update({b"nlptools": b"language model 99"}),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_model_files(tmp_path: Path, change: Any) -> None:
    """Checksums are right, but looking up would go astray."""
    assert load(resealed(lambda *_: None, tmp_path / "m"), tmp_path / "m") is not None
    assert load(resealed(change, tmp_path / "m"), tmp_path / "m") is None


def test_other_files_are_no_models(tmp_path: Path) -> None:
    assert load(b"", tmp_path / "empty") is None
    assert load(b"ARROW1\0\0", tmp_path / "arrow") is None
    nt.count_ngrams(TEXT, order=2, output=tmp_path / "counts.ngrams")
    with pytest.raises(nt.InputError, match="no language model"):
        nt.load_lm(tmp_path / "counts.ngrams")
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(nt.InputError):
            nt.load_lm(path)
        with pytest.raises(nt.InputError):
            nt.read_arpa(path)
    with pytest.raises(nt.OutputError):
        nt.train_lm(TEXT, order=2).save(tmp_path / "missing" / "model.lm")


FOREIGN = r"""Some words of the program that wrote it.

\data\
ngram 1=5
ngram  2=3

\1-grams:
-1.5 <s> -0.25
-0.5 </s>
-0.75 b
-1e0 a -0.5
-2 <unk>

\2-grams:
-0.25 a b
-0.3 <s> b
-0.125 a </s>

\end\
"""


def test_arpa_of_other_programs(tmp_path: Path) -> None:
    """Blanks for tabs, no order among the lines, weights left out, CRLF."""
    path = tmp_path / "foreign.arpa"
    for text in (FOREIGN, FOREIGN.replace("\n", "\r\n"), FOREIGN.replace(" ", "\t", 30)):
        path.write_text(text, encoding="utf-8", newline="")
        model = nt.read_arpa(path)
        assert (model.order, model.sizes, model.vocabulary.words) == (2, [5, 3], False)
        assert model.token_log_probabilities(model.encode("bab")).tolist() == pytest.approx([-0.3, -1, -0.25, -0.5])
        assert model.score("a") == pytest.approx(-0.25 - 1 - 0.125)
    path.write_text(FOREIGN.replace("1=5", "1=4").replace("-2 <unk>\n", ""), encoding="utf-8")
    assert nt.read_arpa(path).score("龘") == pytest.approx(-0.25 - 100 - 0.5)
    assert nt.read_arpa(path, words=True).encode("a b c").tolist() == [1, 2, 3, 0]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("\\data\\", "data", "does not begin"),
        ("ngram 1=5", "ngram 1=x", "is not the size of order 1"),
        ("ngram 1=5", "ngram 2=5", "is not the size of order 1"),
        ("ngram 1=5\nngram  2=3\n", "", "no orders"),
        ("1=5", "1=6", "no 1-gram"),
        ("1=5", "1=4", "in the place of"),
        ("2=3", "2=999999999999999", "no 2-gram"),
        ("2=3", "2=2", "in the place of"),
        ("\\end\\", "", "in the place of"),
        ("\\2-grams:", "\\3-grams:", "in the place of"),
        ("-0.25 a b", "-0.25 a", "no 2-gram"),
        ("-0.25 a b", "-0.25 a b -0.5", "no 2-gram"),
        ("-0.25 a b", "x a b", "no number"),
        ("-1e0 a -0.5", "-1e0 a x", "no number"),
        ("-0.25 a b", "0.25 a b", "no logarithm"),
        ("-0.25 a b", "nan a b", "no logarithm"),
        ("-0.25 a b", "-inf a b", "no logarithm"),
        ("-0.25 a b", "-0.25 a c", "not as a unigram"),
        ("-0.25 a b", "-0.3 <s> b", "twice"),
        ("-0.75 b", "-0.75 a", "twice"),
        ("a b", "a \udcff", "cannot be read"),
    ],
)
def test_damaged_arpa_files(tmp_path: Path, old: str, new: str, reason: str) -> None:
    path = tmp_path / "model.arpa"
    path.write_bytes(FOREIGN.replace(old, new, 1).encode("utf-8", "surrogateescape"))
    with pytest.raises(nt.InputError, match=reason) as caught:
        nt.read_arpa(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


def test_ngrams_whose_beginning_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "model.arpa"
    text = FOREIGN.replace("2=3", "2=3\nngram 3=1").replace("\\end\\", "\\3-grams:\n-1 b a b\n\n\\end\\")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(nt.InputError, match="'b a b', but not the 2-gram"):
        nt.read_arpa(path)
    with pytest.raises(nt.InputError, match="words"):
        path.write_text(FOREIGN.replace(" b\n", " bb\n"), encoding="utf-8")
        nt.read_arpa(path, words=False)


@given(st.integers(0, len(FOREIGN)), st.integers(0, 9), st.binary(max_size=6))
def test_any_arpa_file(tmp_path_factory: pytest.TempPathFactory, start: int, length: int, bytes_: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.arpa"
    data = FOREIGN.encode()
    path.write_bytes(data[:start] + bytes_ + data[start + length :])
    try:
        model = nt.read_arpa(path)
    except nt.InputError as error:
        assert "\n" not in str(error)
    else:
        assert model.score("abab") < 0
