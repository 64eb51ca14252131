"""Fields, demos and instructions as DSPy, pydantic and SQL write them."""

from __future__ import annotations

import re

from ...base.diagnostic import Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..problems import problem, replacement
from ..tables import tables
from ..words import FIELD_WORDS
from .edits import Repair, RepairRule, Stuck, fits, header_end, read_as

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "in", "not", "is"})
_HEADS = frozenset({"signature", "type", "module"})
DESCRIPTION = re.compile(r"(?:desc|description)\s*=\s*(?P<text>\"[^\"\n]*\"|'[^'\n]*')")
"""The description among the arguments of `InputField(…)` or `Field(…)`."""
_FIELD_CALL = re.compile(r"(?:\w+\.)?(?P<name>Input|Output)?Field\s*\((?P<arguments>[^()\n]*)\)\s*\Z")


def _condition_without_where(stuck: Stuck) -> Repair | None:
    """`output n: int > 0` and `output n: int 0 < n < 5`."""
    if (
        not _in_field(stuck)
        or not fits(stuck.states, "where")
        or any(each.text == "where" for each in stuck.line_before)
    ):
        return None
    known, token = vocabulary(), stuck.token
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    rest = [each.text for each in stuck.tokens[stuck.at : stop]]
    where = Token(tables().literals["where"], token.start, token.start, "where")
    if token.text in _COMPARISONS:
        name = _name_of_field(stuck)
        written = f"where {name} {token.text}"
        fix = replacement("Add `where`", token.start, token.start, f"where {name} ", "safe")
        inserted = [where, Token(known.name, token.start, token.start, name)]
    elif token.kind in {known.number, known.name} and _COMPARISONS & set(rest):
        written = "where"
        fix = replacement("Add `where`", token.start, token.start, "where ", "safe")
        inserted = [where]
    else:
        return None
    if written == "where":
        message = "expected `where` before a condition"
    else:
        message = f"a condition starts with `where`: `{written} …`"
    return Repair(stuck.at, stuck.at, inserted, problem("E001", token.span, message, None, fix))


def _default_behind_condition(stuck: Stuck) -> Repair | None:
    """`tags: list[str] where len(tags) <= 8 = []`"""
    token, texts = stuck.token, [each.text for each in stuck.line_before]
    if token.text != "=" or not _in_field(stuck) or "where" not in texts:
        return None
    condition = texts.index("where")
    if "=" in texts[:condition] or not _COMPARISONS & set(texts[condition:]):
        return None  # `where n = 3` compares
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    last = stuck.tokens[stop - 1]
    if stop - stuck.at > 2 and last.kind == vocabulary().string:
        stop -= 1  # the description
    if stop - stuck.at < 2:
        return None
    default = stuck.text[token.start : stuck.tokens[stop - 1].end]
    where = stuck.line_before[condition]
    edits = (
        Edit(Span(where.start, where.start), f"{default} "),
        Edit(Span(stuck.before.end, stuck.tokens[stop - 1].end), ""),
    )
    found = problem(
        "E001",
        (token.start, stuck.tokens[stop - 1].end),
        "a default comes before `where`",
        None,
        Fix(f"Write `{default}` before `where`", edits, "safe"),
    )
    return Repair(stuck.at, stop, [], found)


def _in_field(stuck: Stuck) -> bool:
    first, known = stuck.first, vocabulary()
    if first.text in FIELD_WORDS:
        return stuck.at > stuck.line + 2
    is_attribute = first.kind == known.name and stuck.at > stuck.line + 2
    return is_attribute and stuck.tokens[0].text == "type" and stuck.tokens[stuck.line + 1].text == ":"


def _name_of_field(stuck: Stuck) -> str:
    return stuck.tokens[stuck.line + (stuck.first.text in FIELD_WORDS)].text


def _described_by_keyword(stuck: Stuck) -> Repair | None:
    """`input text: str desc="…"`, `input text: str, "…"` and `input text: str: "…"`."""
    known = vocabulary()
    tokens, at = stuck.tokens, stuck.at
    if not _in_field(stuck):
        return None
    if stuck.token.text in {"desc", "description"} and stuck.peek(at + 1).text in {"=", ":"}:
        stop, title = at + 2, f"Remove `{stuck.token.text}{stuck.peek(at + 1).text}`"
    elif stuck.token.text in {",", ":", "-", "--"} and stuck.peek(at + 1).kind == known.string:
        stop, title = at + 1, f"Remove `{stuck.token.text}`"
        if any(each.text in {"{", "[", "("} for each in stuck.line_before[-1:]):
            return None
    elif stuck.token.text == "," and stuck.peek(at + 1).text in {"desc", "description"}:
        stop, title = at + 3, f"Remove `, {stuck.peek(at + 1).text}=`"
    else:
        return None
    if tokens[stop].kind != known.string:
        return None
    start = stuck.token.start
    gap = "" if stuck.text[start - 1] in " \t" else " "
    found = problem(
        "E001",
        (start, tokens[stop - 1].end),
        f"a description follows the type directly: `{_written(stuck)} {tokens[stop].text[:40]}`",
        None,
        replacement(title, start, tokens[stop].start, gap, "safe"),
    )
    return Repair(at, stop, [], found)


def _written(stuck: Stuck) -> str:
    return " ".join(stuck.text[stuck.first.start : stuck.token.start].split())[:60]


def _instructions(stuck: Stuck) -> Repair | None:
    """`instructions = "…"` in a signature."""
    known = vocabulary()
    tokens, line = stuck.tokens, stuck.line
    first = stuck.first
    if tokens[0].text not in _HEADS or first.text not in {
        "instructions",
        "description",
        "docstring",
        "prompt",
        "doc",
    }:
        return None
    if line == 0 or stuck.at > line + 1:
        return None
    at = line + 1 + (stuck.peek(line + 1).text in {"=", ":"})
    stop, _ = header_end(tokens, line, colon=False)
    if tokens[at].kind != known.string:
        return None
    value = tokens[at]
    is_first = tokens[line - 1].kind == known.indent
    quoted = value.text if value.text[:3] in {'"""', "'''"} else f'"""{value.text[1:-1]}"""'
    fix = (
        replacement("Write it as the docstring", first.start, value.end, quoted, "safe") if is_first else None
    )
    word = tokens[0].text
    message = f'the instructions of a {word} are its docstring, the first line of its body: `"""…"""`'
    found = problem("E001", first.span, message, None, fix)
    if is_first:
        return Repair(line, stop, [value], found)
    return Repair(line, stop + 1, [], found)


def _missing_direction(stuck: Stuck) -> Repair | None:
    """`text: str` and `text = InputField()` in a signature."""
    known = vocabulary()
    tokens, line, first = stuck.tokens, stuck.line, stuck.first
    if tokens[0].text != "signature" or stuck.at > line + 1 or line == 0:
        return None
    if first.kind not in {known.name, *known.fallbacks} or stuck.peek(line + 1).text not in {":", "="}:
        return None
    if first.text.startswith("demo"):
        return None
    stop, _ = header_end(tokens, line, colon=False)
    rest = stuck.text[stuck.peek(line + 1).end : tokens[stop - 1].end]
    word = _direction(stuck, rest)
    call = _FIELD_CALL.search(rest)
    name = known.name
    field = Token(tables().literals[word], first.start, first.start, word)
    if call is None and stuck.peek(line + 1).text == "=":
        return None
    if call is None:
        found = problem(
            "E001",
            first.span,
            f"a field of a signature starts with `input` or `output`: `{word} {first.text}: …`",
            None,
            replacement(f"Write `{word}`", first.start, first.start, f"{word} ", "unsafe"),
        )
        return Repair(line, line + 1, [field, first._replace(kind=name)], found)
    kind = rest[: call.start()].strip().removesuffix("=").strip() or "str"
    described = DESCRIPTION.search(call["arguments"])
    written = f"{word} {first.text}: {kind}" + (f" {described['text']}" if described else "")
    found = problem(
        "E029",
        Span(first.start, tokens[stop - 1].end),
        f"a field is declared as `{written[:80]}`",
        None,
        Fix(f"Write `{written[:40]}`", (Edit(Span(first.start, tokens[stop - 1].end), written),), "unsafe"),
    )
    colon = Token(known.colon, first.end, first.end, ":")
    missing = Token(name, first.end, first.end, "")
    return Repair(line, stop, [field, first._replace(kind=name), colon, missing], found)


def _direction(stuck: Stuck, rest: str) -> str:
    """Whether a field is rather an input or an output."""
    if "OutputField" in rest:
        return "output"
    if "InputField" in rest:
        return "input"
    line_starts = [
        after.text
        for before, after in zip(stuck.tokens, stuck.tokens[1:], strict=False)
        if before.kind in {vocabulary().newline, vocabulary().indent}
    ]
    has_output_before = any(
        each.text == "output" for each in stuck.tokens[: stuck.line] if each.kind != vocabulary().name
    )
    if _begins_body(stuck) and not _is_alone(stuck):
        return "input"
    return "output" if has_output_before or "output" not in line_starts else "input"


def _begins_body(stuck: Stuck) -> bool:
    """Whether the line is the first of its body, or the first below a docstring."""
    known = vocabulary()
    before = [each.kind for each in stuck.tokens[max(stuck.line - 3, 0) : stuck.line]]
    return before[-1] == known.indent or before == [known.indent, known.string, known.newline]


def _is_alone(stuck: Stuck) -> bool:
    """Whether no line of the body stands below this one."""
    newline, _ = header_end(stuck.tokens, stuck.line, colon=False)
    return stuck.peek(newline + 1).kind in {vocabulary().dedent, vocabulary().end}


def _renamed(stuck: Stuck) -> Repair | None:
    """`rename start begin` in an extension: the line is left out."""
    tokens, line, first = stuck.tokens, stuck.line, stuck.first
    if first.text != "rename" or tokens[0].text not in {"signature", "type"} or line == 0:
        return None
    field = stuck.peek(line + 1)
    if stuck.at > line + 2 or field.kind != vocabulary().name:
        return None
    stop, _ = header_end(tokens, line, colon=False)
    found = problem(
        "E001",
        first.span,
        "a field cannot be renamed",
        f"write `del {field.text}`, and declare the field with its new name",
    )
    return Repair(line, stop + 1, [], found)


def _demo_form(stuck: Stuck) -> Repair | None:
    """`demo: a="b"`, `demo {…}` and `demos = […]`."""
    known = vocabulary()
    first, line, tokens = stuck.first, stuck.line, stuck.tokens
    if (
        first.text not in {"demo", "demos", "example", "examples"}
        or tokens[0].text not in _HEADS
        or line == 0
    ):
        return None
    if stuck.at > line + 1:
        return None
    second = stuck.peek(line + 1)
    stop, _ = header_end(tokens, line, colon=False)
    if second.text == ":" and stuck.peek(line + 3).text == "=" and first.text in {"demo", "example"}:
        found = problem(
            "E001",
            second.span,
            "a demo has no colon: write `demo text=…`",
            None,
            replacement("Remove `:`", second.start, second.end, "", "safe"),
        )
        return Repair(line, line + 2, [read_as(first, "demo")], found)
    if second.text not in {":", "=", "{", "[", "("} and second.kind != known.name:
        return None
    found = problem(
        "E001",
        Span(first.start, first.end),
        'write a demo on its own line, with the fields by name: `demo text="…", label="…"`',
    )
    return Repair(line, stop + 1, [], found)


def _module_line(stuck: Stuck) -> Repair | None:
    """A part or `forward:` in a signature, a record or an enumeration: the rest is left out."""
    known = vocabulary()
    tokens, line, first = stuck.tokens, stuck.line, stuck.first
    owner = tokens[0].text
    if owner not in {"signature", "type", "enum"} or line == 0 or stuck.at > line + 1:
        return None
    second = stuck.peek(line + 1)
    value = stuck.peek(line + 2)
    is_call = value.kind == known.name and stuck.peek(line + 3).text == "("
    is_part = second.text == "=" and is_call and not value.text.endswith("Field")
    is_forward = first.text in {"forward", "fallback"} and second.text == ":"
    if not is_forward and not (is_part and owner == "signature" and first.kind == known.name):
        return None
    depth, stop = 0, line
    while stop < len(tokens) - 1:
        depth += (tokens[stop].kind == known.indent) - (tokens[stop].kind == known.dedent)
        if depth < 0:
            break
        stop += 1
    place = first.start
    new: list[Token] = []
    if tokens[line - 1].kind == known.indent:
        new = [Token(known.string, place, place, ""), Token(known.newline, place, place, "")]
    found = problem(
        "E023",
        first.span,
        f"a {owner} cannot have parts or `forward:`; use a module: `module NAME:`",
    )
    return Repair(line, stop, new, None if _has_second_docstring(stuck) else found)


def _has_second_docstring(stuck: Stuck) -> bool:
    """Whether a docstring stands below other lines, so that a head is missing above it."""
    known = vocabulary()
    layout = {known.newline, known.indent}
    strings = [
        at
        for at in range(1, stuck.line)
        if stuck.tokens[at].kind == known.string
        and stuck.tokens[at - 1].kind in layout
        and stuck.tokens[at].end > stuck.tokens[at].start
    ]
    return any(stuck.tokens[at - 1].kind == known.newline for at in strings)


FIELDS: tuple[RepairRule, ...] = (
    _instructions,
    _renamed,
    _demo_form,
    _described_by_keyword,
    _condition_without_where,
    _default_behind_condition,
    _module_line,
    _missing_direction,
)
"""Each is asked in turn."""
