"""Count files add: over shards, machines, months."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from nlptools.checks import check_numbers
from nlptools.errors import InputError, OptionError
from nlptools.ngrams.count_file import NOTHING, CountReader, Totals
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.merge_rows import merge_rows
from nlptools.ngrams.plan import Plan, make_plan
from nlptools.ngrams.rows import Layout, Rows, check_order, pruned
from nlptools.ngrams.spill import Spill
from nlptools.threads import default_threads


def merge_counts(
    paths: Sequence[str | Path],
    output: str | Path | None = None,
    *,
    order: int | None = None,
    min_count: int = 1,
    memory: int | str | None = None,
    threads: int | None = None,
    log: Callable[[str], object] | None = None,
) -> NgramCounts:
    """Add up the counts of some files; the result is that of counting all the text at once, to the byte.

    The files may have different alphabets, and different orders: then the longer n-grams are left out.
    order: of the result; default: the lowest of the files.
    min_count, memory, output, threads, log: as for `count_ngrams`.
    Raises InputError if a file is no count file, is damaged, or lacks what the result needs.
    """
    threads = default_threads() if threads is None else threads
    check_numbers(order=order, min_count=min_count, threads=threads)
    log = log or (lambda _: None)
    files = [Path(path) for path in paths]
    order = _common_order(files, order, log)
    plan = make_plan(memory, order, threads)
    log(str(plan))
    with (
        Spill(output, None, log) as spill,
        merged(files, order, min_count, plan, spill, log) as (layout, totals, rows),
    ):
        return spill.write_result(layout, totals, rows)


def _common_order(files: list[Path], order: int | None, log: Callable[[str], object]) -> int:
    """Return the order of the result, if all files have what it needs."""
    if not files:
        raise OptionError("no count file is named; give at least one, e.g. a.ngrams b.ngrams")
    orders = {}
    for file in files:
        with closing(CountReader(file)) as reader:
            orders[file] = reader.layout.order
            if reader.layout.min_count > 1:
                raise InputError(
                    f"{file}: has only n-grams seen {reader.layout.min_count} times or more, so its counts do not add; "
                    "count again without min_count, and give it when merging"
                )
    lowest = min(orders, key=orders.__getitem__)
    if order is not None and order > orders[lowest]:
        raise OptionError(
            f"order={order} is too high: {lowest} was counted to order {orders[lowest]}; give that or less"
        )
    common = orders[lowest] if order is None else order
    longer = sum(value > common for value in orders.values())
    if longer:
        log(
            f"merge: {longer} of {len(files)} files have longer n-grams, which are left out: the result has order {common}"
        )
    return common


@contextmanager
def merged(
    paths: Sequence[Path], order: int, min_count: int, plan: Plan, spill: Spill, log: Callable[[str], object]
) -> Iterator[tuple[Layout, Totals, Iterator[Rows]]]:
    """Open count files and give the layout, the totals and the rows of all together.

    order: not above that of any file. spill: takes files on the way, if there are too many to be read side by side.
    """
    level = 0
    while len(paths) > plan.inputs:
        log(f"merge: {len(paths)} files, {plan.inputs} at a time")
        on_the_way: list[Path] = []
        for start in range(0, len(paths), plan.inputs):
            group = paths[start : start + plan.inputs]
            with merged(group, order, 1, plan, spill, log) as (layout, totals, rows):
                on_the_way.append(spill.write(f"merged-{level}-{len(on_the_way)}.ngrams", layout, totals, rows))
            for used in group if level else []:  # the first ones are not ours
                used.unlink()
        paths = on_the_way
        level += 1
    with ExitStack() as stack:
        readers = [stack.enter_context(closing(CountReader(path))) for path in paths]
        characters = "".join(sorted(set().union(*(reader.layout.characters for reader in readers))))
        target = Layout(characters, order, min_count)
        check_order(target)
        totals = sum((reader.totals for reader in readers), NOTHING)
        yield target, totals, pruned(merge_rows(readers, target, plan.threads, plan.rows), target)
