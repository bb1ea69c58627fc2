"""Ctrl-C ends the command with status 130, also where Python would lose it."""

import _thread
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer, main_thread
from typing import Any

_lost = Event()


def watch() -> None:
    """Catch interrupts that meet a call from C, as when LLVM reports a compiled kernel.

    Python can raise nothing there: it would print a traceback and go on. We interrupt again a moment later.
    """
    sys.unraisablehook = _retry


def _retry(unraisable: Any) -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    _lost.set()
    again = Timer(0.05, _interrupt)
    again.daemon = True
    again.start()


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):  # also wakes a main thread that waits
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def is_interrupt(error: BaseException) -> bool:
    """Say whether the user wanted to stop: an interrupt, or what one that was lost has led to."""
    return isinstance(error, KeyboardInterrupt) or _lost.is_set()


@contextmanager
def held() -> Iterator[None]:
    """Hear an interrupt only when the block ends: for imports, of which some lose one."""
    heard: list[int] = []
    try:
        before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def ignore() -> None:
    """Ignore interrupts from now on: the command is ending, threads and temporary files go in peace."""
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)
