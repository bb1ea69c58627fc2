"""New words of a text by HarvestText as it documents it: most frequent first, its default; by its score, to OUTPUT.score.

python newwords_harvesttext.py TEXT OUTPUT
"""

import sys
from pathlib import Path

from harvesttext import HarvestText  # type: ignore[import-not-found,unused-ignore]

text, output = sys.argv[1:]
found = HarvestText().word_discover(Path(text).read_text(encoding="utf-8"))
by_score = found.sort_values("score", ascending=False)
Path(output).write_text("".join(f"{word}\n" for word in found.index), encoding="utf-8")
Path(f"{output}.score").write_text("".join(f"{word}\n" for word in by_score.index), encoding="utf-8")
