"""For the tests of jobs: the command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MAIN = "from nlptools_cli.main import main; main()"


@pytest.fixture
def start() -> Callable[..., "subprocess.Popen[str]"]:
    """Start `nlptools run` in a process of its own."""

    def started(*arguments: object, **more: Any) -> "subprocess.Popen[str]":
        path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), str(ROOT / "corpora")])
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, "run", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )

    return started
