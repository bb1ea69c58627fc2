"""The fuzz run guided by coverage: `python tests/faults/fuzz_guided.py TARGET FOLDER [options of libFuzzer]`.

FOLDER gets the inputs that reach something new. With NUMBA_DISABLE_JIT=1 the kernels are guided as well, and a
kernel that reads beyond its data is found. Needs atheris.
"""

import os
import sys
from pathlib import Path
from random import Random

import atheris
import numba  # noqa: F401  # before anything is instrumented

SEEDS = 100
_OPTIONS = ("-seed=1", "-timeout=60", "-max_len=600", "-print_final_stats=1", "-verbosity=0")

# What is instrumented cannot be compiled.
_COMPILED = [] if os.environ.get("NUMBA_DISABLE_JIT") == "1" else ["nlptools.corpus._kernels"]

with atheris.instrument_imports(include=["nlptools.corpus"], exclude=_COMPILED):
    import fuzz_readers


def main() -> None:
    """Fuzz the target until something is wrong, or the runs are over."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    for number in range(SEEDS):
        data = fuzz_readers.TARGETS[name].make(Random(f"guided {name} {number}"))
        (folder / f"seed-{number}").write_bytes(data)
    options = [f"-artifact_prefix={folder.parent}/", *_OPTIONS, *sys.argv[3:]]
    atheris.Setup([sys.argv[0], str(folder), *options], lambda data: fuzz_readers.check(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
