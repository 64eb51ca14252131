"""The extension for VS Code: what its manifest says is what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from dspyc.lsp.configuration import Configuration

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "editors" / "vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
CONTRIBUTES: dict[str, Any] = MANIFEST["contributes"]


def sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (EXTENSION / "src").rglob("*.ts"))


def test_the_schema_of_the_settings_is_that_of_the_package() -> None:
    shipped = (EXTENSION / "schemas" / "dspyc.schema.json").read_text(encoding="utf-8")
    assert shipped == (ROOT / "project" / "dspyc.schema.json").read_text(encoding="utf-8")


def test_every_command_is_registered_and_documented() -> None:
    text = sources()
    readme = (EXTENSION / "README.md").read_text(encoding="utf-8")
    web = (EXTENSION / "src" / "web.ts").read_text(encoding="utf-8")
    for each in CONTRIBUTES["commands"]:
        name = each["command"]
        assert re.search(rf'register(?:Command)?\("{re.escape(name)}"', text), name
        assert f"`dspyc: {each['title']}`" in readme, each["title"]
        assert f'"{name.removeprefix("dspyc.")}"' in web, name


def test_the_settings_of_the_server_are_those_of_the_editor() -> None:
    properties = CONTRIBUTES["configuration"]["properties"]
    given = {name: each.get("default") for name, each in properties.items()}
    found = Configuration()
    for section, part in (
        ("inlayHints", found.inlay_hints),
        ("codeLens", found.code_lens),
        ("completion", found.completion),
    ):
        for field, encoded in zip(part.__struct_fields__, part.__struct_encode_fields__, strict=True):
            assert given[f"dspyc.{section}.{encoded}"] is getattr(part, field)


def test_every_file_that_the_manifest_names_is_there() -> None:
    named = re.findall(r'"\./((?!dist/)[^"]+)"', (EXTENSION / "package.json").read_text(encoding="utf-8"))
    named += [step["media"]["markdown"] for walk in CONTRIBUTES["walkthroughs"] for step in walk["steps"]]
    assert [each for each in [*named, MANIFEST["icon"]] if not (EXTENSION / each).is_file()] == []


def test_findings_of_a_terminal_are_problems() -> None:
    (matcher,) = CONTRIBUTES["problemMatchers"]
    pattern = matcher["pattern"]
    line = "shop.dspy:12:9: W102 the variable `n` is never used"
    found = re.match(pattern["regexp"], line)
    assert found is not None
    parts = [found[pattern[name]] for name in ("file", "line", "column", "code", "message")]
    assert parts == ["shop.dspy", "12", "9", "W102", "the variable `n` is never used"]
    assert re.match(pattern["regexp"], "Found 2 warnings.") is None


def test_plain_texts_hold_no_markup() -> None:
    walks = [each for walk in CONTRIBUTES["walkthroughs"] for each in (walk, *walk["steps"])]
    texts = [each["description"] for each in walks] + [
        each["contents"] for each in CONTRIBUTES["viewsWelcome"]
    ]
    texts += [each.get("description", "") for each in CONTRIBUTES["configuration"]["properties"].values()]
    assert [each for each in texts if "`" in each] == []


def test_programs_of_the_walkthrough_are_coloured_and_valid() -> None:
    (language,) = CONTRIBUTES["languages"]
    pages = [
        (EXTENSION / step["media"]["markdown"]).read_text(encoding="utf-8")
        for step in CONTRIBUTES["walkthroughs"][0]["steps"]
    ]
    blocks = [block for page in pages for block in re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)]
    assert len(blocks) == 2
    for name, code in blocks:
        assert name in [language["id"], *language["aliases"]]
        assert [each.message for each in parse(Source("walkthrough", code)).problems()] == []
        assert max(map(len, code.splitlines())) <= 60, "it is read in half of a window"


def test_snippets_are_programs() -> None:
    snippets = json.loads((EXTENSION / "snippets" / "dspyc.json").read_text(encoding="utf-8"))
    for name, snippet in snippets.items():
        text = "\n".join(snippet["body"]).replace("$0", "")
        while (expanded := re.sub(r"\$\{\d+:([^${}]*)\}", r"\1", text)) != text:
            text = expanded
        text = re.sub(r"\$\{\d+\}", "x", text)
        assert "$" not in text, name
        assert [each.message for each in parse(Source(name, text)).problems()] == [], name
