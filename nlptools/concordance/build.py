"""A corpus to the blocks of an index: text with its documents side by side, and sorted positions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.concordance import _kernels
from nlptools.concordance.index_file import DEPTH, EDGE, POSITION_BYTES, Block, write_index
from nlptools.corpus import Corpus
from nlptools.corpus.reading import array_offsets
from nlptools.threads import default_threads, in_order

BLOCK_BYTES = 8 << 20
"""About how much text one block holds. With a margin on both sides it stays below what a position can say."""

MARGIN = 8192
"""Bytes of text around a piece of a long document: a word and its context, in characters of 4 bytes."""

_MOST_THREADS = 8  # each needs 200 MB for a block of ASCII, 70 MB for one of Chinese


def make_index(
    corpus: Corpus, path: Path, *, threads: int | None = None, progress: Callable[[int], object] | None = None
) -> None:
    """Read a corpus once and write its index; the file appears under its name only when it is whole."""
    pieces = _pieces(corpus.batches(progress))
    blocks = in_order(_sorted, pieces, min(threads or default_threads(), _MOST_THREADS))
    write_index(path, corpus.identity(), blocks)


Part = Callable[[], Block]  # a block that is not yet put together, nor sorted


def _pieces(batches: Iterator[Any]) -> Iterator[Part]:
    """Yield what makes a block: as many whole documents as fit, or a piece of a document that does not."""
    waiting: list[Any] = []
    filled = first = 0
    for batch in batches:
        texts = batch.column("text")
        offsets = array_offsets(texts)
        weights = offsets + np.arange(offsets.size)  # a document weighs an edge more than its bytes
        start = 0
        while start < len(texts):
            fits = int(np.searchsorted(weights, weights[start] + BLOCK_BYTES - filled, side="right")) - 1
            if fits > start:
                waiting.append(texts[start:fits])
                filled += int(weights[fits] - weights[start])
                start = fits
            elif waiting:
                yield _whole(waiting, first)
                first += sum(map(len, waiting))
                waiting, filled = [], 0
            else:
                yield from _cut(texts[start : start + 1], first)
                first, start = first + 1, start + 1
    if waiting:
        yield _whole(waiting, first)


def _whole(parts: list[Any], first: int) -> Part:
    """Return what makes a block of whole documents."""

    def block() -> Block:
        size = 1 + sum(int(array_offsets(part)[-1] - array_offsets(part)[0]) + len(part) for part in parts)
        text = np.empty(size + DEPTH, np.uint8)
        starts = np.empty(sum(map(len, parts)), np.uint32)
        n = d = 0
        for part in parts:
            data = np.frombuffer(part.buffers()[2] or b"", np.uint8)
            written = _kernels.join(array_offsets(part), data, text[n:], starts[d : d + len(part)])
            starts[d : d + len(part)] += np.uint32(n)
            n, d = n + written - 1, d + len(part)  # the last edge is the first of the next part
        text[size:] = EDGE
        return Block(text, _NONE, starts, 1, size - 1, first, 0)

    return block


def _cut(document: Any, number: int) -> Iterator[Part]:
    """Yield what makes the blocks of one long document."""
    begin, end = array_offsets(document)
    data = np.frombuffer(document.buffers()[2], np.uint8)[begin:end]
    bounds = [_character(data, at) for at in range(0, data.size, BLOCK_BYTES)] + [data.size]
    for lo, hi in zip(bounds[:-1], bounds[1:], strict=True):
        yield lambda lo=lo, hi=hi: _piece(data, lo, hi, number)  # type: ignore[misc]


def _piece(data: NDArray[np.uint8], lo: int, hi: int, number: int) -> Block:
    """Return the block of data[lo:hi], a piece of a document."""
    left, right = _character(data, max(lo - MARGIN, 0)), _character(data, min(hi + MARGIN, data.size))
    text = np.full(right - left + 2 + DEPTH, EDGE, np.uint8)
    text[1 : right - left + 1] = data[left:right]
    return Block(text, _NONE, np.ones(1, np.uint32), lo - left + 1, hi - left + 1, number, left)


def _character(data: NDArray[np.uint8], at: int) -> int:
    """Return where the character begins that the byte belongs to."""
    while at < data.size and data[at] & 0xC0 == 0x80:
        at -= 1
    return at


_NONE = np.empty(0, np.uint8)


def _sorted(part: Part) -> Block:
    """Return the block with its positions; its text comes with DEPTH bytes behind, which go."""
    block = part()
    positions = np.empty(block.end - block.begin, np.int32)
    positions = positions[: _kernels.find_characters(block.text, block.begin, block.end, positions)]
    _kernels.sort_suffixes(block.text, positions, DEPTH)
    packed = positions.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :POSITION_BYTES]
    numbers = (block.begin, block.end, block.first_document, block.document_offset)
    return Block(block.text[:-DEPTH], packed, block.documents, *numbers)
