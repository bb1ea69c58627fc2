"""Train pkuseg on segmented text with its defaults, and cut the lines of a text; prints the seconds that training took.

python segment_train_pkuseg.py SEGMENTED TEXT OUTPUT
"""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import pkuseg  # type: ignore[import-not-found,unused-ignore]


def main() -> None:
    segmented, text, output = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with Path(os.devnull).open("w") as nothing, contextlib.redirect_stdout(nothing):
            pkuseg.train(segmented, segmented, folder)  # it wants a set to test on, and says how it does there
        print(time.perf_counter() - start)
        segmenter = pkuseg.pkuseg(folder)
        lines = Path(text).read_text(encoding="utf-8").splitlines()
        found = "".join(" ".join(segmenter.cut(line)) + "\n" for line in lines)
    Path(output).write_text(found, encoding="utf-8")


if __name__ == "__main__":
    main()
