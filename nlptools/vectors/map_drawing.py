"""Maps as one HTML page, or as a PNG."""

import colorsys
import json
import warnings
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.table_files import check_output, write_table
from nlptools.corpus.writing import atomic_file, check_place
from nlptools.errors import OutputError

PAGE = Path(__file__).with_name("map_page.html")

PLAIN = "#4472a8"
NO_GROUP = "#b0b0b0"
LEGEND = 30
"""Groups that a picture names, at most; the page names all."""

NAMED = 150
"""Words that are written into a picture, at most."""

_FONTS = ("Noto Sans CJK", "Source Han Sans", "WenQuanYi", "Microsoft YaHei", "PingFang", "Hiragino Sans GB", "SimHei")
_SUFFIXES = ".html, .png, .csv, .tsv, .jsonl, .parquet, .arrow"

Draw = Callable[[pa.Table, str | Path], None]


def drawing(path: str | Path) -> Draw:
    """Return what draws a map to `path`, by its suffix; raises OutputError if nothing can be written there."""
    suffix = Path(path).suffix.lower()
    if suffix == ".png" and find_spec("matplotlib") is None:
        raise OutputError(f"{path}: a PNG is drawn by matplotlib, which is not installed; install it, or write a .html")
    if suffix in (".html", ".htm", ".png"):
        check_place(path)
        return _draw_png if suffix == ".png" else _draw_page
    try:
        check_output(path)
    except OutputError as error:
        if "suffix" not in str(error):
            raise
        raise OutputError(f"{path}: the suffix does not say how to draw; known are {_SUFFIXES}") from error
    return write_table


def _draw_page(table: pa.Table, path: str | Path) -> None:
    with atomic_file(path) as file:
        file.write(page(table).encode())


def page(table: pa.Table) -> str:
    """Return a map as a page of HTML with everything in it; what the table says is data there, never markup."""
    names, numbers, colours = _groups(table)
    data = {
        "keys": table[table.column_names[0]].to_pylist(),
        "x": [round(x, 4) for x in table["x"].to_pylist()],
        "y": [round(y, 4) for y in table["y"].to_pylist()],
        "texts": table["text"].to_pylist() if "text" in table.column_names else None,
        "groups": names,
        "group": numbers,
        "colours": colours,
        "named": table.column_names[0] == "word",
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return PAGE.read_text(encoding="utf-8").replace("DATA", text, 1)


def _groups(table: pa.Table) -> tuple[list[str], list[int], list[str]]:
    """Return the names of groups, the largest first; of each row the number of its group, -1 for none; and colours."""
    if "group" not in table.column_names:
        return [], [-1] * table.num_rows, []
    groups = table["group"].to_pylist()
    counts = Counter(group for group in groups if group is not None)
    names = sorted(counts, key=lambda name: (-counts[name], name))
    number_of = {name: number for number, name in enumerate(names)}
    return names, [number_of.get(group, -1) for group in groups], [_colour(number) for number in range(len(names))]


def _colour(number: int) -> str:
    """Return a colour; those of near numbers are far from each other."""
    hue, lightness = number * 0.381966 % 1, (0.45, 0.6, 0.35)[number // 8 % 3]
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, lightness, 0.7))


def _draw_png(table: pa.Table, path: str | Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names, numbers, colours = _groups(table)
    figure = Figure(figsize=(12, 10), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_axis_off()
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    plain = NO_GROUP if names else PLAIN
    axes.scatter(x, y, s=8, linewidths=0, c=[colours[number] if number >= 0 else plain for number in numbers])
    font = chinese_font()
    if table.column_names[0] == "word":
        for place, word in enumerate(table["word"].slice(0, NAMED).to_pylist()):
            axes.annotate(word, (x[place], y[place]), fontsize=8, parse_math=False, **font)
    if names:
        dots = [axes.scatter([], [], s=20, c=colour) for colour in colours[:LEGEND]]
        legend = axes.legend(
            dots,
            names[:LEGEND],
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            frameon=False,
            prop=font.get("fontproperties"),
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
    with atomic_file(path) as file, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # characters that no font has are drawn as boxes
        figure.savefig(file, format="png", metadata={"Software": None})


def chinese_font() -> dict[str, Any]:
    """Return the first installed font that has Chinese characters, as an argument; nothing if there is none."""
    from matplotlib.font_manager import FontProperties, fontManager

    for wanted in _FONTS:
        for font in fontManager.ttflist:
            if font.name.startswith(wanted):
                return {"fontproperties": FontProperties(fname=font.fname, size=8)}
    return {}
