"""A page for each construct of the language: what it is for, its syntax, and declarations that use it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dspyc.compiler.query.keywords import BEHIND, LINES, Keyword
from dspyc.grammar import syntax
from dspyc.grammar.syntax import declarations, expressions, node, patterns, statements
from dspyc.grammar.words import VALUED

from .blocks import Sample
from .page import Page, fence, link, made, prose, table

FOLDER = "reference/language"

_CLAUSES = ("input", "output", "where", "demo", "del", "forward", "fallback")
_STATEMENTS = (
    *("return", "assert", "suggest", "if", "elif", "else", "for", "match", "case"),
    *("try", "except", "break", "continue", "pass"),
)
_SECTIONS: Mapping[str, str] = {
    "signature": "language.md#signatures",
    "module": "models.md#modules",
    "lm": "models.md#models",
    "type": "language.md#types",
    "enum": "language.md#types",
    "def": "language.md#declarations",
    "dataset": "optimizing.md#data",
    "optimizer": "optimizers.md",
    "program": "optimizing.md#optimizers",
    "evaluate": "optimizing.md#metrics-and-evaluations",
    "tools": "agents.md#tools-of-mcp-servers",
    "test": "language.md#trying-a-program-offline",
    "configure": "models.md#settings",
    "from": "environment.md#where-imports-are-looked-for",
    "import": "environment.md#where-imports-are-looked-for",
    "input": "language.md#signatures",
    "output": "language.md#signatures",
    "where": "language.md#signatures",
    "demo": "language.md#signatures",
    "del": "language.md#extending-a-signature-or-a-record",
}
_RULE = re.compile(r"^[?!]?(?P<name>\w+):.*(?:\n[ \t]+\|?.*)*", re.MULTILINE)
_PLACE = re.compile(r"\$\{\d+:([^}]*)\}|\$(\d)")


def construct_pages(root: Path, samples: Sequence[Sample]) -> list[Page]:
    """The list of constructs, a page for each, and the nodes of the syntax tree."""
    grammar = (root / "grammar" / "dspy.lark").read_text(encoding="utf-8")
    where = [each for each in BEHIND if each.word == "where"]
    words = [*where, *LINES]
    return [_index(words), *(_page(each, grammar, samples) for each in words), _nodes()]


def place_of(word: str) -> str:
    """Where the page of a word is."""
    return f"{FOLDER}/{word}.md"


def _index(words: Iterable[Keyword]) -> Page:
    path = f"{FOLDER}/index.md"
    by_name = {each.word: each for each in words}
    declarations = [name for name in by_name if name not in _CLAUSES and name not in _STATEMENTS]
    blocks = [
        f"{link('The language', 'language.md', path)} describes it from the beginning; this part has "
        f"a page for each construct. {link('Expressions', 'expressions.md', path)} are Python's."
    ]
    for title, names in (
        ("Declarations", declarations),
        ("Inside a declaration", _CLAUSES),
        ("Statements", _STATEMENTS),
    ):
        rows = [(link(f"`{name}`", place_of(name), path), by_name[name].doc) for name in names]
        blocks += [f"## {title}", table(("word", "meaning"), rows)]
    nodes = link("The syntax tree", f"{FOLDER}/syntax-tree.md", path)
    blocks.append(f"{nodes} has every kind of node that the parser makes.")
    return made(path, "Constructs", *blocks, description="The constructs of the language.")


def _page(keyword: Keyword, grammar: str, samples: Sequence[Sample]) -> Page:
    path = place_of(keyword.word)
    section = _SECTIONS.get(keyword.word, "expressions.md#statements")
    form = _PLACE.sub(lambda found: found[1] or "…", keyword.snippet)
    blocks = [
        keyword.doc,
        fence(form, "text"),
        f"Described in {link('the guide', section, path)}.",
        "## Examples",
        *_examples(keyword.word, samples, path),
        "## Grammar",
        fence(_rules(keyword.word, grammar), "text"),
    ]
    return made(path, f"`{keyword.word}`", *blocks, description=keyword.doc)


def _examples(word: str, samples: Sequence[Sample], path: str) -> list[str]:
    heads = word not in (*_CLAUSES, *_STATEMENTS)
    fitting = [each for each in samples if (each.first == word if heads else word in each.words)]
    chosen: list[Sample] = []
    for each in fitting:
        if len(chosen) < 3 and each.code not in {other.code for other in chosen}:
            chosen.append(each)
    return [f"{fence(each.code)}\n\nFrom {link(each.page.title, each.page.path, path)}." for each in chosen]


def _rules(word: str, grammar: str) -> str:
    """The rules of the grammar that have a word; those of valued declarations share one."""
    literal = "KIND" if word in VALUED and word not in ("module", "signature") else f'"{word}"'
    rules = [found[0] for found in _RULE.finditer(grammar)]
    fitting = [each for each in rules if re.search(rf"(?<!\w){re.escape(literal)}(?!\w)", each)]
    return "\n".join(fitting) or "\n".join(each for each in rules if f" {word}" in each)


def _nodes() -> Page:
    path = f"{FOLDER}/syntax-tree.md"
    kinds = [
        each
        for file in (node, expressions, statements, patterns, declarations)
        for each in vars(file).values()
        if isinstance(each, type) and issubclass(each, syntax.Node) and each is not syntax.Node
        if each.__module__ == file.__name__
    ]
    rows = [
        (
            f"`{kind.__name__}`",
            " ".join(prose(kind.__doc__ or "").split()),
            ", ".join(f"`{name}`" for name in syntax.parts_of(kind)),
        )
        for kind in kinds
    ]
    text = f"The nodes of `dspyc.grammar.syntax`, which {link('tools', 'editors.md', path)} see of a program."
    return made(path, "The syntax tree", text, table(("node", "stands for", "parts"), rows))
