"""`junit`: the XML of JUnit, which every CI shows as tests; a file is a suite, a finding a failed test."""

from __future__ import annotations

import os.path

from ...base.xml import Element, document
from ...compiler.render import CheckedFile, Report
from .findings import findings_of, with_slashes

FAILING = ("error", "warning")


def render(report: Report) -> str:
    """A suite for each file. A file without findings is a test that passed; a note is one, too."""
    suites = [_suite(file) for file in report.files]
    root = Element("testsuites", name="dspyc", **_totals(report.files), time="0")
    root.children.extend(suites)
    return document(root)


def _suite(file: CheckedFile) -> Element:
    path = with_slashes(file.path)
    suite = Element("testsuite", name=path, **_totals([file]), skipped=0, time="0")
    owner = os.path.splitext(path)[0].replace("/", ".")
    if not file.diagnostics:
        suite.add("testcase", name="no findings", classname=owner, time="0")
    for one in findings_of(file):
        place = one.place()
        name = f"{one.found.code} {one.found.name} ({place.line}:{place.column})"
        case = suite.add("testcase", name=name, classname=owner, file=path, line=place.line, time="0")
        text = f"{path}:{place.line}:{place.column}: {one.found.code} {one.text}"
        if one.found.severity in FAILING:
            case.add("failure", text, message=one.message, type=one.found.severity)
        else:
            case.add("system-out", text)
    return suite


def _totals(files: list[CheckedFile] | tuple[CheckedFile, ...]) -> dict[str, int]:
    failures = sum(found.severity in FAILING for file in files for found in file.diagnostics)
    return {"tests": sum(len(file.diagnostics) or 1 for file in files), "failures": failures, "errors": 0}
