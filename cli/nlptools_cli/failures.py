"""What went wrong, as one line on standard error and an exit status."""

import errno
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from nlptools_cli.interrupts import ignore, is_interrupt
from nlptools_cli.messages import say

if TYPE_CHECKING:
    import click


def report(error: BaseException) -> int:
    """Say what went wrong and return the exit status: 2 the user can mend it, 1 our bug, 130 interrupted."""
    if is_interrupt(error):
        ignore()
        say("nlptools: interrupted")
        return 130
    import click  # not above: an interrupt may come while it is imported

    from nlptools.errors import NlptoolsError

    if isinstance(error, click.exceptions.Exit):  # after --help and --version
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, NlptoolsError):
        say(f"nlptools: {error}")
        return 2
    if isinstance(error, click.ClickException):
        say(f"nlptools: {_message(error)}")
        if isinstance(error, click.UsageError) and error.ctx is not None:
            say(f"Try: {error.ctx.command_path} --help")
        return 2
    if isinstance(error, BrokenPipeError):  # whoever reads our output, such as `head`, has had enough
        _drop_output()
        return 0
    if isinstance(error, MemoryError):
        say("nlptools: out of memory; give a part of the corpus, or a machine with more memory")
        return 2
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        say(f"nlptools: {error.filename or 'output'}: {error.strerror}; make room, or write to another place")
        _drop_output()
        return 2
    return _internal(error)


def _message(error: "click.ClickException") -> str:
    """Return the message, with an example if something is missing."""
    import click

    from nlptools_cli.options import example

    message = error.format_message()
    line = example(error.ctx) if isinstance(error, click.MissingParameter) and error.ctx is not None else ""
    return f"{' '.join(message.split()).rstrip('.')}. For example: {line}" if line else message


def _internal(error: BaseException) -> int:
    if os.environ.get("NLPTOOLS_DEBUG", "0") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}".strip().rstrip(".: ")
    say(f"nlptools: internal error: {what}; please report it; set NLPTOOLS_DEBUG=1 for the traceback")
    return 1


def _drop_output() -> None:
    """Send what is still buffered for standard output nowhere, so that Python does not fail on it at exit."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
