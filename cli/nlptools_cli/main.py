"""The entry of the command. Imports wait until needed: `--help` comes at once, and Ctrl-C is heard early."""

import io
import sys
import warnings


def main() -> None:
    """Run the command that was typed, and exit with its status."""
    status = run(sys.argv[1:], in_own_process=True)
    sys.exit(status)


def run(arguments: list[str], in_own_process: bool = False) -> int:
    """Run a command; return 0 if done, 2 if the user can mend it, 1 for our bug, 130 if interrupted."""
    try:
        from nlptools_cli import interrupts

        if in_own_process:
            interrupts.watch()
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # they are for programmers; see them with python -W default
        _speak_utf8()
        from nlptools_cli.commands import nlptools

        with nlptools.make_context("nlptools", arguments) as context:
            nlptools.invoke(context)
        if in_own_process:
            interrupts.ignore()
    except BaseException as error:
        from nlptools_cli.failures import report

        return report(error)
    return 0


def _speak_utf8() -> None:
    """Write UTF-8 in every locale; what cannot be encoded, as in broken file names, appears as \\udcff."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
