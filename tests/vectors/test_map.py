"""Maps: what is near stays near, seeds decide, and whatever a key is it stays data on the page."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from nlptools.errors import InputError, OptionError, OutputError
from nlptools.vectors.map import map_vectors, mapped_rows, write_map
from nlptools.vectors.map_drawing import page
from nlptools.vectors.table import VectorTable

KEYS = ["</script><b>", "<!--", "𠮷野家", "\u2028", "\x00", '"\\', "e\u0301👩\u200d💻", "DATA", "$x$", "_y", ""]


def a_table(vectors: Any, keys: list[str] | None = None, **more: Any) -> VectorTable:
    matrix = np.array(vectors, np.float32)
    return VectorTable(pa.array(keys or map(str, range(len(matrix))), pa.large_string()), matrix, **more)


def directions(size: int, dimension: int = 4) -> Any:
    return np.random.default_rng(2).normal(size=(size, dimension))


def test_what_is_near_stays_near() -> None:
    axes = np.repeat(np.eye(60)[:3], 20, axis=0) + 0.02 * directions(60, 60)
    found = map_vectors(a_table(axes), groups=list("abc" * 20), perplexity=10)
    assert found.column_names == ["word", "x", "y", "group"]
    points = np.stack([found["x"].to_numpy(), found["y"].to_numpy()], axis=1)
    assert np.abs(points).max() == pytest.approx(1)
    far = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(far, np.inf)
    assert (far.argmin(axis=1) // 20 == np.arange(60) // 20).all()


def test_the_seed_decides() -> None:
    from threadpoolctl import threadpool_limits

    table = a_table(directions(30))
    found = map_vectors(table, seed=3)
    with threadpool_limits(3):
        assert map_vectors(table, seed=3).equals(found)


def test_which_are_drawn() -> None:
    counts = np.array([5, 9, 1, 9, 2])
    assert mapped_rows(a_table(np.eye(5), counts=counts), 3).tolist() == [1, 3, 0]
    assert mapped_rows(a_table(np.eye(5)), 3).tolist() == [0, 1, 2]
    assert mapped_rows(a_table(np.eye(5), kind="document"), 3).tolist() == [0, 1, 3]
    assert mapped_rows(a_table(np.eye(5), counts=counts), 5).tolist() == [0, 1, 2, 3, 4]
    found = map_vectors(a_table(np.eye(5), counts=counts), 2, groups=["a", "b", "c", None, "e"])
    assert found.drop_columns(["x", "y"]).to_pylist() == [
        {"word": "1", "group": "b", "count": 9},
        {"word": "3", "group": None, "count": 9},
    ]


@pytest.mark.parametrize(
    "vectors", [[[3]], [[1, 2]] * 2, [[0, 0]] * 9, [[1, 2, 3]] * 7, np.eye(4), np.eye(5), [[1]] * 6 + [[-1]]]
)
def test_awkward_vectors(vectors: Any) -> None:
    found = map_vectors(a_table(vectors))
    assert found.num_rows == len(vectors)
    assert np.isfinite(found["x"].to_numpy()).all()
    assert np.isfinite(found["y"].to_numpy()).all()


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    table = a_table(np.eye(3))
    for more in ({"top": 0}, {"seed": -1}, {"perplexity": 0.5}, {"perplexity": float("nan")}):
        with pytest.raises(OptionError):
            map_vectors(table, **more)
    with pytest.raises(InputError, match="2 groups for 3 vectors"):
        map_vectors(table, groups=["a", "b"])
    with pytest.raises(InputError, match="no vectors"):
        map_vectors(a_table(np.empty((0, 2))))
    with pytest.raises(InputError, match="NaN"):
        map_vectors(a_table([[1, np.nan]]))
    with pytest.raises(OutputError, match=r"known are \.html, \.png"):
        write_map(map_vectors(table), tmp_path / "map.xyz")


def test_the_page_holds_data_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    groups = ["a", "<i>", None, *["b"] * 8]
    found = map_vectors(a_table(directions(len(KEYS)), KEYS), groups=groups)
    found = found.append_column("text", pa.array(KEYS, pa.large_string()))
    path = tmp_path / "map.html"
    write_map(found, path)
    written = path.read_text(encoding="utf-8")
    assert written == page(found)
    assert "http" not in written
    assert re.findall(r"(?:src|href)=", written) == []
    assert written.count("</script>") == 2
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', written, re.DOTALL)
    assert match is not None
    assert "<" not in match[1]
    data = json.loads(match[1])
    assert data["keys"] == data["texts"] == KEYS
    assert data["groups"] == ["b", "<i>", "a"]
    assert data["group"] == [2, 1, -1, *[0] * 8]
    assert len(set(data["colours"])) == 3
    assert data["x"] == pytest.approx(found["x"].to_pylist(), abs=1e-4)


def test_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "map.png"
    found = map_vectors(a_table(directions(len(KEYS)), KEYS), groups=KEYS)
    monkeypatch.setattr("nlptools.vectors.map_drawing.find_spec", lambda _: None)
    with pytest.raises(OutputError, match="matplotlib"):
        write_map(found, path)
    monkeypatch.undo()
    pytest.importorskip("matplotlib")
    write_map(found, path)
    first = path.read_bytes()
    assert first.startswith(b"\x89PNG")
    write_map(found, path)
    assert path.read_bytes() == first


def test_table(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    write_map(map_vectors(a_table(np.eye(3), ["a", "b,", "𠮷"])), path)
    assert path.read_text(encoding="utf-8").splitlines()[0] == "word,x,y"
