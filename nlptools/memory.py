"""Amounts of memory: "2G" in, bytes out; and how much this machine has."""

import os
import re
from pathlib import Path

from nlptools.errors import OptionError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

_SHOWN = ("B", "KiB", "MiB", "GiB", "TiB")


def parse_memory(value: int | str) -> int:
    """Return an amount of memory in bytes: 500_000_000, "500M", "2G", "1.5GiB"; units are powers of 1024.

    >>> parse_memory("2G")
    2147483648
    """
    amount: float = 0
    if isinstance(value, int) and not isinstance(value, bool):
        amount = value
    elif isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", value, re.IGNORECASE | re.ASCII)
        amount = float(found[1]) * _UNITS[found[2].upper()] if found else 0
    if not 1 <= amount < 1 << 62:
        raise OptionError(f"memory={value!r} cannot work: give an amount such as 2G or 500M")
    return int(amount)


def show_memory(size: float) -> str:
    """Return a number of bytes for people: "1.5 GiB"."""
    power = 0
    while size >= 1024 and power < len(_SHOWN) - 1:
        size /= 1024
        power += 1
    return f"{size:.0f} {_SHOWN[power]}" if size >= 100 or power == 0 else f"{size:.3g} {_SHOWN[power]}"


def default_memory() -> int:
    """Return half of the memory that this machine, or the container this process is in, has: bytes."""
    limits = [int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))] if hasattr(os, "sysconf") else []
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(name).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(limits, default=4 << 30) // 2
