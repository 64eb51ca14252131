"""A GBNF grammar (llama.cpp's) of the answers to a signature whose outputs are closed, in the ChatAdapter's
format.

A model that is held to it can only write an answer that parses.
"""

from __future__ import annotations

import enum
import inspect
import json
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ..signature.signature import Signature
from ..types.annotations import plain_annotation
from ..values.rendering import render
from .sections import END


def gbnf_for(signature: type[Signature]) -> str | None:
    """The grammar of the answers, or None when an output's type is open (a string, a number, a list…).

    Booleans, enumerations and Literals are closed, and so are their optional forms.
    """
    key = "gbnf"
    if key not in signature.__compiled__:
        signature.__compiled__[key] = _grammar(signature)
    found: str | None = signature.__compiled__[key]
    return found


def _grammar(signature: type[Signature]) -> str | None:
    pieces: list[str] = []
    rules: list[str] = []
    for number, (name, field) in enumerate(signature.output_fields.items()):
        choices = closed_choices(field.annotation)
        if choices is None or field.where or field.constraints:
            return None
        rules.append(f"value{number} ::= {' | '.join(_quoted(choice) for choice in choices)}")
        pieces.append(f"{_quoted(f'[[ ## {name} ## ]]' + chr(10))} value{number} {_quoted(chr(10) * 2)}")
    # Models that were asked for it end with a newline; those that stop at the marker are as good.
    root = f'root ::= {" ".join(pieces)} {_quoted(f"[[ ## {END} ## ]]")} "\\n"?'
    return "\n".join([root, *rules]) + "\n"


def closed_choices(annotation: Any) -> list[str] | None:
    """All values of a type as the adapter writes them, or None when the type is open."""
    annotation = plain_annotation(annotation)
    if annotation is bool:
        return ["True", "False"]
    if annotation is type(None):
        return ["None"]
    if get_origin(annotation) is Literal:
        return [render(choice) for choice in get_args(annotation)]
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return [render(member) for member in annotation]
    if get_origin(annotation) in (Union, UnionType):
        arms = [closed_choices(arm) for arm in get_args(annotation)]
        if any(arm is None for arm in arms):
            return None
        return list(dict.fromkeys(choice for arm in arms if arm is not None for choice in arm))
    return None


def _quoted(text: str) -> str:
    # GBNF's string literals are JSON's, apart from the surrogate pairs that escaping would make.
    return json.dumps(text, ensure_ascii=False)
