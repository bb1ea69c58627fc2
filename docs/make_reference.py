"""Write docs/reference.md from the --help of every command, and docs/python.md from the docstrings: `make docs`.

Tests compare the pages with what would be written.
"""

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import click

import nlptools
from nlptools_cli.commands import nlptools as command_line


def reference() -> str:
    """Return the page of the commands."""
    lines = ["# Reference", "", "Made from `--help` by `make docs`; do not edit.", ""]

    def add(command: click.Command, name: str, parent: click.Context | None) -> None:
        settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
        context = click.Context(command, info_name=name, parent=parent, **settings)
        lines.extend([f"## {context.command_path}", "", "```text", command.get_help(context).rstrip(), "```", ""])
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                add(found, child, context)

    add(command_line, "nlptools", None)
    return "\n".join(lines)


def python_reference() -> str:
    """Return the page of the names of `import nlptools`."""
    lines = [
        "# Reference for Python",
        "",
        "What `import nlptools as nt` has, made from docstrings by `make docs`; do not edit.",
    ]
    lines += ["The guides show how it is used.", ""]
    found = {name: getattr(nlptools, name) for name in nlptools.__all__}
    for title, is_kind in (("Functions", inspect.isroutine), ("Classes", inspect.isclass)):
        lines += [f"## {title}", ""]
        for name, thing in found.items():
            if is_kind(thing):
                text = _class_text(thing) if inspect.isclass(thing) else _routine_text(thing)
                lines += [f"### {name}", "", "```text", text, "```", ""]
    return "\n".join(lines)


def _routine_text(routine: Any, name: str | None = None) -> str:
    return f"{name or routine.__name__}{_parameters(routine)}\n\n{_indented(inspect.getdoc(routine))}"


def _parameters(routine: Any) -> str:
    """Return the parameters with their defaults, without types: these look different from one Python to the next."""
    parameters = []
    for one in inspect.signature(routine).parameters.values():
        if one.name != "self":
            default = None if inspect.isfunction(one.default) else one.default  # nothing is told
            parameters.append(one.replace(annotation=one.empty, default=default))
    return str(inspect.Signature(parameters))


def _class_text(kind: type) -> str:
    """Return the docstring of a class, its options if it has such, and what it can do."""
    parts = [f"class {kind.__name__}\n\n{_indented(inspect.getdoc(kind))}"]
    for field in dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ():
        if "help" in field.metadata:
            without = "False: " if field.default is True else ""  # the command has --no-…
            parts.append(_indented(f"{field.name} = {field.default!r}\n{_indented(without + field.metadata['help'])}"))
    ours = [base for base in kind.__mro__ if base.__module__.startswith("nlptools")]
    members = {name: member for base in reversed(ours) for name, member in vars(base).items()}
    for name, member in members.items():
        inner = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if name.startswith("_") or not inspect.getdoc(inner):
            continue
        if inspect.isfunction(inner):
            parts.append(_indented(_routine_text(inner)))
        elif isinstance(inner, property):
            parts.append(_indented(f"{name}\n\n{_indented(inspect.getdoc(inner))}"))
    return "\n\n".join(parts)


def _indented(text: str | None) -> str:
    return "\n".join(f"    {line}".rstrip() for line in (text or "").splitlines())


if __name__ == "__main__":
    Path(__file__).with_name("reference.md").write_text(reference(), encoding="utf-8")
    Path(__file__).with_name("python.md").write_text(python_reference(), encoding="utf-8")
