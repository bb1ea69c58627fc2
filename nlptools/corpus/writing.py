"""Results appear under their real name only when they are whole."""

import errno
import os
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from nlptools.errors import OutputError

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def atomic_file(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a binary file that replaces `path` when the block ends well, and leaves no trace when it fails.

    The data are on disk before the name changes. A link is followed; an existing file keeps its
    permissions. Devices and pipes (/dev/stdout, a FIFO) are written to directly. Raises OutputError where
    nothing can be written.
    """
    check_place(path)
    if writes_through(path):
        with _say_where(path), open(path, "ab") as file:  # noqa: PTH123
            yield file
        return
    target = Path(path).resolve()
    temporary = target.with_name(f".nlptools-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with _say_where(path, always=True):
            file = temporary.open("xb")
        with _say_where(path), file:  # closing fails, too, where there is no room
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _say_where(path, always=True):
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # not every system can do it
        _sync_folder(target.parent)


@contextmanager
def _say_where(path: str | Path, always: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if always or error.errno in _DISK_ERRORS:
            raise OutputError(
                f"{path}: cannot be written ({error.strerror}); make room or give another place"
            ) from error
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def writes_through(path: str | Path) -> bool:
    """Say whether `path` is a device, a pipe, or another name of a stream of this process."""
    if str(Path(path).absolute()).startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True  # may lead to a regular file, which belongs to whoever opened it
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def check_place(path: str | Path) -> None:
    """Raise OutputError, with the remedy, if a file could not be written to `path`; nothing is created."""
    try:
        target = Path(path).resolve()
        is_directory, folder_exists = target.is_dir(), target.parent.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"{str(path)[:200]!r}: is no name for a file ({error}); give another") from error
    if is_directory:
        raise OutputError(f"{path}: is a folder; name a file, e.g. {Path(path) / 'result.csv'}")
    if writes_through(path):
        if not os.access(path, os.W_OK):
            raise OutputError(f"{path}: permission denied; give another place")
    elif not folder_exists:
        command = f"mkdir -p {shlex.quote(str(target.parent))}"
        raise OutputError(f"{path}: the folder {target.parent} does not exist; create it with: {command}")
    elif not os.access(target.parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: nothing can be written in the folder {target.parent}; give another place")
