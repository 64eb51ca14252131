"""The reference in `docs/` is complete: it has each word, name, setting, option and variable that exists."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dspyc.cli.main import SECTIONS, group
from dspyc.compiler import catalog
from dspyc.compiler.resolve.builtins import FORBIDDEN, MUTATORS, builtin_names
from dspyc.compiler.rules.register import KINDS
from dspyc.compiler.trees import children
from dspyc.grammar import syntax
from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from dspyc.grammar.words import HARD_KEYWORDS, HEADS, SOFT_KEYWORDS
from dspyc.runtime.execution.settings import _BUILT_IN

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
PACKAGE = (
    "base",
    "cli",
    "cluster",
    "compiler",
    "grammar",
    "loader",
    "lsp",
    "moving",
    "notebook",
    "assist",
    "project",
    "runtime",
    "serving",
    "viewing",
)

CODE = re.compile(r"^```(\w*)\n(.*?)^```$|(?<!`)(`+)(?!`)(.+?)(?<!`)\3(?!`)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```dspy\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GRAMMAR = (ROOT / "grammar" / "dspy.lark").read_text(encoding="utf-8")
GRAMMAR_WORD = re.compile(r'"([a-z]+)"|(?<=[|:] )"([a-zA-Z]+)"')
READS = re.compile(r"""environ(?:\.get\(|\.setdefault\(|\[)\s*"([A-Z_]+)"|envvar="([A-Z_]+)\"""")
LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[\w-]+)?\)")
ANCHOR = re.compile(r"\]\(([^)\s#:]*)#([\w-]+)\)")
COMMAND = re.compile(r"^\$ dspyc ([a-z]+)(.*)$", re.MULTILINE)
OPTION = re.compile(r"(?<= )--?[a-z][a-z-]*")
HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)


def read_pages(*others: Path) -> dict[Path, str]:
    """The texts of the documentation's pages, and of other pages, by their paths."""
    return {page: page.read_text(encoding="utf-8") for page in (*PAGES, *others)}


def read_catalog() -> dict[str, Any]:
    """The runtime as the compiler knows it."""
    content: dict[str, Any] = json.loads((ROOT / "compiler" / "catalog" / "_catalog.json").read_bytes())
    return content


def words_in_code() -> frozenset[str]:
    """Every word that stands in code on a page, in a block or between backticks."""
    found = (match[2] or match[4] for text in read_pages().values() for match in CODE.finditer(text))
    return frozenset(word for code in found for word in re.findall(r"[^\W\d]\w*", code))


WORDS = words_in_code()
PROGRAMS = [block for text in read_pages().values() for block in BLOCK.findall(text)]
EXAMPLES = frozenset(
    token.string
    for program in PROGRAMS
    # Names and keywords are cut as Python's are; what stands in strings and comments does not count.
    for token in tokenize.generate_tokens(io.StringIO(program).readline)
    if token.type == tokenize.NAME
)
"""The names and keywords of the programs that the suite checks."""


def absent(names: Iterable[str], words: frozenset[str] = WORDS) -> list[str]:
    """Those names that are not among some words."""
    return sorted(name for name in set(names) if name not in words)


def _grammar_words() -> set[str]:
    lines = [line for line in GRAMMAR.splitlines() if not line.startswith("//")]
    return {first or second for first, second in GRAMMAR_WORD.findall("\n".join(lines))}


def test_every_word_of_the_grammar_is_in_a_checked_example() -> None:
    words = _grammar_words()
    assert {"where", "suggest", "fallback", "del", "None"} <= words
    # `tools` is reserved: nothing can be declared with it, so no program with it is right.
    assert absent(words - {"tools"}, EXAMPLES) == []
    assert absent(words) == []


def test_every_construct_is_in_a_checked_example() -> None:
    nodes = [node for program in PROGRAMS for node in _nodes(program)]
    kinds = {
        each for each in vars(syntax).values() if isinstance(each, type) and issubclass(each, syntax.Node)
    }
    # Only a file with mistakes has `Missing`.
    assert kinds - {syntax.Node, syntax.Missing} - {type(node) for node in nodes} == set()


def test_every_operator_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "expressions.md").read_text(encoding="utf-8")
    kinds = "COMPARE|SHIFT|DIVISION|SIGN|STAR|POWER|BAR|CARET|AMPERSAND|TILDE"
    lines = re.findall(rf"^(?:{kinds}): (.*)$", GRAMMAR, re.MULTILINE)
    operators = {operator for line in lines for operator in re.findall(r'"([^"]+)"', line)}
    assert len(operators) > 15
    assert [each for each in sorted(operators) if f"`{each}`" not in text] == []


def _nodes(program: str) -> Iterator[syntax.Node]:
    items = parse(Source("page.dspy", program)).items
    waiting: list[syntax.Node] = [
        item.parsed.declaration for item in items if item.parsed.declaration is not None
    ]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)


def test_every_word_of_the_language_is_in_the_reference() -> None:
    assert absent(HEADS | SOFT_KEYWORDS) == []
    # Python's words are there as words that the language has, or as words that it does not have.
    assert absent(HARD_KEYWORDS) == []


def test_every_name_of_the_runtime_is_in_the_reference() -> None:
    assert absent(catalog.names()) == []


@pytest.mark.parametrize(
    "name",
    [
        *("Predict", "ChainOfThought", "ChainOfThoughtWithHint", "ReAct", "Refine", "BestOfN"),
        *("LabeledFewShot", "BootstrapFewShot", "BootstrapRS", "BootstrapFewShotWithRandomSearch"),
        *("COPRO", "MIPROv2", "GEPA"),
        *("BootstrapFinetune", "Evaluate", "Dataset", "LM", "DummyLM", "Tool"),
    ],
)
def test_every_parameter_of_a_declaration_is_in_the_reference(name: str) -> None:
    assert name in EXAMPLES
    assert absent(each for each in _parameters(name) if each not in ("base", "kwargs", "signature")) == []


def _parameters(name: str) -> list[str]:
    content = read_catalog()
    found: dict[str, Any] = content["classes"][content["public"][name]["class"]]
    return [each["name"] for each in found["parameters"]]


def test_every_step_of_a_dataset_is_in_a_checked_example() -> None:
    steps = [each for each in _parameters("Dataset") if each not in ("source", "base")]
    assert "unique" in steps
    assert absent(steps, EXAMPLES) == []


def test_every_setting_of_configure_and_of_calls_is_in_the_reference() -> None:
    content = read_catalog()
    settings = [
        each["name"] for kind in ("settings", "call_settings", "configuration") for each in content[kind]
    ]
    assert absent([*settings, *_BUILT_IN, *content["reserved_fields"]]) == []


def test_every_built_in_is_in_the_reference() -> None:
    assert absent(builtin_names()) == []
    assert absent(FORBIDDEN) == []
    assert absent(name for names in MUTATORS.values() for name in names) == []


def test_every_environment_variable_is_in_the_reference() -> None:
    from dspyc.runtime.lm.transports.posting import _SERVERS

    sources = [path.read_text(encoding="utf-8") for room in PACKAGE for path in (ROOT / room).rglob("*.py")]
    read = {first or second for text in sources for first, second in READS.findall(text)}
    assert {"DSPYC_CACHE_DIR", "DSPYC_OUTPUT_FORMAT", "NO_COLOR"} <= read
    of_servers = {name for server in _SERVERS.values() for name in (*server.addresses, server.key)}
    assert absent(read | of_servers) == []


def test_every_setting_of_a_project_is_in_the_reference() -> None:
    schema = json.loads((ROOT / "project" / "dspyc.schema.json").read_bytes())
    text = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    names = [*schema["properties"], *schema["properties"]["rules"]["properties"]]
    assert "per-file-ignores" in names
    assert [name for name in names if name not in text] == []


def test_every_option_of_a_command_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = {row[1]: row[0] for row in re.finditer(r"^\| `(\w+).*$", text, re.MULTILINE)}
    names = [name for section in SECTIONS.values() for name in section]
    assert sorted(rows) == sorted(names)
    for name in names:
        shown = set(re.findall(r"`(--?[a-z-]+)`", rows[name]))
        assert shown == {max(option.opts, key=len) for option in _options(name)}, name


def test_the_list_of_commands_has_a_line_for_each() -> None:
    text = group.get_help(click.Context(group, info_name="dspyc", terminal_width=80))
    lines = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines() if line.startswith("  ")]
    assert [name for section in SECTIONS.values() for name in section if name not in lines] == []
    assert not re.search(r"^ {8,}\S", text[text.index("Write:") :], re.MULTILINE)


def test_every_command_of_the_reference_exists() -> None:
    lines = [line for text in read_pages(ROOT / "README.md").values() for line in COMMAND.findall(text)]
    assert len(lines) > 20
    for name, rest in lines:
        assert name in [each for section in SECTIONS.values() for each in section]
        known = {spelling for option in _options(name) for spelling in option.opts}
        assert set(OPTION.findall(rest.partition("  #")[0].partition(" | ")[0])) <= known, (name, rest)


def _options(name: str) -> list[click.Option]:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    inside = command.commands.values() if isinstance(command, click.Group) else ()
    return [
        option
        for each in (command, *inside)
        for option in each.params
        if isinstance(option, click.Option) and not option.hidden
    ]


def test_every_code_in_the_reference_exists() -> None:
    codes = {code for text in read_pages().values() for code in re.findall(r"\b[EW]\d{3}\b", text)}
    assert "E201" in codes
    assert sorted(codes - KINDS.keys()) == []


def test_every_page_is_linked() -> None:
    pages = read_pages(ROOT / "README.md")
    linked = {
        (page.parent / target).resolve() for page, text in pages.items() for target in LINK.findall(text)
    }
    assert [page.name for page in PAGES if page.resolve() not in linked] == []


def test_every_link_leads_somewhere() -> None:
    pages = read_pages(ROOT / "README.md")
    broken = [
        f"{page.name}: {target}"
        for page, text in pages.items()
        for target in LINK.findall(text)
        if not (page.parent / target).exists()
    ]
    for page, text in pages.items():
        for target, anchor in ANCHOR.findall(text):
            other = (page.parent / target).resolve() if target else page
            if other in pages and anchor not in _anchors(pages[other]):
                broken.append(f"{page.name}: {target}#{anchor}")
    assert broken == []


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = (heading.lower().replace("`", "") for heading in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}
