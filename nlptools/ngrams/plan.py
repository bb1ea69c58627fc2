"""How counting keeps to a memory budget."""

from dataclasses import dataclass

from nlptools.errors import OptionError
from nlptools.memory import default_memory, parse_memory, show_memory
from nlptools.wording import counted

FIXED = 256 << 20  # bytes that the process has before any text: interpreter, libraries, compiled kernels
PER_THREAD = 48 << 20  # bytes of the batches that a thread reads and decodes ahead
LEAST = 64 << 20  # bytes for counting itself; below it there would be too many runs

_WINDOW = 22  # bytes for each character of a block: code point, code, key, count
_LONG_WINDOW = 44  # where a window needs two words: key, position, rank, count, and the pair
_ROW = 64  # bytes for each row in a round of merging: read, translated, merged in two buffers
_LONG_ROW = 96  # where it has two words
_INPUT = 4 << 20  # bytes for each input of a merge: a batch as read, and translated
_MOST_INPUTS = 128  # files that are open at the same time; some systems allow 256
_MOST_CODES = (1 << 31) - 1  # of a block; positions have 32 bits, and one document may have twice as many


@dataclass(frozen=True)
class Plan:
    """What fits. block: characters of a block that is counted at once; rows: of a round of merging; inputs: of a merge."""

    memory: int
    threads: int
    block: int
    rows: int
    inputs: int

    def __str__(self) -> str:
        """Return the plan in one line."""
        return (
            f"plan: {show_memory(self.memory)} of memory, {counted(self.threads, 'thread')}: "
            f"{self.block / 1e6:,.0f} million characters are counted at a time; what is more than that goes through "
            "sorted runs on disk"
        )


def make_plan(memory: int | str | None, order: int, threads: int) -> Plan:
    """Return the plan for a budget; None: half of the memory there is. Raises OptionError if it cannot work."""
    budget = default_memory() if memory is None else parse_memory(memory)
    least = FIXED + threads * PER_THREAD + LEAST
    if memory is None:
        budget = max(budget, least)
    if budget < least:
        raise OptionError(
            f"memory={memory} is too little for {counted(threads, 'thread')}: give {least >> 20}M or more"
        )
    free = budget - FIXED - threads * PER_THREAD
    window, row = (_WINDOW, _ROW) if order <= 4 else (_LONG_WINDOW, _LONG_ROW)
    return Plan(
        budget,
        threads,
        block=min(free // window, _MOST_CODES),
        rows=min(free // 2 // row, 1 << 23),
        inputs=min(max(2, free // 2 // _INPUT), _MOST_INPUTS),
    )
