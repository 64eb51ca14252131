"""What a user sets in the editor for this server."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

SECTION = "dspyc"


class InlayHints(Struct, frozen=True, rename="camel"):
    """Which hints are shown between the characters of a program."""

    variable_types: bool = True
    """The types of variables."""
    parameter_names: bool = True
    """The names of parameters before constants that are given without them."""
    concurrency: bool = True
    """Which calls are in flight at the same time."""


class CodeLenses(Struct, frozen=True, rename="camel"):
    """What is shown above declarations."""

    commands: bool = True
    """What runs, tests, measures and improves them."""
    references: bool = True
    """How often they are used."""


class CompletionSettings(Struct, frozen=True, rename="camel"):
    """What is offered while one types."""

    auto_imports: bool = True
    """Names of other files, whose choice writes the import."""


class Configuration(Struct, frozen=True, rename="camel"):
    """The settings of the section `dspyc`; what the editor does not name has its default."""

    inlay_hints: InlayHints = InlayHints()
    code_lens: CodeLenses = CodeLenses()
    completion: CompletionSettings = CompletionSettings()


def read(value: Any) -> tuple[Configuration, str]:
    """The settings of what an editor says, and what is wrong with it; that counts as not set."""
    if value is None:
        return Configuration(), ""
    try:
        return msgspec.convert(value, Configuration), ""
    except msgspec.ValidationError as error:
        return Configuration(), f"the settings of `{SECTION}` are not used: {error}"
