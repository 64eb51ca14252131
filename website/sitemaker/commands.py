"""A page for each command, out of its own help."""

from __future__ import annotations

import re
from inspect import cleandoc

import click

from dspyc.cli.main import SECTIONS, group

from .page import Page, fence, link, made, table

FOLDER = "reference/commands"
_EXAMPLES = re.compile(r"^\x08?\s*Examples?:\n(?P<lines>(?: +.*\n?)+)", re.MULTILINE)


def command_pages() -> list[Page]:
    """The list of all commands, and a page for each."""
    context = click.Context(group, info_name="dspyc")
    commands = {
        name: command
        for names in SECTIONS.values()
        for name in names
        if (command := group.get_command(context, name)) is not None
    }
    return [_index(commands), *(_page(name, each, context) for name, each in commands.items())]


def _index(commands: dict[str, click.Command]) -> Page:
    path = f"{FOLDER}/index.md"
    blocks = [
        f"{link('Commands', 'commands.md', path)} has all commands and options in one table, "
        "and what their exit codes mean."
    ]
    for section, names in SECTIONS.items():
        rows = [
            (link(f"`dspyc {name}`", f"{FOLDER}/{name}.md", path), commands[name].get_short_help_str(100))
            for name in names
        ]
        blocks += [f"## {section}", table(("command", "does"), rows)]
    return made(path, "Commands, one by one", *blocks, description="The commands of dspyc.")


def _page(name: str, command: click.Command, parent: click.Context) -> Page:
    path = f"{FOLDER}/{name}.md"
    blocks = _blocks(command, click.Context(command, info_name=name, parent=parent))
    return made(path, f"dspyc {name}", *blocks, description=command.get_short_help_str(120))


def _blocks(command: click.Command, context: click.Context) -> list[str]:
    text = cleandoc(command.help or "")
    found = _EXAMPLES.search(text)
    words = (text[: found.start()] + text[found.end() :] if found else text).replace("\b", "").strip()
    usage = command.get_usage(context).removeprefix("Usage: ")
    blocks = [fence(" ".join(usage.split()), "text"), _escaped(words)]
    if found:
        lines = [line.strip() for line in found["lines"].strip().splitlines()]
        blocks += ["**Examples**", fence("\n".join(lines), "text")]
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    rows = [(_spelling(each, context), _escaped(each.help or "")) for each in options]
    blocks += ["**Options**" if rows else "", table(("option", "meaning"), rows)]
    if isinstance(command, click.Group):
        for name, inside in command.commands.items():
            title = f"{context.command_path} {name}"
            blocks += [f"## {title}", *_blocks(inside, click.Context(inside, info_name=name, parent=context))]
    return blocks


def _spelling(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    return f"`{record[0] if record else ', '.join(option.opts)}`"


def _escaped(text: str) -> str:
    """A help text as Markdown: what is not in backticks may hold angle brackets and stars."""
    parts = text.split("`")
    plain = [re.sub(r"([<*_])", r"\\\1", each) if at % 2 == 0 else each for at, each in enumerate(parts)]
    return "`".join(plain)
