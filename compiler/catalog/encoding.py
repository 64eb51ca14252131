"""Types to JSON: what `_catalog.json` holds. `decoding` reads it again."""

from __future__ import annotations

import os.path
from typing import Any

from .. import types
from ..pythonfiles.classes import Members
from ..types import Type
from .decoding import SINGLE

_WORDS = {type(kind): word for word, kind in SINGLE.items()}


class Encoder:
    """Writes types as JSON, and the classes and records that they name once each, by name."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.classes: dict[str, dict[str, Any]] = {}
        self.records: dict[str, dict[str, Any]] = {}

    def kind(self, kind: Type) -> Any:
        """A type."""
        word = _WORDS.get(type(kind))
        if word is not None:
            return word
        match kind:
            case types.Builtin(name=name):
                return name
            case types.List(item=item):
                return {"list": self.kind(item)}
            case types.Set(item=item):
                return {"set": self.kind(item)}
            case types.Iterable(item=item):
                return {"iterable": self.kind(item)}
            case types.Dict(key=key, value=value):
                return {"dict": [self.kind(key), self.kind(value)]}
            case types.Tuple(rest=None, items=items):
                return {"tuple": [self.kind(each) for each in items]}
            case types.Tuple(rest=rest):
                return {"tuple of": self.kind(rest or types.ANY)}
            case types.Literals(values=values):
                return {"literal": list(values)}
            case types.Union(options=options):
                return {"union": [self.kind(each) for each in options]}
            case types.Variable(name=name):
                return {"variable": name}
            case types.Callback(role=role, returns=returns, parameters=parameters):
                taken = [] if parameters is None else [[self.kind(each) for each in parameters]]
                return {"callback": [role, self.kind(returns), *taken]}
            case types.TypeForm(type=inside):
                return {"form": self.kind(inside)}
            case types.Record():
                return {"record": self._record(kind)}
            case types.Enum():
                return {
                    "enum": [
                        kind.name,
                        self._path(kind.path),
                        [list(each) for each in kind.members],
                        kind.doc,
                    ]
                }
            case types.Instance(definition=definition):
                return {"instance": self._class(definition)}
            case types.Class(definition=definition):
                return {"class": self._class(definition)}
            case types.Function():
                return {"function": self._function(kind)}
            case types.Overloaded(options=ways):
                return {"overloaded": [self._function(way) for way in ways]}
            case _:
                raise TypeError(f"the catalog cannot hold a {type(kind).__name__}")

    def parameters(self, parameters: tuple[types.Parameter, ...] | None) -> Any:
        """The parameters of a function or constructor."""
        return None if parameters is None else [self._parameter(each) for each in parameters]

    def _parameter(self, parameter: types.Parameter) -> dict[str, Any]:
        limits = {
            name: getattr(parameter.limits, name)
            for name in ("ge", "gt", "le", "lt", "min_length", "max_length")
            if getattr(parameter.limits, name) is not None
        }
        if parameter.name == "max_retries":
            limits = {"ge": 0}  # no class says so, for it is one setting that all of them take
        found = {
            "name": parameter.name,
            "type": self.kind(parameter.type),
            "optional": not parameter.required,
            "default": parameter.default,
            "kind": parameter.kind,
            "limits": limits,
        }
        return {key: value for key, value in found.items() if value or key == "name"}

    def _function(self, function: types.Function) -> dict[str, Any]:
        found = {
            "name": function.name,
            "parameters": self.parameters(function.parameters),
            "returns": self.kind(function.returns),
            "doc": function.doc,
            "path": self._path(function.place.path) if function.place is not None else "",
            "origin": function.origin,
            "async": function.is_async,
            "pure": function.pure,
            "untyped": function.untyped,
        }
        return {key: value for key, value in found.items() if value or key == "parameters"}

    def _class(self, definition: types.ClassDefinition) -> str:
        name = f"{self._path(definition.module)}:{definition.name}"
        if name not in self.classes:
            entry: dict[str, Any] = {}
            self.classes[name] = entry
            members = definition.members
            assert isinstance(members, Members)
            entry.update(
                bases=list(definition.bases),
                parents=[
                    self._class(each) for each in members.parents if isinstance(each, types.ClassDefinition)
                ],
                parameters=self.parameters(definition.parameters),
                members={each: self.kind(members[each]) for each in members.own if _is_offered(each)},
                doc=definition.doc,
                parameter_docs=dict(definition.parameter_docs),
                shape=self._shape(definition.shape),
                complete=definition.complete,
                by_fields=definition.by_fields,
            )
        return name

    def _shape(self, shape: types.InterfaceShape | None) -> Any:
        if shape is None:
            return None
        return {
            "of": shape.of,
            "inputs": [self._field(each) for each in shape.inputs],
            "outputs": [self._field(each) for each in shape.outputs],
            "reserved": shape.reserved,
            "added": shape.added,
            "calls": shape.calls,
        }

    def _record(self, record: types.Record) -> str:
        name = f"{self._path(record.path)}:{record.name}"
        if name not in self.records:
            entry: dict[str, Any] = {}
            self.records[name] = entry
            interface = record.interface
            entry.update(
                fields=[self._field(each) for each in interface.fields],
                open=interface.open and not self._is_closed(record),
                doc=record.doc,
                by_position=record.by_position,
                members={each: self.kind(kind) for each, kind in record.members.items() if _is_offered(each)},
                parameters=self.parameters(record.parameters),
            )
        return name

    def _is_closed(self, record: types.Record) -> bool:
        """Whether a record is a field type, all of whose attributes are known."""
        return self._path(record.path).startswith("types/") and record.members.get("__getattr__") is None

    def _field(self, field: types.Field) -> Any:
        return [field.name, self.kind(field.type), field.direction, field.required, field.description]

    def _path(self, path: str) -> str:
        return os.path.relpath(path, self.folder).replace(os.sep, "/")


def _is_offered(name: str) -> bool:
    """Whether somebody outside of the runtime may use a member: not `_x`, but `__call__` and the like."""
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))
