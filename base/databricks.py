"""What may be set for a training at Databricks, and what is wrong with it; nothing is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .expressions import pattern

SETTINGS = (
    "job_id", "run_id", "train_data_path", "register_to", "skip_deploy", "deploy_timeout", "served_entity",
    "idempotency_token", "fresh", "poll_seconds", "databricks_host", "databricks_token",
)  # fmt: skip
"""The settings with a meaning of their own; all others are parameters of the job that trains."""
MARKS = frozenset(
    {"run_id", "train_data_path", "register_to", "skip_deploy", "deploy_timeout", "served_entity"}
)
"""Those that no other provider has, so that they tell where a model is trained."""
LONGEST_NAME = 63
"""Characters in the name of a serving endpoint."""
LONGEST_TOKEN = 64
"""Characters in an idempotency token."""
_VOLUME = pattern(r"/Volumes(/[^/]+){3,}/?")
_MODEL = pattern(r"[^./\s]+(\.[^./\s]+){2}")
_ENDPOINT = pattern(r"[A-Za-z0-9_-]+")


def endpoint_of(model: str) -> str:
    """The serving endpoint of a registered model, whose name cannot have dots."""
    return model.replace(".", "_")


def complaints(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the values of settings: the name of each, and the words for it."""
    for name, value in settings.items():
        words = _complaint(name, value)
        if words is not None:
            yield name, words


def _complaint(name: str, value: Any) -> str | None:
    match name:
        case "job_id" | "run_id":
            return None if _is_number(value) else f"`{name}` must be a number, not {value!r}"
        case "train_data_path":
            if isinstance(value, str) and _VOLUME.fullmatch(value):
                return None
            return f"`train_data_path` must be `/Volumes/CATALOG/SCHEMA/VOLUME/FOLDER`, not {value!r}"
        case "register_to":
            return _of_model(value)
        case "skip_deploy" | "fresh":
            return None if isinstance(value, bool) else f"`{name}` must be true or false, not {value!r}"
        case "deploy_timeout" | "poll_seconds":
            is_time = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
            return None if is_time else f"`{name}` must be above 0, not {value!r}"
        case "served_entity":
            return None if isinstance(value, Mapping) else f"`served_entity` must be a dict, not {value!r}"
        case "idempotency_token":
            if isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN:
                return None
            return f"`idempotency_token` must be a text of 1 to {LONGEST_TOKEN} characters"
    return None


def _of_model(value: Any) -> str | None:
    if not isinstance(value, str) or not _MODEL.fullmatch(value):
        return f"`register_to` must be `CATALOG.SCHEMA.MODEL`, not {value!r}"
    name = endpoint_of(value)
    if len(name) > LONGEST_NAME:
        return (
            f"`register_to` must have at most {LONGEST_NAME} characters, as the serving endpoint is named "
            "after it"
        )
    if not _ENDPOINT.fullmatch(name):
        return (
            f"`register_to` must consist of letters, digits, `_`, `-` and two dots, not {value!r}, as the "
            "serving endpoint is named after it"
        )
    return None


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal()
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
