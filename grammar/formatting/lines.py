"""An item as logical lines: how deep each stands, its tokens with their brackets, and the comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from ..lexing.lexer import lex
from ..lexing.tokens import Token, f_string_end, vocabulary
from ..lossless import Lexeme, tokenize
from ..tables import tables
from ..words import CONSTANTS, SUITE_WORDS
from .descriptions import split_description
from .layout import Bracket, Element, Item, Kind, Piece, flat, lay_out

_ALWAYS_WORDS = CONSTANTS | {"configure"}


class Line(Struct):
    """A logical line, or a comment on a line of its own."""

    level: int
    elements: list[Element] = field(default_factory=list)
    comment: str = ""
    """A comment of its own, or one behind the line."""
    blank_above: bool = False
    was_one_line: bool = True
    is_head: bool = False
    """Whether a block follows."""

    def render(self) -> list[str]:
        """What is written: the first line without its indentation, the others with theirs."""
        if not self.elements:
            return [self.comment]
        is_declaration = self.level == 0 and not self.is_head
        rendered = lay_out(
            self.elements, 4 * self.level, was_one_line=self.was_one_line, is_declaration=is_declaration
        )
        if self.comment:
            rendered[-1] += f"  {self.comment}"
        return rendered


class _Logical(Struct, frozen=True):
    """The tokens of a logical line and how deep they stand."""

    level: int
    tokens: list[Token]
    columns: tuple[int, ...]
    """Where the lines of each level around it start."""

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


def lines_of(text: str) -> tuple[list[Line], int, int]:
    """The lines of an item without mistakes, and the range of the text that they come from."""
    logical = list(_logical_lines(text))
    start, end = logical[0].start, logical[-1].end
    tokens = tokenize(text) if "#" in text else ()
    comments = [token for token in tokens if token.kind == "comment" and token.start > start]
    lines: list[Line] = []
    position = 0
    for index, each in enumerate(logical):
        following = logical[index + 1] if index + 1 < len(logical) else None
        inside: list[Lexeme] = []
        while position < len(comments) and comments[position].start < each.end:
            inside.append(comments[position])
            position += 1
        lines.append(_line(text, each, inside, following))
        previous_end = each.end
        stop = following.start if following else len(text)
        while position < len(comments) and comments[position].start < stop:
            comment = comments[position]
            is_behind = not _newlines(text, each.end, comment.start)
            if is_behind:
                lines[-1].comment = comment_text(comment.text)
            else:
                column = comment.start - (
                    max(text.rfind("\n", 0, comment.start), text.rfind("\r", 0, comment.start)) + 1
                )
                if following is None and (column == 0 or len(each.columns) == 1):
                    break
                level = _comment_level(each, following, column)
                blank = _newlines(text, previous_end, comment.start) > 1
                lines.append(Line(level, comment=comment_text(comment.text), blank_above=blank))
            previous_end = end = comment.end
            position += 1
        if following is not None:
            blank = _newlines(text, previous_end, following.start) > 1
            end = following.end
            lines.append(Line(-1, blank_above=blank))
    return _with_blanks(lines), start, end


def comment_text(comment: str) -> str:
    """A comment with a space behind the `#` and none at the end."""
    comment = comment.rstrip()
    return f"# {comment[1:]}" if comment[1:2].isalnum() else comment


def _newlines(text: str, start: int, end: int) -> int:
    return len(re.findall(r"\r\n?|\n", text[start:end]))


def _logical_lines(text: str) -> Iterator[_Logical]:
    """The logical lines; a suite on the line of its head becomes a line of its own."""
    known = vocabulary()
    columns = [0]
    current: list[Token] = []
    for token in lex(text).tokens:
        kind = token.kind
        if kind == known.indent:
            columns.append(token.start - _line_start(text, token.start))
        elif kind == known.dedent:
            columns.pop()
        elif kind == known.newline:
            head, suite = _split_suite(current)
            if not suite:
                head, suite = split_description(text, current)
            yield _Logical(len(columns) - 1, head, tuple(columns))
            if suite:
                yield _Logical(len(columns), suite, (*columns, columns[-1] + 4))
            current = []
        elif kind != known.end:
            current.append(token)


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _split_suite(tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """A head and the statement that follows its colon on the same line."""
    known = vocabulary()
    if tokens[0].text not in SUITE_WORDS or tokens[0].kind == known.name:
        return tokens, []
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.kind in known.openers) - (token.kind in known.closers)
        if depth == 0 and token.kind == known.colon:
            return tokens[: index + 1], tokens[index + 1 :]
    return tokens, []


def _comment_level(before: _Logical, following: _Logical | None, column: int) -> int:
    """How deep a comment between two lines stands: as written, but no less deep than the next line."""
    least = following.level if following else 1
    level = least
    for candidate in range(least, len(before.columns)):
        if before.columns[candidate] <= column:
            level = candidate
    return level


def _with_blanks(lines: list[Line]) -> list[Line]:
    """The lines with the blank lines in the right places; a line of level -1 says whether one was written."""
    found: list[Line] = []
    written = False
    for line in lines:
        if line.level < 0:
            written = line.blank_above
            continue
        line.blank_above = (line.blank_above or written) and bool(found) and not found[-1].is_head
        written = False
        if line.level == 1 and _begins_suite(line):
            above = len(found)
            while above and not found[above - 1].elements and found[above - 1].level == 1:
                above -= 1
            first = found[above] if above < len(found) else line
            first.blank_above = above > 0 and not found[above - 1].is_head
        found.append(line)
    return found


def _begins_suite(line: Line) -> bool:
    first = line.elements[0] if line.elements else None
    return isinstance(first, Piece) and first.kind == "keyword" and first.text in {"forward", "fallback"}


def _line(text: str, logical: _Logical, comments: list[Lexeme], following: _Logical | None) -> Line:
    return Line(
        logical.level,
        _elements(text, logical.tokens, comments),
        was_one_line=not _newlines(text, logical.start, logical.end),
        is_head=following is not None and following.level > logical.level,
    )


def _elements(text: str, tokens: list[Token], comments: list[Lexeme]) -> list[Element]:
    """The tokens of a line with what stands in brackets folded in."""
    known = vocabulary()
    top: list[Element] = []
    open_brackets: list[Bracket] = []
    position = 0
    end = tokens[0].start
    after_comma = False
    behind = 0
    for index, token in enumerate(tokens):
        if index < behind:
            continue
        at, to, written = token.start, token.end, token.text
        while position < len(comments) and comments[position].start < at:
            _place_comment(text, open_brackets[-1], comments[position], end, after_comma, written)
            end = comments[position].end
            position += 1
        elements = open_brackets[-1].items[-1].elements if open_brackets else top
        after_comma = False
        if token.kind == known.f_start:
            behind = f_string_end(tokens, index)
            to = tokens[behind - 1].end
            elements.append(Piece("string", _f_string(text, tokens[index:behind])))
        elif written in {"(", "[", "{"}:
            is_call = bool(elements) and _can_be_called(elements[-1], written)
            bracket = Bracket(written, is_call, [Item()], False, [], [])
            elements.append(bracket)
            open_brackets.append(bracket)
        elif written in {")", "]", "}"}:
            _close(open_brackets.pop())
        elif written == "," and open_brackets and _separates(elements):
            open_brackets[-1].items.append(Item())
            after_comma = True
        else:
            bracket_ = open_brackets[-1] if open_brackets else None
            elements.append(Piece(_kind(token, index, tokens, elements, bracket_), written))
        end = to
    return top


def _f_string(text: str, tokens: list[Token]) -> str:
    """An f-string with the expressions between its braces laid out; its texts stay as they are."""
    known = vocabulary()
    written: list[str] = []
    done = tokens[0].start
    index = 1
    while index < len(tokens) - 1:
        token = tokens[index]
        if token.kind != known.operators["{"]:
            index += 1
            continue
        end = _expression_end(tokens, index + 1)
        closing = tokens[end]
        source = text[token.end : closing.start]
        written.append(text[done : token.end])
        if closing.kind == known.f_equals or "\n" in source or "\r" in source:
            written.append(source)
        else:
            inside = flat(_elements(text, tokens[index + 1 : end], []))
            is_brace_behind = inside.endswith("}") and closing.kind == known.operators["}"]
            written.append(" " * inside.startswith("{") + inside + " " * is_brace_behind)
        done = closing.start
        index = end + 1
    written.append(text[done : tokens[-1].end])
    return "".join(written)


def _expression_end(tokens: list[Token], at: int) -> int:
    """The index of the token that ends the expression of a replacement field, which begins at `at`."""
    known = vocabulary()
    ends = {known.f_equals, known.f_conversion, known.f_colon, known.operators["}"]}
    depth = 0
    while depth or tokens[at].kind not in ends:
        if tokens[at].kind == known.f_start:
            at = f_string_end(tokens, at)
            continue
        depth += tokens[at].kind in known.openers
        depth -= tokens[at].kind in known.closers
        at += 1
    return at


def _separates(elements: list[Element]) -> bool:
    """Whether a comma ends an item; one among a comprehension's targets or a lambda's parameters does not."""
    for element in reversed(elements):
        if isinstance(element, Piece) and element.text in {"in", ":"}:
            return True
        if isinstance(element, Piece) and element.kind == "keyword" and element.text in {"for", "lambda"}:
            return False
    return True


def _can_be_called(element: Element, bracket: str) -> bool:
    if isinstance(element, Bracket):
        return bracket != "{"
    return (element.kind == "word" or (element.kind == "string" and bracket == "[")) and bracket != "{"


def _place_comment(
    text: str, bracket: Bracket, comment: Lexeme, end: int, after_comma: bool, next_text: str
) -> None:
    """Put a comment where it belongs in a bracket; `end` is where what stands before it ends."""
    written = comment_text(comment.text)
    item = bracket.items[-1]
    if _newlines(text, end, comment.start):
        if not item.elements:
            item.above.append(written)
        elif next_text in {")", "]", "}"}:
            bracket.below.append(written)
        else:
            item.above.append(written)
    elif item.elements or after_comma:
        owner = item if item.elements else bracket.items[-2]
        owner.above += owner.comments
        owner.comments = [written]
    else:
        bracket.opening_comments.append(written)


def _close(bracket: Bracket) -> None:
    last = bracket.items[-1]
    if last.elements:
        return
    bracket.items.pop()
    bracket.ends_in_comma = bool(bracket.items)
    bracket.below = last.above + bracket.below


def _kind(
    token: Token, index: int, tokens: list[Token], elements: list[Element], bracket: Bracket | None
) -> Kind:
    """How a token is spaced, given what stands before it in its bracket."""
    known = vocabulary()
    kind, text = token.kind, token.text
    if kind == known.string:
        return "string"
    if text == ":":
        return "slice" if bracket and bracket.opening == "[" and not _has(elements, "lambda") else "colon"
    if text == ",":
        return "comma"
    if text == ".":
        return "dots" if _is_import_source(tokens, index) else "dot"
    if text == "...":
        return "dots" if _is_import_source(tokens, index) else "word"
    if text == "=":
        return "argument" if _names_argument(elements, bracket) else "equal"
    if text == "where":
        is_keyword = bracket is None and elements and _is_operand(elements[-1])
        return "keyword" if is_keyword else "word"
    if kind in {known.name, known.number} or text in _ALWAYS_WORDS:
        return "word"
    if text[0].isalpha():
        return "keyword"
    if text in {"+", "-", "~", "*", "**"} and not (elements and _is_operand(elements[-1])):
        return "prefix"
    return "operator"


def _is_operand(element: Element) -> bool:
    return isinstance(element, Bracket) or element.kind in {"word", "string"}


def _has(elements: list[Element], text: str) -> bool:
    return any(isinstance(each, Piece) and each.text == text for each in elements)


def _names_argument(elements: list[Element], bracket: Bracket | None) -> bool:
    if bracket is not None:
        return not _has(elements, ":") or _has(elements, "lambda")
    first = elements[0]
    return isinstance(first, Piece) and first.kind == "keyword" and first.text in {"return", "demo"}


def _is_import_source(tokens: list[Token], index: int) -> bool:
    return tokens[0].kind == tables().literals["from"] and all(
        each.text in {".", "..."} for each in tokens[1:index]
    )
