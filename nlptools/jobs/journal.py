"""The log of a job as JSON lines, which programs can follow."""

import json
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlptools.corpus.writing import check_place
from nlptools.errors import OutputError


class Journal:
    """Appends a line for each event to a file, or does nothing; a context manager. Several processes may share a file."""

    def __init__(self, path: str | Path | None) -> None:
        self._path = path
        self._file: int | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "Journal":
        if self._path is not None:
            check_place(self._path)
            try:
                how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)  # for Windows
                self._file = os.open(self._path, how, 0o666)
            except OSError as error:
                raise OutputError(f"{self._path}: cannot be written ({error.strerror}); give another place") from error
            self._stack.callback(os.close, self._file)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, event: str, **facts: Any) -> None:
        """Write a line with the time, the event and its facts."""
        if self._file is not None:
            line = {"time": now(), "event": event, "process": os.getpid(), **facts}
            text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
            os.write(self._file, text.encode("utf-8", "backslashreplace"))


def now() -> str:
    """Return the time as ISO 8601, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
