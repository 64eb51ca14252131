"""Puts the words of the language into the editors' files, and makes the files that are made of others.

`python editors/generate.py`; a test compares. Between two lines that say so, a file has the words as its
editor wants them; they come from the compiler's own tables.
"""

from __future__ import annotations

import json
import plistlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from dspyc.grammar.highlighting import BUILTIN_TYPES
from dspyc.grammar.words import (
    CLAUSE_WORDS,
    CONSTANTS,
    DECLARING,
    FIELD_WORDS,
    HARD_KEYWORDS,
    MEMBER_WORDS,
    STATEMENT_WORDS,
    may_follow,
)

HERE = Path(__file__).parent
WORDS = "words of the language, written by editors/generate.py", "end of the words"
LINES = "the lines of the soft keywords, written by editors/generate.py", "end of the lines"
"""What the lines say between which something is written."""
OPERATORS = frozenset({"and", "in", "is", "lambda", "not", "or"})
STATEMENTS = ((STATEMENT_WORDS | CLAUSE_WORDS | MEMBER_WORDS) & HARD_KEYWORDS) | {"as", "for", "else"}
BLOCKS = frozenset(word for word in MEMBER_WORDS if may_follow(word) == {":"})


def vim() -> str:
    """The words for `vim/syntax/dspy.vim`; soft keywords are matches, which a keyword would hide."""
    soft = r"\%(\h\)"
    return "\n".join(
        [
            f"syntax keyword dspyWord {_listed(STATEMENTS)}",
            f"syntax keyword dspyOperatorWord {_listed(OPERATORS)}",
            f"syntax keyword dspyConstant {_listed(CONSTANTS)}",
            f"syntax keyword dspyType {_listed(BUILTIN_TYPES)}",
            rf"syntax match dspyDeclaration /^\%({_either(DECLARING, chr(92))}\)\>\ze\s\+{soft}/ "
            "nextgroup=dspyName skipwhite",
            r"syntax match dspyName /\h\w*/ contained",
            r"syntax match dspyDeclaration /^configure\ze\s*(/",
            r"syntax match dspyDeclaration /^test\ze\s\+\%([rRfF]\{0,2}[" + "\"'" + r"]\)/",
            r"syntax match dspyImport /^\%(from\|import\)\>/",
            r"syntax match dspyImport /\%(^from\s.*\)\@<=\<import\>/",
            rf"syntax match dspyDirection /^\s\+\zs\%({_either(FIELD_WORDS, chr(92))}\)\>\ze\s\+\h/",
            rf"syntax match dspyWord /^\s\+\zs\%({_either(BLOCKS, chr(92))}\)\>\ze\s*:/",
            r"syntax match dspyWord /^\s\+\zsdemo\>\ze\%(\s\+\h\w*\s*=\|\s*(\)/",
            r"syntax match dspyWord /^\s\+\zsmatch\>\ze\s\+[^= ].*:\s*\%(#.*\)\?$/",
            r"syntax match dspyWord /^\s\+\zscase\>\ze\s\+.*:/",
            r"syntax match dspyWord /\%(^\|:\)\s\+\zssuggest\>\ze\s\+[^=:.]/",
            r"syntax match dspyWord /\s\zswhere\>\ze\s\+[^ =:]/",
        ]
    )


def emacs() -> str:
    """The words for `emacs/dspyc-mode.el`."""
    groups = {
        "declarations": DECLARING,
        "statements": STATEMENTS,
        "operators": OPERATORS,
        "constants": CONSTANTS,
        "types": BUILTIN_TYPES,
        "directions": FIELD_WORDS,
        "blocks": BLOCKS,
    }
    return "\n".join(
        f"(defconst dspyc--{name}\n  '({' '.join(json.dumps(word) for word in sorted(words))}))"
        for name, words in groups.items()
    )


def kate() -> str:
    """The lists of `kate/dspyc.xml`."""
    groups = {
        "statements": STATEMENTS,
        "operators": OPERATORS,
        "constants": CONSTANTS,
        "types": BUILTIN_TYPES,
    }
    lines = []
    for name, words in groups.items():
        lines += [
            f'    <list name="{name}">',
            *(f"      <item>{word}</item>" for word in sorted(words)),
            "    </list>",
        ]
    return "\n".join(lines)


def kate_heads() -> str:
    """The rules of `kate/dspyc.xml` for soft keywords."""
    blank = "[ \\t]"
    return "\n".join(
        [
            _kate_rule(f"^({'|'.join(sorted(DECLARING))})(?={blank}+[A-Za-z_])", "Declaration", column="0"),
            _kate_rule(f"^test(?={blank}+[&quot;'])", "Declaration", column="0"),
            _kate_rule(f"^configure(?={blank}*\\()", "Declaration", column="0"),
            _kate_rule("^(from|import)\\b", "Import", column="0"),
            _kate_rule(f"({'|'.join(sorted(FIELD_WORDS))})(?={blank}+[A-Za-z_])", "Direction", first=True),
            _kate_rule(f"({'|'.join(sorted(BLOCKS))})(?={blank}*:)", "Word", first=True),
            _kate_rule(f"demo(?={blank}+[A-Za-z_][A-Za-z0-9_]*{blank}*=|{blank}*\\()", "Word", first=True),
            _kate_rule(f"match(?={blank}+[^=].*:{blank}*(#.*)?$)", "Word", first=True),
            _kate_rule(f"case(?={blank}+.*:)", "Word", first=True),
            _kate_rule(f"suggest(?={blank}+[^=:.])", "Word", first=True),
            _kate_rule(f"\\bwhere(?={blank}+[^ =:])", "Word"),
        ]
    )


def _kate_rule(pattern: str, style: str, *, column: str = "", first: bool = False) -> str:
    places = (f' column="{column}"' if column else "") + (' firstNonSpace="true"' if first else "")
    return f'        <RegExpr attribute="{style}" context="#stay" String="{pattern}"{places}/>'


def textmate_as_plist() -> str:
    """VS Code's grammar as Sublime Text reads it."""
    path = HERE / "vscode" / "syntaxes" / "dspyc.tmLanguage.json"
    grammar = json.loads(path.read_text(encoding="utf-8"))
    grammar.pop("$schema")
    return plistlib.dumps(grammar, sort_keys=False).decode()


_HELIX = {
    "variable.member": "variable.other.member",
    "module": "namespace",
    "type.definition": "type",
    "function.call": "function",
    "function.method.call": "function.method",
    "keyword.import": "keyword.control.import",
    "keyword.return": "keyword.control.return",
    "keyword.conditional": "keyword.control.conditional",
    "keyword.conditional.ternary": "keyword.control.conditional",
    "keyword.repeat": "keyword.control.repeat",
    "keyword.exception": "keyword.control.exception",
    "keyword.modifier": "keyword.storage.modifier",
    "boolean": "constant.builtin.boolean",
    "string.documentation": "string",
    "string.escape": "constant.character.escape",
    "number": "constant.numeric.integer",
    "number.float": "constant.numeric.float",
}
_ZED = {
    "variable.member": "property",
    "type.definition": "type",
    "type.builtin": "type",
    "function.call": "function",
    "function.method.call": "function.method",
    "module": "namespace",
    "number.float": "number",
    "constant.builtin": "constant",
    "string.documentation": "string.doc",
}


def highlights_for(names: dict[str, str]) -> Callable[[], str]:
    """The colours of the tree-sitter grammar by the capture names of another editor."""

    def write() -> str:
        text = (HERE / "tree-sitter-dspy" / "queries" / "highlights.scm").read_text(encoding="utf-8")
        # What these editors do not know; the rules that need it say more than they can.
        text = re.sub(r"\(\(identifier\) @type\.builtin.*?type\)\)\n", "", text, flags=re.DOTALL)
        text = text.replace("by the capture names of Neovim", "written by editors/generate.py")
        return re.sub(
            r"@([a-z]+(?:\.[a-z]+)*)",
            lambda found: "@" + names.get(found[1], found[1]),
            text,
        )

    return write


# --- what is indented, folded, selected and read as another language, by the nodes of the tree-sitter grammar

_TYPES = ("signature", "type", "enum", "module")
_RUN = ("function_declaration", "test_declaration", "forward", "fallback")
_BLOCKS = (*(f"{each}_declaration" for each in _TYPES), *_RUN)
_LINES = (
    "value_declaration",
    "alias_declaration",
    "constant_declaration",
    "configure_declaration",
    "from_import",
)
"""Declarations without a block, which may go over several lines."""
_BRANCHING = ("if_statement", "for_statement", "match_statement", "try_statement")
_BRANCHES = ("elif_clause", "else_clause", "except_clause")
_BRACKETS = (
    "argument_list",
    "parameters",
    "list",
    "dictionary",
    "set",
    "tuple",
    "list_comprehension",
    "dictionary_comprehension",
    "set_comprehension",
    "generator_expression",
)
_ENDING = ("return_statement", "break_statement", "continue_statement", "pass_statement")
_CLOSING = '")" "]" "}"'


def _any_of(nodes: Iterable[str], capture: str) -> str:
    return "\n".join(["[", *(f"  ({node})" for node in nodes), f"] {capture}"])


def _query(about: str, *rules: str) -> str:
    return "\n".join([f"; {about}. Written by editors/generate.py.", *rules, ""])


def _in_a_line(nodes: Iterable[str]) -> str:
    return " ".join(f"({node})" for node in nodes)


def folds() -> str:
    """What Neovim folds."""
    nodes = (*_BLOCKS, *_LINES, "demo", *_BRANCHING, "case_clause", *_BRANCHES, *_BRACKETS, "string")
    return _query("Folds", _any_of(nodes, "@fold"))


def indents_of_neovim() -> str:
    """What a new line is indented by in Neovim, as nvim-treesitter reads it."""
    nodes = (*_BLOCKS, *_BRANCHING, "case_clause", *_BRACKETS, "parenthesized_expression")
    return _query(
        "Indentation",
        _any_of(nodes, "@indent.begin"),
        "",
        f"[{_in_a_line(_BRANCHES)}] @indent.branch",
        f"[{_CLOSING}] @indent.branch @indent.end",
        f"[{_in_a_line(_ENDING)}] @indent.dedent",
        "(string) @indent.ignore",
        '(ERROR ":" @indent.begin .)',
    )


def indents_of_helix() -> str:
    """What a new line is indented by in Helix."""
    nodes = (*_BLOCKS, *_BRANCHING, "case_clause", *_BRANCHES, *_BRACKETS, "parenthesized_expression")
    return _query(
        "Indentation",
        _any_of(nodes, "@indent"),
        "",
        f"[{_in_a_line(_BRANCHES)} {_CLOSING}] @outdent",
        _any_of((*_BLOCKS, *_BRANCHING), "@extend"),
        f"[{_in_a_line(_ENDING)}] @extend.prevent-once",
    )


def injections(markdown: str) -> Callable[[], str]:
    """What is read as another language, where the one of a model's instructions has this name."""

    def write() -> str:
        content = "(string (string_content) @injection.content)"
        return _query(
            "Languages in the language",
            '((comment) @injection.content\n  (#set! injection.language "comment"))',
            "",
            "; What is told to a model is mostly Markdown.",
            *(
                f'(({node} {content})\n  (#set! injection.language "{markdown}"))'
                for node in ("docstring", "documentation")
            ),
            "",
            '; matches(text, r"[A-Z]\\d+")',
            "((call",
            "  function: (identifier) @_function",
            f"  arguments: (argument_list {content}))",
            '  (#eq? @_function "matches")',
            '  (#set! injection.language "regex"))',
        )

    return write


def _textobjects(inner: str, outer: str, test: str, *further: str) -> str:
    kinds = {
        **{f"{each}_declaration": "class" for each in _TYPES},
        **dict.fromkeys(_RUN, "function"),
        "test_declaration": test,
    }
    return _query(
        'Text objects: a declaration is a "class", what runs is a "function"',
        *(f"({node} body: (_) @{kind}.{inner}) @{kind}.{outer}" for node, kind in kinds.items()),
        f"(argument_list (_) @parameter.{inner})",
        f"(parameters (parameter) @parameter.{inner})",
        *further,
    )


def textobjects_of_neovim() -> str:
    """What nvim-treesitter-textobjects selects."""
    return _textobjects(
        "inner",
        "outer",
        "function",
        "(if_statement consequence: (_) @conditional.inner) @conditional.outer",
        "(match_statement) @conditional.outer",
        "(case_clause body: (_) @conditional.inner)",
        "(for_statement body: (_) @loop.inner) @loop.outer",
        "(call arguments: (argument_list) @call.inner) @call.outer",
        "(field) @statement.outer",
        "(part) @statement.outer",
        "(comment) @comment.outer",
    )


def textobjects_of_helix() -> str:
    """What Helix selects; it has tests of its own."""
    return _textobjects("inside", "around", "test", "(comment) @comment.inside", "(comment)+ @comment.around")


BETWEEN: dict[str, dict[tuple[str, str], Callable[[], str]]] = {
    "vim/syntax/dspy.vim": {WORDS: vim},
    "emacs/dspyc-mode.el": {WORDS: emacs},
    "kate/dspyc.xml": {WORDS: kate, LINES: kate_heads},
}
WHOLE: dict[str, Callable[[], str]] = {
    "sublime/dspyc.tmLanguage": textmate_as_plist,
    "tree-sitter-dspy/queries/folds.scm": folds,
    "tree-sitter-dspy/queries/indents.scm": indents_of_neovim,
    "tree-sitter-dspy/queries/injections.scm": injections("markdown_inline"),
    "tree-sitter-dspy/queries/textobjects.scm": textobjects_of_neovim,
    "helix/queries/dspy/highlights.scm": highlights_for(_HELIX),
    "helix/queries/dspy/indents.scm": indents_of_helix,
    "helix/queries/dspy/injections.scm": injections("markdown.inline"),
    "helix/queries/dspy/textobjects.scm": textobjects_of_helix,
    "zed/languages/dspy/highlights.scm": highlights_for(_ZED),
}


def generate() -> dict[str, str]:
    """The texts of all files, by their paths in `editors`."""
    made = {name: write() for name, write in WHOLE.items()}
    for name, pieces in BETWEEN.items():
        text = (HERE / name).read_text(encoding="utf-8")
        for marks, write in pieces.items():
            text = _with(text, marks, write())
        made[name] = text
    return made


def _with(text: str, marks: tuple[str, str], words: str) -> str:
    begin, end = map(re.escape, marks)
    pattern = re.compile(rf"(^[^\n]*{begin}[^\n]*\n).*?(^[^\n]*{end}[^\n]*$)", re.DOTALL | re.MULTILINE)
    return pattern.sub(lambda found: f"{found[1]}{words}\n{found[2]}", text)


def _listed(words: Iterable[str]) -> str:
    return " ".join(sorted(words))


def _either(words: Iterable[str], escape: str) -> str:
    return f"{escape}|".join(sorted(words))


if __name__ == "__main__":
    for name, text in generate().items():
        (HERE / name).write_text(text, encoding="utf-8")
