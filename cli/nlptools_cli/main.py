"""The entry of the command. Imports wait until needed: `--help` comes at once, and Ctrl-C is heard early."""

import io
import os
import sys
import warnings


def main(name: str = "nlptools") -> None:
    """Run the command that was typed, and exit with its status; `name` is how it was called."""
    _begin_again_in_utf8()
    status = run(sys.argv[1:], in_own_process=True, name=name)
    sys.exit(status)


def run(arguments: list[str], in_own_process: bool = False, name: str = "nlptools") -> int:
    """Run a command; return 0 if done, 2 if the user can mend it, 1 for our bug, 130 if interrupted."""
    try:
        from nlptools_cli import interrupts

        if in_own_process:
            interrupts.watch()
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # they are for programmers; see them with python -W default
        _speak_utf8()
        from nlptools_cli.commands import nlptools

        question = os.environ.get("_NLPTOOLS_COMPLETE") if in_own_process else None
        if question:  # the TAB key was pressed
            from nlptools_cli.completion import answer

            answer(nlptools, question)
            return 0
        with nlptools.make_context(name, arguments) as context:
            nlptools.invoke(context)
        if in_own_process:
            interrupts.ignore()
    except BaseException as error:
        from nlptools_cli.failures import report

        return report(error)
    return 0


def _begin_again_in_utf8() -> None:
    """Start Python anew in its UTF-8 mode where the locale, as C, has no Chinese: no file could be called so."""
    try:
        "词".encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        if sys.executable and "utf8" not in sys._xoptions:  # else it would be of no use again
            os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def _speak_utf8() -> None:
    """Write UTF-8 in every locale; what cannot be encoded, as in broken file names, appears as \\udcff."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
