"""The files around the sources: workflows, templates, the lock, the licences, what the index shows."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from licences import NOT_SHIPPED, needed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pre_commit.clientlib import load_config
from readme import with_addresses

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCHEMAS = {
    ".github/workflows/ci.yml": "vendor.github-workflows",
    ".github/workflows/release.yml": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    ".github/ISSUE_TEMPLATE/bug.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/false-alarm.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/idea.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
    "action.yml": "vendor.github-actions",
}


@pytest.mark.parametrize(("file", "schema"), SCHEMAS.items())
def test_a_file_for_github_fits_its_schema(file: str, schema: str) -> None:
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(ROOT / file)])
    assert done.exit_code == 0, done.output


def test_pre_commit_takes_the_hooks() -> None:
    config = load_config(ROOT / ".pre-commit-config.yaml")
    assert {hook["id"] for repo in config["repos"] for hook in repo["hooks"]} >= {"ruff-check", "dspyc-check"}


def test_the_container_for_development_installs_what_exists() -> None:
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_bytes())
    assert re.findall(r"\.\[([\w,]+)\]", settings["postCreateCommand"]) == ["embedded,dev"]


def test_every_file_for_github_has_a_schema() -> None:
    files = {each.relative_to(ROOT).as_posix() for each in (ROOT / ".github").rglob("*.yml")}
    assert files <= set(SCHEMAS)


@pytest.mark.parametrize("file", ["ci.yml", "release.yml"])
def test_workflows_run_what_exists_with_few_rights(file: str) -> None:
    text = (ROOT / ".github" / "workflows" / file).read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [each for each in re.findall(r"\bmake ([a-z-]+)", text) if each not in targets] == []
    assert re.search(r"^permissions:\n  contents: read\n", text, re.MULTILINE)
    # An expression in a script is a way for a branch's name to become a command.
    scripts = re.findall(r"^ +(?:- )?run: (.*)$", text, re.MULTILINE)
    assert scripts
    assert [each for each in scripts if "${{" in each] == []


def test_actions_of_others_are_pinned() -> None:
    """A tag can be moved to other code; the commit behind a hash cannot."""
    files = [*(ROOT / ".github" / "workflows").iterdir(), ROOT / "action.yml"]
    used = [each for file in files for each in re.findall(r"uses: (.*)", file.read_text(encoding="utf-8"))]
    assert len(used) > 10
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", each)] == []


def test_the_versions_of_python_are_those_of_the_metadata() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = re.search(r'python: \[((?:"[\d.]+"(?:, )?)+)\]', text)
    assert matrix is not None
    stated = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each]
    assert re.findall(r'"([\d.]+)"', matrix[1]) == stated


def names(*extras: str) -> set[str]:
    """The packages that the project asks for itself, under these extras."""
    requirements = [*PROJECT["dependencies"]]
    for extra in extras:
        requirements += PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(each).name) for each in requirements} - {"dspyc"}


def test_the_lock_holds_what_is_asked_for_and_names_no_server() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    locked = {canonicalize_name(line.partition("==")[0]) for line in text.splitlines() if "==" in line}
    assert names("embedded", "dev", "test", "docs", "release") - locked == set()
    assert not re.search(r"://|--|@", re.sub(r"^#.*$", "", text, flags=re.MULTILINE))
    asked = [Requirement(each) for extra in PROJECT["optional-dependencies"].values() for each in extra]
    asked += [Requirement(each) for each in PROJECT["dependencies"]]
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    versions = {canonicalize_name(name): version for name, version in pinned}
    assert [
        str(each)
        for each in asked
        if (version := versions.get(canonicalize_name(each.name))) and not each.specifier.contains(version)
    ] == []


def test_the_licences_of_all_that_ships_are_listed() -> None:
    text = (ROOT / "DEPENDENCIES.md").read_text(encoding="utf-8")
    shipped = names(*(each for each in PROJECT["optional-dependencies"] if each not in NOT_SHIPPED))
    assert [each for each in sorted(shipped) if f"| {each} |" not in text] == []
    for model in (ROOT / "runtime" / "lm" / "models").glob("*.gguf"):
        assert f"`embedded/{model.stem}`" in text


def test_licences_are_read_with_what_is_needed_in_turn() -> None:
    found = needed(["pydantic>=2"])
    assert found["pydantic"] == "MIT"
    assert "pydantic-core" in found
    assert needed(["pydantic>=2; python_version < '3'"]) == {}
    assert needed(["nothing-of-this-name"]) == {}


def test_the_readme_has_whole_addresses_on_an_index() -> None:
    text = "![a](docs/a.png) [b](docs/b.md#c) [d](https://e.org) [f](#g)\n\n```md\n[b](docs/b.md)\n```\n"
    assert with_addresses(text, "https://github.com/o/r", "v1") == (
        "![a](https://github.com/o/r/raw/v1/docs/a.png) [b](https://github.com/o/r/blob/v1/docs/b.md#c) "
        "[d](https://e.org) [f](#g)\n\n```md\n[b](docs/b.md)\n```\n"
    )
    readme = with_addresses((ROOT / "README.md").read_text(encoding="utf-8"), "https://github.com/o/r", "v1")
    assert re.findall(r"\]\((?![a-z]+:|#)[^)]*\)", readme) == []
