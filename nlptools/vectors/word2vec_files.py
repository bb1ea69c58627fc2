"""The formats of others: word2vec's text (`.vec`, also GloVe's and fastText's) and binary (`.bin`), and vocabularies.

The text has a line for each word: the word, then its numbers, one space between; before them, but not in GloVe's files,
a line with the number of words and of numbers in a vector. The binary format has the same first line, then the word, a
space and the numbers as 32-bit floats, and perhaps a line feed. A vocabulary has lines `word count`.
"""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus.byte_stream import ByteStream, line_blocks, raw_stream
from nlptools.corpus.compression import content_stream
from nlptools.corpus.paths import name_parts
from nlptools.corpus.reading import large_strings
from nlptools.corpus.writing import atomic_file
from nlptools.errors import InputError, OutputError, reason_of
from nlptools.threads import in_order
from nlptools.vectors import _kernels

Log = Callable[[str], object]

_BLOCK = 8 << 20  # bytes of a file that are read at a time
_NUMBERS = 1 << 20  # numbers that are written at a time
_LONGEST = 1 << 20  # bytes of a word, or of the first line
_HEADER = re.compile(rb"[ \t]*(\d{1,15})[ \t]+(\d{1,9})[ \t]*\r?\n")
_FASTTEXT = (793712314).to_bytes(4, "little")  # what the binary models of fastText begin with
BROKEN = "[\\x00\\t-\\r ]"  # what parts words in these files
_REMEDY = "write it again, or mend it"


def read_text(path: str | Path, threads: int, log: Log) -> tuple[pa.LargeStringArray, NDArray[np.float32]]:
    """Return the words and vectors of a text file, (V,) and (V, D); raises InputError if it is none.

    A word may have spaces in it, as some of GloVe's do. Lines beyond the number in the first line are left out.
    """
    name = str(path)
    with _content(path) as stream:
        if stream.peek(3) == b"\xef\xbb\xbf":
            stream.read(3)
        first = stream.peek(_LONGEST).split(b"\n", 1)[0]
        header = _HEADER.fullmatch(first + b"\n")
        if header is not None:
            stream.read(len(first) + 1)
        wanted, dimension = (int(header[1]), int(header[2])) if header else (None, len(first.split()) - 1)
        if dimension < 1:
            raise InputError(f"{name}: the first line has no numbers behind its word; give a file of vectors as text")
        vectors = _Vectors(name, wanted, dimension, log)
        lines = (block.data for block in line_blocks(stream, name, _BLOCK, 1 << 30))
        for part in in_order(lambda data: _parsed(data, dimension, name), lines, threads):
            vectors.add(*part)
        return vectors.result()


def _parsed(data: bytes, dimension: int, name: str) -> tuple[pa.LargeBinaryArray, NDArray[np.float32]]:
    """Return the words and vectors of whole lines."""
    codes = np.frombuffer(_plain(data), np.uint8)
    ends = np.flatnonzero((codes == 32) | (codes == 10))  # of fields
    last = np.flatnonzero(codes[ends] == 10)  # field of each line
    fields = np.diff(last, prepend=-1)
    if (fields <= dimension).any():
        row = int(np.argmax(fields <= dimension))
        line = codes[ends[last[row] - fields[row]] + 1 if row else 0 : ends[last[row]]].tobytes()
        raise InputError(f"{name}: {_shown(line)} has {fields[row] - 1} numbers, not {dimension}; {_REMEDY}")
    starts = np.concatenate([[0], ends[last[:-1]] + 1])
    word_ends = ends[last - dimension]
    marks = np.zeros(codes.size + 1, np.int8)
    marks[starts] += 1
    marks[word_ends] -= 1
    in_words = np.cumsum(marks[:-1], dtype=np.int8).view(np.bool_)
    words = _binaries(word_ends - starts, codes[in_words])
    in_words[ends] = True
    places = (last[:, np.newaxis] + np.arange(1 - dimension, 1)).ravel()
    numerals = _binaries(ends[places] - ends[places - 1] - 1, codes[~in_words]).view(pa.large_string())
    try:
        numbers = numerals.cast(pa.float32()).to_numpy()
    except ValueError as error:
        raise InputError(
            f"{name}: has something that is no number behind a word ({reason_of(error)}); {_REMEDY}"
        ) from error
    return words, numbers.reshape(-1, dimension)


def _plain(data: bytes) -> bytes:
    """Return lines that end with a line feed and nothing else, none of them empty."""
    data = data.lstrip(b"\r\n")
    data += b"" if data.endswith(b"\n") or not data else b"\n"
    blanks = [b" " * number + b"\n" for number in (4096, 64, 1)]  # in long runs, so that many do not take many passes
    for what in (b"\r\n", *blanks, b"\n\n"):
        while what in data:
            data = data.replace(what, b"\n")
    return data


def read_binary(path: str | Path, log: Log) -> tuple[pa.LargeStringArray, NDArray[np.float32]]:
    """Return the words and vectors of a binary file, (V,) and (V, D); raises InputError if it is none."""
    name = str(path)
    with _content(path) as stream:
        head = stream.peek(64)
        header = _HEADER.match(head)
        if head.startswith(_FASTTEXT):
            raise InputError(f"{name}: is a model of fastText; give the .vec that fastText writes beside it")
        if header is None or int(header[2]) < 1:
            raise InputError(
                f"{name}: does not begin with the numbers of words and of dimensions; is it text? then name it .vec"
            )
        stream.read(header.end())
        vectors = _Vectors(name, int(header[1]), int(header[2]), log)
        rest = b""
        while not vectors.is_full and (more := stream.read(_BLOCK)):
            words, numbers, used = _records(rest + more, int(header[2]))
            vectors.add(words, numbers)
            rest = (rest + more)[used:]
            if not used and len(rest) > 4 * int(header[2]) + _LONGEST:
                raise InputError(f"{name}: a word does not end, so the file is damaged or another format; {_REMEDY}")
        if vectors.is_full and (rest + stream.peek(64)).strip(b"\n"):
            vectors.add_surplus()
        return vectors.result()


def _records(data: bytes, dimension: int) -> tuple[pa.LargeBinaryArray, NDArray[np.float32], int]:
    """Return the words and vectors of the records that are whole, and how many bytes these take."""
    codes = np.frombuffer(data, np.uint8)
    most = codes.size // (4 * dimension + 1)
    words, vectors = np.empty_like(codes), np.empty(4 * dimension * most, np.uint8)
    offsets = np.empty(most + 1, np.int64)
    rows, used = _kernels.split_records(codes, 4 * dimension, most, words, offsets, vectors).tolist()
    numbers = vectors[: 4 * dimension * rows].view("<f4").reshape(rows, dimension)
    return _binaries(np.diff(offsets[: rows + 1]), words[: offsets[rows]]), numbers, used


class _Vectors:
    """Words and vectors as they come from a file of another program."""

    def __init__(self, name: str, wanted: int | None, dimension: int, log: Log) -> None:
        self._name = name
        self._wanted = wanted
        self._log = log
        self._words: list[Any] = []
        self._size = 0
        self._surplus = False
        self._matrix = np.empty((0, dimension), np.float32)

    @property
    def is_full(self) -> bool:
        """Whether there are as many as the file says it has."""
        return self._size == self._wanted

    def add(self, words: pa.LargeBinaryArray, vectors: NDArray[np.float32]) -> None:
        """Add some, up to the number that the file says it has."""
        rows = len(words) if self._wanted is None else min(len(words), self._wanted - self._size)
        if rows < len(words):
            self.add_surplus()
        bad = ~np.isfinite(vectors[:rows]).all(axis=1)
        if bad.any():
            word = words[int(np.argmax(bad))].as_py()
            raise InputError(f"{self._name}: the vector of {_shown(word)} has a number that is not finite; {_REMEDY}")
        size = self._size + rows
        if size > len(self._matrix):  # room that is not used costs nothing
            self._matrix.resize((max(size, 2 * len(self._matrix)), vectors.shape[1]), refcheck=False)
        self._matrix[self._size : size] = vectors[:rows]
        self._words.append(words[:rows])
        self._size = size

    def add_surplus(self) -> None:
        """Note that there are more than the file says it has."""
        self._surplus = True

    def result(self) -> tuple[pa.LargeStringArray, NDArray[np.float32]]:
        """Return all words, each once, and their vectors; raises InputError if there are fewer than there should be."""
        if self._wanted is not None and self._size < self._wanted:
            raise InputError(
                f"{self._name}: ends after {self._size:,} of {self._wanted:,} vectors, so the file is incomplete; "
                "copy it again"
            )
        if self._surplus:
            self._log(f"{self._name}: what follows the {self._size:,} vectors that it says it has is left out")
        self._matrix.resize((self._size, self._matrix.shape[1]), refcheck=False)
        words = self._texts(pa.concat_arrays([pa.array([], pa.large_binary()), *self._words]))
        first = _first_places(words)
        if first.size == len(words):
            return words, self._matrix
        self._log(
            f"{self._name}: {len(words) - first.size:,} lines or records have a word that was there before; they are left out"
        )
        return words.take(pa.array(first)), self._matrix[first]

    def _texts(self, words: pa.LargeBinaryArray) -> pa.LargeStringArray:
        try:
            return words.cast(pa.large_string())
        except pa.ArrowInvalid:
            self._log(f"{self._name}: words are not valid UTF-8; what is wrong in them becomes �")
            return pa.array([word.decode("utf-8", "replace") for word in words.to_pylist()], pa.large_string())


def _first_places(words: pa.LargeStringArray) -> NDArray[np.int64]:
    """Return where each distinct word is first, in order."""
    numbers = words.dictionary_encode().indices.to_numpy()
    is_new = np.diff(np.maximum.accumulate(numbers), prepend=-1) > 0
    return np.flatnonzero(is_new)


def write_text(
    words: pa.LargeStringArray, vectors: NDArray[np.float32], path: str | Path, threads: int, log: Log
) -> None:
    """Write word2vec's text format; every number is the shortest that gives the same float32 when it is read."""
    names = _on_one_line(words, path, log)
    with _output(path) as file:
        file.write(f"{vectors.shape[0]} {vectors.shape[1]}\n".encode())
        for lines in in_order(lambda part: _lines(names, vectors, part), _parts(vectors), threads):
            file.write(lines)


def _lines(words: Any, vectors: NDArray[np.float32], part: slice) -> memoryview:
    numerals = pa.array(vectors[part].reshape(-1)).cast(pa.string())
    offsets = np.arange(len(vectors[part]) + 1, dtype=np.int32) * np.int32(vectors.shape[1])
    rows = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), numerals), " ")
    return _data(_joined(_joined(words[part], rows, " "), "", "\n"))


def write_binary(words: pa.LargeStringArray, vectors: NDArray[np.float32], path: str | Path, log: Log) -> None:
    """Write word2vec's binary format, with a line feed after each vector, as the original program."""
    names = _on_one_line(words, path, log).cast(pa.large_binary())
    with _output(path) as file:
        file.write(f"{vectors.shape[0]} {vectors.shape[1]}\n".encode())
        for part in _parts(vectors):
            data = np.ascontiguousarray(vectors[part], "<f4")
            rows = _binaries(np.full(len(data), data.itemsize * data.shape[1]), data.reshape(-1).view(np.uint8))
            file.write(_data(_joined(_joined(names[part], rows, b" "), b"", b"\n")))


def write_vocabulary(words: pa.LargeStringArray, counts: NDArray[np.int64], path: str | Path, log: Log) -> None:
    """Write lines `word count`, as `-save-vocab` of word2vec and `fvocab` of gensim."""
    names = _on_one_line(words, path, log)
    with _output(path) as file:
        file.write(_data(_joined(_joined(names, pa.array(counts).cast(pa.large_string()), " "), "", "\n")))


def read_vocabulary(path: str | Path, words: pa.LargeStringArray) -> NDArray[np.int64]:
    """Return the counts of words, (V,), that a vocabulary tells; raises InputError if it lacks one of them."""
    with _content(path) as stream:
        data = b"".join(iter(lambda: stream.read(_BLOCK), b""))
    lines = pa.array(
        [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()], pa.large_binary()
    )
    try:
        pairs = pc.split_pattern_regex(lines.cast(pa.large_string()), r"[ \t]+", max_splits=1)
        cells = pairs.flatten()
        if (np.diff(pairs.offsets.to_numpy()) != 2).any():
            raise ValueError("a line has no count")
        names = cells.take(pa.array(np.arange(0, len(cells), 2))).cast(pa.large_string())
        counts = pc.ascii_trim_whitespace(cells.take(pa.array(np.arange(1, len(cells), 2)))).cast(pa.int64()).to_numpy()
    except ValueError as error:
        raise InputError(
            f"{path}: is no vocabulary ({reason_of(error)}); give lines of a word and its count"
        ) from error
    places = pc.index_in(words, names)
    if places.null_count:
        word = words.filter(places.is_null())[0].as_py()
        raise InputError(f"{path}: has no count for {word!r}; give the vocabulary that was written with the vectors")
    found: NDArray[np.int64] = counts[places.to_numpy()]
    return found


def _on_one_line(words: pa.LargeStringArray, path: str | Path, log: Log) -> Any:
    """Return words with _ for what would part them; raises OutputError if two are then the same, or one is empty."""
    broken = pc.match_substring_regex(words, BROKEN)
    changed = pc.sum(broken).as_py() or 0
    if changed:
        word = words.filter(broken)[0].as_py()
        words = pc.replace_substring_regex(words, BROKEN, "_")
        log(f"{path}: white space becomes _ in {changed:,} of the words, e.g. {word!r}")
        if _first_places(words).size < len(words):
            raise OutputError(
                f"{path}: words that differ only in their white space, such as {word!r}, would become the same; "
                "rename them, or write .kv or .parquet, which can say them"
            )
    if pc.any(pc.equal(words, "")).as_py():
        raise OutputError(f"{path}: a word is empty, which this format cannot say; write .kv or .parquet")
    return words


@contextmanager
def _content(path: str | Path) -> Iterator[ByteStream]:
    """Open a file, packed or not."""
    name = str(path)
    try:
        file = Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); check the path") from error
    with file:
        stream, _ = content_stream(raw_stream(file.read, name), name, name_parts(name)[1], 0)
        yield stream


@contextmanager
def _output(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file that appears when it is whole; packed if its name ends with .gz."""
    with atomic_file(path) as file:
        if name_parts(str(path))[1] != "gzip":
            yield file
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            yield cast("IO[bytes]", packed)


def _parts(vectors: NDArray[np.float32]) -> Iterator[slice]:
    rows = max(1, _NUMBERS // vectors.shape[1])
    return (slice(start, min(start + rows, len(vectors))) for start in range(0, len(vectors), rows))


def _binaries(sizes: NDArray[np.int64], data: NDArray[np.uint8]) -> pa.LargeBinaryArray:
    """Return strings of these sizes that lie one after another."""
    return large_strings(np.concatenate([[0], np.cumsum(sizes)]), data).view(pa.large_binary())


def _joined(first: Any, second: Any, separator: str | bytes) -> Any:
    kind = first.type
    then = pa.scalar(second, kind) if isinstance(second, str | bytes) else second.cast(kind)
    return pc.binary_join_element_wise(first, then, pa.scalar(separator, kind))


def _data(strings: Any) -> memoryview:
    """Return the bytes of strings, one after another."""
    return memoryview(strings.buffers()[2] or b"")


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace"))
