"""Mutation testing of what counts and what scores: `make mutants`.

A mutant is a module with one change: another operator, a number one more or less, a condition turned round, a loop that
does not run. The tests of the module should fail. cosmic-ray makes the mutants; we run them, since its own runner starts
Python anew for each, which takes longer than the tests: here a process that has loaded the libraries forks. The compiler
is off, so that a change in a kernel takes effect at once.

Of each place in the source one mutant is drawn, and of those `--count` for each module. Left out: types, which nothing
runs, and decorators, which only compile.
"""

import argparse
import ast
import difflib
import importlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "mutants"
TREE = BUILD / "tree"

LIBRARIES = (
    "hypothesis",
    "hypothesis.extra.numpy",
    "numba",
    "pyarrow.compute",
    "pyarrow.parquet",
    "pytest",
    "scipy.special",
)

NGRAMS, NEWWORDS = "nlptools/ngrams", "nlptools/newwords"
GROUPING = "tests/ngrams/test_grouping.py"
PRICES = [
    "tests/newwords/test_description_length.py",
    "--deselect=tests/newwords/test_description_length.py::test_words_longer_than_a_segment",
]
# module -> its tests, quick ones first; of slow files only some
TESTS = {
    f"{NGRAMS}/_kernels.py": [
        f"{GROUPING}::test_any_keys",
        f"{GROUPING}::test_any_windows",
        "tests/newwords/test_trie.py::test_any_text",
        "tests/ngrams/test_count.py::test_any_text",
        "tests/ngrams/test_count.py::test_two_words_for_a_key",
        f"{GROUPING}::test_more_distinct_keys_in_a_bucket_than_its_table_holds[1]",
    ],
    f"{NGRAMS}/grouping.py": [
        *(f"{GROUPING}::{name}" for name in ("test_any_keys", "test_any_windows", "test_window_bits")),
        f"{GROUPING}::test_many_keys[chosen0]",
    ],
    f"{NGRAMS}/_merge_kernels.py": [
        "tests/ngrams/test_merge_rows.py",
        "tests/ngrams/test_long_left_out.py",
        "tests/ngrams/test_valid_rows.py",
        "tests/ngrams/test_count_file.py",
    ],
    f"{NGRAMS}/merge_rows.py": ["tests/ngrams/test_merge_rows.py"],
    f"{NGRAMS}/rows.py": ["tests/ngrams/test_merge_rows.py", "tests/ngrams/test_counts.py"],
    f"{NGRAMS}/_trie_kernels.py": ["tests/newwords/test_trie.py"],
    f"{NGRAMS}/trie.py": ["tests/newwords/test_trie.py"],
    f"{NEWWORDS}/_count_kernels.py": ["tests/newwords/test_row_ranges.py", "tests/newwords/test_word_counts.py"],
    f"{NEWWORDS}/_kernels.py": [
        "tests/newwords/test_evidence.py",
        "tests/newwords/test_trie.py::test_chains",
        "tests/newwords/test_published.py",
    ],
    f"{NEWWORDS}/_lattice_kernels.py": PRICES,
    f"{NEWWORDS}/description_length.py": PRICES,
    f"{NEWWORDS}/evidence.py": ["tests/newwords/test_evidence.py"],
    f"{NEWWORDS}/score.py": ["tests/newwords/test_score.py"],
    f"{NEWWORDS}/published.py": [
        "tests/newwords/test_published_limits.py",
        "tests/newwords/test_published.py",
        "tests/newwords/test_left_out.py",
    ],
    f"{NEWWORDS}/counted_words.py": [
        "tests/newwords/test_counted_neighbours.py",
        "tests/newwords/test_counted_words.py",
    ],
    f"{NEWWORDS}/contrast.py": ["tests/newwords/test_contrast.py"],
    f"{NEWWORDS}/trend_scores.py": ["tests/newwords/test_trends_edges.py", "tests/newwords/test_trends_scores.py"],
}

Result = tuple[str, float]  # killed, survived, timeout; seconds of the processor
Place = tuple[int, int]  # line, from 1, and column


class Mutant(NamedTuple):
    """An operator of cosmic-ray, and which of the changes that it can make in a module, from 0."""

    operator: str
    occurrence: int


def main() -> None:
    arguments = parsed()
    copy_tree()
    load_libraries()
    table = []
    for module in arguments.modules:
        places, outcomes = judge(module, arguments.count, random.Random(f"{arguments.seed} {module}"))
        cells = [places, outcomes.total(), *(outcomes[name] for name in ("killed", "timeout", "survived"))]
        table.append(f"| {module} | {' | '.join(map(str, cells))} |")
        print(table[-1], flush=True)
    print("\n| module | places | mutants | killed | timeout | survived |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(table))


def judge(module: str, count: int, chance: random.Random) -> tuple[int, Counter[str]]:
    """Print the mutants that survive; return in how many places there are some, and what became of those drawn."""
    path = TREE / module
    source = path.read_text(encoding="utf-8")
    outcome, seconds = tested(TESTS[module], 600)
    if outcome != "survived":
        sys.exit(f"{module}: its tests fail without any mutant, or take more than ten minutes")
    places = mutants_by_place(source)
    drawn = chance.sample(sorted(places), len(places))[:count]  # more of them begin with the same
    outcomes: Counter[str] = Counter()
    for mutant in (chance.choice(places[place]) for place in drawn):
        code = mutated(source, mutant)
        path.write_text(code, encoding="utf-8")
        outcome, _ = tested(TESTS[module], 3 + 2 * seconds)
        outcomes[outcome] += 1
        if outcome == "survived":
            print(f"{module}, {mutant.operator}\n{change(source, code)}\n", flush=True)
    path.write_text(source, encoding="utf-8")
    return len(places), outcomes


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=list(TESTS), help="files, from nlptools/ on; all by default")
    parser.add_argument("--count", type=int, default=40, help="mutants of a module")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for module in set(arguments.modules) - set(TESTS):
        parser.error(f"{module} is not among: {', '.join(TESTS)}")
    return arguments


def copy_tree() -> None:
    """Copy what git knows of, so that a mutant never lies in the working tree."""
    shutil.rmtree(TREE, ignore_errors=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listing.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, TREE / name)


def load_libraries() -> None:
    """Load what the tests load, but nothing of ours, which may be mutated."""
    os.environ.update(NUMBA_DISABLE_JIT="1", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    sys.dont_write_bytecode = True  # a file with the same time and size would be taken for the one before
    for name in LIBRARIES:
        importlib.import_module(name)
    os.chdir(TREE)
    sys.path[:0] = [str(TREE / part) for part in ("", "cli", "corpora")]


def mutants_by_place(source: str) -> dict[Place, list[Mutant]]:
    """Return all mutants of a module by the place of the change."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    places: dict[Place, list[Mutant]] = {}
    left_out = list(spans_left_out(source))
    nodes = list(ast_nodes(get_ast(source)))
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments() or name == "core/RemoveDecorator":
            continue
        operator = operator_class()
        found = [place for node in nodes for place, _ in operator.mutation_positions(node)]
        for occurrence, place in enumerate(found):
            if not any(first <= place < last for first, last in left_out):
                places.setdefault(place, []).append(Mutant(name, occurrence))
    return places


def mutated(source: str, mutant: Mutant) -> str:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    code = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
    assert code is not None, mutant
    return str(code)


def spans_left_out(source: str) -> Iterator[tuple[Place, Place]]:
    """Find annotations and decorators."""
    for node in ast.walk(ast.parse(source)):
        parts = [
            getattr(node, "annotation", None),
            getattr(node, "returns", None),
            *getattr(node, "decorator_list", []),
        ]
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def tested(tests: list[str], limit: float) -> Result:
    """Run the tests in a process of their own, for `limit` seconds of the processor."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = os.fork()
    if child == 0:
        run_tests(tests, limit)
    deadline = time.monotonic() + 20 * limit  # the machine may be busy, the threads locked
    ended, status = os.waitpid(child, os.WNOHANG)
    while ended == 0:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
        ended, status = os.waitpid(child, os.WNOHANG)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - started.ru_utime - started.ru_stime
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU):
        return "timeout", seconds
    return "survived" if status == 0 else "killed", seconds


def run_tests(tests: list[str], limit: float) -> None:
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # a loop without end may also fill the memory
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os._exit(int(pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *tests])))


def change(source: str, code: str) -> str:
    """Show the lines that differ."""
    lines = difflib.unified_diff(source.splitlines(), code.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


if __name__ == "__main__":
    main()
