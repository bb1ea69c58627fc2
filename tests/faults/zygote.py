"""A process that has run commands before, and begins others by forking: these start at once, with all kernels loaded.

It reads requests, one JSON object a line, and answers in the same way. `run` is a command to run here, and the answer its exit
`status`; `begin` is one to start in a process of its own, with the limits it has, and the answer its `pid`; `wait` is a pid,
and the answer its exit `status`, negative for a signal. What commands print goes to the file `said`.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import tempfile
from typing import Any

from nlptools_cli.main import run

SECONDS = 300  # after which a command is killed: it hangs


def run_here(told: dict[str, Any]) -> int:
    """Run a command in this process."""
    prepare(told)
    said = open(told["said"], "w", encoding="utf-8")  # noqa: PTH123, SIM115
    signal.alarm(SECONDS)
    with said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = run(told["run"])
    signal.alarm(0)
    return status


def begin(told: dict[str, Any]) -> int:
    """Start a command in a process of its own."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(SECONDS)
    prepare(told)
    said = os.open(told["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number, file in enumerate((nowhere, nowhere, said)):
        os.dup2(file, number)
    if told["powers"] is False:
        drop_powers()
    if told["file_size"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (told["file_size"], told["file_size"]))
    sys.exit(run(told["begin"], in_own_process=True))


def prepare(told: dict[str, Any]) -> None:
    os.chdir(told["folder"])
    os.environ.update(told["environment"])
    tempfile.tempdir = None  # as the environment now says


def drop_powers() -> None:
    """Give up what root may do beyond others, so that permissions count."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if os.geteuid() == 0 and ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()):
        sys.exit("cannot give up the powers of root")


def main() -> None:
    """Answer until nobody asks."""
    for line in sys.stdin:
        told = json.loads(line)
        if "begin" in told:
            answer = {"pid": begin(told)}
        elif "run" in told:
            answer = {"status": run_here(told)}
        else:
            answer = {"status": os.waitstatus_to_exitcode(os.waitpid(told["wait"], 0)[1])}
        print(json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
