"""`nlptools completion`: what bash, zsh and fish need to complete our commands with the TAB key."""

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from nlptools_cli.options import Command

VARIABLE = "_NLPTOOLS_COMPLETE"
"""The environment variable by which a shell asks for completions: bash_complete, zsh_complete, fish_complete."""


class _OrFiles(ShellComplete):
    """Names of files where neither a command, an option nor one of some values is wanted."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what may stand in place of `incomplete`, behind `args`."""
        return super().get_completions(args, incomplete) or [CompletionItem(incomplete, type="file")]


class _Bash(_OrFiles, BashComplete):
    pass


class _Zsh(_OrFiles, ZshComplete):
    pass


class _Fish(_OrFiles, FishComplete):
    pass


_SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print the lines with which a shell completes commands, options, their values and names of files.

    \b
    Examples:
      nlptools completion bash > ~/.local/share/bash-completion/completions/nlptools
      nlptools completion zsh > ~/.zfunc/_nlptools
      nlptools completion fish > ~/.config/fish/completions/nlptools.fish

    For this session only: `source <(nlptools completion bash)`, the same with zsh, and with fish
    `nlptools completion fish | source`. Needs bash 4.4 or newer; zsh looks into ~/.zfunc if ~/.zshrc has
    `fpath+=~/.zfunc` before `compinit`.
    """
    click.echo(_completer(click.get_current_context().find_root().command, shell).source())


def answer(command: click.Command, question: str) -> None:
    """Print what may be typed next: the answer to a shell that asks with VARIABLE=question."""
    shell, _, asked = question.partition("_")
    if shell in _SHELLS and asked == "complete":
        click.echo(_completer(command, shell).complete().encode("utf-8", "surrogateescape"))


def _completer(command: click.Command, shell: str) -> ShellComplete:
    return _SHELLS[shell](command, {}, "nlptools", VARIABLE)
