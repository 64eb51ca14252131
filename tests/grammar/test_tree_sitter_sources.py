"""The tree-sitter grammar has the compiler's words, and its parser was made from what stands beside it.

What the parser reads is compared with the compiler in `tests/editors`, which needs a C compiler.
"""

from __future__ import annotations

import json
import re
from types import ModuleType

from support import corpus
from support.scripts import import_script

FOLDER = corpus.ROOT / "editors" / "tree-sitter-dspy"


def generator() -> ModuleType:
    return import_script(FOLDER / "generate.py")


def test_the_words_are_those_of_the_compiler() -> None:
    written = (FOLDER / "words.json").read_text(encoding="utf-8")
    assert written == generator().words(), "run `python editors/tree-sitter-dspy/generate.py`"
    assert (FOLDER / "src" / "heads.inc").read_text(encoding="utf-8") == generator().heads()


def test_the_parser_was_made_from_this_grammar() -> None:
    made_from = json.loads((FOLDER / "src" / "made_from.json").read_bytes())
    assert made_from == generator().digests(), "run `generate.py GENERATOR`; the README says with which one"


def test_the_grammar_has_every_keyword_of_the_compiler() -> None:
    """The words that stand in the rules of `dspy.lark` and those in `grammar.js` are the same."""
    lark = re.sub(r"//.*", "", (corpus.ROOT / "grammar" / "dspy.lark").read_text(encoding="utf-8"))
    ours = re.sub(r"//.*", "", (FOLDER / "grammar.js").read_text(encoding="utf-8"))
    words = set(re.findall(r'"([A-Za-z]+)"', lark))
    groups = {word for group in generator().tables().words["groups"].values() for word in group}
    named = set(re.findall(r'(?<!field\()(?<!require\()"([A-Za-z]+)"', ours)) - {"dspy"}
    assert words - groups - {"None", "True", "False"} == named - {"None", "True", "False"}


def test_the_queries_name_nodes_that_exist() -> None:
    types = json.loads((FOLDER / "src" / "node-types.json").read_bytes())
    known = {each["type"] for each in types} | {"ERROR"}
    fields = {name for each in types for name in each.get("fields", {})}
    queries = sorted((FOLDER / "queries").glob("*.scm"))
    assert len(queries) == 7
    for path in queries:
        text = re.sub(r";.*", "", re.sub(r'"(?:[^"\\]|\\.)*"', "", path.read_text(encoding="utf-8")))
        nodes = set(re.findall(r"\(([a-z][a-z_]*)", text))
        assert nodes - known == set(), path.name
        assert set(re.findall(r"\b([a-z_]+):", text)) - fields == set(), path.name
