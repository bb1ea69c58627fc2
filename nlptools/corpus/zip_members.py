"""The members of a zip archive, one after another; none is ever written under its name."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, NamedTuple

from nlptools.corpus.byte_stream import ByteStream
from nlptools.corpus.compression import check_ratio
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.paths import tells_format
from nlptools.errors import InputError, one_line

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without members
_OFFICE = {"[Content_Types].xml", "mimetype", "META-INF/manifest.xml"}
_ERRORS = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
_ENTRY_BYTES = 1024  # a member's entry in the directory is hardly ever longer


class CountedFile(io.RawIOBase):
    """A file that counts what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self.taken = 0
        self._file = file

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, as in a file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place, as of a file."""
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, and count them."""
        data = self._file.read(size)
        self.taken += len(data)
        return data


class Member(NamedTuple):
    """A file in an archive, open."""

    name: str  # "archive.zip/member.txt"
    size: int  # bytes in the archive
    stream: ByteStream


def open_members(file: CountedFile, name: str, options: ReadOptions) -> Iterator[Member]:
    """Yield the members that are for us to read, in the order of their names.

    Folders, hidden files and what macOS adds are passed over. Raises InputError if the archive is damaged,
    encrypted, or beyond a limit, or has nothing to read.
    """
    try:
        _check_directory(file, name, options.max_members)
        archive = zipfile.ZipFile(file)
    except (*_ERRORS, EOFError, struct.error) as error:
        raise _damaged(name, error) from error
    with archive:
        for info in _readable(archive.infolist(), name, options.max_members):
            place = f"{name}/{one_line(info.filename)}"
            if info.flag_bits & 1:
                raise InputError(f"{place}: is encrypted; unpack the archive with its password first")
            try:
                packed = archive.open(info)
            except (*_ERRORS, RuntimeError) as error:
                raise _damaged(place, error) from error
            with packed:
                yield Member(place, info.compress_size, _content(packed, file, place, options.max_ratio))


def _content(packed: IO[bytes], file: CountedFile, name: str, max_ratio: int) -> ByteStream:
    before = file.taken
    given = 0

    def read(size: int) -> bytes:
        nonlocal given
        try:
            data = packed.read(size)
        except (*_ERRORS, EOFError, zlib.error, lzma.LZMAError) as error:
            raise _damaged(name, error) from error
        given += len(data)
        check_ratio(given, file.taken - before, name, max_ratio)
        return data

    return ByteStream(read)


def _damaged(name: str, error: Exception) -> InputError:
    return InputError(f"{name}: the zip archive is damaged, incomplete or of an unknown kind ({error}); copy it again")


def _readable(members: list[zipfile.ZipInfo], name: str, max_members: int) -> list[zipfile.ZipInfo]:
    if len(members) > max_members:
        raise _too_many(name, f"{len(members)} members", max_members)
    if not _OFFICE.isdisjoint(member.filename for member in members):
        raise InputError(f"{name}: is an Office document or a program, not an archive of texts; save its text first")
    files = [member for member in members if not member.filename.endswith("/") and not _is_hidden(member.filename)]
    chosen = [
        member for member in files if tells_format(member.filename) and not member.filename.lower().endswith(".zip")
    ]
    if not chosen and len(files) == 1:
        chosen = files  # whatever its name, it must be this one
    if not chosen:
        raise InputError(f"{name}: none of its {len(files)} members is text to read; unpack it and name the files")
    return sorted(chosen, key=lambda member: member.filename)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in PurePosixPath(name).parts)


def _check_directory(file: CountedFile, name: str, max_members: int) -> None:
    """Raise InputError before a huge list of members is read into memory."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - (66 << 10)))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if size == 0xFFFFFFFF:
        at = tail.rfind(b"PK\x06\x06")
        size = int.from_bytes(tail[at + 40 : at + 48], "little") if at >= 0 else 0
    if size > max_members * _ENTRY_BYTES:
        raise _too_many(name, f"a list of members of {size} bytes", max_members)


def _too_many(name: str, found: str, limit: int) -> InputError:
    return InputError(
        f"{name}: has {found}, more than the {limit} that are allowed; raise the limit, e.g. --max-members {10 * limit}"
    )
