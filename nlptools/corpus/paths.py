"""Which files a path, a glob or a directory stands for."""

import glob
import os
import shlex
from pathlib import Path

from nlptools.corpus.compression import SUFFIXES
from nlptools.errors import InputError
from nlptools.wording import counted

FORMATS = {
    ".txt": "text",
    ".text": "text",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".json": "JSON",
    ".csv": "CSV",
    ".tsv": "TSV",
    ".parquet": "Parquet",
    ".arrow": "Arrow",
    ".feather": "Arrow",
}
"""The formats whose names tell: suffix -> name of the format. Files of other names are looked into."""

_OTHER_ARCHIVES = {
    ".7z": "7z x {path}",
    ".rar": "unrar x {path}",
    ".tar": "tar -xf {path}",
    ".tgz": "tar -xf {path}",
}
"""Suffixes of archives that are not read -> what unpacks them."""


class NoFileError(InputError):
    """A path at which there is nothing."""


def name_parts(path: str) -> tuple[str, str | None]:
    """Return the format suffix and the compression that a name tells: "a.jsonl.gz" → (".jsonl", "gzip")."""
    stem, suffix = os.path.splitext(path.lower())  # noqa: PTH122  # text, also of what is no path
    compression = SUFFIXES.get(suffix)
    if compression is not None:
        suffix = os.path.splitext(stem)[1]  # noqa: PTH122
    return suffix, compression


def tells_format(path: str) -> bool:
    """Say whether a name tells that it is for us to read."""
    return name_parts(path)[0] in FORMATS or path.lower().endswith(".zip")


def expand(path: str) -> list[Path]:
    """Return the files that `path` stands for: itself, the matches of a glob, or all text below a directory.

    The order is that of the sorted paths. Raises InputError if there is nothing to read.
    """
    shown = path if len(path) <= 200 else path[:200] + "…"
    if not path:
        raise InputError("an input has an empty name; give a file, a folder, a glob, or - for standard input")
    found = Path(path)
    try:
        exists = found.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        exists = False
    if not exists:
        if any(character in path for character in "*?["):
            found_by_glob = map(Path, glob.glob(path, recursive=True))  # noqa: PTH207  # also takes absolute ones
            matches = sorted(match for match in found_by_glob if not match.is_dir())
            if not matches:
                raise InputError(f"{shown}: no file matches; check the pattern (it starts from {Path.cwd()})")
            return [_checked(match) for match in matches]
        raise NoFileError(f"{shown}: no such file; check the path (it starts from {Path.cwd()})")
    return _below(found) if found.is_dir() else [_checked(found)]


def _checked(path: Path) -> Path:
    suffix, _ = name_parts(str(path))
    outer = path.suffix.lower()
    kind = outer if outer in _OTHER_ARCHIVES else suffix
    if kind in _OTHER_ARCHIVES:
        command = _OTHER_ARCHIVES[kind].format(path=shlex.quote(str(path)))
        raise InputError(f"{path}: {kind} archives are not read; unpack it: {command}")
    if not path.exists():
        raise InputError(f"{path}: is a link to a file that does not exist; mend or remove the link")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: permission denied; allow it with: chmod u+r {shlex.quote(str(path))}")
    return path


def _below(directory: Path) -> list[Path]:
    def stop(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed ({error.strerror}); check its permissions") from error

    files = []
    for folder, folders, names in os.walk(directory, onerror=stop):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(folder, name) for name in names if not name.startswith(".")]
    readable = sorted(file for file in files if tells_format(file.name))
    if not readable:
        looked_for = ", ".join(FORMATS) + ", each also with " + " or ".join(SUFFIXES) + ", and .zip"
        raise InputError(
            f"{directory}: has {counted(len(files), 'file')}, but none that is text to read (looked for {looked_for}); "
            f"if the names are others give a pattern, e.g. {shlex.quote(str(directory / '*'))}"
        )
    return [_checked(file) for file in readable]
