"""Methods of other languages' texts and lists, and what stands for them here."""

from __future__ import annotations

from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import types
from ...program import Item
from ..rule import replace, written

_RENAMED = {
    "toLowerCase": "lower",
    "to_lower": "lower",
    "downcase": "lower",
    "toUpperCase": "upper",
    "to_upper": "upper",
    "upcase": "upper",
    "trim": "strip",
    "trimStart": "lstrip",
    "trimEnd": "rstrip",
    "startsWith": "startswith",
    "starts_with": "startswith",
    "endsWith": "endswith",
    "ends_with": "endswith",
    "replaceAll": "replace",
    "indexOf": "find",
}
"""Methods that are only called otherwise."""
_FORMS = {
    "length": "len({0})",
    "len": "len({0})",
    "size": "len({0})",
    "push": "{0} += [{1}]",
    "includes": "{1} in {0}",
    "contains": "{1} in {0}",
    "has": "{1} in {0}",
    "toString": "str({0})",
    "to_string": "str({0})",
    "substring": "{0}[start:end]",
    "substr": "{0}[start:end]",
    "slice": "{0}[start:end]",
    "map": "[f(x) for x in {0}]",
    "filter": "[x for x in {0} if f(x)]",
    "forEach": "for x in {0}:",
    "concat": "{0} + {1}",
    "isEmpty": "len({0}) == 0",
    "first": "{0}[0]",
    "last": "{0}[-1]",
    "keySet": "{0}.keys()",
}
"""Methods, and attributes, for which there is another form."""
_NEEDED = {"push", "includes", "contains", "has", "concat"}


def method_habit(item: Item, node: syntax.Attribute) -> tuple[str, str | None, Fix | None] | None:
    """What to say of an attribute that another language has; None where it is none."""
    name = node.name.text
    if name in _RENAMED:
        right = _RENAMED[name]
        return f"use `{right}` instead of `{name}`", None, replace(f"Write `{right}`", node.name, right)
    if name == "with_inputs" and isinstance(item.type_of(node.value), types.Dataset):
        return _with_inputs(item, node)
    if name not in _FORMS:
        return None
    form = _FORMS[name]
    owner = written(item, node.value)
    call = next((each for each in item.nodes(syntax.Call) if each.function is node), None)
    arguments = [written(item, each.value) for each in call.arguments] if call is not None else []
    if name in _NEEDED and len(arguments) != 1:
        return None
    right = form.format(owner, *arguments, "…")
    whole = call if call is not None else node
    simple = isinstance(node.value, syntax.Name) or name not in {"push"}
    exact = name in {"length", "len", "size", "toString", "to_string", *_NEEDED} and simple
    fix = replace(f"Write `{right[:40]}`", whole, right) if exact else None
    return f"use `{right[:60]}` instead of `{name}`", None, fix


def _with_inputs(item: Item, node: syntax.Attribute) -> tuple[str, str | None, Fix | None]:
    """`Dataset("rows.csv").with_inputs("question")`."""
    call = next((each for each in item.nodes(syntax.Call) if each.function is node), None)
    names = ", ".join(written(item, each.value) for each in call.arguments) if call is not None else ""
    form = f"inputs=[{names or '…'}]"
    fix = None
    if call is not None and names and isinstance(node.value, syntax.Call):
        inside = item.text[node.value.span.start : node.value.span.end]
        if inside.endswith(")") and node.value.arguments:
            fix = replace(f"Write `{form}`", call, f"{inside[:-1].rstrip(' ,')}, {form})")
    return f"name the inputs of a dataset when you create it: `Dataset(…, {form})`", None, fix
