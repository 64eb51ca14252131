"""The files of `editors/` have the compiler's words, and the parser was made from the grammar beside it.

What the parser reads is compared with the compiler in `tests/editors`, which needs a C compiler.
"""

from __future__ import annotations

import json
import plistlib
import re
import tomllib
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
    known = {each["type"] for each in types} | {"ERROR", "_"}
    fields = {name for each in types for name in each.get("fields", {})}
    queries = sorted((corpus.ROOT / "editors").glob("**/*.scm"))
    assert len(queries) == 15
    for path in queries:
        text = re.sub(r";.*", "", re.sub(r'"(?:[^"\\]|\\.)*"', "", path.read_text(encoding="utf-8")))
        nodes = set(re.findall(r"\(([a-z_]+)", text))
        assert nodes - known == set(), path
        assert set(re.findall(r"\b([a-z_]+):", text)) - fields == set(), path


def test_the_files_of_editors_have_the_words_of_the_language() -> None:
    made = import_script(corpus.ROOT / "editors" / "generate.py").generate()
    assert len(made) == 13
    for name, text in made.items():
        written = (corpus.ROOT / "editors" / name).read_text(encoding="utf-8")
        assert written == text, f"{name}: run `python editors/generate.py`"


def test_the_configurations_can_be_read() -> None:
    editors = corpus.ROOT / "editors"
    helix = tomllib.loads((editors / "helix" / "languages.toml").read_text(encoding="utf-8"))
    assert helix["language-server"]["dspyc"] == {"command": "dspyc", "args": ["lsp"]}
    zed = tomllib.loads((editors / "zed" / "extension.toml").read_text(encoding="utf-8"))
    assert zed["grammars"]["dspy"]["path"] == "editors/tree-sitter-dspy"
    kate = json.loads((editors / "kate" / "lspclient.json").read_bytes())
    assert kate["servers"]["dspyc"]["command"] == ["dspyc", "lsp"]
    template = json.loads((editors / "jetbrains" / "dspyc" / "template.json").read_bytes())
    assert template["programArgs"]["default"] == "dspyc lsp"
    grammar = plistlib.loads((editors / "sublime" / "dspyc.tmLanguage").read_bytes())
    assert (grammar["scopeName"], grammar["fileTypes"]) == ("source.dspyc", ["dspy"])
    plistlib.loads((editors / "sublime" / "Comments.tmPreferences").read_bytes())
    for path in sorted((editors / "zed" / "languages" / "dspy").glob("*.toml")):
        assert tomllib.loads(path.read_text(encoding="utf-8"))["grammar"] == "dspy"
    # Every folder says how it is used.
    for folder in sorted(each for each in editors.iterdir() if each.is_dir() and each.name[0] not in "_."):
        assert (folder / "README.md").exists(), folder
