"""An item as logical lines: how deep each stands, its tokens with their brackets, and the comments."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from ..lexing.lexer import lex
from ..lexing.tokens import Token, vocabulary
from ..lossless import Lexeme, tokenize
from ..syntax import Declaration
from ..words import SUITE_WORDS
from .brackets import Bracketed, add_brackets, bracketed_in
from .descriptions import move_description, split_description
from .layout import lay_out
from .leaves import Leaf, rank
from .reading import comment_text, newlines, normalize_literals, read_leaves
from .spacing import space_out


class LogicalLine(Struct):
    """A logical line, or a comment on a line of its own."""

    level: int
    leaves: list[Leaf] = field(default_factory=list)
    comment: str = ""
    """A comment of its own, or one behind the line."""
    blank_above: bool = False
    was_one_line: bool = True
    is_head: bool = False
    """Whether a block follows."""

    def render(self) -> list[str]:
        """What is written: the first line without its indentation, the others with theirs."""
        if not self.leaves:
            return [self.comment]
        is_declaration = self.level == 0 and not self.is_head
        leaves, description = move_description(self.leaves, self.level)
        rendered = lay_out(
            leaves,
            self.level,
            self.comment if description is None else "",
            was_one_line=self.was_one_line,
            is_declaration=is_declaration,
        )
        if description is not None:
            behind = f"  {self.comment}" if self.comment else ""
            rendered.append(" " * (4 * self.level + 4) + description.text + behind)
        return rendered


class _Tokens(Struct, frozen=True):
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


def lines_of(text: str, declaration: Declaration) -> tuple[list[LogicalLine], int, int]:
    """The lines of an item without mistakes, and the range of the text that they come from."""
    logical = list(_logical_lines(text))
    bracketed = bracketed_in(declaration) if "else" in text or "**" in text else []
    start, end = logical[0].start, logical[-1].end
    tokens = tokenize(text) if "#" in text else ()
    comments = [token for token in tokens if token.kind == "comment" and token.start > start]
    lines: list[LogicalLine] = []
    position = 0
    for index, each in enumerate(logical):
        following = logical[index + 1] if index + 1 < len(logical) else None
        inside: list[Lexeme] = []
        while position < len(comments) and comments[position].start < each.end:
            inside.append(comments[position])
            position += 1
        lines.append(_line(text, each, inside, following, bracketed))
        previous_end = each.end
        stop = following.start if following else len(text)
        while position < len(comments) and comments[position].start < stop:
            comment = comments[position]
            is_behind = not newlines(text, each.end, comment.start)
            if is_behind:
                lines[-1].comment = comment_text(comment.text)
            else:
                column = comment.start - (
                    max(text.rfind("\n", 0, comment.start), text.rfind("\r", 0, comment.start)) + 1
                )
                if following is None and (column == 0 or len(each.columns) == 1):
                    break
                level = _comment_level(each, following, column)
                blank = newlines(text, previous_end, comment.start) > 1
                lines.append(LogicalLine(level, comment=comment_text(comment.text), blank_above=blank))
            previous_end = end = comment.end
            position += 1
        if following is not None:
            blank = newlines(text, previous_end, following.start) > 1
            end = following.end
            lines.append(LogicalLine(-1, blank_above=blank))
    return _with_blanks(lines), start, end


def _logical_lines(text: str) -> Iterator[_Tokens]:
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
            yield _Tokens(len(columns) - 1, head, tuple(columns))
            if suite:
                yield _Tokens(len(columns), suite, (*columns, columns[-1] + 4))
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


def _comment_level(before: _Tokens, following: _Tokens | None, column: int) -> int:
    """How deep a comment between two lines stands: as written, but no less deep than the next line."""
    least = following.level if following else 1
    level = least
    for candidate in range(least, len(before.columns)):
        if before.columns[candidate] <= column:
            level = candidate
    return level


def _with_blanks(lines: list[LogicalLine]) -> list[LogicalLine]:
    """The lines with the blank lines in the right places; a line of level -1 says whether one was written."""
    found: list[LogicalLine] = []
    written = False
    for line in lines:
        if line.level < 0:
            written = line.blank_above
            continue
        line.blank_above = (line.blank_above or written) and bool(found) and not found[-1].is_head
        written = False
        if line.level == 1 and _begins_suite(line):
            above = len(found)
            while above and not found[above - 1].leaves and found[above - 1].level == 1:
                above -= 1
            first = found[above] if above < len(found) else line
            first.blank_above = above > 0 and not found[above - 1].is_head
        found.append(line)
    return found


def _begins_suite(line: LogicalLine) -> bool:
    first = line.leaves[0] if line.leaves else None
    return first is not None and first.kind == "keyword" and first.text in {"forward", "fallback"}


def _line(
    text: str,
    logical: _Tokens,
    comments: list[Lexeme],
    following: _Tokens | None,
    bracketed: list[Bracketed],
) -> LogicalLine:
    leaves = read_leaves(text, logical.tokens, comments)
    normalize_literals(leaves)
    leaves = add_brackets(leaves, (each for each in bracketed if logical.start <= each.start < logical.end))
    space_out(leaves)
    rank(leaves)
    return LogicalLine(
        logical.level,
        leaves,
        was_one_line=not newlines(text, logical.start, logical.end),
        is_head=following is not None and following.level > logical.level,
    )
