"""The report page: how long it takes to write, how large it is, how fast a real browser loads and searches it.

    python benchmarks/report.py [--megabytes 40] [--words 50000]

The text is made as in memory.py. Needs Chromium with its driver: make browser.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import ROOT, Plot, machine, need, table
from memory import write_text

import nlptools as nt

sys.path.insert(0, str(ROOT / "tests" / "report"))

import browser  # type: ignore[import-not-found,unused-ignore]

QUERIES = ("中", "公司", "的", "人民", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--words", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    (source,) = need("zh/mixed.txt.gz")
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        text, page = Path(folder, "text.txt"), Path(folder, "report.html")
        write_text(text, options.megabytes, source)
        words, left_out = nt.explain_new_words(text, min_score=0.0, top=options.words)
        started = time.perf_counter()
        size = nt.write_report(words, text, page, left_out=left_out, log=print)
        table(
            f"The page of {words.num_rows:,} words from {options.megabytes} MB",
            ["written in, s", "size, MB"],
            [[f"{time.perf_counter() - started:.1f}", f"{size / 1e6:.1f}"]],
        )
        reason = browser.missing()
        if reason:
            print(f"not loaded: {reason}")
            return
        driver = browser.start()
        try:
            table(
                "In the browser, median ms",
                ["what", "ms"],
                times(driver, page, options.rounds),
                Plot("bars", "what", ["ms"], "ms"),
            )
        finally:
            driver.quit()


def times(driver: Any, page: Path, rounds: int) -> list[list[object]]:
    """Return what was done, and the median of the milliseconds that it took."""
    browser.look(driver)
    rows: list[list[object]] = [["load", milliseconds([1000 * browser.visit(driver, page) for _ in range(rounds)])]]
    for query in QUERIES:
        code = (
            "document.getElementById('search').value = arguments[0]; refresh();"
            "return Number(document.body.dataset.filtered)"
        )
        rows.append(
            [f"search {query or '(all)'}", milliseconds([driver.execute_script(code, query) for _ in range(rounds)])]
        )
    for name in ("count", "pmi", "word"):
        code = "const t = performance.now(); orders.clear(); sortBy(arguments[0]); return performance.now() - t"
        rows.append([f"sort by {name}", milliseconds([driver.execute_script(code, name) for _ in range(rounds)])])
    code = (
        "const done = arguments[1], t = performance.now(); chunks.clear();"
        "open(arguments[0]).then(() => done(performance.now() - t))"
    )
    rows.append(["open a word", milliseconds([driver.execute_async_script(code, 200 * n) for n in range(rounds)])])
    return rows


def milliseconds(values: list[float]) -> str:
    return f"{statistics.median(values):.0f}"


if __name__ == "__main__":
    main()
