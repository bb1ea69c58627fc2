"""Pictures: written whole, always the same, and drawn on axes that are given."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from nlptools.errors import InputError, OptionError, OutputError
from nlptools.report.plots import plot_trends, plot_words


@pytest.fixture
def trends() -> pa.Table:
    periods = {"labels": ["2023-12", "2024-01", "2024-02"], "characters": [1000, 2000, 0]}
    table = pa.table({"word": ["红包", "$x$"], "series": [[1, 4, 0], [0, 0, 2]]})
    return table.replace_schema_metadata({b"periods": json.dumps(periods).encode()})


def axes() -> Any:
    return Figure().add_subplot()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_files_are_always_the_same(tmp_path: Path, words: pa.Table, trends: pa.Table, suffix: str) -> None:
    for draw, table in ((plot_words, words.slice(0, 7)), (plot_trends, trends)):
        pictures = []
        for name in "ab":
            path = tmp_path / f"{name}{suffix}"
            draw(table, path)
            pictures.append(path.read_bytes())
        assert pictures[0] == pictures[1] and len(pictures[0]) > 1000


def test_words_are_points_with_names(words: pa.Table) -> None:
    drawn = plot_words(words, axes(), y="left_entropy", named=3)
    points = drawn.collections[0].get_offsets().tolist()
    assert points == [[row["count"], row["left_entropy"]] for row in words.to_pylist()]
    assert [text.get_text() for text in drawn.texts] == ["微信", "红包", "微信红包"]
    assert drawn.get_xscale() == "log"


def test_trends_are_rates_where_sizes_are_known(trends: pa.Table) -> None:
    drawn = plot_trends(trends, axes(), words=["红包"])
    assert [line.get_ydata().tolist() for line in drawn.lines] == [[1000.0, 2000.0, 0.0]]
    plain = plot_trends(trends.replace_schema_metadata(None), axes())
    assert [line.get_ydata().tolist() for line in plain.lines] == [[1.0, 4.0, 0.0], [0.0, 0.0, 2.0]]


def test_what_cannot_be_drawn_is_said(tmp_path: Path, words: pa.Table, trends: pa.Table) -> None:
    with pytest.raises(InputError, match="no column 'g2'"):
        plot_words(words, axes(), y="g2")
    with pytest.raises(InputError, match="no column 'series'"):
        plot_trends(words, axes())
    with pytest.raises(OptionError, match="'无'"):
        plot_trends(trends, axes(), words=["无"])
    with pytest.raises(OutputError, match=r"\.png and \.svg"):
        plot_words(words, tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []
