"""Declarations and parts that hold something else than their word says."""

from __future__ import annotations

from ....base.diagnostic import Fix, Label
from ....base.span import Span
from ....grammar import syntax
from ... import catalog, types
from ...declared import holds, may_hold
from ...program import Item, Program
from ...trees import lacks_forward
from ...types import Type
from ..edits import free_name, rename
from ..rule import Findings, replace, rule, written
from ..words import NOUNS, described

_FORMS = {
    "lm": "`LM(…)`",
    "dataset": "`Dataset(…)`, or a slice of one",
    "evaluate": "`Evaluate(…)`",
    "tools": "`MCP(…)`",
}
"""How a value of a kind is written, where that is always the same."""


@rule("E302", "wrong-kind", syntax.ValueDeclaration, fix="sometimes")
def wrong_kind(program: Program, item: Item, node: syntax.ValueDeclaration) -> Findings:
    """A declaration's value is not of the kind that its keyword declares.

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
    kind, value = item.type_of(node.value), node.value
    if node.kind not in NOUNS or not types.known(kind):
        return
    if all(may_hold(node.kind, each) for each in types.options(kind)):
        if node.kind == "program" and not _is_compiled(item, value):
            words = f"`program` declares {NOUNS['program']}; write `module {node.names[0].text} = …`"
            start = node.span.start
            fix = replace("Write `module`", Span(start, start + len("program")), "module")
            yield wrong_kind.at(value, words, fix=fix)
        return
    if isinstance(kind, types.Nothing) and _is_method_of_class(item, value):
        return  # the class itself has another finding
    text = written(item, value)
    short = NOUNS[node.kind]
    wanted = f"{short}: {_FORMS[node.kind]}" if node.kind in _FORMS else short
    match node.kind, kind:
        case "module", types.Signature():
            form = f"{catalog.plain_module()}({text})"
            words = f"`module` declares {short}, not {described(kind)}; write `{form}`"
            yield wrong_kind.at(value, words, fix=replace(f"Write `{form}`", value, form))
        case _, types.Class() | types.ModuleClass():
            yield wrong_kind.at(value, f"`{text}` is a class; write `{text}(…)`")
        case "dataset", types.List():
            words = "`dataset` declares a dataset, not a list; write `Dataset(…, inputs=[…])`"
            yield wrong_kind.at(value, words, fix=replace("Write `Dataset(…)`", value, f"Dataset({text})"))
        case _:
            yield wrong_kind.at(
                value, f"`{node.kind}` declares {wanted}, not {described(kind)}", *_other_word(node, kind)
            )


def _other_word(node: syntax.ValueDeclaration, kind: types.Type) -> tuple[str | None, Fix | None]:
    """The word that declares what a value is, as advice and as a fix."""
    fitting = [each for each in ("lm", "optimizer", "dataset", "evaluate", "module") if holds(each, kind)]
    if not fitting or isinstance(kind, types.List | types.Tuple):
        return None, None
    word, start = fitting[0], node.span.start
    fix = replace(f"Write `{word}`", Span(start, start + len(node.kind)), word)
    return f"write `{word} {node.names[0].text} = …`", fix


def _is_method_of_class(item: Item, value: syntax.Expression) -> bool:
    """Whether a value is what a method gives that is called on a class: `Predict.load("x.json")`."""
    function = value.function if isinstance(value, syntax.Call) else None
    return isinstance(function, syntax.Attribute) and isinstance(item.type_of(function.value), types.Class)


def _is_compiled(item: Item, value: syntax.Expression) -> bool:
    """Whether a program is what `compile` gives, or another program."""
    match value:
        case syntax.Call(function=syntax.Attribute()) | syntax.Conditional():
            return True
        case syntax.Name():
            symbol = item.symbol_of(value)
            return symbol is None or symbol.kind in ("program", "imported", "unresolved")
        case _:
            return not types.known(item.type_of(value))


@rule("E303", "not-a-part", syntax.Part, fix="sometimes")
def not_a_part(program: Program, item: Item, node: syntax.Part) -> Findings:
    """A part of a module is not a module.

    A part is a constructor call, the name of another module, or a list, dict or comprehension of these. What
    depends on the inputs belongs in `forward:`.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        limit = 5
    #           ^ E303 `limit` is not a module; a part is a module, such as `Predict(…)`
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
    kind = item.type_of(node.value)
    name = node.name.text
    match kind:
        case types.Prediction() if lacks_forward(item.declaration):
            return  # a statement, as E215 says
        case types.Prediction():
            words = f"`{name}` is a prediction; call modules in `forward:`"
            yield not_a_part.at(node.value, words)
        case types.Class() | types.ModuleClass():
            text = written(item, node.value)
            yield not_a_part.at(node.value, f"`{text}` is a class; write `{text}(…)`")
        case types.Signature():
            text = written(item, node.value)
            form = f"{catalog.plain_module()}({text})"
            words = f"`{name}` is a signature; write `{form}`"
            yield not_a_part.at(node.value, words, fix=replace(f"Write `{form}`", node.value, form))
        case _ if not _holds_modules(kind) and not lacks_forward(item.declaration):
            yield not_a_part.at(
                node.value,
                f"`{name}` is not a module; a part is a module, such as `{catalog.plain_module()}(…)`",
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


@rule("E113", "reassigned-part", syntax.ModuleDeclaration, fix="always")
def reassigned_part(program: Program, item: Item, node: syntax.ModuleDeclaration) -> Findings:
    """A part is assigned to in `forward:`. Parts are constructed only once; optimizers rely on that.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            respond = respond(question=question)
    #       ^^^^^^^ E113 cannot assign to the part `respond`; choose another name
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
    parts = {part.name.text: part.name for part in node.parts}
    for _, symbol in item.visible:
        if symbol.kind == "local" and symbol.name in parts and isinstance(symbol.node, syntax.Name):
            words = f"cannot assign to the part `{symbol.name}`; choose another name"
            labels = (Label(parts[symbol.name].span, f"`{symbol.name}` is declared here"),)
            fix = _renamed(item, symbol.name, set(parts))
            yield reassigned_part.at(symbol.node, words, fix=fix, labels=labels)
            return


def _renamed(item: Item, name: str, parts: set[str]) -> Fix:
    """Another name for a variable that is called like a part; calls go on to mean the part."""
    called = {id(call.function) for call in item.nodes(syntax.Call)}
    taken = parts | {each.text for each in item.nodes(syntax.Name)}
    node = item.declaration
    assert isinstance(node, syntax.ModuleDeclaration)
    start = min((block[0].span.start for block in (node.forward, node.fallback) if block), default=0)
    places = [
        each
        for each in item.nodes(syntax.Name)
        if each.text == name and id(each) not in called and each.span.start >= start
    ]
    new = f"{name}_result"
    return rename(places, new if new not in taken else free_name(new, taken))
