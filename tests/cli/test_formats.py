"""The reports for other tools: held against the schemas of these tools, and read back."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from dspyc.base.diagnostic import Diagnostic, Edit, Fix, Label
from dspyc.base.span import Span
from dspyc.cli.formats import NAMES, render
from dspyc.cli.formats.findings import fingerprints
from dspyc.compiler.render import CheckedFile, Report, plain
from dspyc.grammar.source import Source
from dspyc.project.workspace import Workspace

SCHEMAS = Path(__file__).parent.parent / "support" / "schemas"

TEXTS = st.text(st.characters(), max_size=40) | st.text("ab\t\n\r é𐐀\x00\x1b]]>&<\"';%,:#\ufffe", max_size=40)


def checked(text: str, *found: Diagnostic, path: str = "shop/triage.dspy") -> CheckedFile:
    return CheckedFile(path, Source(path, text), found)


def written(name: str, *files: CheckedFile) -> str:
    return render(name, Report(files), plain, 100)


def is_valid(name: str, text: str) -> None:
    """Hold a report against its schema; raises where it does not fit."""
    schema: Any
    if name in ("junit", "checkstyle"):
        schema = xmlschema.XMLSchema(SCHEMAS / f"{name}.xsd")
        schema.validate(ElementTree.ElementTree(ElementTree.fromstring(text)))
        return
    file = {"sarif": "sarif-2.1.0", "gitlab": "gitlab", "rdjson": "rdjson"}[name]
    schema = json.loads((SCHEMAS / f"{file}.json").read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind(schema, format_checker=kind.FORMAT_CHECKER).validate(json.loads(text))


@pytest.mark.parametrize("name", ["sarif", "gitlab", "rdjson", "junit", "checkstyle"])
@given(text=TEXTS, words=TEXTS, data=st.data())
def test_any_finding_gives_a_report_that_fits_the_schema(
    name: str, text: str, words: str, data: st.DataObject
) -> None:
    offsets = st.integers(0, len(text))
    span = Span(*sorted((data.draw(offsets), data.draw(offsets))))
    other = Span(*sorted((data.draw(offsets), data.draw(offsets))))
    severity = data.draw(st.sampled_from(["error", "warning", "info"]))
    applicability = data.draw(st.sampled_from(["safe", "unsafe", "display-only"]))
    message = f"a {words}"
    found = Diagnostic(
        data.draw(st.sampled_from(["E101", "W302", "E001", "X999"])),
        "unknown-name",
        severity,
        span,
        message,
        (Label(other, message),),
        data.draw(st.sampled_from([None, message])),
        (
            Fix(message, (Edit(span, words),), applicability),
            Fix("Both", (Edit(span, ""), Edit(other, "")), "safe"),
        ),
    )
    path = data.draw(st.sampled_from(["a b.dspy", "shop/ä&<.dspy"]))
    is_valid(name, written(name, checked(text, found, found, path=path), checked("", path="good.dspy")))


@pytest.mark.parametrize("name", ["sarif", "gitlab", "rdjson", "junit", "checkstyle"])
def test_a_report_without_findings_fits_the_schema(name: str) -> None:
    is_valid(name, written(name))
    is_valid(name, written(name, checked("x = 1\n")))


@pytest.mark.parametrize("name", ["sarif", "gitlab", "rdjson", "junit", "checkstyle"])
def test_the_schemas_refuse(name: str) -> None:
    """What is left out of a report, or put into it, is noticed: the tests above can fail."""
    good = written(
        name, checked("x = y\n", Diagnostic("E101", "unknown-name", "error", Span(4, 5), "no `y`"))
    )
    is_valid(name, good)
    for pattern, replacement in [
        (r'"(startLine|line)": 1', r'"\1": 0'),
        (r' (line)="1"', r' \1="0"'),
        (r'"(ruleId|fingerprint|message|text)"', r'"other"'),
        (r" (classname|message)=", r" other="),
    ]:
        bad = re.sub(pattern, replacement, good)
        if bad != good:
            with pytest.raises((jsonschema.ValidationError, xmlschema.XMLSchemaException)):
                is_valid(name, bad)


def findings(text: str, path: str = "triage.dspy") -> CheckedFile:
    """What the checker finds in a text."""
    full = os.path.abspath(path)
    found = Workspace({full: text}).analyse(full)
    return CheckedFile(path, found.source, found.diagnostics)


PROGRAM = '''\
signature Answer:
    """Answer."""
    input question: str
    output answer: strr

module answer = Predict("question -> answer")

def twice(text: str) -> str:
    return answer(question=text + 1).answer + answer(question=text + 1).answer
'''


def test_fingerprints_stay_where_lines_move() -> None:
    before = fingerprints(findings(PROGRAM))
    assert len(set(before)) == len(before) == 3
    moved = '"""A program."""\n\n# Words.\n' + PROGRAM.replace("module", "\n\nmodule").replace(" = ", "  =  ")
    assert fingerprints(findings(moved)) == before


def test_fingerprints_differ_where_the_finding_does() -> None:
    before = fingerprints(findings(PROGRAM))
    fixed = fingerprints(findings(PROGRAM.replace("strr", "str")))
    assert set(fixed) < set(before)
    assert len(fixed) == len(before) - 1
    assert not set(before) & set(
        fingerprints(findings(PROGRAM.replace("Answer:", "Reply:").replace("twice", "two")))
    )
    assert not set(before) & set(fingerprints(findings(PROGRAM, path="other.dspy")))


def test_sarif_and_gitlab_have_the_same_fingerprints() -> None:
    file = findings(PROGRAM)
    (run,) = json.loads(written("sarif", file))["runs"]
    gitlab = json.loads(written("gitlab", file))
    expected = fingerprints(file)
    assert [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]] == expected
    assert [each["fingerprint"] for each in gitlab] == expected


def test_sarif_names_each_rule_once_and_shows_its_page() -> None:
    (run,) = json.loads(written("sarif", findings(PROGRAM)))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({each["id"] for each in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    (rule,) = [each for each in rules if each["id"] == "E228"]
    assert rule["name"] == "WrongOperands"
    assert "```" in rule["help"]["markdown"]


def test_columns_are_counted_as_each_format_asks() -> None:
    """SARIF counts code points, reviewdog bytes of UTF-8."""
    found = Diagnostic("E101", "unknown-name", "error", Span(3, 4), "no `y`")
    file = checked("𐐀ä y\n", found)
    (run,) = json.loads(written("sarif", file))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"] == 4
    (one,) = json.loads(written("rdjson", file))["diagnostics"]
    assert one["location"]["range"]["start"] == {"line": 1, "column": len("𐐀ä ".encode()) + 1}


def test_what_github_and_azure_give_a_meaning_is_escaped() -> None:
    found = Diagnostic("E101", "unknown-name", "info", Span(0, 1), "50 % off;\n::error::]")
    file = checked("x\n", found, path="a,b;c].dspy")
    assert written("github", file) == (
        "::notice title=dspyc (E101),file=a%2Cb;c].dspy,line=1,col=1,endLine=1,endColumn=2"
        "::a,b;c].dspy:1:1: E101 50 %25 off;%0A::error::]\n"
    )
    assert written("azure", file) == (
        "##vso[task.logissue type=warning;sourcepath=a,b%3Bc%5D.dspy;linenumber=1;columnnumber=1;code=E101;]"
        "50 %AZP25 off;%0A::error::]\n"
    )


def test_every_line_of_json_lines_is_a_record_of_json() -> None:
    file = findings(PROGRAM)
    lines = [json.loads(line) for line in written("json-lines", file).splitlines()]
    assert lines == json.loads(written("json", file))["diagnostics"]


def test_junit_counts_what_fails() -> None:
    note = Diagnostic("W101", "unused-import", "info", Span(0, 1), "not needed")
    wrong = Diagnostic("E101", "unknown-name", "error", Span(0, 1), "no `x`")
    root = ElementTree.fromstring(
        written("junit", checked("x\n", note, wrong), checked("", path="good.dspy"))
    )
    assert (root.get("tests"), root.get("failures")) == ("3", "1")
    assert [len(each.findall("testcase")) for each in root] == [2, 1]
    assert len(root.findall(".//failure")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_paths_are_relative_with_slashes(name: str) -> None:
    file = findings(PROGRAM, path=os.path.join("shop", "triage.dspy"))
    text = written(name, file)
    assert "shop/triage" in text or "shop.triage" in text
    assert os.getcwd() not in text
