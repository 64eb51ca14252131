"""Characters that mean something in other languages: backticks around a text, question marks."""

from __future__ import annotations

import re

from ...base.diagnostic import Diagnostic, Edit, Fix
from ...base.span import Span
from ..problems import problem, replacement
from .tokens import Lexed, Token, vocabulary

_TEMPLATE = re.compile(r"`[^`\r\n]*`")
_FIELD = re.compile(r"\$\{")
_OPTIONAL_FIELD = re.compile(
    r"\?(?P<gap>[ \t]*:[ \t]*)(?P<type>[\w.]+(?:\[[^\]\r\n]*\])?)(?=[ \t]*(?:[\r\n#\"]|\Z))"
)
_TYPE_BEFORE = re.compile(r"[\w\])]\Z")
_REST = re.compile(r"\?[ \t]*(?:[\r\n#@\"=,)\]>|]|\Z|where\b)")
_LINE = re.compile(r"[^\r\n]*")


def read_template(lexed: Lexed, text: str, start: int) -> int:
    """A text between backticks as a string; where it ends, or -1 where it is not one."""
    found = _TEMPLATE.match(text, start)
    if found is None:
        return -1
    inside = found[0][1:-1]
    has_fields = _FIELD.search(inside) is not None
    fix = None
    if '"' not in inside and "\\" not in inside and (has_fields or "{" not in inside):
        written = f'f"{_FIELD.sub("{", inside)}"' if has_fields else f'"{inside}"'
        fix = replacement(f"Write `{written[:40]}`", start, found.end(), written, "safe")
    message = "use quotes instead of backticks"
    if has_fields:
        message = 'use an f-string for text with values: `f"Hello {name}"`'
    lexed.problems.append(problem("E029", (start, found.end()), message, None, fix))
    lexed.tokens.append(Token(vocabulary().string, start, found.end(), f'"{inside}"'))
    return found.end()


def read_question_mark(lexed: Lexed, text: str, start: int, stop: int) -> int:
    """Report a question mark, and where to go on reading; what cannot be read behind it is left out."""
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = _LINE.match(text, start)
    end = min(rest.end() if rest else stop, stop)
    behind, before = text[start:end], text[line_start:start]
    found, resume = _meaning(text, start, end, before, behind)
    lexed.problems.append(found)
    return resume


def _meaning(text: str, start: int, end: int, before: str, behind: str) -> tuple[Diagnostic, int]:
    span = (start, start + 1)
    field = _OPTIONAL_FIELD.match(text, start)
    if field is not None and (head := re.fullmatch(r"\s*(?:(input|output)\s+)?\w+", before)):
        tail = " | None" if head[1] == "output" else " | None = None"
        kind = f"{field['type']}{tail}"
        edits = (Edit(Span(start, start + 1), ""), Edit(Span(field.end(), field.end()), tail))
        fix = Fix(f"Write `{kind}`", edits, "safe")
        message = f"mark an optional field in its type: `{before.split()[-1]}: {kind}`"
        return problem("E029", span, message, None, fix), start + 1
    if behind.startswith("??"):
        message = "`??` is not supported; write `a if a is not None else b`"
        return problem("E029", (start, start + 2), message), end
    if behind[1:2] in {".", "["} and not before.endswith(" "):
        message = f"`?{behind[1]}` is not supported; test the value first: `a if x is not None else b`"
        return problem("E029", (start, start + 2), message), start + 1
    if ":" in behind and before.endswith((" ", "\t")):
        message = "write a choice between two values as `a if condition else b`"
        return problem("E029", span, message), end
    if _TYPE_BEFORE.search(before) and _REST.match(text, start):
        fix = replacement("Write ` | None`", start, start + 1, " | None", "safe")
        return problem("E029", span, "write a type that allows `None` as `T | None`", None, fix), start + 1
    return problem("E008", span, "unexpected character `?`"), start + 1
