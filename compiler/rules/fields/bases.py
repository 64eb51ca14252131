"""What a signature or record extends, and what it does not take over."""

from __future__ import annotations

import re
from typing import TypeAlias

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, replace, rule, written
from ..words import NOUNS, meant_or_has, near

_Extending: TypeAlias = syntax.SignatureDeclaration | syntax.TypeDeclaration


@rule("E250", "wrong-base", syntax.SignatureDeclaration, syntax.TypeDeclaration)
def wrong_base(program: Program, item: Item, node: _Extending) -> Findings:
    """A declaration extends the wrong kind: a signature can extend a signature, and a record a record.

    A record can also extend a pydantic model that is imported from Python.

    ```dspy
    module classify = Predict("text -> label")

    signature Brief(classify):
    #               ^^^^^^^^ E250 a signature can only extend a signature, and `classify` is a module
        output label: str
    ```

    ```dspy
    signature Classify:
        input text: str
        output label: str

    signature Brief(Classify):
        output label: str "in one word"
    ```
    """
    base = node.base
    if base is None or isinstance(base, syntax.Missing):
        return
    kind = item.type_of(base)
    if isinstance(node, syntax.SignatureDeclaration):
        if not _may_be_signature(kind):
            message = f"a signature can only extend a signature, and {_what(item, base)}"
            yield wrong_base.at(base, message, _declare_first(base))
    elif isinstance(kind, types.Record):
        if kind.by_position:
            words = f"a record cannot extend the dataclass `{kind.name}`"
            yield wrong_base.at(base, words, "declare its attributes here, or make it a pydantic model")
    elif not _is_open(kind):
        message = f"a record can only extend a record, and {_what(item, base)}"
        yield wrong_base.at(base, message)


@rule("E251", "unknown-removed-field", syntax.SignatureDeclaration, syntax.TypeDeclaration, fix="sometimes")
def unknown_removed_field(program: Program, item: Item, node: _Extending) -> Findings:
    """`del` names a field that the extended declaration does not have, or removes a field twice.

    ```dspy
    signature Classify:
        input text: str
        input hint: str
        output label: str

    signature Brief(Classify):
        del hnit
    #       ^^^^ E251 `Classify` has no field `hnit`; did you mean `hint`?
    ```

    ```dspy
    signature Classify:
        input text: str
        input hint: str
        output label: str

    signature Brief(Classify):
        del hint
    ```
    """
    interface = _fields_of_base(item, node)
    if interface is None or node.base is None:
        return
    known = [each.name for each in interface.fields]
    owner = written(item, node.base)
    seen: set[str] = set()
    for name in (each for removal in node.removals for each in removal.names):
        if name.text in seen:
            yield unknown_removed_field.at(name, f"`{name.text}` is removed twice")
        elif name.text not in known and not interface.open:
            close = near(name.text, known)
            fix = replace(f"Change to `{close}`", name, close) if close else None
            message = f"`{owner}` has no field `{name.text}`{meant_or_has(name.text, known)}"
            yield unknown_removed_field.at(name, message, fix=fix)
        seen.add(name.text)


@rule("E253", "removed-field-read", syntax.SignatureDeclaration, syntax.TypeDeclaration)
def removed_field_read(program: Program, item: Item, node: _Extending) -> Findings:
    """`del` removes a field that the condition of a remaining one reads.

    Remove the other field as well, or declare it again with a condition of its own.

    ```dspy
    signature Plan:
        input start: int
        input stop: int where stop > start
        output plan: str

    signature Short(Plan):
        del start
    #       ^^^^^ E253 the condition of `stop`, `stop > start`, reads `start`
    ```

    ```dspy
    signature Plan:
        input start: int
        input stop: int where stop > start
        output plan: str

    signature Short(Plan):
        del start
        input stop: int where stop > 0
    ```
    """
    interface = _fields_of_base(item, node) if node.removals else None
    if interface is None:
        return
    own = node.fields if isinstance(node, syntax.SignatureDeclaration) else node.attributes
    declared = {each.name.text for each in own}
    removed = {name.text for removal in node.removals for name in removal.names} - declared
    for field in interface.fields:
        if not field.where or field.name in declared | removed:
            continue
        reads = _names_in(field.where)
        for name in (each for removal in node.removals for each in removal.names):
            if name.text in reads and name.text in removed:
                words = f"the condition of `{field.name}`, `{field.where[:40]}`, reads `{name.text}`"
                advice = f"remove `{field.name}` as well, or declare it again"
                yield removed_field_read.at(name, words, advice)


_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\w|\s*=(?!=))")


def _names_in(condition: str) -> set[str]:
    """The names that a condition reads, texts and the names of arguments left out."""
    return set(_NAME.findall(_STRING.sub("''", condition)))


def _fields_of_base(item: Item, node: _Extending) -> types.Interface | None:
    kind = item.type_of(node.base) if node.base is not None else None
    return kind.interface if isinstance(kind, types.Signature | types.Record) else None


def _may_be_signature(kind: types.Type) -> bool:
    if isinstance(kind, types.Class):
        return kind.definition.is_a("Signature") or not kind.definition.complete
    return isinstance(kind, types.Signature) or _is_open(kind)


def _is_open(kind: types.Type) -> bool:
    """Whether too little is known of a value to say what it is not."""
    if isinstance(kind, types.Class):
        return not kind.definition.complete
    return isinstance(kind, types.Unknown | types.Anything)


def _what(item: Item, base: syntax.Expression) -> str:
    symbol = item.symbol_of(base)
    name = f"`{written(item, base)}`"
    if isinstance(base, syntax.String):
        return f"{name} is a string"
    if symbol is not None and symbol.kind in _NOUNS:
        return f"{name} is {_NOUNS[symbol.kind]}"
    return f"{name} is not one"


_NOUNS = {
    **NOUNS,
    "program": "a program",
    "type": "a record",
    "enum": "an enum",
    "module class": "a module",
    "function": "a function",
    "constant": "a constant",
}


def _declare_first(base: syntax.Expression) -> str | None:
    if isinstance(base, syntax.String):
        return 'declare it first: `signature NAME = "…"`'
    return None
