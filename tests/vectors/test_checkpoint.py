"""The file of a training that was stopped."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from nlptools.corpus.array_file import write_arrays
from nlptools.errors import InputError, OutputError
from nlptools.vectors import checkpoint
from nlptools.vectors.checkpoint import Checkpoint, check_state, read_checkpoint
from nlptools.vectors.files import read_table
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.pmi import start_pmi
from nlptools.vectors.skipgram import start_skipgram
from nlptools.vectors.word_ids import WordIds

WORDS = ["的", "𠮷", "🙂", "x"]


def text_of(ids: list[int], words: list[str] = WORDS) -> WordIds:
    array = np.array(ids, np.int32)
    counts = np.bincount(array[array >= 0], minlength=len(words)).astype(np.int64)
    return WordIds(pa.array(words, pa.large_string()), counts, array, int(counts.sum()))


TEXT = text_of([0, 1, 2, -1, 0, 1, 3, 0, -2])


def options_of(**options: Any) -> VectorOptions:
    return VectorOptions(**{"vector_size": 3, "min_count": 1, **options})


def keep(path: Path, options: VectorOptions, text: WordIds = TEXT) -> Any:
    """Keep a state that is somewhere in the third epoch."""
    kept = Checkpoint(path, text, options)
    if options.method == "pmi":
        pmi = start_pmi(len(text.words), options)
        pmi.epoch, pmi.round, pmi.pairs, pmi.loss, pmi.total = 2, 5, 17, np.float64(0.1) + 0.2, 40
        kept.keep_pmi(pmi)
        return pmi
    state = start_skipgram(text, options)
    state.matrices.contexts[:] = 0.5
    state.epoch, state.piece, state.words = 2, 7, 123
    state.loss, state.pairs = np.float64(0.1) + 0.2, np.float64(9)  # numpy's floats come from kernels
    kept.keep_skipgram(state)
    return state


@pytest.mark.parametrize("method", ["sgns", "nce"])
def test_a_state_of_skipgram(method: Any, tmp_path: Path) -> None:
    path, options = tmp_path / "a.training", options_of(method=method)
    state = keep(path, options)
    found = Checkpoint(path, TEXT, options, strict=True).skipgram()
    assert found is not None
    for one, other in zip(found.matrices, state.matrices, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.flags.writeable
    assert (found.epoch, found.piece, found.words) == (2, 7, 123)
    assert (found.loss, found.pairs) == (0.1 + 0.2, 9)
    table = read_checkpoint(path)
    assert table.words.to_pylist() == WORDS
    assert table.counts is not None
    assert table.counts.tolist() == [3, 2, 1, 1]
    assert table.contexts is not None
    assert (table.contexts == 0.5).all()
    assert table.facts["method"] == method
    np.testing.assert_array_equal(read_table(path).vectors, state.matrices.vectors)


def test_a_state_of_pmi(tmp_path: Path) -> None:
    path, options = tmp_path / "a.training", options_of(method="pmi")
    state = keep(path, options)
    found = Checkpoint(path, TEXT, options, strict=True).pmi()
    assert found is not None
    np.testing.assert_array_equal(found.state, state.state)
    assert found.state.flags.writeable
    assert (found.epoch, found.round, found.pairs, found.loss, found.total) == (2, 5, 17, 0.1 + 0.2, 40)
    table = read_table(path)
    np.testing.assert_array_equal(table.vectors, state.vectors)
    assert table.vectors.flags.c_contiguous
    assert table.words.to_pylist() == WORDS


@pytest.mark.parametrize("method", ["sgns", "pmi"])
def test_words_that_are_a_slice(method: Any, tmp_path: Path) -> None:
    words = pa.array(["before", *WORDS, "behind"], pa.large_string())[1:-1]
    keep(tmp_path / "a.training", options_of(method=method), WordIds(words, TEXT.counts, TEXT.ids, TEXT.tokens))
    assert read_checkpoint(tmp_path / "a.training").words.to_pylist() == WORDS


@pytest.mark.parametrize(
    "more",
    [{"seed": 2}, {"alpha": 0.5}, {"epochs": 9}, {"method": "nce"}, {"window": 4}, {"deterministic": True}, {"negative": 4}],
)  # fmt: skip
def test_other_options_begin_anew(more: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.training"
    keep(path, options_of())
    assert Checkpoint(path, TEXT, options_of(**more)).skipgram() is None
    with pytest.raises(InputError, match=r"a\.training: is the state of a training with another text, options"):
        Checkpoint(path, TEXT, options_of(**more), strict=True)


@pytest.mark.parametrize("more", [{"workers": 7}, {"memory": "1G"}, {"contexts": True}])
def test_options_of_the_machine_may_differ(more: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.training"
    keep(path, options_of())
    assert Checkpoint(path, TEXT, options_of(**more), strict=True).skipgram() is not None


@pytest.mark.parametrize(
    "ids", [[0, 1, 2, -1, 0, 1, 3, 0, -1, -2], [0, 1, 2, -2, 0, 1, 3, 0, -2], [0, 2, 1, -1, 0, 1, 3, 0, -2]]
)
def test_another_text_begins_anew(ids: list[int], tmp_path: Path) -> None:
    path = tmp_path / "a.training"
    keep(path, options_of())
    assert Checkpoint(path, text_of(ids), options_of()).skipgram() is None


def test_another_version_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.training"
    keep(path, options_of())
    monkeypatch.setattr(checkpoint, "__version__", "0.0.0")
    assert Checkpoint(path, TEXT, options_of()).skipgram() is None


def test_no_file(tmp_path: Path) -> None:
    assert Checkpoint(None, TEXT, options_of()).skipgram() is None
    assert Checkpoint(tmp_path / "none.training", TEXT, options_of()).pmi() is None
    with pytest.raises(InputError, match=r"none\.training: there is no such file"):
        Checkpoint(tmp_path / "none.training", TEXT, options_of(), strict=True)
    keep_nowhere = Checkpoint(None, TEXT, options_of())
    keep_nowhere.keep_skipgram(start_skipgram(TEXT, options_of()))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", ["nce", "pmi"])
def test_damage_is_told(method: Any, tmp_path: Path) -> None:
    path, options = tmp_path / "a.training", options_of(method=method)
    keep(path, options)
    whole = path.read_bytes()
    expected = read_checkpoint(path)
    for place in range(0, len(whole), 23):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        check_damaged(path, options, expected.vectors)
    for size in range(0, len(whole), 101):
        path.write_bytes(whole[:size])
        check_damaged(path, options, None)


def check_damaged(path: Path, options: VectorOptions, vectors: Any) -> None:
    """An InputError of one line; or, if nothing that matters was damaged, what was there."""
    try:
        np.testing.assert_array_equal(read_checkpoint(path).vectors, vectors)
    except InputError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        assert Checkpoint(path, TEXT, options).skipgram() is None
        assert Checkpoint(path, TEXT, options).pmi() is None
        with pytest.raises(InputError):
            Checkpoint(path, TEXT, options, strict=True)


@pytest.mark.parametrize(
    "change",
    [
        {"keys": None},
        {"offsets": np.array([0, 99])},
        {"offsets": np.array([0, 3, 2, 11, 12])},
        {"keys": np.array([255] * 12, np.uint8)},
        {"counts": np.array([1])},
        {"vectors": np.zeros((9, 3), np.float32)},
        {"offsets": np.array([], np.int64)},
    ],
)
def test_arrays_that_do_not_belong_together(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.training"
    arrays: dict[str, Any] = {
        "keys": np.frombuffer("".join(WORDS).encode(), np.uint8),
        "offsets": np.array([0, 3, 7, 11, 12]),
        "counts": np.arange(4),
        "vectors": np.zeros((4, 3), np.float32),
    }
    write_arrays(path, checkpoint.KIND, arrays, {"method": "sgns"})
    assert read_checkpoint(path).words.to_pylist() == WORDS
    arrays = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    write_arrays(path, checkpoint.KIND, arrays, {"method": "sgns"})
    with pytest.raises(InputError):
        read_checkpoint(path)


def test_a_file_of_another_kind_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.training"
    check_state(path)
    keep(path, options_of())
    check_state(path)
    for other in (b"", b"mine", b"\0" * 100_000):
        path.write_bytes(other)
        with pytest.raises(OutputError, match="move it away"):
            check_state(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputError, match="move it away"):
        check_state(path)
