"""A concordance: making the index, and the second question as a whole command, beside programs that scan the text.

    python benchmarks/concordance.py [--sizes 100 1000] [--rounds 5]

The text is made as in memory.py. Questions are new processes that write 30 lines as CSV, or the neighbours; the index and
the text are in the page cache. Processor seconds are those of all threads, user and system. `grep -F` and, where it is installed, `rg -F` count lines with the word, which is less.
"""

import argparse
import resource
import shutil
import tempfile
from pathlib import Path

from common import Plot, Run, machine, measure, median, need, nlptools, table
from memory import write_text

WORDS = ("的", "我们", "红包", "中华人民共和国", "concordance", "𠮷")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000], help="in MB")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    (source,) = need("zh/mixed.txt.gz")
    print(machine())
    made, asked = [], []
    with tempfile.TemporaryDirectory() as folder:
        text, index = Path(folder, "text.txt"), Path(folder, "text.kwic")
        for size in options.sizes:
            write_text(text, size, source)
            index.unlink(missing_ok=True)
            question = nlptools("concordance", "红包", str(text), "--index", str(index), "-q", "--top", "30")
            run, processor = processor_seconds(question)
            made.append(
                [f"{size:,} MB", run.seconds, processor, f"{run.memory:.0f}", index.stat().st_size // 1_000_000]
            )
            for word in WORDS:
                asked.append([f"{size:,} MB", word, *answers(word, text, index, options.rounds)])
                print(asked[-1], flush=True)
    table("The first question, which makes the index", ["text", "seconds", "processor", "peak MB", "index MB"], made)
    scanning = ["grep, s", *(["rg, s"] if shutil.which("rg") else [])]
    table(
        "The second question",
        ["text", "word", "lines, s", "processor", "peak MB", "neighbours, s", *scanning],
        asked,
        Plot("bars", "word", ["lines, s", *scanning], "seconds", by="text"),
    )


def processor_seconds(command: list[str]) -> tuple[Run, float]:
    """Run a command; return what it took, and the processor seconds of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = measure(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def answers(word: str, text: Path, index: Path, rounds: int) -> list[object]:
    """Return seconds and peak memory of a question, and what others take to read the text."""
    command = nlptools("concordance", word, str(text), "--index", str(index), "-q", "--top", "30")
    lines, processor = zip(*(processor_seconds(command) for _ in range(rounds)), strict=True)
    beside = [measure([*command, "--neighbours"]) for _ in range(rounds)]
    cells: list[object] = [median([run.seconds for run in lines]), median(processor)]
    cells += [f"{max(run.memory for run in lines):.0f}", median([run.seconds for run in beside])]
    for program in ("grep", "rg"):  # through a pipe: grep stops at the first line if nobody can see its output
        if shutil.which(program):
            cells.append(
                median([measure(["sh", "-c", f"{program} -Fc '{word}' {text} | cat"]).seconds for _ in range(3)])
            )
    return cells


if __name__ == "__main__":
    main()
