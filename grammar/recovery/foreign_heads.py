"""Modules, programs and signatures with the head of a function or of the string form; other words for them.

The item gets one finding. Its name stays declared, with a value that nothing is known of, so that no use of
it is a mistake as well.
"""

from __future__ import annotations

import re

from ...base.diagnostic import Diagnostic, Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..problems import problem, replacement
from .bodies import STATEMENTS
from .edits import header_end
from .foreign_words import HEAD_WORDS

_STRING_FORM = re.compile(
    r"signature[ ]+(?P<name>[^\W\d]\w*)[ ]*(?P<colon>:)[ ]*(?P<quote>[\"']?)"
    r"(?P<form>[^\"'\n#:]*?(?::[^\"'\n#]*?)?->[^\"'\n#]*?)(?P<end>(?P=quote))[ ]*(?:#.*)?\Z"
)
_SETTINGS = frozenset({"configure", "config", "settings"})
_MODULES = frozenset(
    {"Predict", "ChainOfThought", "ReAct", "ProgramOfThought", "Refine", "BestOfN", "CodeAct"}
)
_FIELDS = frozenset({"input", "output", "forward"})


def read_foreign_head(text: str, tokens: list[Token]) -> tuple[Token, Diagnostic] | None:
    """The name of the item, and the finding; None for every other item.

    Where no name is declared, the token is another one.
    """
    word = tokens[0].text
    if word in HEAD_WORDS:
        return _other_word(text, tokens)
    if word == "signature":
        return _string_form(text, tokens)
    if word not in {"module", "program"} or len(tokens) < 4 or tokens[1].kind != vocabulary().name:
        return None
    return _program(tokens) if word == "program" else _function(text, tokens)


def _other_word(text: str, tokens: list[Token]) -> tuple[Token, Diagnostic] | None:
    """`metric exact(example, pred):`, `agent helper:`, `configure lm="…"`."""
    known, word = vocabulary(), tokens[0].text
    if len(tokens) < 3:
        return None
    if word in _SETTINGS:
        is_constant = tokens[1].text == ":" and tokens[2].kind != known.newline
        is_use = tokens[1].text in {"(", "=", "."}
        return None if is_use or is_constant else (tokens[0], _of_word(word, tokens[0], "NAME"))
    if tokens[1].kind == known.string:
        return tokens[0], _of_word(word, tokens[0], "NAME")
    if tokens[1].kind not in {known.name, *known.fallbacks} or word == "lm":
        return None  # `lm NAME` may be declared so
    if word in {"model", "optimize"} and tokens[2].text == "=":
        constructor = tokens[3].text
        if constructor != "LM":
            return _module(tokens) if constructor in _MODULES else None
    return tokens[1], _of_word(word, tokens[0], tokens[1].text)


def _of_word(word: str, token: Token, name: str) -> Diagnostic:
    message, advice = HEAD_WORDS[word]
    advice = advice.format(name=name[:40]) if advice is not None else None
    return problem("E029", token.span, message.format(name=name[:40]), advice)


def _module(tokens: list[Token]) -> tuple[Token, Diagnostic]:
    """`model answer = Predict(…)`."""
    message = f"a module is declared as `module {tokens[1].text[:40]} = {tokens[3].text}(…)`"
    fix = replacement("Write `module`", tokens[0].start, tokens[0].end, "module", "safe")
    return tokens[1], problem("E029", tokens[0].span, message, None, fix)


def _string_form(text: str, tokens: list[Token]) -> tuple[Token, Diagnostic] | None:
    """`signature Ask: question -> answer` and `signature Ask: "question -> answer"`."""
    found = _STRING_FORM.match(text.rstrip(), tokens[0].start)
    if found is None or not found["form"].strip():
        return None
    written = f'signature {found["name"]} = "{found["form"].strip()}"'
    span = Span(found.start("name"), found.end("end"))
    fix = Fix(f"Write `{written[:60]}`", (Edit(Span(tokens[0].start, found.end("end")), written),), "safe")
    said = problem("E029", span, f"a signature in the string form is written as `{written[:80]}`", None, fix)
    return tokens[1], said


def _program(tokens: list[Token]) -> tuple[Token, Diagnostic] | None:
    """`program answer:` and `program answer(question: str):`."""
    if tokens[2].text not in {":", "("}:
        return None
    header, has_colon = header_end(tokens, 2)
    if not has_colon:
        return None
    name = tokens[1].text
    said = problem(
        "E029",
        Span(tokens[0].start, tokens[header].end),
        f"what calls models is declared as `module {name}:`",
        f"a program is an optimized module: `program {name} = OPTIMIZER.compile(MODULE, trainset=…)`",
    )
    return tokens[1], said


def _function(text: str, tokens: list[Token]) -> tuple[Token, Diagnostic] | None:
    """`module answer(question: str) -> str:` with statements in its body."""
    if tokens[2].text != "(":
        return None
    header, has_colon = header_end(tokens, 2)
    first = _first_words(tokens, header + 1)
    if not has_colon or first & _FIELDS or not first & STATEMENTS:
        return None
    arrow = next((at for at in range(2, header) if tokens[at].text == "->"), header)
    inputs = text[tokens[2].end : tokens[arrow - 1].start].split(",")[0].strip()
    example = f"`input {inputs}`" if inputs.isprintable() and 0 < len(inputs) < 60 else "`input NAME: TYPE`"
    said = problem(
        "E029",
        Span(tokens[2].start, tokens[header - 1].end),
        "what a module takes and gives are fields in its body, and its statements stand under `forward:`",
        f"{example}, `output NAME: TYPE`; what stands in brackets is set when the module is constructed",
    )
    return tokens[1], said


def _first_words(tokens: list[Token], at: int) -> set[str]:
    """What the lines of the body begin with; of blocks inside it only the heads."""
    known = vocabulary()
    words: set[str] = set()
    depth = 0
    for index in range(at, len(tokens) - 1):
        kind = tokens[index].kind
        depth += (kind == known.indent) - (kind == known.dedent)
        if depth == 1 and kind in {known.newline, known.indent, known.dedent}:
            words.add(tokens[index + 1].text)
    return words
