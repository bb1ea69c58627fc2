"""Options of commands: made from the fields of the library's options, shown in sections, named as typed."""

import re
from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

from nlptools.errors import OptionError

Function = TypeVar("Function", bound=Callable[..., Any])


class Option(click.Option):
    """An option in a section of the help."""

    def __init__(self, *args: Any, section: str = "Output", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Words(click.Choice[str]):
    """One of some words. The library checks it, so that the message is the same in Python."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as it is."""
        return value


def numbers(kind: type[int] | type[float]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return the callback of an option whose value is numbers with commas between, "0,0,1", or a default."""

    def parsed(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            return tuple(map(kind, value.split(","))) if isinstance(value, str) else value
        except ValueError:
            whole = "whole " if kind is int else ""
            raise click.BadParameter(f"{value!r}; give {whole}numbers with commas between.") from None

    return parsed


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""How every command shows its help, whether it is called alone or by its group."""


class Command(click.Command):
    """A command whose help has sections, and whose errors name options as typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"context_settings": SETTINGS, **kwargs})

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                sections.setdefault(getattr(param, "section", "Other"), []).append(record)
        for name, records in sections.items():
            with formatter.section(name):
                formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except OptionError as error:
            names = [param.name for param in self.params if isinstance(param, click.Option) and param.name]
            raise OptionError(as_typed(str(error), names)) from error


class Group(click.Group):
    """A group of commands; without a command it shows its help."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"context_settings": SETTINGS, "invoke_without_command": True, **kwargs})

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for, or show the help."""
        result = super().invoke(ctx)
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they were added: what one begins with comes first."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with the whole first sentence of its help."""
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def example(context: click.Context) -> str:
    """Return the first example in the help of a command, "" if there is none."""
    name = context.command_path.removeprefix(context.find_root().command_path)
    lines = (context.command.help or "").splitlines()
    return next((line.strip() for line in lines if line.strip().startswith(f"nlptools{name} ")), "")


def as_typed(message: str, names: Iterable[str]) -> str:
    """Return the message with options named as typed: "min_count=0 cannot" → "--min-count 0 cannot"."""
    for name in names:
        flag = "--" + name.replace("_", "-")
        message = re.sub(rf"(?<![-\w]){name}=", f"{flag} ", message)
        if "_" in name:  # else it may be a plain word, but not at the beginning
            message = re.sub(rf"(?<![-\w]){name}\b", flag, message)
        else:
            message = re.sub(rf"^{name} ", f"{flag} ", message)
    return message


def options_from(options: type, section: str, only: Iterable[str] | None = None) -> Callable[[Function], Function]:
    """Return a decorator that gives a command one option for each field of a dataclass that has a help text.

    only: the names of these fields; default: all. The default is the field's, the help text is its metadata "help". A switch that is on by default is turned
    off with --no-….
    """

    def decorate(function: Function) -> Function:
        for field in reversed(fields(options)):  # decorators are applied from the last to the first
            if "help" not in field.metadata or (only is not None and field.name not in only):
                continue
            flag = field.name.replace("_", "-")
            function = click.option(
                f"--no-{flag}" if field.default is True else f"--{flag}",
                field.name,
                cls=Option,
                section=section,
                default=field.default,
                show_default=field.default not in (None, ()) and field.type is not bool,
                help=field.metadata["help"],
                **_kind(field),
            )(function)
        return function

    return decorate


def _kind(field: "Field[Any]") -> dict[str, Any]:
    """Return how click shall take a value of the field's type."""
    if field.type is bool:
        return {"is_flag": True, "flag_value": not field.default}
    for kind in (field.type, *get_args(field.type)):
        if get_origin(kind) is Literal:
            return {"type": Words(get_args(kind))}
    if get_origin(field.type) is tuple and float in get_args(field.type):
        return {"type": click.UNPROCESSED, "callback": numbers(float), "metavar": "X,X,..."}
    if get_origin(field.type) is tuple:
        return {"multiple": True, "metavar": "DICT" if field.name in ("known", "lexicon") else "FILE"}
    if {int, str} <= set(get_args(field.type)):
        return {"metavar": field.metadata["metavar"]}
    for kind, metavar in ((int, "N"), (float, "X"), (str, "FILE")):
        if kind is field.type or kind in get_args(field.type):
            return {"type": kind, "metavar": field.metadata.get("metavar") or metavar}
    raise TypeError(f"{field.name}: no option can be made of {field.type}")


def quiet_option(help_text: str) -> Callable[[Function], Function]:
    """Return a decorator that gives a command the option --quiet."""
    return click.option("-q", "--quiet", cls=Option, is_flag=True, help=help_text)


def threads_option(section: str) -> Callable[[Function], Function]:
    """Return a decorator that gives a command the option --threads."""
    return click.option(
        "--threads",
        type=int,
        metavar="N",
        cls=Option,
        section=section,
        help="Threads to use. Default: all processors. The result does not depend on it.",
    )
