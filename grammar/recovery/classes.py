"""Classes of Python: which declaration stands for one, and its fields rewritten where they are simple."""

from __future__ import annotations

import re

from ...base.diagnostic import Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted
from ..problems import problem
from ..tables import tables
from .edits import Repair, Stuck, as_lines, header_end, read_as
from .fields import DESCRIPTION

_KINDS = {
    "signature": "signature",
    "module": "module",
    "basemodel": "type",
    "typeddict": "type",
    "namedtuple": "type",
    "enum": "enum",
    "strenum": "enum",
    "intenum": "enum",
}
"""The declarations that stand for bases of classes."""
_IMPORT = "a class can also stay in a Python file that uses `dspyc.runtime`, and be imported from there"
_DEFAULT = "classes are not supported; use `type NAME:` for a record or `enum NAME:` for a choice"
_FIELD = re.compile(
    r"(?P<blanks>[ \t]+)(?P<name>[^\W\d]\w*)[ \t]*(?::[ \t]*(?P<type>[^=\n#]+?))?[ \t]*"
    r"=[ \t]*(?:\w+\.)?(?P<direction>Input|Output)?Field\((?P<arguments>[^()\n]*)\)[ \t]*\Z"
)
_PLAIN = re.compile(r"[ \t]+[^\W\d]\w*[ \t]*:[ \t]*[^=\n#]+?[ \t]*(?:=[ \t]*[^\n]+)?\Z")
_MEMBER = re.compile(r"[ \t]+[^\W\d]\w*[ \t]*=[ \t]*[^\n]+\Z")


def read_class(stuck: Stuck) -> Repair:
    """A class in the first column: the declaration that its base names, with its body if that fits."""
    known = vocabulary()
    tokens = stuck.tokens
    stop, has_colon = header_end(tokens, 0)
    bases = [token.text.lower() for token in tokens[2:stop] if token.kind == known.name]
    named = next((_KINDS[base] for base in bases if base in _KINDS), None)
    kind, name = named or "type", tokens[1].text
    message, help_ = _DEFAULT, None
    if named is not None:
        noun = {"type": "record", "enum": "choice"}.get(named, named)
        message = f"classes are not supported; declare a {noun}: `{kind} {name}:`"
    if named in {"signature", "module"} and "dspy" in stuck.text:
        help_ = _IMPORT
    fix = _rewritten(stuck, kind, stop) if has_colon and kind != "module" else None
    found = problem("E019", tokens[0].span, message, help_, fix)
    head = [read_as(tokens[0], kind), tokens[1]]
    stop = max(stop, 2)
    kinds = [token.kind for token in (*head, *tokens[stop:])]
    if count_accepted([tables().starts["start"]], kinds) == len(kinds):
        return Repair(0, stop, head, found)
    if kind == "module":
        return Repair(0, len(tokens), _unknown_value(tokens), found)
    at = tokens[stop - 1].end
    empty = [known.colon, known.newline, known.indent, known.string, known.newline, known.dedent]
    body = [Token(each, at, at, ":" if each == known.colon else "") for each in empty]
    return Repair(0, len(tokens), [*head, *body, tokens[-1]], found)


def _unknown_value(tokens: list[Token]) -> list[Token]:
    """The name of a class with a value that nothing is known of."""
    known = vocabulary()
    end = tokens[-1].start
    layout = [Token(known.newline, end, end, ""), tokens[-1]]
    return [tokens[1], Token(known.operators["="], end, end, "="), Token(known.name, end, end, ""), *layout]


def _rewritten(stuck: Stuck, kind: str, stop: int) -> Fix | None:
    """The class as a declaration, where each of its lines is a field or a part of the docstring."""
    text, tokens = as_lines(stuck.text), stuck.tokens
    edits = [Edit(Span(tokens[0].start, tokens[stop].start), f"{kind} {tokens[1].text}")]
    known = vocabulary()
    starts = [
        after.start
        for before, after in zip(tokens[stop:], tokens[stop + 1 :], strict=False)
        if before.kind in {known.newline, known.indent} and after.end > after.start
    ]
    is_docstring = True
    for start in starts:
        begin = text.rfind("\n", 0, start) + 1
        end = text.find("\n", start)
        line = text[begin : end if end >= 0 else len(text)].rstrip()
        if is_docstring and text[start] in "\"'rR" and re.match(r"r?[\"']", text[start:], re.IGNORECASE):
            is_docstring = False
            continue
        is_docstring = False
        if line.strip() == "pass":
            return None
        edit = _line(kind, line, begin)
        if edit is None:
            return None
        if edit.replacement != line:
            edits.append(edit)
    return Fix(f"Write it as `{kind} {tokens[1].text}:`", tuple(edits), "unsafe")


def _line(kind: str, line: str, begin: int) -> Edit | None:
    span = Span(begin, begin + len(line))
    if kind == "enum":
        return Edit(span, line) if _MEMBER.fullmatch(line) else None
    found = _FIELD.fullmatch(line)
    if found is None:
        return Edit(span, line) if kind == "type" and _PLAIN.fullmatch(line) else None
    direction = {"Input": "input ", "Output": "output "}.get(found["direction"] or "", "")
    if (kind == "signature") != bool(direction):
        return None
    arguments = found["arguments"].strip()
    described = DESCRIPTION.search(arguments)
    if arguments and (described is None or described[0] != arguments.rstrip(", ")):
        return None
    tail = f" {described['text']}" if described else ""
    return Edit(span, f"{found['blanks']}{direction}{found['name']}: {found['type'] or 'str'}{tail}")
