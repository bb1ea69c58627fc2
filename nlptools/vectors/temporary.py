"""Temporary files that go with their context, and errors that say where there is no room for them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nlptools.errors import OutputError


@contextmanager
def temporary_folder(directory: str | Path | None = None) -> Iterator[Path]:
    """Make a folder that is deleted with all that is in it. directory: where; default: the system's place."""
    with no_room_told(directory or tempfile.gettempdir()):
        folder = Path(tempfile.mkdtemp(prefix="nlptools-", dir=directory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def no_room_told(place: str | Path) -> Iterator[None]:
    """Raise OutputError in place of an OSError of writing under `place`."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{place}: no temporary file can be written here ({error.strerror or error}); make room, or name another "
            "folder for temporary files (TMPDIR)"
        ) from error
