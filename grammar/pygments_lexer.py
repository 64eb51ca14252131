"""The lexer for Pygments: Sphinx, MkDocs, Jupyter, nbconvert and `pygmentize` colour `.dspy` with it.

Pygments finds it by the entry point `pygments.lexers` of the package, under the aliases `dspy` and `dspyc`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from .highlighting import Role, highlight

TOKENS: dict[Role, Any] = {
    "declaration": Keyword.Declaration,
    "import": Keyword.Namespace,
    "direction": Keyword.Declaration,
    "keyword": Keyword,
    "operator word": Operator.Word,
    "constant word": Keyword.Constant,
    "class": Name.Class,
    "function": Name.Function,
    "constant": Name.Constant,
    "field": Name.Variable.Instance,
    "parameter": Name.Variable,
    "argument": Name.Attribute,
    "attribute": Name.Property,
    "call": Name.Function,
    "type": Keyword.Type,
    "namespace": Name.Namespace,
    "name": Name,
    "number": Number,
    "string": String,
    "docstring": String.Doc,
    "prefix": String.Affix,
    "escape": String.Escape,
    "brace": String.Interpol,
    "operator": Operator,
    "punctuation": Punctuation,
    "comment": Comment.Single,
    "pragma": Comment.Special,
    "space": Whitespace,
    "error": Error,
}

_OUTPUT = re.compile(r"^[ \t]+output[ \t]+\w+[ \t]*:", re.MULTILINE)
_HEAD = re.compile(r"^(?:signature|module)[ \t]+\w+[ \t]*[:(]", re.MULTILINE)


class DspyLexer(Lexer):  # type: ignore[misc]
    """Colours programs of dspyc, by the compiler's own grammar."""

    name = "dspyc"
    aliases: ClassVar[list[str]] = ["dspy", "dspyc"]
    filenames: ClassVar[list[str]] = ["*.dspy"]
    mimetypes: ClassVar[list[str]] = ["text/x-dspy"]
    url = "https://pypi.org/project/dspyc/"

    def __init__(self, **options: Any) -> None:
        # Line ends at the beginning are part of a program; documentation tools count lines.
        options.setdefault("stripnl", False)
        super().__init__(**options)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """The tokens of a text, each with the offset where it begins."""
        for start, role, piece in highlight(text):
            yield start, TOKENS[role], piece

    @staticmethod
    def analyse_text(text: str) -> float:
        """How likely a text is a program of dspyc, for tools that guess."""
        return 0.8 if _OUTPUT.search(text) and _HEAD.search(text) else 0.0
