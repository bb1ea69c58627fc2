"""Print what `make coverage` found as a Markdown table: lines and branches that tests reach, by package."""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def main() -> None:
    files = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
    packages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, file in files.items():
        folder = Path(name).parent.as_posix()
        for package in (folder, "together"):
            packages[package].update({key: file["summary"][key] for key in COUNTED})
    print("| package | lines | reached | branches | reached |\n| --- | ---: | ---: | ---: | ---: |")
    for package, counts in sorted(packages.items(), key=lambda item: (item[0] == "together", item[0])):
        lines, reached, branches, taken = (counts[key] for key in COUNTED)
        print(f"| {package} | {lines:,} | {share(reached, lines)} | {branches:,} | {share(taken, branches)} |")


def share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"


if __name__ == "__main__":
    main()
