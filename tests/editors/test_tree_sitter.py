"""The tree-sitter grammar reads what the compiler reads: compiled here, on every program we have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dspyc.compiler.trees import declared_names
from dspyc.grammar import syntax
from dspyc.grammar.parse import parse as parse_dspy
from dspyc.grammar.source import Source
from dspyc.grammar.trees import walk
from support import corpus, tree_sitter_grammar

pytestmark = pytest.mark.editors

KINDS: dict[type[syntax.Node], tuple[str, ...]] = {
    syntax.FromImport: ("from_import",),
    syntax.Import: ("import",),
    syntax.ValueDeclaration: ("value_declaration",),
    syntax.TypeAliasDeclaration: ("alias_declaration",),
    syntax.TypeDeclaration: ("type_declaration",),
    syntax.EnumDeclaration: ("enum_declaration",),
    syntax.SignatureDeclaration: ("signature_declaration",),
    syntax.ModuleDeclaration: ("module_declaration",),
    syntax.FunctionDeclaration: ("function_declaration",),
    syntax.TestDeclaration: ("test_declaration",),
    syntax.ConstantDeclaration: ("constant_declaration",),
    syntax.ConfigureDeclaration: ("configure_declaration",),
    syntax.FileDocstring: ("docstring",),
    syntax.Field: ("field", "attribute"),
    syntax.Removal: ("removal",),
    syntax.Demo: ("demo",),
    syntax.Member: ("member",),
    syntax.Part: ("part",),
    syntax.Return: ("return_statement",),
    syntax.Assign: ("assignment",),
    syntax.AnnotatedAssign: ("annotated_assignment",),
    syntax.AugmentedAssign: ("augmented_assignment",),
    syntax.If: ("if_statement",),
    syntax.For: ("for_statement",),
    syntax.Match: ("match_statement",),
    syntax.Case: ("case_clause",),
    syntax.Try: ("try_statement",),
    syntax.ExceptClause: ("except_clause",),
    syntax.Call: ("call",),
    syntax.Subscript: ("subscript",),
    syntax.Attribute: ("attribute_access",),
    syntax.Conditional: ("conditional_expression",),
    syntax.Lambda: ("lambda",),
    syntax.Comparison: ("comparison",),
    syntax.Interpolation: ("interpolation",),
    syntax.Comprehension: (
        "list_comprehension",
        "set_comprehension",
        "dictionary_comprehension",
        "generator_expression",
    ),
}
"""What the compiler's nodes are called in the tree."""
NAMES = {name: kind for kind, names in KINDS.items() for name in names}


def nodes(text: str) -> Iterator[tuple[str, bytes]]:
    """The kinds of the nodes of a text's tree, each with what is written there."""
    data = text.encode("utf-8")
    tree = tree_sitter_grammar.parse(text)
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.is_named:
            yield node.type, data[node.start_byte : node.end_byte]
        waiting += node.children


def outline(text: str) -> list[str]:
    """The names that declarations give, wherever the tree has them."""
    data = text.encode("utf-8")
    tree = tree_sitter_grammar.parse(text)
    found = []
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.children)
        if node.type.endswith("_declaration"):
            names = node.children_by_field_name("name")
            found += [data[name.start_byte : name.end_byte].decode() for name in names]
    return found


def declared(text: str) -> list[str]:
    """The names that the compiler says a text declares."""
    items = [item.declaration for item in parse_dspy(Source("page.dspy", text)).items]
    return [
        name.text
        for each in items
        if not isinstance(each, syntax.FromImport | syntax.Import)
        for name in declared_names(each)
        if name.text
    ]


@pytest.mark.parametrize("where", sorted(corpus.right()))
def test_it_reads_what_the_compiler_reads(where: str) -> None:
    text = corpus.right()[where]
    found = Counter(NAMES[kind] for kind, _ in nodes(text) if kind in NAMES)
    assert "ERROR" not in [kind for kind, _ in nodes(text)]
    expected: Counter[type[syntax.Node]] = Counter()
    for item in parse_dspy(Source("page.dspy", text)).items:
        if item.declaration is not None:
            expected.update(type(each) for each in walk(item.declaration) if type(each) in KINDS)
    # A case's `a.b` is an attribute to the compiler, and a dotted name in the tree.
    for counts in (found, expected):
        counts.pop(syntax.Attribute, None)
    assert found == expected
    assert outline(text) == declared(text)


@pytest.mark.parametrize("where", sorted(corpus.right()))
def test_its_names_are_the_compilers(where: str) -> None:
    text = corpus.right()[where]
    found = Counter(written.decode() for kind, written in nodes(text) if kind == "identifier")
    expected: Counter[str] = Counter()
    for item in parse_dspy(Source("page.dspy", text)).items:
        names = walk(item.declaration) if item.declaration is not None else ()
        expected.update(each.text for each in names if isinstance(each, syntax.Name | syntax.Identifier))
    assert found == expected


BROKEN = [
    ("(", ""),
    (")", ""),
    ("[", ""),
    ("]", ""),
    (":", ""),
    ('"', ""),
    (",", ""),
    ("=", "= ="),
    (" ", " ? "),
]


def test_a_mistake_stays_in_its_declaration() -> None:
    """Whatever is wrong in one declaration, nearly all others are still there."""
    text = corpus.right()["examples/rag.dspy"]
    names = declared(text)
    starts = [item.start for item in parse_dspy(Source("rag.dspy", text)).items]
    lost = tried = 0
    for at, sign in enumerate(text):
        for instead in [instead for each, instead in BROKEN if each == sign]:
            own = sum(start <= at for start in starts)
            inside = set(declared(text[starts[own - 1] : starts[own] if own < len(starts) else None]))
            found = outline(text[:at] + instead + text[at + 1 :])
            others = [name for name in names if name not in inside]
            lost += sum(name not in found for name in others)
            tried += len(others)
    assert tried > 900
    assert lost / tried < 0.06


def test_broken_programs_keep_most_declarations() -> None:
    found = wanted = 0
    for text in corpus.broken().values():
        names = outline(text)
        expected = declared(text)
        wanted += len(expected)
        found += sum(name in names for name in expected)
    assert wanted > 70
    assert found / wanted > 0.7


HEADS = [
    "x = f(1,\nsignature S:\n    input a: str\n",
    'x = """abc\nsignature S:\n    input a: str\n',
    "x = [\nmodule S = Predict(T)\n",
    'x = ("abc\nS: int = 3\ntype S:\n    a: str\n',
    "x = (\nconfigure(lm=LM())\nenum S:\n    A\n",
    "x = (\nfrom a import b\nlm S = LM()\n",
    'x = (\ntest "t":\n    pass\ndef S() -> int:\n    return 1\n',
]


@pytest.mark.parametrize("text", HEADS)
def test_a_head_ends_what_is_open_above_it(text: str) -> None:
    assert outline(text)[-1] == "S"
    kinds = [kind for kind, _ in nodes(text)]
    assert kinds[0] == "source_file"


def test_strings_in_the_first_column_of_a_bracket_are_strings() -> None:
    text = "x = f(1,\nf\"a{b}\",\nr'c', name,\n)\n"
    kinds = [kind for kind, _ in nodes(text)]
    assert "ERROR" not in kinds
    assert kinds.count("string") == 2
    assert "interpolation" in kinds


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("suggest x > 1", "suggest_statement"),
        ('suggest (x > 1), "why"', "suggest_statement"),
        ("suggest(x)", "expression_statement"),
        ("suggest in x", "expression_statement"),
        ("suggest = 3", "assignment"),
        ("match(x)", "expression_statement"),
        ("match[0] = 1", "assignment"),
        ("match -x", "expression_statement"),
        ("match x:\n        case 1: pass", "match_statement"),
        ("match (x):\n        case 1: pass", "match_statement"),
        ("match -x:\n        case 1: pass", "match_statement"),
    ],
)
def test_soft_keywords_of_statements(line: str, kind: str) -> None:
    text = f"def f(x: int) -> int:\n    {line}\n    return x\n"
    found = [each for each, _ in nodes(text)]
    assert "ERROR" not in found
    assert kind in found


def test_a_program_that_is_edited_is_read_as_from_scratch() -> None:
    """Incremental parsing, with the scanner's state kept between the versions."""
    from tree_sitter import Parser

    text = corpus.right()["examples/article.dspy"]
    parser = Parser(tree_sitter_grammar.language())
    tree = parser.parse(text.encode())
    for at in range(0, len(text), 37):
        for inserted in ("x", "\n", '"', "("):
            line, column = text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1
            changed = text[:at] + inserted + text[at:]
            end = (line + 1, 0) if inserted == "\n" else (line, column + 1)
            copy = parser.parse(text.encode())
            copy.edit(at, at, at + 1, (line, column), (line, column), end)
            assert str(parser.parse(changed.encode(), copy).root_node) == str(
                Parser(tree_sitter_grammar.language()).parse(changed.encode()).root_node
            )
    assert not tree.root_node.has_error


EDITORS = corpus.ROOT / "editors"
QUERIES = sorted(EDITORS.glob("**/*.scm"))


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: str(path.relative_to(EDITORS)))
def test_every_query_finds_something(path: Path) -> None:
    found = [
        each
        for text in corpus.right().values()
        for each in tree_sitter_grammar.captures(path.stem, text, path.parent)
    ]
    assert len(found) > 50
