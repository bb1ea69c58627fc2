"""New words of a text by smoothnlp, all that it finds, best first.

python newwords_smoothnlp.py TEXT OUTPUT
"""

import sys
from pathlib import Path

from smoothnlp.algorithm.phrase import extract_phrase  # type: ignore[import-not-found,unused-ignore]

text, output = map(Path, sys.argv[1:])
found = extract_phrase(text.read_text(encoding="utf-8").splitlines(), top_k=10_000_000)
output.write_text("".join(f"{word}\n" for word in found), encoding="utf-8")
