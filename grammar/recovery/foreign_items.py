"""Declarations of other languages, read as a whole: blocks in braces, BAML's functions and clients.

Whatever stands between the braces, the item gets one finding. Its name stays declared, with a value that
nothing is known of, so that no use of it is a mistake as well.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...base.diagnostic import Diagnostic, Edit, Fix
from ...base.span import Span
from ..lexing.lexer import lex
from ..lexing.tokens import Token, vocabulary
from ..problems import problem
from ..tables import tables
from ..words import DECLARING
from .edits import as_lines
from .foreign_heads import read_foreign_head
from .foreign_words import TYPE_WORDS

_HEAD = re.compile(
    r"""(?P<word>[^\W\d]\w*)(?:[ ]*<\s*\w+\s*>)?        # `function`, `client<llm>`
        (?:[ ]+(?P<name>[^\W\d]\w*|["'][^"'\n]*["']))?  # the name, or a test's title
        [ ]*(?:\((?P<parameters>[^{}\n]*)\))?
        [ ]*(?:(?:->|:)[ ]*[^{}=\n]+?)?                  # what it returns
        [ ]*(?P<open>\{|\#"+)[ \t]*(?:(?://|\#)[^\n]*)?(?:\n|\Z)""",
    re.VERBOSE,
)
_ARROW = re.compile(r"(?:const|let|var)[ ]+(?P<name>[^\W\d]\w*)[ ]*=[^\n]*=>[ ]*\{[ \t]*(?:\n|\Z)")
_SIGNATURE = re.compile(
    r"signature[ ]+(?P<name>[^\W\d]\w*)[ ]*"
    r"(?P<parameters>\((?P<inputs>[^()\n]*)\)[ ]*->[ ]*(?P<outputs>[^=\n#]+?)[ ]*:?)[ ]*(?:#[^\n]*)?(?:\n|\Z)"
)
_IMPORT = re.compile(
    r"import[ ]+(?:\{(?P<names>[^{}\n]*)\}|(?P<name>[^\W\d]\w*))"
    r"[ ]+from[ ]+([\"'])(?P<path>[^\"'\n]*)\3[ ]*;?"
)
_MEMBER = re.compile(r"(?P<blanks>[ \t]*)(?P<name>[^\W\d]\w*)(?P<comma>,?)[ \t]*(?:(?://|\#)[^\n]*)?\Z")
_FIELD = re.compile(
    r"(?P<name>[^\W\d]\w*)(?P<gap>[ \t]*:?[ \t]*)(?P<type>[^@{}#:;,\n\"]+?)"
    r"(?P<described>[ \t]+@description\((?P<text>\"[^\"\n]*\")\))?(?P<tail>[;,]?)[ \t]*\Z"
)
_RECORDS = frozenset({"class", "interface", "struct", "record", "model", "schema", "type"})


class _Habit(NamedTuple):
    code: str
    message: str
    help: str | None


_WORDS: dict[str, _Habit] = {
    "client": _Habit(
        "E029",
        'write a BAML client as a language model: `lm {name} = LM("provider/model")`',
        'pass its options as arguments: `LM("openai/gpt-4o-mini", temperature=0.2)`',
    ),
    "generator": _Habit(
        "E029",
        "`generator` is not needed: Python imports a `.dspy` file as it is",
        "to get Python modules that you can read, run `dspyc build`",
    ),
    "retry_policy": _Habit(
        "E029", 'retries are a setting of the model: `LM("provider/model", num_retries=3)`', None
    ),
    "template_string": _Habit(
        "E029", "use a function that returns an f-string: `def {name}(…) -> str:`", None
    ),
    "test": _Habit("E029", 'write a test as a title and an indented block: `test "{name}":`', None),
    "class": _Habit("E019", "classes are not supported; declare a record: `type {name}:`", None),
    "interface": _Habit("E029", "a record is declared as `type {name}:`", None),
    "struct": _Habit("E029", "a record is declared as `type {name}:`", None),
    "function": _Habit("E029", "a function is declared as `def {name}(…) -> …:`", None),
}
_PROMPTED = _Habit(
    "E029",
    "write a function with a prompt as a signature: `signature {name}:` with `input` and `output` fields",
    "the prompt is made from the docstring and the fields; `lm` and `configure(lm=…)` choose the model",
)
_BRACES = _Habit("E029", "blocks are indented, not wrapped in braces; end this line with `:`", None)


def read_foreign_item(text: str, tokens: list[Token]) -> tuple[list[Token], Diagnostic] | None:
    """The tokens of a declaration of the item's name, and the finding; None for every other item."""
    start, text = tokens[0].start, as_lines(text)
    head = _HEAD.match(text, start)
    if head is None:
        if (of_head := read_foreign_head(text, tokens)) is not None:
            declared, said = of_head
            return _declaring(text, "", declared.text, declared.start), said
        return _arrow(text, start) or _signature_with_parameters(text, start) or _import(text, start)
    word, name = head["word"], head["name"] or ""
    is_def = word in {"def", "function", "func", "fn", "fun"}
    known = word in _WORDS or word in DECLARING or is_def
    if (
        not known
        or (not name and word != "generator")
        or (head["open"] != "{" and "prompt" not in word + text)
    ) and word != "template_string":
        return None
    if word == "function" and re.search(r"\bprompt\b|\bclient\b", text):
        habit = _PROMPTED
    elif word in _WORDS and not (word == "test" and name[:1] in "\"'"):
        habit = _WORDS[word]
    elif is_def and word != "def":
        habit = _WORDS["function"]
    else:
        habit = _BRACES
    span = Span(head.start("open"), head.end("open")) if habit is _BRACES else Span(*head.span("word"))
    title = name.strip("\"'")
    found = problem(habit.code, span, habit.message.format(name=title), habit.help, _rewritten(text, head))
    return _declaring(text, word, title, head.start("name") if name else start), found


def _arrow(text: str, start: int) -> tuple[list[Token], Diagnostic] | None:
    head = _ARROW.match(text, start)
    if head is None:
        return None
    found = problem(
        "E029",
        Span(start, head.start("name") - 1),
        f"a function is declared as `def {head['name']}(…) -> …:`, with its body indented below",
    )
    return _declaring(text, "def", head["name"], head.start("name")), found


def _signature_with_parameters(text: str, start: int) -> tuple[list[Token], Diagnostic] | None:
    """`signature Classify(text: str) -> label: str`."""
    head = _SIGNATURE.match(text, start)
    if head is None:
        return None
    fields = [("input", each) for each in head["inputs"].split(",") if each.strip()]
    outputs = head["outputs"].strip()
    if outputs[:1] == "(" and outputs.find(")") == len(outputs) - 1:
        outputs = outputs[1:-1]
    fields += [("output", each) for each in outputs.split(",") if each.strip()]
    form = ", ".join(f"`{word} {each.strip()}`" for word, each in fields[:3])
    found = problem(
        "E029",
        Span(*head.span("parameters")),
        f"write the fields of a signature on lines of its body: {form}",
        None,
        _with_fields(text, head, fields) if "[" not in head["inputs"] + head["outputs"] else None,
    )
    return _declaring(text, "signature", head["name"], head.start("name")), found


def _with_fields(text: str, head: re.Match[str], fields: list[tuple[str, str]]) -> Fix:
    """The head without its parameters, and the fields as the last lines of the body."""
    end = max(len(text.rstrip()), head.end("parameters"))
    lines = [f"\n    {word} {each.strip()}{'' if ':' in each else ': str'}" for word, each in fields]
    edits = (Edit(Span(*head.span("parameters")), ":"), Edit(Span(end, end), "".join(lines)))
    return Fix("Write the fields as lines", edits, "unsafe")


def _import(text: str, start: int) -> tuple[list[Token], Diagnostic] | None:
    """`import { Person } from "./common"`, read as `from .common import Person`."""
    head = _IMPORT.match(text, start)
    if head is None:
        return None
    path = re.sub(r"\.(?:dspy|py|js|ts|baml)$", "", head["path"])
    level, path = (1, path[2:]) if path.startswith("./") else (0, path)
    names = [each.strip() for each in (head["names"] or head["name"]).split(",") if each.strip()]
    parts = path.split("/")
    if not all(each.isidentifier() for each in (*parts, *names)):
        return None
    right = f"from {'.' * level}{'.'.join(parts)} import {', '.join(names)}"
    span = Span(*head.span())
    fix = Fix(f"Write `{right}`", (Edit(span, right),), "unsafe")
    found = problem("E029", span, f"write an import as `{right}`", None, fix)
    return lex(right).tokens if start == 0 else lex(" " * start + right).tokens, found


def _declaring(text: str, word: str, name: str, at: int) -> list[Token]:
    """`NAME = …`, or `type NAME = …`, whose value is missing."""
    known, end = vocabulary(), len(text)
    tokens = [Token(known.name, at, at + len(name), name)] if name.isidentifier() else []
    if not tokens:
        return [Token(known.end, end, end, "")]
    if word in _RECORDS | {"enum"}:
        tokens.insert(0, Token(tables().literals["type"], at, at, "type"))
    return [
        *tokens,
        Token(known.operators["="], end, end, "="),
        Token(known.name, end, end, ""),
        Token(known.newline, end, end, ""),
        Token(known.end, end, end, ""),
    ]


def _rewritten(text: str, head: re.Match[str]) -> Fix | None:
    """The same declaration as an indented block, where each of its lines can be read as one here."""
    word, name = head["word"], head["name"] or ""
    close = text.rstrip().rfind("}")
    if head["open"] != "{" or close < head.end() or text[close + 1 :].strip() or name[:1] in "\"'":
        return None
    body = [(found.start(), found[0]) for found in re.finditer(r"[^\n]+", text[:close])]
    body = [(at, line) for at, line in body if at >= head.end() and line.strip()]
    if not body or text.rfind("\n", 0, close) + 1 <= body[-1][0]:
        return None
    if word == "enum":
        edits = _members(body)
        heading = "enum"
    elif word in _RECORDS:
        edits = _attributes(body)
        heading = "type"
    elif word in DECLARING:
        edits = [] if all(line[0] in " \t" and line.rstrip()[-1] not in "{};" for _, line in body) else None
        heading = word
    else:
        return None
    if edits is None:
        return None
    before_brace = len(text[: head.start("open")].rstrip())
    edits = [
        Edit(Span(*head.span("word")), heading),
        Edit(Span(before_brace, head.end("open")), ":"),
        *edits,
        Edit(Span(text.rfind("\n", 0, close) + 1, (text.find("\n", close) + 1) or len(text)), ""),
    ]
    title = "Write it as an indented block"
    return Fix(title, tuple(edit for edit in edits if _changes(text, edit)), "unsafe")


def _changes(text: str, edit: Edit) -> bool:
    return text[edit.span.start : edit.span.end] != edit.replacement


def _members(body: list[tuple[int, str]]) -> list[Edit] | None:
    edits = []
    for at, line in body:
        found = _MEMBER.match(line)
        if found is None or not found["blanks"]:
            return None
        if found["comma"]:
            edits.append(Edit(Span(at + found.start("comma"), at + found.end("comma")), ""))
    return edits


def _attributes(body: list[tuple[int, str]]) -> list[Edit] | None:
    edits = []
    for at, line in body:
        blanks = len(line) - len(line.lstrip())
        found = _FIELD.match(line, blanks)
        kind = read_type(found["type"].strip()) if found is not None else None
        if found is None or kind is None or not blanks:
            return None
        described = f" {found['text']}" if found["text"] else ""
        written = f"{found['name']}: {kind}{described}"
        edits.append(Edit(Span(at + blanks, at + len(line.rstrip())), written))
    return edits


def read_type(written: str) -> str | None:
    """A simple type of TypeScript's or BAML's as it is written here: `string[]` as `list[str]`."""
    is_optional = written.endswith("?")
    written = written.removesuffix("?")
    depth = 0
    while written.endswith("[]"):
        written, depth = written[:-2], depth + 1
    found = re.fullmatch(r"[^\W\d]\w*", written)
    if found is None:
        return None
    kind = TYPE_WORDS.get(written, written)
    return "list[" * depth + kind + "]" * depth + " | None" * is_optional
