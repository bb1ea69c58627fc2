"""Word lists and sentence patterns, written in a plain text file, and sentences drawn from them.

    # a comment
    [物]                    a word list, parted by white space; the nearer the head, the more often drawn
    手机 充电器 *柚派       the star marks a word that we invented
    [[问]]                  a pattern list, one pattern a line, each as likely as the next
    {物}[老是|总是|]死机    {name} draws from that list; [a|b|] takes one of the alternatives, here also none

Patterns may hold alternatives within alternatives and may call other pattern lists, but never themselves.

Only `random.Random.random` is drawn from and weights are integers, so equal seeds give equal sentences on
every Python and platform: that method's sequence is promised to stay, those of `choice` or `sample` are not.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

_PIECES = re.compile(r"(\{\w+\}|[\[\]|])")

Rand = Callable[[], float]  # one number in [0, 1)
Emit = Callable[[Rand, list[str]], None]  # draws a sentence part, and appends its pieces


@dataclass
class Lists:
    """The lists of one file, by name."""

    words: dict[str, list[str]] = field(default_factory=dict)
    patterns: dict[str, list[str]] = field(default_factory=dict)
    invented: set[str] = field(default_factory=set)


def read_lists(text: str) -> Lists:
    """Return the lists written in `text`; raises ValueError for a line before the first list."""
    lists = Lists()
    words: list[str] | None = None
    patterns: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[[") and line.endswith("]]") and "|" not in line:
            words, patterns = None, lists.patterns.setdefault(line[2:-2], [])
        elif words is None and patterns is not None and not _is_header(line):
            patterns.append(line)
        elif _is_header(line):
            words, patterns = lists.words.setdefault(line[1:-1], []), None
        elif words is not None:
            words += [word.removeprefix("*") for word in line.split()]
            lists.invented.update(word[1:] for word in line.split() if word.startswith("*"))
        else:
            raise ValueError(f"line {number} stands before the first [list]: {line!r}")
    return lists


def _is_header(line: str) -> bool:
    return line.startswith("[") and line.endswith("]") and not set(line[1:-1]) & set("[]{}|")


def compile_list(name: str, *files: Lists) -> Emit:
    """Return the drawer of list `name`, from the first of `files` that has it, as for the lists it calls.

    Raises ValueError if a list is missing or calls itself, or if a bracket stands alone.
    """
    return _Compiler(files).named(name)


class _Compiler:
    def __init__(self, files: Sequence[Lists]) -> None:
        self.files = files
        self.done: dict[str, Emit] = {}
        self.open: set[str] = set()

    def named(self, name: str) -> Emit:
        if name not in self.done:
            if name in self.open:
                raise ValueError(f"list {name!r} calls itself")
            self.open.add(name)
            self.done[name] = self.build(name)
            self.open.remove(name)
        return self.done[name]

    def build(self, name: str) -> Emit:
        for lists in self.files:
            if name in lists.words:
                return _word(lists.words[name])
            if name in lists.patterns:
                return _one_of([self.pattern(pattern) for pattern in lists.patterns[name]])
        raise ValueError(f"no list {name!r}")

    def pattern(self, pattern: str) -> Emit:
        try:
            return self.alternatives(iter(filter(None, _PIECES.split(pattern))), inner=False)
        except _LoneBracketError as error:
            raise ValueError(f"{error} without a partner in pattern {pattern!r}") from None

    def alternatives(self, pieces: Iterator[str], inner: bool) -> Emit:
        """Return the drawer of `a|b|c`, read up to the closing bracket, or to the end unless `inner`."""
        options: list[Emit] = []
        parts: list[Emit] = []
        for piece in pieces:
            if piece == "[":
                parts.append(self.alternatives(pieces, inner=True))
            elif piece == "|" and inner:
                options.append(_all_of(parts))
                parts = []
            elif piece == "]" and inner:
                break
            elif piece[0] == "{" and piece[-1] == "}":
                parts.append(self.named(piece[1:-1]))
            elif set(piece) & set("{}|]"):
                raise _LoneBracketError(piece)
            else:
                parts.append(_text(piece))
        else:
            if inner:
                raise _LoneBracketError("[")
        return _one_of([*options, _all_of(parts)])


class _LoneBracketError(Exception):
    pass


def _text(text: str) -> Emit:
    def emit(rand: Rand, out: list[str]) -> None:
        out.append(text)

    return emit


def _word(words: list[str]) -> Emit:
    """Draw by rank, the head of 40 words seven times as often as the tail; avoid words already drawn."""
    up_to = list(accumulate(1_000_000 // (rank + 6) for rank in range(len(words))))
    total = up_to[-1]

    def emit(rand: Rand, out: list[str]) -> None:
        for _ in range(4):
            word = words[bisect_right(up_to, int(rand() * total))]
            if word not in out:
                break
        out.append(word)

    return emit


def _one_of(options: list[Emit]) -> Emit:
    if len(options) == 1:
        return options[0]
    count = len(options)

    def emit(rand: Rand, out: list[str]) -> None:
        options[int(rand() * count)](rand, out)

    return emit


def _all_of(parts: list[Emit]) -> Emit:
    if len(parts) == 1:
        return parts[0]

    def emit(rand: Rand, out: list[str]) -> None:
        for part in parts:
            part(rand, out)

    return emit
