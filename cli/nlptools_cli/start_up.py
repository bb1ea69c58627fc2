"""Numba's compiled kernels: where they are kept, and a word to the user before they are compiled.

Numba keeps what it compiled in `__pycache__` beside the source, or in the user's cache directory, and refuses
to run where it can write to neither. The command finds a place in every case: NUMBA_CACHE_DIR if the user has
set it; `__pycache__`; the user's cache directory; a directory of our own that goes when the command ends.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nlptools
from nlptools.cache import cache_folder
from nlptools.errors import InputError, OutputError

PACKAGE = Path(nlptools.__file__).parent


@contextmanager
def compiled_kernels(log: Callable[[str], object]) -> Iterator[None]:
    """Do the work of a command that uses kernels; enter this before numba is imported.

    Says so if they must be compiled first. The work is remembered when the block ends well.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        yield
        return
    folder = _lasting_folder()
    if folder is None:
        log("nlptools: compiling the kernels, about 20 s; to keep the result set NUMBA_CACHE_DIR to a folder")
        with _passing_folder():
            yield
        return
    mark = folder / f"nlptools-compiled-{_hash(str(PACKAGE))}.{sys.implementation.cache_tag}"
    if not _holds(mark, _fingerprint()):
        log("nlptools: first run: compiling the kernels, about 20 s; the result is kept")
    with _damage_told(folder):
        yield
    if not _holds(mark, _fingerprint()):
        with suppress(OSError):
            mark.write_text(_fingerprint(), encoding="utf-8")


def _lasting_folder() -> Path | None:
    """Return where Numba will keep the kernels, and see to it that it does; None if nowhere."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen and _is_writable(Path(chosen)):
        return Path(chosen)
    beside = {file.parent / "__pycache__" for file in _kernel_files()}
    if all(map(_is_writable, beside)):
        return PACKAGE / "newwords" / "__pycache__"
    folder = cache_folder()
    if folder is not None and _is_writable(folder):
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
        return folder
    return None


@contextmanager
def _damage_told(folder: Path) -> Iterator[None]:
    """Raise InputError where Numba cannot read what it has kept, as after a loss of power."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in ("UnpicklingError", "EOFError"):  # by name: we import no pickle
            raise
        chosen = os.environ.get("NUMBA_CACHE_DIR")
        place = folder if chosen and Path(chosen) == folder else PACKAGE
        raise InputError(
            f"{place}: the compiled kernels there are damaged; delete all *.nbi below, and run again"
        ) from error


@contextmanager
def _passing_folder() -> Iterator[None]:
    try:  # made for us alone: Numba runs what it finds there
        folder = tempfile.TemporaryDirectory(prefix="nlptools-", ignore_cleanup_errors=True)
    except OSError as error:
        raise OutputError(
            f"no folder for the compiled kernels can be written to ({error.strerror}); name one with NUMBA_CACHE_DIR"
        ) from error
    with folder:
        os.environ["NUMBA_CACHE_DIR"] = folder.name
        yield


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _kernel_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*_kernels.py"))


def _fingerprint() -> str:
    """Return what makes Numba compile again when it changes: the kernels, and the version of Numba."""
    from importlib.metadata import version  # late: it is slow to import

    return _hash(version("numba"), *(file.read_text(encoding="utf-8") for file in _kernel_files()))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _holds(file: Path, content: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == content
    except (OSError, UnicodeDecodeError):
        return False
