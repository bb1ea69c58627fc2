"""Write docs/reference.md from the --help of every command: `make docs`. A test compares the two."""

from pathlib import Path

import click

from nlptools_cli.commands import nlptools as command_line


def reference() -> str:
    """Return the page."""
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


if __name__ == "__main__":
    Path(__file__).with_name("reference.md").write_text(reference(), encoding="utf-8")
