"""New words of a text by jiagu, most frequent first, which is its order.

python newwords_jiagu.py TEXT OUTPUT
"""

import sys
from pathlib import Path

import jiagu  # type: ignore[import-not-found,unused-ignore]

text, output = sys.argv[1:]
jiagu.findword(text, output)
lines = Path(output).read_text(encoding="utf-8").splitlines()
Path(output).write_text("".join(line.split("\t")[0] + "\n" for line in lines), encoding="utf-8")
