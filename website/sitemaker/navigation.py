"""The order of the pages in the site's navigation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from .names import SHELVES
from .page import Page

Entry: TypeAlias = "str | dict[str, str | list[Entry]]"

OTHERS = "Tools"
"""The part of pages that none names."""

GUIDE: Mapping[str, Sequence[str]] = {
    "Tutorial": ["tutorial/"],
    "How-to": [
        *("howto/", "serving.md", "streaming.md", "observing.md", "clusters.md"),
        *("dspy.md", "importing.md", "baml.md"),
    ],
    "The language": [
        *("language.md", "expressions.md", "types.md", "models.md", "adapters.md", "agents.md"),
        *("retrieval.md", "environment.md", "caching.md"),
    ],
    "Improving programs": ["optimizing.md", "evaluating.md", "optimizers.md", "instructions.md"],
    "Examples": ["examples/"],
    OTHERS: [
        *("commands.md", "checking.md", "formatting.md", "editors.md", "ui.md", "playground.md"),
        "graph.md",
    ],
}
"""The written pages by their part; a folder stands for its pages, by their names."""

_PROJECT = ("security.md", "project/", "decisions/")


def navigation(pages: Sequence[Page]) -> list[Entry]:
    """The tree of the navigation.

    Raises:
        ValueError: a page in a folder that no part names.
    """
    by_path = {page.path: page for page in pages}
    tree: list[Entry] = [{"Home": "index.md"}]
    tree += [{part: _entries(names, by_path)} for part, names in GUIDE.items()]
    tree[-1] = {OTHERS: [*_entries(GUIDE[OTHERS], by_path), *_entries(_others(by_path), by_path)]}
    tree.append({"Reference": _reference(by_path)})
    tree.append({"Project": _project(by_path)})
    lost = sorted(by_path.keys() - set(_paths(tree)))
    if lost:
        raise ValueError(f"pages without a place in the navigation: {', '.join(lost)}")
    return tree


def _others(by_path: Mapping[str, Page]) -> list[str]:
    """The written pages that no part names."""
    named = {name for names in GUIDE.values() for name in names} | {"index.md", "names.md", "security.md"}
    return sorted(path for path in by_path if "/" not in path and path not in named)


def _entries(names: Iterable[str], by_path: Mapping[str, Page]) -> list[Entry]:
    found: list[Entry] = []
    for name in names:
        paths = _inside(name, by_path) if name.endswith("/") else [name]
        found += [_entry(by_path[path]) for path in paths]
    return found


def _inside(folder: str, by_path: Mapping[str, Page]) -> list[str]:
    """The pages of a folder; its index comes first."""
    return sorted(
        (path for path in by_path if path.startswith(folder)),
        key=lambda path: (not path.endswith("/index.md"), path),
    )


def _entry(page: Page) -> Entry:
    return page.path if page.path.endswith("/index.md") else {page.title.replace("`", ""): page.path}


def _reference(by_path: Mapping[str, Page]) -> list[Entry]:
    parts: list[Entry] = ["reference/index.md", {"Names": "names.md"}]
    folders = {"language": "Constructs", **{key: title for key, (title, _) in SHELVES.items()}}
    folders |= {"commands": "Commands", "rules": "Findings"}
    parts += [{title: _entries([f"reference/{key}/"], by_path)} for key, title in folders.items()]
    return parts


def _project(by_path: Mapping[str, Page]) -> list[Entry]:
    security, project, decisions = _PROJECT
    return [
        *_entries([security, project], by_path),
        {"Decisions": _entries([decisions], by_path)},
    ]


def _paths(tree: Iterable[Entry]) -> Iterable[str]:
    for each in tree:
        if isinstance(each, str):
            yield each
            continue
        for value in each.values():
            yield from [value] if isinstance(value, str) else _paths(value)


def as_toml(tree: Sequence[Entry]) -> str:
    """The navigation as a value of TOML."""
    return f"[{', '.join(_toml(each) for each in tree)}]"


def _toml(entry: Entry) -> str:
    if isinstance(entry, str):
        return json.dumps(entry, ensure_ascii=False)
    return "".join(
        f"{{ {json.dumps(title, ensure_ascii=False)} = "
        f"{json.dumps(value) if isinstance(value, str) else as_toml(value)} }}"
        for title, value in entry.items()
    )
