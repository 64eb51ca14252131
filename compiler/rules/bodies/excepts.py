"""What `except` names: errors that can come up, and that no clause above catches."""

from __future__ import annotations

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.errors import OF_PYTHON
from ..rule import Findings, rule, written
from ..words import described


@rule("E252", "not-an-error", syntax.Try)
def not_an_error(program: Program, item: Item, node: syntax.Try) -> Findings:
    """`except` names something that is not an error, or an error that a clause above already catches.

    It can name the errors of the runtime (`LMError`, `ConditionError`, `ToolError` …, all of which are
    `DspycError`s), Python's own, and those of an imported Python module.

    ```dspy
    module qa = Predict("question -> answer")

    def ask(question: str) -> str:
        try:
            return qa(question=question).answer
        except qa as error:
    #          ^^ E252 `except` must name an error, and `qa` is a module
            return f"{error}"
    ```

    ```dspy
    module qa = Predict("question -> answer")

    def ask(question: str) -> str:
        try:
            return qa(question=question).answer
        except LMError as error:
            return f"{error}"
    ```
    """
    caught: dict[str, str] = {}
    for clause in node.clauses:
        names: dict[str, str] = {}
        for each in clause.kind.elements if isinstance(clause.kind, syntax.Tuple) else (clause.kind,):
            kind = item.type_of(each)
            if not isinstance(kind, types.Class):
                if not isinstance(kind, types.Unknown | types.Anything):
                    words = f"`except` must name an error, and {_what(item, each, kind)}"
                    yield not_an_error.at(each, words)
                continue
            definition = kind.definition
            above = next((caught[base] for base in definition.bases if base in caught), None)
            if definition.complete and _ERRORS.isdisjoint(definition.bases):
                yield not_an_error.at(
                    each, f"`except` must name an error, and `{definition.name}` is not one"
                )
            elif above is not None:
                words = f"`{definition.name}` is never caught here: `except {above}` above already catches it"
                yield not_an_error.at(each, words)
            names[definition.name] = written(item, each)
        caught |= names


_ERRORS = frozenset({"BaseException", *OF_PYTHON})


def _what(item: Item, node: syntax.Expression, kind: types.Type) -> str:
    name, what = f"`{written(item, node)}`", described(kind)
    if isinstance(kind, types.TypeForm):
        return f"{name} is a type"
    return f"{name} is not one" if what == name else f"{name} is {what}"
