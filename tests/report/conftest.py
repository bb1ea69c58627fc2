"""A corpus, its words, and what slow Python says of them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # browser.py, which the benchmark and the screenshots use, too

SCRIPT = "<script>window.harmed=1</script>"
CLOSING = "</script><img src=x onerror=window.harmed=2>"
COMMENT = "<!--<script>"
EVIL = [
    SCRIPT,
    CLOSING,
    COMMENT,
    "a\u2028b\u2029c",
    "'\"&amp;",
    "\x00\x07",
    "__proto__",
    "constructor",
    "𠮷野家",
    "👩‍💻",
]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Documents with markup, control characters and characters beyond the BMP."""
    lines = [f"微信群里第{n}次发了红包，微信红包怎么发？" for n in range(40)]
    return [*lines, *(f"前文{evil}后文" for evil in EVIL), "用微信付款\r\n抢到红包了\n", ""]


@pytest.fixture(scope="session")
def words() -> pa.Table:
    """A ranked table: words with markup among plain ones, with terms of the score."""
    names = ["微信", "红包", "微信红包", "5G", "5G手机", "かな", "发了", *EVIL]
    size = len(names)
    return pa.table(
        {
            "word": pa.array(names, pa.large_string()),
            "count": pa.array([80 - 3 * n for n in range(size)], pa.int64()),
            "documents": pa.array([40 - n for n in range(size)], pa.int64()),
            "pmi": [round(1.5 + (n * 7 % 11) / 2, 2) for n in range(size)],
            "left_entropy": [round(3.0 + (n * 5 % 7) / 3, 4) for n in range(size)],
            "right_entropy": [None if n == 3 else round(2.0 + (n * 3 % 5) / 3, 4) for n in range(size)],
            "score": [round(0.99 - n / 50, 6) for n in range(size)],
            "known": [n % 3 == 0 for n in range(size)],
            "why_constant": [-2.4] * size,
            "why_price": [5.0 - n / 4 for n in range(size)],
            "why_pmi": [0.25] * size,
        }
    )


@pytest.fixture(scope="session")
def left_out() -> pa.Table:
    return pa.table(
        {
            "word": ["群里", "里第", SCRIPT + "x"],
            "count": [40, 39, 1],
            "limit": ["price", "bound", "unheard"],
            "value": [0.125, None, None],
            "least": [0.3, None, None],
        }
    )


@pytest.fixture(scope="session")
def slow_occurrences(texts: list[str]) -> Callable[[str], list[tuple[int, int]]]:
    """Document and place of each occurrence of a string; overlapping ones count."""
    return lambda word: [
        (d, at) for d, text in enumerate(texts) for at in range(len(text)) if text.startswith(word, at)
    ]


@pytest.fixture(scope="session")
def slow_count(slow_occurrences: Callable[[str], list[tuple[int, int]]]) -> Callable[[str], int]:
    return lambda word: len(slow_occurrences(word))
