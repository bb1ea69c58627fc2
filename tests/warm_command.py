"""The command in forks of a process that has the library in memory: the examples of the docs are some 130 processes, each of which
would spend a second with imports. What imports cost and do is tested in tests/cli/test_start.py.

    python warm_command.py SOCKET CLIENT

writes the program CLIENT, to be called as the command, or with `-c CODE` as Python, and serves it until it is ended.
"""

import json
import os
import signal
import socket
import sys
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import nlptools
from nlptools_cli.main import run as run_command

CLIENT = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [json.dumps([os.getcwd(), sys.argv[1:]]).encode()], [0, 1, 2])
sys.exit(int(server.recv(9) or 99))
"""


def serve(address: str, client: Path) -> None:
    """Answer until the process is ended; the client is there once it will be answered."""
    for module in walk_packages(nlptools.__path__, "nlptools."):
        if "spark" not in module.name:
            import_module(module.name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    partial = client.with_suffix(".partial")
    partial.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    partial.chmod(0o755)
    partial.replace(client)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(answer(connection))
        connection.close()


def answer(connection: socket.socket) -> int:
    """Do what a client asks for, with its streams and in its folder; tell it the status and return it."""
    data, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    folder, arguments = json.loads(data)
    os.chdir(folder)
    status = run(arguments)
    for output in (sys.stdout, sys.stderr):
        output.flush()
    connection.send(str(status).encode())
    return status


def run(arguments: list[str]) -> int:
    """Return the status of a command, or of the code behind -c."""
    try:
        if arguments[:1] == ["-c"]:
            exec(compile(arguments[1], "<example>", "exec"), {"__name__": "__main__"})
            return 0
        return run_command(arguments, in_own_process=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    return 1


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
