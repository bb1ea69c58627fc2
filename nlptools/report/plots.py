"""Pictures of words, by matplotlib: count against cohesion, and the course of words over time."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.writing import atomic_file, check_place
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.report.words_table import periods_of
from nlptools.vectors.map_drawing import chinese_font

NAMED = 60
"""Words whose names are written, at most."""

NEW, KNOWN = "#a02c1b", "#23705c"


def plot_words(words: pa.Table, target: Any, *, y: str = "pmi", named: int = NAMED) -> Any:
    """Draw the words as points, count (logarithmic) against a column, the best with their names; return the axes.

    words: a table of `find_new_words`. target: the .png or .svg to write, or matplotlib axes to draw on. y: the
    name of a column of numbers. named: how many words get their name, the first ones. Known words have another colour.
    Raises InputError for a missing column, OutputError if nothing can be written, or matplotlib is not installed.
    """
    for name in ("word", "count", y):
        if name not in words.column_names:
            raise InputError(f"the table has no column {name!r}; its columns are {', '.join(words.column_names)}")
    with _Drawing(target) as axes:
        counts, heights = (words[name].to_numpy().astype(np.float64) for name in ("count", y))
        known = words["known"].to_pylist() if "known" in words.column_names else [None] * words.num_rows
        axes.scatter(counts, heights, s=7, linewidths=0, alpha=0.55, c=[KNOWN if mark else NEW for mark in known])
        axes.set(xscale="log", xlabel="count", ylabel=y)
        for place, word in enumerate(words["word"].slice(0, named).to_pylist()):
            axes.annotate(
                word, (counts[place], heights[place]), xytext=(3, 0), textcoords="offset points", va="center",
                fontsize=8, parse_math=False, **chinese_font(),
            )  # fmt: skip
        return axes


def plot_trends(trends: pa.Table, target: Any, *, words: Sequence[str] | None = None) -> Any:
    """Draw the course of some words over the periods, one line each; return the axes.

    trends: a table of `find_trends`. target: as for `plot_words`. words: which ones; default: the first 8. Where the sizes
    of the periods are known, lines are occurrences per million characters.
    """
    if "series" not in trends.column_names:
        raise InputError("the table has no column 'series'; give one of find_trends")
    periods = periods_of(trends) or {}
    rows = dict(zip(trends["word"].to_pylist(), trends["series"].to_pylist(), strict=True))
    chosen = list(rows)[:8] if words is None else list(words)
    missing = [word for word in chosen if word not in rows]
    if missing:
        raise OptionError(f"words: {missing[0]!r} is not in the table; give words that are")
    sizes = periods.get("characters")
    with _Drawing(target) as axes:
        places = range(len(periods["labels"]))
        for word in chosen:
            series = np.array(rows[word], np.float64)
            line = series if sizes is None else series / np.maximum(1, sizes) * 1e6
            axes.plot(places, line, linewidth=1.5, label=word)
        step = max(1, len(places) // 10)
        axes.set_xticks(places[::step], periods["labels"][::step], rotation=30, ha="right")
        axes.set(ylabel="count" if sizes is None else "per million characters", ylim=(0, None))
        if chosen:
            legend = axes.legend(frameon=False, prop=chinese_font().get("fontproperties"))
            for text in legend.get_texts():
                text.set_parse_math(False)
        return axes


class _Drawing:
    """Axes that were given, or new ones, which are written to a file when the block ends well."""

    def __init__(self, target: Any) -> None:
        self._path = Path(target) if isinstance(target, str | Path) else None
        self._axes = target

    def __enter__(self) -> Any:
        if self._path is None:
            return self._axes
        if self._path.suffix.lower() not in (".png", ".svg"):
            raise OutputError(f"{self._path}: the suffix does not say how to draw; known are .png and .svg")
        check_place(self._path)
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise OutputError(f"{self._path}: is drawn by matplotlib, which is not installed; install it") from None
        self._figure = Figure(figsize=(9, 5.5), dpi=130, layout="constrained")
        self._axes = self._figure.add_subplot()
        self._axes.spines[["top", "right"]].set_visible(False)
        return self._axes

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None or self._path is None:
            return
        from matplotlib import rc_context

        suffix = self._path.suffix.lower().removeprefix(".")
        metadata = {"png": {"Software": None}, "svg": {"Date": None}}[suffix]
        same = rc_context({"svg.hashsalt": "nlptools"})  # equal drawings, equal bytes
        with atomic_file(self._path) as file, same, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # characters that no font has are drawn as boxes
            self._figure.savefig(file, format=suffix, metadata=metadata)
