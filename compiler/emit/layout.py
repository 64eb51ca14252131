"""Python's syntax tree as text that a person likes to read: blank lines, short lines, double quotes."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator, Sequence

_WIDTH = 100
_OURS = ("dspyc", "pydantic")
_Token = tuple[int, str]
_OPENING = {"(": ")", "[": "]", "{": "}"}


def text_of(module: ast.Module, head: str = "") -> str:
    """The text of a module; it parses to the same tree.

    Args:
        module: the tree.
        head: a comment for the top, without the `#`.
    """
    parts: list[str] = [f"# {head}\n"] if head else []
    previous: ast.stmt | None = None
    for statement in module.body:
        parts.append(_between(previous, statement))
        parts.append(_statement(statement))
        previous = statement
    text = "".join(parts)
    # The layout is a matter of taste; what it says is not.
    return text if _same(text, module) else ast.unparse(module) + "\n"


def _same(text: str, module: ast.Module) -> bool:
    try:
        return ast.dump(ast.parse(text)) == ast.dump(ast.parse(ast.unparse(module)))
    except SyntaxError:
        return False


def _between(previous: ast.stmt | None, statement: ast.stmt) -> str:
    """The blank lines between two statements of the module."""
    if previous is None:
        return ""
    kinds = (_kind(previous), _kind(statement))
    if "definition" in kinds:
        return "\n\n"
    return "" if kinds[0] == kinds[1] else "\n"


def _kind(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return "definition"
        case ast.Import(names=[ast.alias(name=name), *_]) | ast.ImportFrom(module=str(name), level=0):
            top = name.partition(".")[0]
            if name == "__future__":
                return "future"
            return (
                "library" if top in sys.stdlib_module_names else "import" if top in _OURS else "user's import"
            )
        case ast.ImportFrom():
            return "user's import"
        case ast.Assign(targets=[ast.Name(id="__dspyc__")]):
            return "facts"
        case ast.Expr(value=ast.Constant()):
            return "text"
        case _:
            return "value"


def _statement(statement: ast.stmt) -> str:
    # Inside a module, a string that stands first is written as a docstring.
    lines = _logical_lines(ast.unparse(ast.Module([statement], [])) + "\n")
    made: list[str] = []
    for index, (indent, tokens) in enumerate(lines):
        if [text for _, text in tokens] == ["..."] and made and made[-1].endswith(":\n"):
            made[-1] = f"{made[-1][:-1]} ...\n"
            continue
        if index and _blank_before(lines, index):
            made.append("\n")
        made += [f"{line}\n" for line in _folded(" " * indent, tokens)]
    return "".join(made)


def _blank_before(lines: Sequence[tuple[int, list[_Token]]], index: int) -> bool:
    """A blank line before a nested definition that is not the first thing inside, and behind its end."""
    indent, tokens = lines[index]
    before, previous = lines[index - 1]
    if previous[0][1] == "@" or before < indent:
        return False
    if tokens[0][1] in ("@", "def", "async", "class"):
        return True
    if tokens[0][0] != tokenize.STRING and previous[0][0] == tokenize.STRING and len(previous) == 1:
        return _is_class_body(lines, index)
    return before > indent and _closes_definition(lines, index)


def _is_class_body(lines: Sequence[tuple[int, list[_Token]]], index: int) -> bool:
    indent = lines[index][0]
    for outer, tokens in reversed(lines[:index]):
        if outer < indent:
            return tokens[0][1] == "class"
    return False


def _closes_definition(lines: Sequence[tuple[int, list[_Token]]], index: int) -> bool:
    indent = lines[index][0]
    for outer, tokens in reversed(lines[:index]):
        if outer == indent:
            return tokens[0][1] in ("def", "async", "class")
    return False


# --- lines ----------------------------------------------------------------------------------------------


def _logical_lines(text: str) -> list[tuple[int, list[_Token]]]:
    """The indentation and the tokens of each logical line."""
    lines: list[tuple[int, list[_Token]]] = []
    tokens: list[_Token] = []
    column, previous_end = 0, (0, 0)
    for token in _whole_strings(text):
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.ENDMARKER):
            continue
        if token.type == tokenize.NEWLINE:
            lines.append((column, _spaced(tokens)))
            tokens = []
            continue
        if not tokens:
            column = token.start[1]
        gap = bool(tokens) and token.start != previous_end
        tokens.append((token.type, (" " if gap else "") + _quoted(token)))
        previous_end = token.end
    return lines


def _whole_strings(text: str) -> Iterator[tokenize.TokenInfo]:
    """Python's tokens, with an f-string as one: from Python 3.12 on the tokenizer takes it apart."""
    lines = text.splitlines(keepends=True)
    start_kind, end_kind = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
    depth, start = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == start_kind:
            start = token.start if depth == 0 else start
            depth += 1
        elif depth and token.type == end_kind:
            depth -= 1
            if depth == 0:
                inside = lines[start[0] - 1 : token.end[0]]
                inside[-1] = inside[-1][: token.end[1]]
                inside[0] = inside[0][start[1] :]
                yield tokenize.TokenInfo(tokenize.STRING, "".join(inside), start, token.end, token.line)
        elif not depth:
            yield token


def _quoted(token: tokenize.TokenInfo) -> str:
    """A string in double quotes, where that needs no escapes."""
    text = token.string
    if token.type != tokenize.STRING or '"' in text or "\\" in text or text.endswith("'''"):
        return text
    start = text.index("'")
    return f'{text[:start]}"{text[start + 1 : -1]}"'


def _spaced(tokens: list[_Token]) -> list[_Token]:
    """`name: type = default` among parameters, and one pair of brackets around a generator expression."""
    made: list[_Token] = []
    parameters = tokens[0][1] in ("def", "async")
    depth = annotated = 0
    dropped: list[int] = []
    for index, (kind, text) in enumerate(tokens):
        word = text.strip()
        if kind == tokenize.OP and word in _OPENING:
            depth += 1
            if index and tokens[index - 1][1] == "(" and word == "(" and _fills(tokens, index):
                dropped.append(depth)
                continue
        elif kind == tokenize.OP and word in _OPENING.values():
            depth -= 1
            if dropped and dropped[-1] == depth + 1:
                dropped.pop()
                continue
        elif parameters and depth == 1 and word in (":", ","):
            annotated = word == ":"
        elif parameters and depth == 1 and word == "=" and annotated:
            made.append((kind, " = "))
            continue
        made.append((kind, text))
    return made


def _fills(tokens: Sequence[_Token], start: int) -> bool:
    """Whether the brackets opening here are all that is in those around, and hold a generator expression."""
    depth = 0
    for index in range(start, len(tokens)):
        kind, text = tokens[index]
        if kind == tokenize.OP and text.strip() in _OPENING:
            depth += 1
        elif kind == tokenize.OP and text.strip() in _OPENING.values():
            depth -= 1
            if depth == 0:
                return tokens[index + 1][1] == ")" and _is_generator(tokens[start + 1 : index])
    return False


def _folded(indent: str, tokens: Sequence[_Token]) -> list[str]:
    """A logical line; one that is too long is broken at its widest outermost brackets."""
    whole = indent + "".join(text for _, text in tokens).lstrip()
    if len(whole) <= _WIDTH or "\n" in whole:
        return [whole]
    brackets = _brackets(tokens)
    if brackets is None:
        return [whole]
    start, end = brackets
    head = indent + "".join(text for _, text in tokens[: start + 1]).lstrip()
    tail = indent + "".join(text for _, text in tokens[end:]).lstrip()
    inside = tokens[start + 1 : end]
    pieces = _pieces(inside)
    made = [head]
    for number, piece in enumerate(pieces):
        folded = _folded(indent + "    ", piece)
        last = number == len(pieces) - 1
        if not _is_generator(inside) and (not last or _may_trail(tokens, start, piece)):
            folded[-1] += ","
        made += folded
    return [*made, tail]


def _brackets(tokens: Sequence[_Token]) -> tuple[int, int] | None:
    """The widest pair of outermost brackets."""
    best: tuple[int, int] | None = None
    depth, start, width = 0, 0, 0
    for index, (kind, text) in enumerate(tokens):
        if kind != tokenize.OP:
            continue
        bracket = text.strip()
        if bracket in _OPENING:
            if depth == 0:
                start = index
            depth += 1
        elif bracket in _OPENING.values():
            depth -= 1
            size = sum(len(each) for _, each in tokens[start:index])
            if depth == 0 and index > start + 1 and size > width:
                best, width = (start, index), size
    return best


def _pieces(tokens: Sequence[_Token]) -> list[list[_Token]]:
    """What stands between the commas, or before the `for`s and `if`s of a comprehension."""
    pieces: list[list[_Token]] = [[]]
    comprehension = _is_generator(tokens)
    depth = 0
    in_lambda = False
    for kind, text in tokens:
        word = text.strip()
        if depth == 0 and word in ("lambda", ":"):
            in_lambda = word == "lambda"
        if kind == tokenize.OP and word in _OPENING:
            depth += 1
        elif kind == tokenize.OP and word in _OPENING.values():
            depth -= 1
        if depth == 0 and comprehension and word in ("for", "if") and pieces[-1]:
            pieces.append([(kind, text)])
        elif depth == 0 and not comprehension and not in_lambda and kind == tokenize.OP and word == ",":
            pieces.append([])
        else:
            pieces[-1].append((kind, text))
    return [piece for piece in pieces if piece]


def _is_generator(tokens: Sequence[_Token]) -> bool:
    depth = 0
    for kind, text in tokens:
        word = text.strip()
        if kind == tokenize.OP and word in _OPENING:
            depth += 1
        elif kind == tokenize.OP and word in _OPENING.values():
            depth -= 1
        elif depth == 0 and word == "for":
            return True
    return False


def _may_trail(tokens: Sequence[_Token], start: int, piece: Sequence[_Token]) -> bool:
    """Whether a comma may follow the last piece: in a call or display, not around a lone expression."""
    if piece[0][1].strip().startswith("*") and tokens[0][1] in ("def", "async"):
        return False
    if tokens[start][1].strip() != "(":
        return tokens[start][1].strip() == "{" or start == 0 or tokens[start - 1][0] == tokenize.OP
    before = tokens[start - 1] if start else None
    return (
        before is not None
        and (before[0] == tokenize.NAME or before[1] in (")", "]"))
        and before[1].strip() not in _WORDS
    )


_WORDS = frozenset({"return", "await", "in", "not", "and", "or", "if", "else", "lambda", "yield"})
