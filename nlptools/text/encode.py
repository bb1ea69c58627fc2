"""From record batches of text to arrays of codes with breaks, on all cores.

`encode_characters`: one code a character, for counting.
`encode_symbols`: one code a Han character or a run of letters and digits, for finding words.

The alphabet is known only at the end of the text and is sorted, so codes do not depend on batches or threads.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.text import _kernels
from nlptools.text.characters import DIGIT, HAN, LETTER, OTHER, class_table
from nlptools.threads import Result, in_order, in_threads, slices

Prepare = Callable[[pa.RecordBatch], pa.RecordBatch]

LETTERS, DIGITS = (
    "\ue000",
    "\ue001",
)  # stand for any run with a letter, any run of digits, too rare to be told apart
LONGEST_RUN = 24  # characters; a longer run of letters and digits is never a symbol of its own


@dataclass(frozen=True)
class EncodedText:
    """A text as codes, breaks between segments.

    codes: (T,) uint16 or uint32; 0 is a break; begins and ends with a break; two breaks never meet.
    alphabet: string array; alphabet[c] is what code c stands for; alphabet[0] is "".
    document_ends: (D,) int64, exclusive end of each document in `codes`.
    duplicates: how many documents were left out because an earlier one was equal.
    fingerprint: sum of the hashes of all documents modulo 2^64.
    """

    codes: NDArray[np.unsignedinteger]
    alphabet: pa.StringArray
    document_ends: NDArray[np.int64]
    duplicates: int = 0
    fingerprint: int = 0

    @cached_property
    def size(self) -> int:
        """How many codes are no breaks."""
        return int(np.count_nonzero(self.codes))


@dataclass
class _Runs:
    """The runs of letters and digits of one batch, R of them, K different ones."""

    index: NDArray[np.int64]  # (R,) which of the different runs it is
    hashes: NDArray[np.uint64]  # (K,) and so are the others
    starts: NDArray[np.int64]  # where it first occurs in `source`
    lengths: NDArray[np.int64]
    letters: NDArray[np.bool_]  # whether it has a letter
    source: NDArray[np.uint32]  # the characters of the batch


@dataclass
class _Part:
    """One batch, decoded."""

    codes: NDArray[np.uint32]  # every document ends with a break; no break before the first
    document_ends: NDArray[np.int64]
    document_hashes: NDArray[np.uint64]
    characters: NDArray[np.int64]  # that occur, sorted


def encode_characters(
    batches: Iterable[pa.RecordBatch],
    threads: int,
    deduplicate: bool = False,
    classes: Collection[int] = (HAN, DIGIT, LETTER, OTHER),
    prepare: Prepare = lambda batch: batch,
) -> EncodedText:
    """Encode text by characters: "K线图。" -> codes of K, 线, 图, break. Characters of other `classes` are breaks.

    prepare: what is done to each batch first, on the thread that encodes it.
    """
    kept = np.where(np.isin(class_table(), list(classes)), class_table(), 0).astype(np.uint8)
    parts = list(_decoded(lambda batch: _decode_part(prepare(batch), kept), batches, threads))
    duplicates = _drop_duplicates(parts) if deduplicate else 0
    return _join_characters(parts, threads, duplicates)


def encode_character_blocks(
    batches: Iterable[pa.RecordBatch], threads: int, size: int
) -> Iterator[tuple[EncodedText, bool]]:
    """Encode text by characters in blocks of whole documents, each of up to `size` codes; and say which is the last.

    Each block has an alphabet of its own. There is one at least. A document with more codes is a block alone.
    """
    parts: list[_Part] = []
    waiting = 0
    pieces = (piece for batch in batches for piece in _pieces(batch, size))
    for part in _decoded(lambda batch: _decode_part(batch, class_table()), pieces, threads):
        if parts and waiting + part.codes.size > size:
            yield _join_characters(parts, threads), False
            parts, waiting = [], 0
        parts.append(part)
        waiting += part.codes.size
    yield _join_characters(parts, threads), True


def _join_characters(parts: list[_Part], threads: int, duplicates: int = 0) -> EncodedText:
    characters, code_of = _character_codes(parts)
    return _join(parts, code_of, np.empty(0, np.uint32), ["", *map(chr, characters)], threads, duplicates)


def encode_symbols(
    batches: Iterable[pa.RecordBatch],
    threads: int,
    deduplicate: bool = True,
    min_run_count: Callable[[int], int] = lambda size: 2,
    prepare: Prepare = lambda batch: batch,
) -> EncodedText:
    """Encode text by Han characters and runs: "5G手机" -> codes of 5G, 手, 机. Everything else is a break.

    min_run_count: given the number of symbols of the text, how often a run with a letter must occur to have a code of
    its own. Rarer ones share the code of LETTERS, and all runs of digits that of DIGITS.
    prepare: what is done to each batch first, on the thread that encodes it.
    """
    both = list(_decoded(lambda batch: _symbols_part(prepare(batch)), batches, threads))
    parts = [part for part, _ in both]
    duplicates = _drop_duplicates(parts) if deduplicate else 0
    symbol_of_run, run_symbols = _run_alphabet(both, min_run_count)
    characters, code_of = _character_codes(parts)
    alphabet = ["", *map(chr, characters), *run_symbols]
    code_of_run = symbol_of_run + np.uint32(1 + len(characters))
    return _join(parts, code_of, code_of_run, alphabet, threads, duplicates)


def _pieces(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """Yield a record batch in pieces that have up to `size` codes, or one document."""
    offsets, _ = _buffers(batch)
    most = offsets + np.arange(offsets.size)  # a byte is at most one code, and every document ends with one
    start = 0
    while start < batch.num_rows:
        end = max(start + 1, int(np.searchsorted(most, most[start] + size, "right")) - 1)
        yield batch.slice(start, end - start)
        start = end


def _buffers(batch: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return where the documents of a record batch begin in its text, and the end, (D + 1,); and the UTF-8 of the text."""
    text = batch.column("text")
    if not pa.types.is_large_string(text.type):
        text = text.cast(pa.large_string())
    offsets = np.frombuffer(text.buffers()[1], np.int64)[text.offset : text.offset + len(text) + 1]
    return offsets, np.frombuffer(text.buffers()[2] or b"", np.uint8)


def _decode_part(batch: pa.RecordBatch, classes: NDArray[np.uint8]) -> _Part:
    offsets, data = _buffers(batch)
    documents = offsets.size - 1
    codes = _scratch(int(offsets[-1] - offsets[0]) + documents + 1)
    ends = np.empty(documents, np.int64)
    hashes = np.empty(documents, np.uint64)
    n = _kernels.decode(data, offsets, classes, codes, ends, hashes)
    return _Part(codes[1:n].copy(), ends - 1, hashes, _present(codes[1:n]))


def _present(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    present = np.zeros(class_table().size, np.bool_)
    _kernels.mark_present(codes, present)
    present[0] = False
    return np.flatnonzero(present)


def _scratch(size: int) -> NDArray[np.uint32]:
    """Return an array of this thread's, used again and again: fresh memory costs more than what is done with it."""
    if getattr(_local, "array", None) is None or _local.array.size < size:
        _local.array = np.empty(size, np.uint32)
    return cast("NDArray[np.uint32]", _local.array[:size])


_local = threading.local()


def _symbols_part(batch: pa.RecordBatch) -> tuple[_Part, _Runs]:
    part = _decode_part(batch, class_table())
    codes = part.codes
    out = np.empty(codes.size, np.uint32)
    hashes = np.empty(codes.size, np.uint64)
    starts, lengths = np.empty(codes.size, np.int64), np.empty(codes.size, np.int64)
    letters = np.empty(codes.size, np.bool_)
    n, runs = _kernels.collapse_runs(codes, class_table(), part.document_ends, out, hashes, starts, lengths, letters)
    types, first, index = np.unique(hashes[:runs], return_index=True, return_inverse=True)
    part.codes, part.characters = out[:n].copy(), _present(out[:n])
    return part, _Runs(index, types, starts[first], lengths[first], letters[first], codes)


def _half_width(codes: NDArray[np.uint32]) -> str:
    full = (codes >= 0xFF01) & (codes <= 0xFF5E)
    return np.where(full, codes - np.uint32(0xFEE0), codes).astype("<u4").tobytes().decode("utf-32-le")


def _drop_duplicates(parts: list[_Part]) -> int:
    """Drop documents equal to an earlier one, of this part or one before; return how many."""
    hashes = np.concatenate([np.empty(0, np.uint64), *(part.document_hashes for part in parts)])
    keep = np.zeros(hashes.size, np.bool_)
    keep[np.unique(hashes, return_index=True)[1]] = True
    start = 0
    for part in parts:
        kept = keep[start : start + part.document_hashes.size]
        start += kept.size
        if not kept.all():
            n, documents = _kernels.drop_documents(part.codes, part.document_ends, kept)
            part.codes, part.document_ends = part.codes[:n], part.document_ends[:documents]
    return int(hashes.size - keep.sum())


def _run_alphabet(
    parts: list[tuple[_Part, _Runs]], min_run_count: Callable[[int], int]
) -> tuple[NDArray[np.uint32], list[str]]:
    """Choose the runs that get a code of their own; renumber the runs of all parts; return (code of run, symbols)."""
    size = sum(int(np.count_nonzero(part.codes)) for part, _ in parts)
    runs = [batch_runs for _, batch_runs in parts]
    hashes = np.concatenate([np.empty(0, np.uint64), *(r.hashes for r in runs)])
    counts = np.concatenate([np.empty(0, np.int64), *(_kept_runs(part, r) for part, r in parts)])
    starts = np.concatenate([np.empty(0, np.int64), *(r.starts for r in runs)])
    _, first, index = np.unique(hashes, return_index=True, return_inverse=True)
    total = np.bincount(index, counts, first.size)
    letters = np.concatenate([np.empty(0, np.bool_), *(r.letters for r in runs)])[first]
    lengths = np.concatenate([np.empty(0, np.int64), *(r.lengths for r in runs)])[first]

    bases = np.cumsum(np.array([0, *(r.hashes.size for r in runs)]))
    frequent = {}
    for t in np.flatnonzero((total >= min_run_count(size)) & letters & (lengths <= LONGEST_RUN)).tolist():
        source = runs[int(np.searchsorted(bases, first[t], "right")) - 1].source
        start = starts[first[t]]
        frequent[_half_width(source[start : start + lengths[t]])] = t
    shared = [LETTERS] if len(frequent) < int(letters.sum()) else []
    shared += [DIGITS] if not letters.all() else []
    symbols = [*shared, *sorted(frequent)]
    symbol_of = np.where(letters, 0, len(shared) - 1).astype(np.uint32)
    symbol_of[[frequent[text] for text in symbols[len(shared) :]]] = np.arange(len(shared), len(symbols))

    for (part, batch_runs), base in zip(parts, bases.tolist(), strict=False):
        is_run = part.codes >= _kernels.RUN
        kept = part.codes[is_run] & np.uint32(_kernels.RUN - 1)
        part.codes[is_run] = (batch_runs.index[kept] + base).astype(np.uint32) | np.uint32(_kernels.RUN)
    return symbol_of[index], symbols


def _kept_runs(part: _Part, runs: _Runs) -> NDArray[np.int64]:
    """Return how often each of the different runs of a part occurs in the documents that were not dropped."""
    kept = part.codes[part.codes >= _kernels.RUN] & np.uint32(_kernels.RUN - 1)
    return np.bincount(runs.index[kept], minlength=runs.hashes.size)


def _character_codes(parts: list[_Part]) -> tuple[list[int], NDArray[np.uint32]]:
    """Return the characters that occur, sorted, and a table from code point to code; codes count from 1."""
    characters = np.unique(np.concatenate([np.empty(0, np.int64), *(part.characters for part in parts)]))
    code_of = np.zeros(class_table().size, np.uint32)
    code_of[characters] = np.arange(1, characters.size + 1)
    return characters.tolist(), code_of


def _join(
    parts: list[_Part],
    code_of: NDArray[np.uint32],
    code_of_run: NDArray[np.uint32],
    alphabet: list[str],
    threads: int,
    duplicates: int,
) -> EncodedText:
    """Translate the parts, which are emptied, into one array behind one break."""
    starts = np.cumsum([1] + [part.codes.size for part in parts]).tolist()
    codes = np.zeros(starts[-1], np.uint16 if len(alphabet) <= 1 << 16 else np.uint32)
    ends = [part.document_ends + start for part, start in zip(parts, starts, strict=False)]

    def translate(first: int, last: int) -> None:
        for p in range(first, last):
            out = codes[starts[p] : starts[p + 1]]
            _kernels.translate(parts[p].codes, code_of, code_of_run, out)
            parts[p].codes = np.empty(0, np.uint32)  # no slice, which would hold them

    in_threads(translate, slices(len(parts), 4 * threads), threads)
    document_ends = np.concatenate([np.empty(0, np.int64), *ends])
    fingerprint = sum(int(part.document_hashes.sum(dtype=np.uint64)) for part in parts) % (1 << 64)
    return EncodedText(codes, pa.array(alphabet, pa.string()), document_ends, duplicates, fingerprint)


def _decoded(
    work: Callable[[pa.RecordBatch], Result], batches: Iterable[pa.RecordBatch], threads: int
) -> Iterator[Result]:
    """Yield work(batch) in the order of the batches, a few of them under way at a time."""
    yield from in_order(work, batches, threads)
    _local.__dict__.clear()  # of this thread, which works too where one is enough
