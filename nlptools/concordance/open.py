"""`open_concordance`: the index of a corpus, made where there is none yet."""

import hashlib
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nlptools.cache import cache_folder
from nlptools.checks import check_numbers
from nlptools.concordance.index_file import SUFFIX, IndexFile
from nlptools.concordance.search import Concordance
from nlptools.corpus import Corpus, CorpusInput, check_place, open_corpus
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.memory import show_memory

UNUSED_DAYS = 30
"""After so long without a question an index in the cache is deleted, when another one is made."""


def open_concordance(
    source: CorpusInput,
    *,
    index: str | Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
) -> Concordance:
    """Return what looks words up in a corpus, by an index that is made in one pass if there is none yet.

    source: whatever `open_corpus` takes, or an index file (.kwic).
    index: the file (.kwic) in which the index is kept; if it is there, and made of this corpus as it is now, it is used.
        Default: the user's cache for a corpus in files, else a temporary file.
    threads: to make the index; default: all processors. progress: see `Corpus.batches`. log: takes a line that says
        where the index is.
    Raises InputError if the source cannot be read, or is a damaged index. Warns if the corpus of an index has changed.
    """
    check_numbers(threads=threads)
    if is_index(source):
        return Concordance(_own(source, log))
    corpus = open_corpus(source)
    place = place_of(corpus, index)
    if place is None:
        return _temporary(corpus, threads, progress)
    found = ready_index(corpus, place)
    if found is None:
        _make(corpus, place, threads, progress)
        found = IndexFile(place)
        if log is not None:
            log(f"index of {corpus.name}: {show_memory(place.stat().st_size)} in {place}")
    return Concordance(found)


def is_index(source: object) -> bool:
    """Say whether a path is that of an index, by its suffix."""
    return isinstance(source, (str, Path)) and Path(source).suffix == SUFFIX


def place_of(corpus: Corpus, index: str | Path | None) -> Path | None:
    """Return where the index of a corpus is kept; None if nowhere. Raises OutputError if it cannot be there."""
    if index is not None:
        if not is_index(index):
            raise OptionError(f"index={str(index)!r} cannot work: the name of an index ends with {SUFFIX}")
        check_place(index)
        return Path(index)
    identity = corpus.identity()
    folder = _index_folder()
    if identity is None or folder is None or not _is_writable(folder):
        return None
    return folder / (hashlib.sha256(identity.encode()).hexdigest()[:32] + SUFFIX)


def has_index(corpus: Corpus, index: str | Path | None) -> bool:
    """Say whether `open_concordance` would find the index of a corpus, and not make it."""
    found = ready_index(corpus, place_of(corpus, index))
    if found is not None:
        found.close()
    return found is not None


def _index_folder() -> Path | None:
    """Return the folder in which indexes are kept; None if nobody is at home."""
    folder = cache_folder()
    return None if folder is None else folder / "concordance"


def _is_writable(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.access(folder, os.W_OK | os.X_OK)
    return False


def ready_index(corpus: Corpus, place: Path | None) -> IndexFile | None:
    """Return the index at a place if it was made of this corpus, as it is now; None if it must be made."""
    identity = corpus.identity()
    if place is None or identity is None or not place.exists():
        return None
    try:
        found = IndexFile(place)
    except InputError:
        if place.parent == _index_folder():
            return None  # ours to mend
        raise
    if found.identity != identity:
        found.close()
        return None
    with suppress(OSError):
        os.utime(place)  # in use
    return found


def _make(corpus: Corpus, place: Path, threads: int | None, progress: Callable[[int], object] | None) -> None:
    from nlptools.concordance.build import make_index  # here, because questions need no kernels

    if place.parent == _index_folder():
        _tidy(place.parent)
    make_index(corpus, place, threads=threads, progress=progress)


def _tidy(folder: Path) -> None:
    """Delete the indexes that nobody can use, because the corpus has changed, and all that nobody has used for long."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < oldest or (is_index(path) and _is_useless(path)):
                path.unlink()


def _is_useless(path: Path) -> bool:
    try:
        found = IndexFile(path)
    except InputError:
        return True
    useless = found.changed_input() is not None
    found.close()
    return useless


def _temporary(corpus: Corpus, threads: int | None, progress: Callable[[int], object] | None) -> Concordance:
    try:
        folder = tempfile.TemporaryDirectory(prefix="nlptools-", ignore_cleanup_errors=True)
    except OSError as error:
        place = tempfile.gettempdir()
        raise OutputError(
            f"{place}: no index can be written here ({error.strerror}); set TMPDIR to a folder"
        ) from error
    path = Path(folder.name) / f"index{SUFFIX}"
    try:
        _make(corpus, path, threads, progress)
    except BaseException:
        folder.cleanup()
        raise
    return Concordance(IndexFile(path), folder.cleanup)


def _own(source: CorpusInput, log: Callable[[str], object] | None) -> IndexFile:
    """Return the index file that was named; says so if what it was made of has changed."""
    found = IndexFile(Path(str(source)))
    changed = found.changed_input()
    if changed is not None:
        line = f"{source}: {changed} has changed since this index was made, and is not what you see; make it again"
        if log is None:
            warnings.warn(line, stacklevel=3)
        else:
            log(line)
    return found
