"""Cut the lines of a text by a package with its defaults; prints the seconds that cutting took, start left out.

python segment_lines.py PACKAGE TEXT OUTPUT
"""

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cut = Callable[[str], list[str]]


def load(package: str) -> Cut:
    """Return what cuts a line."""
    module: Any = importlib.import_module(package)
    if package == "pkuseg":  # its default model is in the package
        return module.pkuseg().cut  # type: ignore[no-any-return]
    if package == "thulac":
        model = module.thulac(seg_only=True)
        return lambda line: [word for word, _ in model.cut(line)]
    if package == "jieba":
        module.initialize()
        return module.lcut  # type: ignore[no-any-return]
    if package == "rjieba":
        return module.cut  # type: ignore[no-any-return]
    sys.exit(f"{package}: no such package is known here")


def main() -> None:
    package, text, output = sys.argv[1:]
    lines = Path(text).read_text(encoding="utf-8").splitlines()
    cut = load(package)
    cut("先切一行")  # what is loaded late, is loaded now
    start = time.perf_counter()
    found = [cut(line) for line in lines]
    print(time.perf_counter() - start)
    Path(output).write_text("".join(" ".join(words) + "\n" for words in found), encoding="utf-8")


if __name__ == "__main__":
    main()
