"""Exact counts of all character n-grams of a corpus, orders 1 to N. Start here: `count_ngrams`."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import unidata_version  # of what is a letter, so of where segments end

import numpy as np

from nlptools.checks import check_numbers
from nlptools.corpus import Corpus, CorpusInput, open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.ngrams import _kernels
from nlptools.ngrams.count_file import Totals
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.grouping import count_keys, count_windows, group_windows
from nlptools.ngrams.merge import merged
from nlptools.ngrams.plan import Plan, make_plan
from nlptools.ngrams.rows import Layout, Rows, Translation, batched, check_order, pruned
from nlptools.ngrams.spill import Spill
from nlptools.text.encode import EncodedText, encode_character_blocks
from nlptools.threads import default_threads
from nlptools.version import __version__
from nlptools.wording import counted

_VERSION = 1
"""Of what is counted: another one when the same text gives other rows, so that no older run is taken over."""


def count_ngrams(
    corpus: CorpusInput,
    order: int = 4,
    *,
    min_count: int = 1,
    memory: int | str | None = None,
    output: str | Path | None = None,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
) -> NgramCounts:
    """Count every n-gram of 1 to `order` characters exactly.

    Segments end at punctuation, symbols, white space and the ends of documents; no n-gram crosses them. A character is
    a code point, beyond the basic plane too: "𠮷野家" has 3. The counts do not depend on threads, batches or memory.

    order: up to 6 with any alphabet, to 8 if the corpus has less than 65,536 different characters.
    min_count: n-grams seen less often are left out; the counts of the others stay exact.
    memory: what this may use, in bytes or as "2G"; default: half of what the machine has. What does not fit goes through
        sorted runs on disk: beside `output`, else in the system's folder for temporary files.
    output: write the counts to this file, and return it mapped into memory. If the work is killed or fails, the same
        call goes on from the runs that are on disk, if the corpus is in files that have not changed.
    progress: called with the number of input bytes read since its last call; log: with a line for each stage.
    Raises OptionError if an option cannot work, InputError if the corpus cannot be read, OutputError if there is no room.

    >>> count_ngrams(["研究生命", "研究"], order=2).count("研究")
    2
    """
    threads = default_threads() if threads is None else threads
    check_numbers(order=order, min_count=min_count, threads=threads)
    log = log or (lambda _: None)
    plan = make_plan(memory, order, threads)
    log(str(plan))
    source = open_corpus(corpus)
    key = _resume_key(source, order)
    with Spill(output, key, log) as spill:
        block = _count_blocks(source, order, key, plan, spill, progress, log)
        if block is None:
            log(f"merge: {len(spill.runs)} runs")
            paths = [run.path for run in spill.runs]
            with merged(paths, order, min_count, plan, spill, log) as (layout, totals, rows):
                return spill.write_result(layout, totals, rows)
        layout = Layout(block.layout.characters, order, min_count)
        check_order(layout)
        rows = pruned(_translated(block, layout), layout)
        if output is None:
            return NgramCounts(layout, block.totals, list(batched(rows)))
        return spill.write_result(layout, block.totals, rows)


def count_text(text: EncodedText, order: int, threads: int) -> NgramCounts:
    """Count the n-grams of a text that `encode_characters` returned, in memory."""
    layout, rows, totals = count_block(text, order, threads)
    return NgramCounts(layout, totals, list(batched([rows])))


class _Block(NamedTuple):
    layout: Layout
    rows: Rows
    totals: Totals


def _count_blocks(
    corpus: Corpus,
    order: int,
    key: str | None,
    plan: Plan,
    spill: Spill,
    progress: Callable[[int], object] | None,
    log: Callable[[str], object],
) -> _Block | None:
    """Count the corpus block by block to runs on disk; return the block instead if there is only one."""
    if spill.complete:
        log(f"runs: all {len(spill.runs)} are on disk already, from an earlier start")
        return None
    done = spill.totals.documents
    if done:
        log(f"runs: {len(spill.runs)} are on disk already, {counted(done, 'document')}; going on behind them")
    batches = _after(corpus.batches(progress), done)
    for text, is_last in encode_character_blocks(batches, plan.threads, plan.block):
        check_size(text, plan)
        block = count_block(text, order, plan.threads)
        if is_last and _resume_key(corpus, order) != key:
            spill.forget()
            raise InputError(f"{corpus.name}: changed while it was read; count again when nobody writes to it")
        if is_last and not spill.runs:
            return block
        if block.totals.documents:
            spill.add(*block)
            log(
                f"run {len(spill.runs)}: {counted(block.totals.characters, 'character')}, {block.rows.heads.size:,} windows"
            )
        del text, block  # before the next one is made
    if not corpus.report.rejected:  # else they are read and told again
        spill.finish()
    return None


def _after(batches: Iterable[Any], documents: int) -> Iterator[Any]:
    """Yield the record batches without so many documents at the beginning."""
    for batch in batches:
        if documents < batch.num_rows:
            yield batch.slice(documents)
        documents = max(0, documents - batch.num_rows)


def check_size(text: EncodedText, plan: Plan) -> None:
    """Raise OptionError if one document alone is more than the plan has room for."""
    if text.codes.size > 2 * plan.block:
        raise OptionError(
            f"memory={plan.memory >> 20}M is too little for a document of {text.codes.size:,} characters: "
            f"give {plan.memory * text.codes.size // plan.block >> 20}M or more"
        )


def count_block(text: EncodedText, order: int, threads: int) -> _Block:
    """Count the windows of a text."""
    characters = "".join(text.alphabet.to_pylist())
    layout = Layout(characters, order)
    check_order(layout)
    if layout.tail_length == 0:
        keys, counts = count_windows(text.codes, order, layout.bits, threads)
        rows = Rows(keys, np.empty(0, np.uint64), counts)
    else:
        rows = _count_long_windows(text, layout, threads)
    totals = Totals(int(rows.counts.sum(dtype=np.int64)), text.document_ends.size, text.fingerprint)
    return _Block(layout, rows, totals)


def _count_long_windows(text: EncodedText, layout: Layout, threads: int) -> Rows:
    """Count windows that need two words, by the doubling of Karp, Miller and Rosenberg (1972).

    A long window is the rank of its head and that of its tail.
    """
    bits, length = layout.bits, layout.head_length
    windows, _, ranks = group_windows(text.codes, length, bits, threads)
    tail_shift = bits * (length - layout.tail_length)
    prefix_ranks, prefixes = np.empty(windows.size, np.uint32), np.zeros(windows.size + 1, np.uint64)
    _kernels.rank_prefixes(windows, tail_shift, prefix_ranks, prefixes)
    keys = np.empty(int(np.count_nonzero(ranks)), np.uint64)
    _kernels.join_ranks(ranks, windows, (1 << bits) - 1, prefix_ranks, length, keys)
    del ranks, prefix_ranks
    pairs, counts = count_keys(keys, threads)
    del keys
    tails = np.empty(pairs.size, np.uint64)
    _kernels.split_pairs(pairs, windows, prefixes, tails)
    return Rows(pairs, tails, counts)


def _translated(block: _Block, target: Layout, size: int = 1 << 20) -> Iterator[Rows]:
    """Yield the rows of a block in the codes of `target`, some at a time."""
    translation = Translation(block.layout, target)
    for start in range(0, block.rows.heads.size, size):
        yield translation(block.rows.slice(start, start + size))


def _resume_key(corpus: Corpus, order: int) -> str | None:
    """Return what must be the same for a run of an earlier process to be taken over; None if nothing can be."""
    identity = None
    with suppress(OSError):  # a file has gone
        identity = corpus.identity()
    if identity is None:
        return None
    what = f"{_VERSION}\0{__version__}\0{unidata_version}\0{order}\0{identity}"
    return hashlib.sha256(what.encode("utf-8", "surrogateescape")).hexdigest()
