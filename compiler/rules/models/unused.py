"""Language models that a file declares for nothing."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..edits import lines_of
from ..references import names_used, set_of
from ..rule import Findings, file_rule, replace
from ..walking import is_broken


@file_rule("W113", "unused-model", fix="always", severity="info")
def unused_model(program: Program) -> Findings:
    """A file with modules declares a language model that none of them uses.

    In a file that only declares models, for others to import, none is unused; nor is a scripted one, which is
    there for `--lm`. Where the model is too, as in `dspyc run FILE --lm strong`, the note can be ignored.

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    lm strong = LM("openai/gpt-4o")
    #  ^^^^^^ W113 the model `strong` is never used
    configure(lm=fast)

    module qa = Predict("question -> answer")
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    lm strong = LM("openai/gpt-4o")
    configure(lm=fast)

    module qa = Predict("question -> answer", lm=strong)
    ```
    """
    models = [item for item, _ in program.found(_is_model)]
    if len(models) < 2 or program.combine(is_broken, any) or not program.combine(_makes_module, any):
        return
    used = program.combine(names_used, set_of)
    unused = [each for each in models if each.names[0].text not in used and not _is_scripted(each)]
    for item in unused if len(unused) < len(models) else ():
        name = item.names[0]
        fix = replace(f"Remove `{name.text}`", lines_of(item, name.span), "")
        found = unused_model.at(name, f"the model `{name.text}` is never used", fix=fix)
        yield found.shifted(item.start)


def _is_model(item: Item) -> bool:
    node = item.declaration
    return isinstance(node, syntax.ValueDeclaration) and node.kind == "lm"


def _is_scripted(item: Item) -> bool:
    return any(each.text == "DummyLM" for each in item.nodes(syntax.Name))


def _makes_module(item: Item) -> bool:
    node = item.declaration
    is_value = isinstance(node, syntax.ValueDeclaration) and node.kind in ("module", "program")
    return is_value or isinstance(node, syntax.ModuleDeclaration)
