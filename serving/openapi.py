"""The OpenAPI 3.1 document of a service, made from its programs' fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .endpoints import Endpoint
from .settings import Settings

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong (RFC 9457).",
    "required": ["title", "status"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do instead."},
        "errors": {
            "type": "array",
            "description": "The inputs that are wrong.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_PROBLEMS = {
    "400": "The body is not JSON",
    "413": "The body is too large",
    "415": "The body is not sent as JSON",
    "422": "The inputs do not fit",
    "500": "The program failed",
    "502": "The model gave no answer that can be used",
    "503": "Too many requests are waiting, or the model has too much to do",
    "504": "The program took too long",
}


def document(endpoints: Sequence[Endpoint], settings: Settings, *, needs_key: bool) -> dict[str, Any]:
    """The document.

    Args:
        endpoints: the programs.
        settings: the limits of the service.
        needs_key: whether callers have to send a key.
    """
    from pydantic.json_schema import models_json_schema

    models: list[Any] = []
    for one in endpoints:
        models += [(one.takes, "validation"), (one.gives, "serialization")]
    names, definitions = models_json_schema(models, ref_template=_REF)
    schemas = {**definitions.get("$defs", {}), "Problem": _PROBLEM}
    paths: dict[str, Any] = {}
    for one in endpoints:
        takes, gives = names[one.takes, "validation"], names[one.gives, "serialization"]
        paths |= _paths(one, takes, gives, settings)
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "dspyc programs", "version": settings.version or "0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if needs_key:
        found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"key": []}]
        for each in paths.values():
            each["post"]["responses"]["401"] = _problem("A key is needed")
    return found


def _paths(endpoint: Endpoint, takes: Any, gives: Any, settings: Settings) -> dict[str, Any]:
    name = endpoint.name
    row = {
        "type": "object",
        "properties": {"outputs": gives, "error": {"$ref": _REF.format(model="Problem")}},
    }
    rows = {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "maxItems": settings.max_batch, "items": takes}},
    }
    results = {
        "type": "object",
        "required": ["results"],
        "properties": {"results": {"type": "array", "items": row}},
    }
    base = f"/programs/{name}"
    return {
        base: _operation(endpoint, name, f"Run {name}", takes, _content(gives)),
        f"{base}/stream": _operation(
            endpoint,
            f"{name}_stream",
            f"Run {name} and see it write",
            takes,
            {"text/event-stream": {"schema": {"type": "string"}}},
        ),
        f"{base}/batch": _operation(
            endpoint, f"{name}_batch", f"Run {name} on many rows", rows, _content(results)
        ),
    }


def _operation(endpoint: Endpoint, name: str, summary: str, body: Any, answer: Any) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "description": endpoint.description,
            "requestBody": {"required": True, "content": _content(body)},
            "responses": {
                "200": {"description": "The outputs", "content": answer},
                **{status: _problem(text) for status, text in _PROBLEMS.items()},
            },
        }
    }


def _content(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model="Problem")}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}
