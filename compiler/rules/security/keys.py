"""Keys in the source."""

from __future__ import annotations

from ....base.diagnostic import Fix
from ....base.secrets import is_placeholder, is_secret, looks_like_key
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..edits import without_argument
from ..rule import Findings, rule


@rule("W403", "key-in-source", syntax.String, syntax.Argument, fix="sometimes", severity="warning")
def key_in_source(program: Program, item: Item, node: syntax.String | syntax.Argument) -> Findings:
    """A key is written in the program, where anyone who can read the file can read it.

    Set an environment variable instead: each provider reads its key from one, such as `OPENAI_API_KEY`.

    ```dspy
    lm fast = LM("openai/gpt-4o", api_key="9f8e7d6c5b4a")
    #                                     ^^^^^^^^^^^^^^ W403 a key in the source; use an environment variable
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o")
    ```
    """
    words = "a key in the source; use an environment variable"
    if isinstance(node, syntax.String):
        if looks_like_key(node.value):
            yield key_in_source.at(node, words, fix=_without(item, node))
        return
    if node.name is None:
        return
    if node.name.text in _MAPPINGS and isinstance(node.value, syntax.Dict):
        yield from _in_mapping(item, node.value)
    if not is_secret(node.name.text):
        return
    text = _text(item, node.value)
    if text is None or looks_like_key(text):
        return  # what looks like a key is found where it stands
    if len(text) >= 8 and not is_placeholder(text):
        yield key_in_source.at(node.value, words, fix=_without(item, node.value))


_MAPPINGS = frozenset({"env", "headers"})
"""The arguments whose keys are names of variables or headers."""


def _in_mapping(item: Item, node: syntax.Dict) -> Findings:
    """Values of secret names, save those that pass on a variable of the environment: `${NAME}`."""
    for entry in node.entries:
        key, value = entry.key, entry.value
        if not isinstance(key, syntax.String) or not is_secret(key.value):
            continue
        text = _text(item, value)
        if text is None or looks_like_key(text) or len(text) < 8 or is_placeholder(text) or "${" in text:
            continue
        words = "a key in the source; use an environment variable"
        yield key_in_source.at(value, words, f'pass it on: `"{key.value}": "${{NAME}}"`')


def _text(item: Item, node: syntax.Expression) -> str | None:
    """The text of a string, or of a constant that stands for one."""
    if isinstance(node, syntax.String):
        return node.value
    match item.type_of(node) if isinstance(node, syntax.Name) else None:
        case types.Literals(values=(str() as text,)):
            return text
        case _:
            return None


def _without(item: Item, value: syntax.Expression) -> Fix | None:
    """Take the argument out that a key is given as."""
    for call in item.nodes(syntax.Call):
        for argument in call.arguments:
            if argument.value is value and argument.name is not None and is_secret(argument.name.text):
                return without_argument(item, call.arguments, argument)
    return None
