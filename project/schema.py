"""The settings of a project as a JSON schema: what editors complete, and what `settings` reads.

`python -m dspyc.project.schema` writes `dspyc.schema.json`, and a test compares the two. `dspyc settings
--schema` prints it with the rules that can be named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("dspyc.schema.json")

DEFAULT_EXCLUDE = ("node_modules", "__pycache__", "venv", "site-packages")
FUNCTION = r"[^\W\d]\w*(?:\.[^\W\d]\w*)+"

_STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_SELECTORS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/selector"}}
_SEVERITY: dict[str, Any] = {"enum": ["error", "warning", "info"]}

PROPERTIES: Mapping[str, dict[str, Any]] = {
    "src": {
        **_STRINGS,
        "description": "The folders, relative to this file, in which to look for imports.",
        "default": ["."],
    },
    "pure": {
        "type": "array",
        "items": {"type": "string", "pattern": f"^{FUNCTION}$"},
        "description": "Python functions without effects, as `module.name`; they may be called while a file "
        "is loaded.",
        "default": [],
    },
    "exclude": {
        **_STRINGS,
        "description": "Patterns of files and folders to skip when a folder is checked. Hidden "
        "folders and virtual environments always are.",
        "default": list(DEFAULT_EXCLUDE),
    },
    "extend-exclude": {
        **_STRINGS,
        "description": "Patterns of files and folders to skip in addition to those of `exclude`.",
        "default": [],
    },
    "respect-gitignore": {
        "type": "boolean",
        "description": "Whether to skip files that git ignores when a folder is checked.",
        "default": True,
    },
    "baseline": {
        "type": "string",
        "description": "A file of known findings, which `dspyc check` does not report; relative "
        "to this file.",
    },
    "rules": {
        "type": "object",
        "description": "Which rules are checked, and how severe their findings are.",
        "additionalProperties": False,
        "properties": {
            "select": {
                **_SELECTORS,
                "description": "The rules to check.",
                "default": ["ALL"],
            },
            "extend-select": {
                **_SELECTORS,
                "description": "Rules to check in addition to those of `select`.",
                "default": [],
            },
            "ignore": {
                **_SELECTORS,
                "description": "The rules to skip.",
                "default": [],
            },
            "severity": {
                "type": "object",
                "description": "How severe findings are.",
                "propertyNames": {"$ref": "#/$defs/selector"},
                "additionalProperties": _SEVERITY,
            },
            "per-file-ignores": {
                "type": "object",
                "description": "Patterns of files, and the rules to skip in them.",
                "additionalProperties": _SELECTORS,
            },
        },
    },
}
"""The settings, by name."""


def schema(selectors: Iterable[str] = ()) -> dict[str, Any]:
    """The schema of the table `tool.dspyc` of a `pyproject.toml`, and of a `dspyc.toml`.

    `selectors` are all that may select rules: codes, their beginnings, names, categories, `ALL`.
    """
    names = sorted(selectors)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "dspyc.schema.json",
        "title": "Settings of dspyc",
        "description": "The table `tool.dspyc` of a pyproject.toml, or a dspyc.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(PROPERTIES),
        "$defs": {
            "selector": {
                "type": "string",
                "description": "A code (E201), a prefix of codes (E2), a rule's name, a category, or ALL.",
                **({"enum": names} if names else {"minLength": 1}),
            }
        },
    }


def render_schema(selectors: Iterable[str] = ()) -> str:
    """The schema as text."""
    import json

    return json.dumps(schema(selectors), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(render_schema(), encoding="utf-8")
