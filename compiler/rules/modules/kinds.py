"""Declarations and parts that hold something else than their word says."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program, Symbol
from ...types import Type
from ..rule import Finding, declared_at, rule, written
from ..words import described

_WORDS = {
    "lm": "a language model: `LM(…)`",
    "module": "a module: what its constructor gives",
    "signature": "a signature",
    "dataset": "a dataset: `Dataset(…)`, or a slice of one",
    "optimizer": "an optimizer",
    "program": "what an optimizer's `compile(…)` gives",
    "evaluate": "an evaluation: `Evaluate(…)`",
}


@rule("E302", "wrong-kind")
def wrong_kind(program: Program, item: Item) -> Iterator[Finding]:
    """A declaration's value is not what the word before its name says.

    ```dspy
    signature QA:
        input question: str
        output answer: str

    module qa = QA
    #           ^^ E302 `module` declares a module, not the signature `QA`; write `Predict(QA)`
    ```

    ```dspy
    signature QA:
        input question: str
        output answer: str

    module qa = Predict(QA)
    ```
    """
    declaration = item.declaration
    if not isinstance(declaration, syntax.ValueDeclaration):
        return
    kind, value = item.type_of(declaration.value), declaration.value
    if not types.known(kind) or all(_is(declaration.kind, each) for each in types.options(kind)):
        return
    text = written(item, value)
    wanted = _WORDS[declaration.kind]
    short = wanted.partition(":")[0]
    match declaration.kind, kind:
        case "module", types.Signature():
            yield Finding(
                value,
                f"`module` declares {short}, not {described(kind)}; write `{catalog.plain_module()}({text})`",
            )
        case _, types.Class() | types.ModuleClass():
            yield Finding(value, f"`{text}` is not constructed yet; write `{text}(…)`")
        case _:
            yield Finding(value, f"`{declaration.kind}` declares {wanted}, not {described(kind)}")


def _is(word: str, kind: Type) -> bool:
    match word, kind:
        case _, types.Unknown() | types.Anything():
            return True
        case "lm", types.Instance(definition=definition):
            return definition.is_a("BaseLM") or not definition.complete
        case "module" | "program", types.Module() | types.AnyModule():
            return True
        case "signature", types.Signature():
            return True
        case "dataset", types.Dataset() | types.List() | types.Tuple():
            return True
        case "optimizer", types.Instance(definition=definition):
            return "compile" in definition.members or not definition.complete
        case "evaluate", types.Instance(definition=definition):
            return definition.is_a("Evaluate") or not definition.complete
        case _:
            return word == "tools"


@rule("E303", "not-a-part")
def not_a_part(program: Program, item: Item) -> Iterator[Finding]:
    """A part of a module is no module.

    A part is a constructor call, the name of another module, or a list, dict or comprehension of these. What
    is worked out from the inputs belongs into `forward:`.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        limit = 5
    #           ^ E303 `limit` is no module: a part is what `Predict(…)` or another gives
        respond = Predict("question -> answer")
        forward:
            return answer=respond(question=question).answer
    ```

    ```dspy
    limit = 5

    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return answer=respond(question=question).answer
    ```
    """
    declaration = item.declaration
    for part in declaration.parts if isinstance(declaration, syntax.ModuleDeclaration) else ():
        kind = item.type_of(part.value)
        name = part.name.text
        match kind:
            case types.Prediction():
                words = f"`{name}` is a prediction: calls of modules belong into `forward:`"
                yield Finding(part.value, words)
            case types.Class() | types.ModuleClass():
                text = written(item, part.value)
                yield Finding(part.value, f"`{text}` is not constructed yet; write `{text}(…)`")
            case types.Signature():
                text = written(item, part.value)
                yield Finding(
                    part.value,
                    f"`{name}` is a signature; make a module of it: `{catalog.plain_module()}({text})`",
                )
            case _ if not _holds_modules(kind):
                yield Finding(
                    part.value,
                    f"`{name}` is no module: a part is what `{catalog.plain_module()}(…)` or another gives",
                )


def _holds_modules(kind: Type) -> bool:
    match kind:
        case types.List(item=item) | types.Iterable(item=item):
            return _holds_modules(item)
        case types.Dict(value=value):
            return _holds_modules(value)
        case types.Tuple(items=items, rest=rest):
            return all(map(_holds_modules, items if rest is None else (rest,)))
        case types.Union(options=options):
            return any(map(_holds_modules, options))
        case types.Module() | types.AnyModule() | types.Fields():
            return True
        case types.Instance(definition=definition):
            # Retrievers and tools of a user's own class may be parts, too: they are called in `forward`.
            return "__call__" in definition.members or not definition.complete
        case _:
            return not types.known(kind)


@rule("E113", "reassigned-part")
def reassigned_part(program: Program, item: Item) -> Iterator[Finding]:
    """A part is assigned to in `forward:`. Parts are constructed once; optimizers rely on that.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            respond = respond(question=question)
    #       ^^^^^^^ E113 `respond` is a part, which cannot be assigned to; choose another name
            return answer=respond.answer
    ```

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            found = respond(question=question)
            return answer=found.answer
    ```
    """
    declaration = item.declaration
    if not isinstance(declaration, syntax.ModuleDeclaration):
        return
    parts = {part.name.text: part for part in declaration.parts}
    for _, symbol in item.visible:
        if symbol.kind == "local" and symbol.name in parts and isinstance(symbol.node, syntax.Name):
            part = Symbol(
                symbol.name,
                "part",
                types.UNKNOWN,
                types.Place(program.path, item.at(parts[symbol.name].name)),
            )
            words = f"`{symbol.name}` is a part, which cannot be assigned to; choose another name"
            yield Finding(symbol.node, words, labels=declared_at(program, part))
            return
