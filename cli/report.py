"""Where the reports of `dspyc check` go: `--output-format FORMAT[=FILE]`, as often as wanted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from ..base.files import write_atomically
from ..base.text import near
from ..compiler.render import Report, ansi, plain, summary
from . import formats
from .console import columns, say
from .errors import Refusal

DEFAULT = "full"


class Output(NamedTuple):
    """A report that is wanted: its format, and the file that gets it; without one, standard output."""

    format: str
    file: str | None


def read_outputs(options: Sequence[str]) -> tuple[Output, ...]:
    """What the options ask for; without any, the full report on standard output.

    Raises `Refusal` for an unknown format, for two reports on standard output or in the same file, and for a
    file in a folder that does not exist.
    """
    outputs = tuple(map(_read, options or (DEFAULT,)))
    files = [each.file and os.path.abspath(each.file) for each in outputs]
    for index, each in enumerate(outputs):
        if files[index] in files[:index]:
            where = f"into {each.file}" if each.file else "to standard output"
            hint = f"give all but one a file: --output-format {each.format}=FILE"
            raise Refusal(f"two reports would be written {where}", hint)
    return outputs


def _read(option: str) -> Output:
    name, sign, file = option.partition("=")
    if name not in formats.NAMES:
        close = near(name, formats.NAMES)
        listed = ", ".join(formats.NAMES)
        hint = f"did you mean `{close}`?" if close else f"there are: {listed}"
        raise Refusal(f"unknown output format `{name}`", hint)
    if sign and not file:
        raise Refusal(f"`--output-format {option}` names no file", f"write --output-format {name}=FILE")
    if file == "-":
        file = ""
    folder = os.path.dirname(file)
    if folder and not os.path.isdir(folder):
        raise Refusal(f"{file} cannot be written: the folder {folder} does not exist")
    return Output(name, file or None)


def write_report(report: Report, outputs: Sequence[Output], instead: str | None, ending: str) -> None:
    """Write a report in all its formats.

    On standard output, a format for people ends in a summary and `ending`, and may have a text in its place.
    Where all reports go to files, only the summary and `ending` are shown.
    """
    for each in outputs:
        if each.file is not None:
            write_atomically(each.file, formats.render(each.format, report, plain, 100))
    shown = next((each.format for each in outputs if each.file is None), None)
    if shown is not None and (instead is None or shown in formats.FOR_PROGRAMS):
        say(formats.render(shown, report, ansi, columns()), newline=False)
    elif instead:
        say(instead)
    if shown is None or shown in formats.FOR_PEOPLE:
        say(summary(report))
        say(ending, newline=False)


def is_for_people(outputs: Sequence[Output]) -> bool:
    """Whether standard output gets the summary."""
    return all(each.file is not None or each.format in formats.FOR_PEOPLE for each in outputs)
