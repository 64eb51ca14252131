"""Parts and inputs of a module that its `forward` does not use."""

from __future__ import annotations

from collections.abc import Iterable

from ....grammar import syntax
from ...program import Item, Program
from ...trees import walk
from ..edits import lines_of
from ..rule import Findings, replace, rule
from ..walking import remembered


@rule("W103", "unused-part", syntax.ModuleDeclaration, fix="always", severity="warning")
def unused_part(program: Program, item: Item, node: syntax.ModuleDeclaration) -> Findings:
    """A part of a module is never called.

    Optimizers tune every part, and states include it, even if it is never used.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        rewrite = Predict("question -> better")
    #   ^^^^^^^ W103 the part `rewrite` is never used
        respond = Predict("question -> answer")
        forward:
            return respond(question=question)
    ```

    ```dspy
    module Ask:
        input question: str
        output answer: str
        rewrite = Predict("question -> better")
        respond = Predict("question -> answer")
        forward:
            return respond(question=rewrite(question=question).better)
    ```
    """
    if not node.forward or item.unresolved:
        return
    read = _read_in_bodies(item)
    for part in node.parts:
        others = [each.value for each in node.parts if each is not part]
        if part.name.text and part.name.text not in read and part.name.text not in _names(others):
            fix = replace(f"Remove `{part.name.text}`", lines_of(item, part.span), "")
            yield unused_part.at(part.name, f"the part `{part.name.text}` is never used", fix=fix)


@rule("W104", "unused-input", syntax.ModuleDeclaration, fix="always", severity="warning")
def unused_input(program: Program, item: Item, node: syntax.ModuleDeclaration) -> Findings:
    """A module has an input that its `forward` does not read.

    ```dspy
    module Translate:
        input text: str
        input language: str
    #         ^^^^^^^^ W104 the input `language` is never used
        output translation: str
        translate = Predict("text -> translation")
        forward:
            return translate(text=text)
    ```

    ```dspy
    module Translate:
        input text: str
        input language: str
        output translation: str
        translate = Predict("text, language -> translation")
        forward:
            return translate(text=text, language=language)
    ```
    """
    if not node.forward or item.unresolved:
        return
    read = _read_in_bodies(item)
    if read.isdisjoint(each.name.text for each in node.parts):
        return  # what calls nothing is not written yet
    for field in node.fields:
        name = field.name.text
        if field.direction == "input" and name and name not in read and not name.startswith("_"):
            fix = replace(f"Remove `{name}`", lines_of(item, field.span), "")
            yield unused_input.at(field.name, f"the input `{name}` is never used", fix=fix)


@remembered
def _read_in_bodies(item: Item) -> frozenset[str]:
    """The names in the bodies of a module."""
    node = item.declaration
    blocks = (node.forward, node.fallback) if isinstance(node, syntax.ModuleDeclaration) else ()
    ranges = [(block[0].span.start, block[-1].span.end) for block in blocks if block]
    return frozenset(
        each.text
        for each in item.nodes(syntax.Name)
        if any(start <= each.span.start < end for start, end in ranges)
    )


def _names(nodes: Iterable[syntax.Node]) -> set[str]:
    return {each.text for node in nodes for each in walk(node) if isinstance(each, syntax.Name)}
