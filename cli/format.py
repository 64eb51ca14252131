"""`dspyc format`: the one style."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..base.files import UnreadableFile, write_atomically
from ..base.span import Span
from ..base.text import plural
from ..compiler.render import location
from ..grammar.source import Source
from ..project.disk import advice_for, read_source
from .console import say, say_error, say_warning
from .errors import Refusal
from .files import find, read_program_from_input, shown


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file would change.")
@click.option(
    "--diff", is_flag=True, help="Write nothing; show what would change. The exit code is that of --check."
)
@click.option(
    "--line-ranges",
    "ranges",
    multiple=True,
    metavar="FROM-TO",
    help="Format only the declarations that have a line in this range; may be repeated.",
)
@click.option(
    "--force-exclude", is_flag=True, help="Skip excluded files even if PATHS names them, as hooks do."
)
def command(
    paths: tuple[str, ...], check: bool, diff: bool, ranges: tuple[str, ...], force_exclude: bool
) -> int:
    """Format files in the standard style; comments keep their place.

    PATHS are files or folders (the working folder by default); `-` formats standard input to standard output.
    A declaration with a syntax error is left as it is, and the rest of its file is formatted.

    \b
    Examples:
      dspyc format                 all programs below this folder
      dspyc format --check         in CI
      dspyc format --diff triage.dspy
      dspyc format --line-ranges 10-20 triage.dspy
      dspyc format - < triage.dspy
    """
    lines = [_read_range(each) for each in ranges]
    if paths == ("-",):
        return _standard_input(lines, check=check, diff=diff)
    changed, failed, seen = 0, 0, 0
    for path in find(paths, forces_exclusion=force_exclude):
        seen += 1
        try:
            text = read_source(str(path))
        except UnreadableFile as problem:
            say_error(f"{shown(path)} {problem.message}", advice_for(problem))
            failed += 1
            continue
        formatted = _formatted(text, lines)
        _tell_of_mistakes(path, text)
        if formatted == text:
            continue
        changed += 1
        if diff:
            say("".join(difference(shown(path), text, formatted)), newline=False)
        elif check:
            say(f"Would reformat: {click.style(shown(path), bold=True)}")
        else:
            write_atomically(path, formatted)
    if seen > failed:
        say(_summary(changed, seen - changed - failed, written=not (check or diff)), error=diff)
    return 2 if failed else int(bool(changed and (check or diff)))


def _standard_input(lines: list[tuple[int, int]], *, check: bool, diff: bool) -> int:
    text = read_program_from_input()
    formatted = _formatted(text, lines)
    if diff:
        say("".join(difference("stdin", text, formatted)), newline=False)
    elif not check:
        say(formatted, newline=False)
    return int(formatted != text and (check or diff))


def _read_range(written: str) -> tuple[int, int]:
    """The first and the last line of `10-20`, counted from 1.

    Raises:
        Refusal: It is no range of lines.
    """
    first, dash, last = written.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise Refusal(f"`{written}` is not a range of lines", "write the first and the last line: 10-20")
    return int(first), int(last)


def _formatted(text: str, lines: list[tuple[int, int]]) -> str:
    """The formatted text; with ranges of lines, only the declarations that have one of them."""
    from ..grammar.formatting.format import format_source

    if not lines:
        return format_source(text)
    starts = [*Source("", text).line_starts, len(text)]
    count = len(starts) - 1
    spans = [Span(starts[first - 1], starts[min(last, count)]) for first, last in lines if first <= count]
    return format_source(text, spans)


def _tell_of_mistakes(path: Path, text: str) -> None:
    """Say where a mistake kept a declaration from being formatted."""
    from ..grammar.parse import parse

    problem = next(parse(Source(str(path), text)).problems(), None)
    if problem is not None:
        place = location(shown(path), Source(str(path), text), problem.span.start)
        say_warning(f"{place}: {problem.message}; the declaration stays as it is")


def difference(name: str, before: str, after: str) -> Iterator[str]:
    """A unified diff, coloured as git does."""
    from difflib import unified_diff

    colors = {"+": "green", "-": "red", "@": "cyan"}
    lines = unified_diff(before.splitlines(True), after.splitlines(True), name, name)
    for line in lines:
        ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        head = line.startswith(("---", "+++"))
        yield click.style(ended, bold=True) if head else click.style(ended, fg=colors.get(line[0]))


def _summary(changed: int, unchanged: int, *, written: bool) -> str:
    did = "reformatted" if written else "would be reformatted"
    same = "left unchanged" if written else "already formatted"
    parts = [f"{plural(changed, 'file')} {did}"] if changed else []
    if unchanged or not changed:
        parts.append(f"{plural(unchanged, 'file')} {same}")
    return ", ".join(parts) + "."
