"""Files of vectors: what goes in comes out; gensim reads ours and we read gensim's; damage is an error of one line."""

import gzip
import random
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import nlptools as nt
from nlptools.errors import InputError, NlptoolsError, OptionError, OutputError
from nlptools.vectors.files import read_table, write_vectors
from nlptools.vectors.kv_file import read_kv, write_kv
from nlptools.vectors.table import Kind, VectorTable
from nlptools.vectors.word2vec_files import _records

WORDS = ["的", "𠮷野家", "new york", "é", "👩‍💻", "a\x00b", "\u3000", "\ufeff", "x\r\ny", "</s>"]
PLAIN = [word for word in WORDS if not any(letter in word for letter in " \x00\r\n")]
SUFFIXES = (".kv", ".arrow", ".feather", ".parquet", ".vec", ".txt", ".bin", ".vec.gz", ".bin.gz", ".txt.gz")


def a_table(words: list[str] = WORDS, size: int = 5, full: bool = True) -> VectorTable:
    draw = np.random.default_rng(7)
    vectors = draw.normal(size=(len(words), size)).astype(np.float32)
    vectors[:1] = [[0, -0.0, 1e-45, 3.4028235e38, 1e-7][i % 5] for i in range(size)]
    more: dict[str, Any] = {}
    if full:
        more = {
            "counts": np.arange(len(words))[::-1].copy(),
            "contexts": vectors * np.float32(0.5),
            "biases": vectors[:, 0].copy(),
            "facts": {"method": "nce", "of": "研究"},
        }
    return VectorTable(pa.array(words, pa.large_string()), vectors, **more)


def equal(one: Any, other: Any) -> bool:
    return (one is None) == (other is None) and (one is None or one.tobytes() == other.tobytes())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("words", [PLAIN, ["一"], []], ids=["some", "one", "none"])
def test_what_goes_in_comes_out(tmp_path: Path, suffix: str, words: list[str]) -> None:
    table = a_table(words)
    path = tmp_path / f"words{suffix}"
    write_vectors(table, path)
    found = read_table(path, threads=2)
    assert found.words == table.words
    assert equal(found.vectors, table.vectors)
    if suffix in (".kv", ".arrow", ".feather", ".parquet"):
        assert all(equal(getattr(found, name), getattr(table, name)) for name in ("counts", "contexts", "biases"))
        assert (found.facts, found.kind) == (table.facts, "word")
    else:
        assert (found.counts, found.contexts, found.facts) == (None, None, {})
    write_vectors(found, tmp_path / f"again{suffix}")
    again = tmp_path / f"again{suffix}"
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".kv", ".arrow", ".parquet"])
def test_any_words(tmp_path: Path, suffix: str) -> None:
    kinds: tuple[Kind, ...] = ("word", "document")
    for kind in kinds:
        table = VectorTable(a_table().words, a_table().vectors, kind=kind)
        write_vectors(table, tmp_path / f"words{suffix}")
        found = read_table(tmp_path / f"words{suffix}")
        assert (found.words, found.kind, found.counts) == (table.words, kind, None)


def test_white_space_becomes_a_low_line(tmp_path: Path) -> None:
    expected = ["的", "𠮷野家", "new_york", "é", "👩‍💻", "a_b", "\u3000", "\ufeff", "x__y", "</s>"]
    for suffix in (".vec", ".bin"):
        lines: list[str] = []
        write_vectors(a_table(), tmp_path / f"words{suffix}", log=lines.append)
        assert read_table(tmp_path / f"words{suffix}").words.to_pylist() == expected
        assert len(lines) == 1
        assert "'new york'" in lines[0]
        for words in (["a b", "a_b"], ["a", ""]):
            with pytest.raises(OutputError, match=r"write \.kv"):
                write_vectors(a_table(words), tmp_path / f"none{suffix}")
        assert not (tmp_path / f"none{suffix}").exists()


@pytest.mark.parametrize("suffix", [".vec", ".bin", ".vec.gz"])
def test_gensim_reads_ours_and_we_read_gensims(tmp_path: Path, suffix: str) -> None:
    words = [word for word in PLAIN if word.strip()]
    table = a_table(words)
    binary = suffix == ".bin"
    ours, theirs, counts = tmp_path / f"ours{suffix}", tmp_path / f"theirs{suffix}", tmp_path / "counts.txt"
    write_vectors(table.keyed_vectors(), ours, fvocab=counts)
    keyed = KeyedVectors.load_word2vec_format(str(ours), binary=binary, fvocab=str(counts))
    assert keyed.index_to_key == words
    assert equal(keyed.vectors, table.vectors)
    assert [keyed.get_vecattr(word, "count") for word in words] == table.counts.tolist()  # type: ignore[union-attr]
    keyed.save_word2vec_format(str(theirs), binary=binary, fvocab=str(tmp_path / "theirs.txt"))
    assert (tmp_path / "theirs.txt").read_bytes() == counts.read_bytes()
    found = read_table(theirs, fvocab=tmp_path / "theirs.txt")
    assert found.words.to_pylist() == words
    assert equal(found.vectors, table.vectors)
    assert equal(found.counts, table.counts)


def test_nt(tmp_path: Path) -> None:
    table = a_table()
    nt.write_vectors(table, tmp_path / "words.kv")
    keyed = nt.read_vectors(tmp_path / "words.kv")
    assert keyed.index_to_key == WORDS
    keyed.vectors[0] = 1  # private to this process
    keyed.fill_norms()
    keyed.unit_normalize_all()
    assert equal(read_table(tmp_path / "words.kv").vectors, table.vectors)


def slow_text(data: bytes, size: int) -> tuple[list[str], NDArray[np.float32]]:
    """The words and vectors of word2vec's text without a first line."""
    words, vectors = [], []
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        if line:
            parts = line.rstrip(b" \r").rsplit(b" ", size)
            words.append(parts[0].decode("utf-8", "replace"))
            vectors.append([np.float32(part.decode()) for part in parts[1:]])
    first = [words.index(word) for word in dict.fromkeys(words)]
    return [words[i] for i in first], np.array(vectors, np.float32).reshape(-1, size)[first]


numerals = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["-0", "+1.5", "1e-5", "1E3", "-.5", "5.", "0.1000000000000000000001", "1e-60", "00012"]),
)
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\n\r ")
texts = st.one_of(st.text(letters, min_size=1, max_size=4), st.sampled_from([". . .", "a b", "7 8"])).map(str.encode)
keys = st.one_of(texts, st.sampled_from([b"\xe5\x8f", b"a\xff"]))


@given(st.data())
def test_text_and_its_slow_twin(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 4))
    rows = data.draw(
        st.lists(st.tuples(keys, st.lists(numerals, min_size=size, max_size=size)), min_size=1, max_size=6)
    )
    rows[0] = (b"first", rows[0][1])
    ends = [data.draw(st.sampled_from(["\n", " \n", "\r\n", " \r\n", "\n\n"])) for _ in rows]
    lines = [word + f" {' '.join(numbers)}{end}".encode() for (word, numbers), end in zip(rows, ends, strict=True)]
    text = b"".join(lines)
    if data.draw(st.booleans()):
        text = text.rstrip(b"\n")
    words, vectors = slow_text(text, size)
    path = tmp_path_factory.mktemp("text") / "words.vec"
    for header in (b"", b"%d %d\n" % (len(rows), size), b"\xef\xbb\xbf%d %d \r\n" % (len(rows), size)):
        path.write_bytes(header + text)
        found = read_table(path, threads=1)
        assert found.words.to_pylist() == words
        assert np.array_equal(found.vectors, vectors)


def slow_records(data: bytes, size: int) -> tuple[list[tuple[bytes, bytes]], int]:
    """The whole records at the beginning of some bytes, and how many bytes they take."""
    records: list[tuple[bytes, bytes]] = []
    used = 0
    while True:
        rest = data[used:].lstrip(b"\n")
        word, _, behind = rest.partition(b" ")
        if b" " not in rest or len(behind) < 4 * size:
            return records, used
        records.append((word, behind[: 4 * size]))
        used = len(data) - len(behind) + 4 * size


@given(st.one_of(st.binary(max_size=40), st.text("a \n", max_size=40).map(str.encode)), st.integers(1, 3))
def test_records_and_their_slow_twin(data: bytes, size: int) -> None:
    words, vectors, used = _records(data, size)
    expected, taken = slow_records(data, size)
    assert list(zip(words.to_pylist(), map(bytes, vectors), strict=True)) == expected
    assert used == taken


def test_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreted: bool) -> None:
    size = 30 if interpreted else 100
    table = a_table([f"词{i}" for i in range(size)], full=False)
    for block in (1, 64, 1000):
        monkeypatch.setattr("nlptools.vectors.word2vec_files._BLOCK", block)
        monkeypatch.setattr("nlptools.vectors.word2vec_files._NUMBERS", block)
        for suffix in (".vec", ".bin"):
            path = tmp_path / f"words{suffix}"
            write_vectors(table, path, threads=2)
            found = read_table(path, threads=2)
            assert found.words == table.words
            assert equal(found.vectors, table.vectors)


def test_records_without_line_feeds(tmp_path: Path) -> None:
    table = a_table(PLAIN, full=False)
    rows = zip(PLAIN, table.vectors, strict=True)
    path = tmp_path / "words.bin"
    path.write_bytes(b"%d 5\n" % len(PLAIN) + b"".join(word.encode() + b" " + row.tobytes() for word, row in rows))
    assert equal(read_table(path).vectors, table.vectors)


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    path = tmp_path / "words.vec"
    for text, words, told in (
        (b"2 2\na 1 2\nb 3 4\n<unk> 5 6\n\n", ["a", "b"], "left out"),
        (b"3 2\na 1 2\na 3 4\nb 3 4\n", ["a", "b"], "there before"),
        (b"2 2\n\xe7\x9a 1 2\nb 3 4\n", ["\ufffd", "b"], "UTF-8"),
    ):
        path.write_bytes(text)
        lines: list[str] = []
        assert read_table(path, log=lines.append).words.to_pylist() == words
        assert len(lines) == 1
        assert told in lines[0]
    binary = tmp_path / "words.bin"
    binary.write_bytes(b"1 1\na \0\0\0\0\nb \0\0\0\0\n")
    lines = []
    assert read_table(binary, log=lines.append).words.to_pylist() == ["a"]
    assert "left out" in lines[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("words.vec", b"", "no numbers"),
        ("words.vec", b"\n\n", "no numbers"),
        ("words.vec", b"one\ntwo\n", "no numbers"),
        ("words.vec", b"3 2\na 1 2\nb 3 4\n", "after 2 of 3"),
        ("words.vec", b"99999999999999 99999999\n", "after 0 of"),
        ("words.vec", b"2 2\na 1 2\nb 3\n", "'b 3' has 1 numbers, not 2"),
        ("words.vec", b"2 2\na 1\nb 3 4\n", "'a 1' has 1 numbers, not 2"),
        ("words.vec", b"1 2\na 1 x\n", "no number"),
        ("words.vec", b"1 2\na 1 \xff\n", "no number"),
        ("words.vec", b"2 2\na 1 2\nb nan 1\n", "the vector of 'b'"),
        ("words.vec", b"1 2\na 1 1e99\n", "the vector of 'a'"),
        ("words.vec", b"1 2\na 1,5 2\n", "no number"),
        ("words.vec.gz", b"1 2\na 1 2\n", "gzip"),
        ("words.vec.gz", gzip.compress(b"1 2\na 1 2\n" * 99)[:-9], "ends early"),
        ("words.bin", b"", "does not begin"),
        ("words.bin", b"a 1 2\n", "name it .vec"),
        ("words.bin", b"2 1\na \0\0\0\0\nb \0\0", "after 1 of 2"),
        ("words.bin", b"1 1\na \0\0\xc0\x7f", "the vector of 'a'"),
        ("words.bin", b"9 1\n" + b"a" * (2 << 20), "does not end"),
        ("words.bin", (793712314).to_bytes(4, "little") * 40, "fastText"),
        ("words.kv", b"", "is empty"),
        ("words.kv", b"\x80\x04\x95", "pickle"),
        ("words.kv", b"1 2\na 1 2\n", "no file of vectors"),
        ("words.parquet", b"PAR1", "cannot be read"),
        ("words.arrow", b"ARROW1", "cannot be read"),
        ("words.xyz", b"1", "suffix"),
        ("words.kv.gz", b"1", "suffix"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as raised:
        read_table(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_places_that_are_none(tmp_path: Path) -> None:
    table = a_table()
    for name in ("words.xyz", "words", "words.kv.gz", "words.vec.xz", "none/words.kv", "none/words.vec"):
        with pytest.raises(OutputError):
            write_vectors(table, tmp_path / name)
    with pytest.raises(OptionError, match="leave it out"):
        write_vectors(table, tmp_path / "words.kv", fvocab=tmp_path / "counts.txt")
    with pytest.raises(OutputError, match="no counts"):
        write_vectors(a_table(full=False), tmp_path / "words.vec", fvocab=tmp_path / "counts.txt")
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "words.kv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".kv", ".vec", ".bin", ".arrow", ".parquet"])
def test_vectors_that_are_not_written(tmp_path: Path, suffix: str) -> None:
    vectors = np.ones((3, 2), np.float32)
    words = pa.array(["a", "b", "c"], pa.large_string())
    bad = vectors.copy()
    bad[1, 1] = np.nan
    for table, reason in (
        (VectorTable(words, bad), "'b'"),
        (VectorTable(words, vectors, contexts=-bad), "'b' in its contexts"),
        (VectorTable(words, vectors, biases=np.array([0, 0, np.inf], np.float32)), "'c' in its biases"),
        (VectorTable(pa.array(["a", "b", "b"], pa.large_string()), vectors), "'b' is there twice"),
        (VectorTable(words, vectors[:, :0]), "no numbers"),
    ):
        with pytest.raises(OutputError, match=reason):
            write_vectors(table, tmp_path / f"words{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["的 3\n", "的 3\n一 x\n", "的\n一\n", "的 3\n二 4\n", "\udc80 3\n一 4\n"])
def test_vocabularies_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    write_vectors(a_table(["的", "一"]), tmp_path / "words.vec")
    (tmp_path / "counts.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"counts\.txt"):
        read_table(tmp_path / "words.vec", fvocab=tmp_path / "counts.txt")


def test_other_programs_open_it(tmp_path: Path) -> None:
    table = a_table()
    write_vectors(table, tmp_path / "words.kv")
    write_vectors(table, tmp_path / "words.parquet")
    expected = list(zip(WORDS, table.counts.tolist(), table.vectors.tolist(), strict=True))  # type: ignore[union-attr]
    read = polars.read_ipc(tmp_path / "words.kv")
    assert list(zip(*(read[name].to_list() for name in ("word", "count", "vector")), strict=True)) == expected
    whole = pa.ipc.open_file(pa.memory_map(str(tmp_path / "words.kv"))).read_all()
    assert duckdb.from_arrow(whole).select("word, count, vector[1:5]").fetchall() == expected
    frame = pd.read_feather(tmp_path / "words.kv")
    assert list(frame["word"]) == WORDS
    assert np.array_equal(np.stack(frame["vector"]), table.vectors)
    assert pq.read_table(tmp_path / "words.parquet")["vector"].to_pylist() == table.vectors.tolist()


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
def test_tables_of_others(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"words{suffix}"

    def read(columns: dict[str, Any]) -> VectorTable:
        table = pa.table(columns)
        if suffix == ".parquet":
            pq.write_table(table, path)
        else:
            with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
                writer.write_table(table, max_chunksize=1)
        return read_table(path)

    found = read({"word": ["a", "b"], "vector": [[1.0, 2.0], [3.0, 4.0]], "count": pa.array([3, 4], pa.int32())})
    assert (found.words.to_pylist(), found.vectors.tolist()) == (["a", "b"], [[1, 2], [3, 4]])
    assert found.counts is not None
    assert found.counts.tolist() == [3, 4]
    for columns in (
        {"word": ["a"]},
        {"token": ["a"], "vector": [[1.0]]},
        {"word": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]},
        {"word": ["a", "b"], "vector": [[1.0], None]},
        {"word": ["a"], "vector": [[None]]},
        {"word": ["a", None], "vector": [[1.0], [2.0]]},
        {"word": ["a", "a"], "vector": [[1.0], [2.0]]},
        {"word": ["a"], "vector": [[float("nan")]]},
        {"word": ["a"], "vector": [1.0]},
        {"word": ["a"], "vector": [["x"]]},
        {"word": ["a"], "vector": [[1.0]], "count": ["x"]},
        {"word": [b"\xff"], "vector": [[1.0]]},
    ):
        with pytest.raises(InputError, match=path.name):
            read(columns)


@pytest.fixture
def small(tmp_path: Path) -> tuple[VectorTable, bytes]:
    table = a_table(["的", "𠮷"], 2)
    write_kv(table, tmp_path / "small.kv")
    return table, (tmp_path / "small.kv").read_bytes()


def is_whole(path: Path, content: bytes, table: VectorTable) -> bool:
    """Whether a .kv of these bytes is refused, or what it was."""
    path.write_bytes(content)
    try:
        found = read_kv(path)
    except InputError as error:
        return str(error).startswith(f"{path}: ") and "\n" not in str(error)
    parts = all(
        equal(getattr(found, name), getattr(table, name)) for name in ("vectors", "counts", "contexts", "biases")
    )
    return parts and (found.words, found.facts, found.kind) == (table.words, table.facts, table.kind)


def test_a_changed_byte(tmp_path: Path, small: tuple[VectorTable, bytes]) -> None:
    table, data = small
    for i in range(len(data)):
        changed = data[:i] + bytes([data[i] ^ (0x80 if i % 2 else 0x01)]) + data[i + 1 :]
        assert is_whole(tmp_path / f"{i}.kv", changed, table), i
        (tmp_path / f"{i}.kv").unlink()


def test_much_damage(tmp_path: Path, small: tuple[VectorTable, bytes]) -> None:
    table, data = small
    draw = random.Random(1)
    for i in range(200):
        changed = bytearray(data)
        for _ in range(draw.choice([2, 5, 50])):
            changed[draw.randrange(len(data))] = draw.randrange(256)
        assert is_whole(tmp_path / f"{i}.kv", bytes(changed), table)
    for size in range(0, len(data), 29):
        with pytest.raises(NlptoolsError):
            (tmp_path / "part.kv").write_bytes(data[:size])
            read_kv(tmp_path / "part.kv")


def test_equal_vectors_have_equal_bytes(tmp_path: Path) -> None:
    table = a_table()
    padded = VectorTable(
        pa.array(["x", *WORDS], pa.large_string()).slice(1),
        np.asfortranarray(table.vectors),
        table.counts,
        table.contexts,
        table.biases,
        dict(reversed(table.facts.items())),
    )
    write_kv(table, tmp_path / "one.kv")
    write_kv(padded, tmp_path / "other.kv")
    assert (tmp_path / "one.kv").read_bytes() == (tmp_path / "other.kv").read_bytes()
