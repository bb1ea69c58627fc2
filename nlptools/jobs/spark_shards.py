"""What each task reads: whole files, or ranges of lines of plain UTF-8 text and JSON lines. Start here: `plan_shards`."""

import codecs
import fnmatch
import posixpath
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyarrow import fs

from nlptools.corpus.byte_stream import ByteStream, chunk_stream
from nlptools.corpus.files import FileSource
from nlptools.corpus.json_lines import JsonReader
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.paths import expand, tells_format
from nlptools.corpus.plain_text import TEXT_SCHEMA, TextReader
from nlptools.corpus.reading import Content, Inspected, Reader, Reading
from nlptools.errors import InputError, OptionError, reason_of

SHARD_BYTES = 128 << 20
"""Bytes of the input that a task reads, about; a file that cannot be cut may have more."""

_LEAST_BYTES = 1 << 20
_HEAD_BYTES = 4 << 20  # of a file elsewhere: enough to find out what it is
_CHUNK_BYTES = 8 << 20  # of a file that are read at a time
_ALIASES = {"s3a": "s3", "s3n": "s3"}
_SCHEMES = ("file", "s3", "s3a", "hdfs", "viewfs", "gs", "gcs", "abfs", "abfss")


@dataclass(frozen=True)
class Shard:
    """A file, or the lines of one that begin in the bytes start <= b < end.

    schema: of the records of a range, as the beginning of the file tells it; None: the whole file is read.
    """

    path: str
    number: int  # of the file, from 0
    size: int  # of the file, bytes
    start: int = 0
    end: int = 0
    schema: Any = None

    @property
    def name(self) -> str:
        """What to call it in messages."""
        whole = self.schema is None or (self.start == 0 and self.end == self.size)
        return self.path if whole else f"{self.path} (bytes {self.start} to {self.end})"

    @property
    def bytes(self) -> int:
        """How many bytes of the input it has."""
        return self.size if self.schema is None else self.end - self.start


def plan_shards(paths: Sequence[str | Path], options: ReadOptions, tasks: int, most: int = SHARD_BYTES) -> list[Shard]:
    """Return the shards of all files, in order; cut so that `tasks` tasks have work and none much more than `most` bytes.

    Raises InputError if there is nothing to read, OptionError for what tasks on other machines cannot read or write.
    """
    if options.rejects is not None:
        raise OptionError("rejects cannot work with Spark: tasks on many machines cannot write one file; leave it out")
    files = [file for path in paths for file in _files(str(path))]
    total = sum(size for _, size in files)
    if not total:
        names = ", ".join(str(path) for path in paths[:3])
        raise InputError(f"{names or 'the corpus'}: is empty; give files with text in them")
    cut = _share(total, tasks, most)
    shards: list[Shard] = []
    for number, (path, size) in enumerate(files):
        if size:
            shards += _shards(path, number, size, cut, options)
    return shards


def groups(shards: Sequence[Shard], tasks: int, most: int = SHARD_BYTES) -> list[list[Shard]]:
    """Return the shards of each task: neighbours together, as far as `plan_shards` would not have cut them."""
    share = _share(sum(shard.bytes for shard in shards), tasks, most)
    found: list[list[Shard]] = []
    room = 0
    for shard in shards:
        if not found or shard.bytes > room:
            found.append([])
            room = share
        found[-1].append(shard)
        room -= shard.bytes
    return found


def _share(total: int, tasks: int, most: int) -> int:
    """Return how many bytes of the input a task has."""
    return max(_LEAST_BYTES, min(most, -(-total // max(1, tasks))))


def _shards(path: str, number: int, size: int, cut: int, options: ReadOptions) -> list[Shard]:
    schema = _schema_of_lines(path, options) if size > cut and _may_be_cut(options) else None
    if schema is None:
        return [Shard(path, number, size)]
    pieces = -(-size // cut)
    bounds = [size * piece // pieces for piece in range(pieces + 1)]
    return [Shard(path, number, size, lo, hi, schema) for lo, hi in zip(bounds[:-1], bounds[1:], strict=True)]


def _may_be_cut(options: ReadOptions) -> bool:
    return options.group_by is None and options.document_per == "line"


def _schema_of_lines(path: str, options: ReadOptions) -> Any | None:
    """Return the columns of a file that is plain UTF-8 lines, of text or JSON; None for any other."""
    with suppress(InputError), _local(path, _HEAD_BYTES) as file:  # a damaged file is told of by the task that reads it
        found: list[Inspected] = FileSource([str(file)], options).inspect(options)
        about, schema = found[0]
        if len(found) == 1 and about.compression is None and about.encoding == "UTF-8":
            return schema if about.format in ("text", "JSON lines") else None
    return None


class ShardSource:
    """The records of some shards, one shard after another.

    current: the shard that is being read, None before the first and behind the last. lines: how many line feeds each
    shard had, (S,), of those that are ranges. copies: of files that are elsewhere: path of the copy -> what it is called.
    """

    restartable = True

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.size: int | None = None
        self.shards = shards
        self.name = shards[0].path if len({shard.path for shard in shards}) == 1 else f"{len(shards)} shards"
        self.current: Shard | None = None
        self.lines = [0] * len(shards)
        self.copies: dict[str, str] = {}

    def readers(self, reading: Reading) -> Iterator[Reader]:
        """Yield the readers of all shards."""
        for place, shard in enumerate(self.shards):
            self.current = shard
            if shard.schema is None:
                with _local(shard.path) as file:
                    self.copies[str(file)] = shard.path
                    yield from FileSource([str(file)], reading.options).readers(reading)
            else:
                with _opened(shard.path) as file:
                    yield self._reader_of_range(shard, chunk_stream(self._counted(file, place)), reading.options)
        self.current = None

    def inspect(self, options: ReadOptions) -> list[Inspected]:
        """Return nothing: the driver looks at files."""
        return []

    def identity(self) -> None:
        """Return None: tasks keep nothing."""

    def close(self) -> None:
        """Do nothing."""

    def _counted(self, file: IO[bytes], place: int) -> Iterator[bytes]:
        shard = self.shards[place]
        with _told(shard.path):
            for chunk in _range(file, shard.start, shard.end):
                self.lines[place] += chunk.count(b"\n")
                yield chunk

    @staticmethod
    def _reader_of_range(shard: Shard, stream: ByteStream, options: ReadOptions) -> Reader:
        if shard.start == 0 and stream.peek(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
            stream.read(len(codecs.BOM_UTF8))
        content = Content(stream, shard.name)
        return TextReader(content, options) if shard.schema == TEXT_SCHEMA else _Lines(content, options, shard.schema)


class _Lines(JsonReader):
    """Records of JSON lines from the middle of a file; their columns are known from its beginning."""

    def __init__(self, content: Content, options: ReadOptions, schema: Any) -> None:
        self.name = content.name
        self.schema = schema
        self._content = content
        self._options = options


def _range(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of the lines that begin at start <= b < end."""
    position = max(0, start - 1)
    file.seek(position)
    if start:
        position += sum(map(len, _to_line_end(file)))
        file.seek(position)
    chunk = b"\n"
    while position < end and (chunk := file.read(min(_CHUNK_BYTES, end - position))):
        position += len(chunk)
        yield chunk
    if not chunk.endswith(b"\n"):
        yield from _to_line_end(file)


def _to_line_end(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what there is up to and with the next line feed."""
    while data := file.read(1 << 16):
        cut = data.find(b"\n") + 1
        yield data[:cut] if cut else data
        if cut:
            return


# Files here and elsewhere. Paths here are of a disk that all machines share.


def _is_uri(path: str) -> bool:
    return "://" in path


def _files(path: str) -> list[tuple[str, int]]:
    """Return the files that a path, a folder or a glob stands for, and their sizes."""
    if path == "-":
        raise OptionError("-: Spark cannot read standard input; save it to a file that all machines can read")
    if not _is_uri(path):
        return [_sized(file) for file in expand(path)]
    with _told(path):
        system, inner = _system(path)
        prefix = path[: len(path) - len(inner)] if path.endswith(inner) else path.split("://")[0] + "://"
        found_infos = _infos(system, inner)
    if not found_infos:
        raise InputError(f"{path}: no file matches; check the path, and what the scheme needs on this machine")
    return [(prefix + info.path, int(info.size)) for info in found_infos]


def _sized(file: Path) -> tuple[str, int]:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            f"{file}: is no file but a pipe or a device, which other machines cannot read; save it to a file"
        )
    return str(file.resolve()), status.st_size


def _infos(system: Any, path: str) -> list[Any]:
    """Return what is at a path of a file system, below it if it is a folder, or matches it as a glob; sorted."""
    info = system.get_file_info(path)
    if info.type == fs.FileType.File:
        return [info]
    if info.type == fs.FileType.Directory:
        below = system.get_file_info(fs.FileSelector(path, recursive=True))
        found = [one for one in below if tells_format(one.base_name) and not _is_hidden(one.path, path)]
    else:
        fixed = posixpath.dirname(path[: next((i for i, c in enumerate(path) if c in "*?["), len(path))])
        below = system.get_file_info(fs.FileSelector(fixed, recursive=True, allow_not_found=True))
        found = [one for one in below if fnmatch.fnmatchcase(one.path, path)]
    return sorted((one for one in found if one.type == fs.FileType.File), key=lambda one: one.path)


def _is_hidden(path: str, folder: str) -> bool:
    inner = path[len(folder) :].strip("/").split("/")
    return any(part.startswith((".", "_")) for part in inner)


def _system(uri: str) -> tuple[Any, str]:
    """Return the file system of a URI, and the path in it."""
    scheme, _, rest = uri.partition("://")
    if scheme not in _SCHEMES:
        raise InputError(f"{uri}: files of {scheme}:// cannot be read; known are {', '.join(_SCHEMES)}")
    system, path = fs.FileSystem.from_uri(f"{_ALIASES.get(scheme, scheme)}://{rest}")
    return system, path


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Raise InputError in place of an error of a file system."""
    try:
        yield
    except (OSError, pa.ArrowException, ValueError) as error:
        if isinstance(error, InputError | OptionError):
            raise
        reason = getattr(error, "strerror", None) or reason_of(error)
        raise InputError(f"{path}: cannot be read ({reason}); check that every machine can reach it") from error


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """Open a file, here or elsewhere, to be read anywhere."""
    with ExitStack() as stack:
        with _told(path):
            if _is_uri(path):
                system, inner = _system(path)
                file = stack.enter_context(system.open_input_file(inner))
            else:
                file = stack.enter_context(open(path, "rb"))  # noqa: PTH123
        yield file


@contextmanager
def _local(path: str, most: int | None = None) -> Iterator[Path]:
    """Yield a file on this machine with the same bytes: a copy, of the first `most` of them, of one that is elsewhere."""
    if not _is_uri(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="nlptools-") as folder, _opened(path) as source:
        file = Path(folder, posixpath.basename(path))
        with file.open("wb") as copy, _told(path):
            _copy(source, copy, most)
        yield file


def _copy(source: IO[bytes], copy: IO[bytes], most: int | None) -> None:
    left = most
    while data := source.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES)):
        copy.write(data)
        left = None if left is None else left - len(data)
