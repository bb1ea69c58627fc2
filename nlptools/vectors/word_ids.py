"""A corpus as numbers of words, in one pass over the text. Start here: `read_word_ids`."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.corpus import CorpusInput, open_corpus
from nlptools.errors import InputError
from nlptools.memory import default_memory, parse_memory
from nlptools.vectors import _token_kernels
from nlptools.vectors.document_keys import DocumentKeys
from nlptools.vectors.temporary import no_room_told, temporary_folder
from nlptools.vectors.tokenize import Tokenizer, Tokens
from nlptools.vectors.vocabulary import Runs, Vocabulary, WordTable, vocabulary_of_table
from nlptools.wording import counted

IDS = "ids"
"""The file of the numbers."""

BLOCK = 1 << 20
"""Numbers that are translated at a time."""


@dataclass(frozen=True)
class WordIds:
    """The words of a text as numbers, which are their places in the vocabulary.

    words: large_string (V,), by count descending, then by UTF-8 bytes. counts: (V,) in the whole text.
    ids: (N,), mapped into memory: the words in the order of the text without those that are not in the vocabulary;
        LINE_END and DOCUMENT_END (see _token_kernels) where a line or a document ends. Every document has its DOCUMENT_END,
        one without words, too. No LINE_END stands beside another mark.
    tokens: how many words the text has, in the vocabulary or not.
    documents: large_string (D,), the keys of the documents in order, if asked for; see `DocumentKeys`.
    """

    words: Any
    counts: NDArray[np.int64]
    ids: NDArray[np.int32]
    tokens: int
    documents: Any | None = None


@contextmanager
def read_word_ids(
    corpus: CorpusInput,
    tokenizer: Tokenizer,
    min_count: int = 5,
    memory: int | str | None = None,
    threads: int = 2,
    keep_documents: bool = False,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
    directory: str | Path | None = None,
) -> Iterator[WordIds]:
    """Read a corpus once and yield it as numbers; the temporary file with them goes with the context.

    The same text gives the same numbers whatever batches, threads and memory are.

    tokenizer: see `make_tokenizer`. min_count: words that occur less often are left out.
    memory: what the vocabulary may use while words are counted, in bytes or as "2G"; default: half of what the machine has.
        What does not fit goes through runs on disk; the words that are kept must fit.
    keep_documents: keep the keys of documents. directory: for temporary files; default: the system's.
    progress: called with the number of input bytes read since its last call; log: with a line for each stage.
    Raises OptionError if an option cannot work, InputError if the corpus cannot be read or no word is left, OutputError if
    there is no room for temporary files.
    """
    check_numbers(min_count=min_count, threads=threads)
    budget = default_memory() if memory is None else parse_memory(memory)
    log = log or (lambda _: None)
    source = open_corpus(corpus)
    keys = DocumentKeys()
    batches = keys.batches(source, progress) if keep_documents else source.batches(progress)
    with temporary_folder(directory) as folder:
        pieces = tokenizer.tokens(batches, threads)
        vocabulary, tokens = _write_ids(folder, pieces, source.name, min_count, budget, log)
        ids = np.memmap(folder / IDS, np.int32, "r")
        if keys.named and not keys.are_names():
            log("names of documents: two are the same, or one is missing; the keys are numbers")
        yield WordIds(vocabulary.words, vocabulary.counts, ids, tokens, keys.array() if keep_documents else None)


def _write_ids(
    folder: Path, pieces: Iterable[Tokens], name: str, min_count: int, memory: int, log: Callable[[str], object]
) -> tuple[Vocabulary, int]:
    """Write the numbers of the words of a text called `name`; return its vocabulary, and how many words it has."""
    with _Numbering(folder, memory, log) as numbering:
        for tokens in pieces:
            numbering.add(tokens)
        return numbering.finish(name, min_count), numbering.tokens


class _Numbering:
    """Numbers the words of a text in a file, first as they come, then by the vocabulary; a context manager.

    tokens: how many words there were.
    """

    def __init__(self, folder: Path, memory: int, log: Callable[[str], object]) -> None:
        self._path = folder / IDS
        self.tokens = 0
        self._place = folder.parent
        self._memory = memory
        self._log = log
        self._table = WordTable(memory)
        self._runs = Runs(folder)
        self._ends: list[int] = []  # of runs, in the file
        self._size = 0  # of the file

    def __enter__(self) -> "_Numbering":
        with no_room_told(self._place):
            self._file = self._path.open("w+b")
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._file, self._runs):
            with suppress(OSError):  # of what could not be written, which was told then
                file.close()

    def add(self, tokens: Tokens) -> None:
        """Number the next words."""
        ids = np.empty(tokens.starts.size, np.int32)
        done = 0
        while done < ids.size:
            first, done = done, self._table.number(tokens, done, ids)
            self.tokens += _token_kernels.count_ids(ids[first:done], self._table.counts)
            if done < ids.size:
                self._end_run(self._size + done)
        with no_room_told(self._place):
            self._file.write(ids.data)
        self._size += ids.size

    def finish(self, name: str, min_count: int) -> Vocabulary:
        """Put the numbers of the vocabulary in the place of the others, and return it.

        Raises InputError if no word of the text called `name` is left.
        """
        with no_room_told(self._place):
            if not len(self._runs):
                types = self._table.size
                vocabulary, numbers = vocabulary_of_table(self._table, min_count)
                translations = iter([(self._size, numbers)])
            else:
                self._end_run(self._size)
                self._log(f"merge: {len(self._runs)} runs")
                vocabulary, types = self._runs.merge(min_count, self._memory)
                translations = ((end, self._runs.numbers(run)) for run, end in enumerate(self._ends))
            if not vocabulary.counts.size:
                raise InputError(
                    f"{name}: none of its {self.tokens:,} words ({types:,} different ones) occurs {min_count} times or "
                    "more; give more text, or a smaller --min-count"
                )
            self._log(
                f"vocabulary: {counted(self.tokens, 'word')}, {types:,} different ones, of which {vocabulary.counts.size:,} occur "
                f"{min_count} times or more"
            )
            _translate(self._file, translations)
        return vocabulary

    def _end_run(self, end: int) -> None:
        """Write the table as a run, and begin a new one."""
        with no_room_told(self._place):
            self._runs.add(self._table)
        self._log(f"run {len(self._runs)}: {self._table.size:,} different words")
        self._ends.append(end)
        self._table = WordTable(self._memory)


def _translate(file: IO[bytes], translations: Iterator[tuple[int, NDArray[np.int32]]]) -> None:
    """Give the words of a file of numbers other numbers, in their place.

    translations: up to where in the file which number of each word holds, negative for words to be left out.
    """
    read = written = 0
    state = np.zeros(2, np.bool_)
    ids, out = np.empty(BLOCK, np.int32), np.empty(BLOCK + 1, np.int32)
    for end, numbers in translations:
        while read < end:
            block = ids[: end - read]
            file.seek(4 * read)
            file.readinto(block)  # type: ignore[attr-defined]
            n = _token_kernels.renumber(block, numbers, state, out)
            file.seek(4 * written)
            file.write(out[:n].data)
            read, written = read + block.size, written + n
    file.truncate(4 * written)
    file.flush()
