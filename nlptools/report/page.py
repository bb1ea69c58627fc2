"""One page of HTML with everything in it: text, style, program, data."""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
CHUNK = 200
"""Words whose evidence is packed together."""


def packed(value: Any) -> str:
    """Return a value as JSON, packed by gzip, in base64: text that holds no markup, whatever the value is."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def chunks_within(records: Iterable[Any], size: int | None) -> Iterator[str]:
    """Yield the records, CHUNK at a time, packed, while they take no more than `size` bytes together; None: all."""
    waiting, left = iter(records), size
    while chunk := list(islice(waiting, CHUNK)):
        text = packed(chunk)
        if left is not None:
            left -= len(text)
            if left < 0:
                return
        yield text


def page(title: str, about: dict[str, Any], table: dict[str, list[Any]], others: Any, chunks: list[str]) -> str:
    """Return the page.

    about: what is shown of the report as a whole, plain JSON. table: the columns. others: n-grams that were left out, or
    None. chunks: packed evidence, CHUNK words each, from the first word on.
    Data are never markup: they are base64, or JSON without "<".
    """
    style, program = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    data = packed(table)
    about = {**about, "id": hashlib.sha256(data.encode()).hexdigest()[:16]}
    blocks = [
        _data("about", "application/json", json.dumps(about).replace("<", "\\u003c")),
        _data("table", "text/plain", data),
        _data("others", "text/plain", "" if others is None else packed(others)),
        *(_data(f"evidence-{number}", "text/plain", chunk) for number, chunk in enumerate(chunks)),
    ]
    parts = {
        "<!--policy-->": f"default-src 'none'; script-src '{_digest(program)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        "<!--title-->": html.escape(title),
        "/*style*/": style,
        "/*program*/": program,
        "<!--data-->": "\n".join(blocks),
    }
    pattern = re.compile("|".join(map(re.escape, parts)))
    return pattern.sub(lambda match: parts[match[0]], (FOLDER / "page.html").read_text(encoding="utf-8"))


def _data(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>'


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
