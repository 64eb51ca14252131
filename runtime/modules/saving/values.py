"""The attributes of modules as JSON, and back.

What JSON has is written as it is; everything else is an object with the key `$`, which says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args
from weakref import WeakValueDictionary

from ...errors import SignatureError, StateError
from ...example import Example
from ...lm.base import BaseLM
from ...prediction import Prediction
from ...signature.fields import UNDEFINED, Field
from ...signature.signature import Signature, SignatureMeta, make
from ...signature.typenames import read_type
from ...state.models import restored_lm, saved_lm
from ...tools.tool import Tool
from ...types.annotations import type_name
from ...values.exact import Unstorable, as_json
from ..tree import PartTree
from .names import OURS, Finder, Named

_TAG = "$"

_signatures: WeakValueDictionary[str, type[Signature]] = WeakValueDictionary()
"""Signatures that this process has saved, by what was written of them."""
_NOT_SAVED = frozenset({"_history", "_defaults", "callbacks", "__signature__"})


class Writer:
    """Writes the modules of a program; one that is in several places is written once."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._numbers: dict[int, int] = {}

    def write(self, value: Any, where: str) -> Any:
        """A value as JSON.

        Args:
            value: the value.
            where: the path to it, for messages.

        Raises:
            StateError: it cannot be saved.
        """
        match value:
            case None | bool() | int() | float() | str():
                return value
            case PartTree() | Tool():
                return self._object(value, where)
            case BaseLM():
                return {_TAG: "lm", **saved_lm(value)}
            case Example():
                return self._example(value, where)
            case list():
                return [self.write(item, f"{where}[{index}]") for index, item in enumerate(value)]
            case tuple() | set() | frozenset():
                items = [self.write(item, f"{where}[{index}]") for index, item in enumerate(value)]
                return {_TAG: type(value).__name__, "items": items}
            case Mapping():
                pairs = [
                    [self.write(key, where), self.write(item, f"{where}[{key!r}]")]
                    for key, item in value.items()
                ]
                return {_TAG: "dict", "items": pairs}
            case SignatureMeta():
                return self._signature(value, where)
            case Field():
                return {_TAG: "field", **self._field(value, where)}
        if isinstance(value, type) or get_args(value):
            return {_TAG: "type", **self._type(value)}
        if callable(value) and hasattr(value, "__qualname__"):
            return {_TAG: "named", "name": self._named.name_of(value)}
        if _is_ours(type(value)):
            return self._object(value, where)
        return self._model(value, where)

    def _object(self, value: Any, where: str) -> Any:
        if id(value) in self._numbers:
            return {_TAG: "same", "number": self._numbers[id(value)]}
        number = self._numbers[id(value)] = len(self._numbers)
        left_out = _NOT_SAVED | set(getattr(type(value), "_unsaved", ()))
        state = {
            name: self.write(item, f"{where}.{name}")
            for name, item in value.__dict__.items()
            if name not in left_out
        }
        return {_TAG: "object", "class": self._named.name_of(type(value)), "number": number, "state": state}

    def _example(self, value: Example, where: str) -> Any:
        fields = {name: self.write(item, f"{where}.{name}") for name, item in value._store.items()}
        inputs = None if value._input_keys is None else sorted(value._input_keys)
        kind = "prediction" if isinstance(value, Prediction) else "example"
        return {_TAG: kind, "fields": fields, "inputs": inputs}

    def _signature(self, value: Any, where: str) -> Any:
        if all(not field.where and field.default_factory is None for field in value.fields.values()):
            written = {
                _TAG: "signature",
                "name": value.__name__,
                "instructions": value.__instructions__,
                "fields": [self._field(field, where) for field in value.fields.values()],
                "demos": [self.write(Example(demo), where) for demo in value.demos],
            }
            _signatures[_text(written)] = value
            return written
        # Conditions are functions, which only the class itself has.
        return {_TAG: "named", "name": self._named.name_of(value)}

    def _field(self, field: Field, where: str) -> dict[str, Any]:
        written: dict[str, Any] = {
            "kind": field.kind,
            "name": field.name,
            "type": self._type(field.annotation),
        }
        if field.desc is not None:
            written["desc"] = field.desc
        if field.default is not UNDEFINED:
            written["default"] = self.write(field.default, f"{where}.{field.name}")
        for name in ("message", "prefix", "untyped"):
            if given := getattr(field, name):
                written[name] = given
        for name in ("constraints", "extra"):
            if pairs := getattr(field, name):
                written[name] = [[key, self.write(item, f"{where}.{field.name}")] for key, item in pairs]
        return written

    def _type(self, annotation: Any) -> dict[str, Any]:
        """A type as its text, and the classes that the text names."""
        classes: dict[str, str] = {}

        def visit(part: Any) -> None:
            for inner in get_args(part):
                visit(inner)
            is_class = isinstance(part, type) and not get_args(part)
            if is_class and part.__module__ not in ("builtins", "typing", "datetime", "decimal"):
                classes[type_name(part)] = self._named.name_of(part)

        visit(annotation)
        return {"text": type_name(annotation), **({"classes": classes} if classes else {})}

    def _model(self, value: Any, where: str) -> Any:
        """A record: a pydantic model, a dataclass or an enum member, by its class and its values."""
        try:
            if isinstance(value, Iterator):
                # To write what is read only once, such as an open file, would leave nothing of it.
                raise Unstorable(
                    f"`{where}` is of type `{type(value).__name__}`, which can be read only once"
                )
            plain = as_json(value, f"`{where}`")
        except Unstorable as error:
            raise StateError(
                f"the program cannot be saved: {error}; save its state alone, save('FILE.json')"
            ) from None
        return {_TAG: "record", "class": self._named.name_of(type(value)), "value": plain}


class Reader:
    """Reads what a `Writer` has written."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._objects: dict[int, Any] = {}

    def read(self, written: Any) -> Any:
        """The value of what was written.

        Raises:
            StateError: it was not written by a `Writer`, or names what is not there.
        """
        if isinstance(written, list):
            return [self.read(item) for item in written]
        if not isinstance(written, dict):
            return written
        read = self._readers().get(written.get(_TAG, ""))
        if read is None:
            raise StateError(f"the saved program contains {str(written)[:80]!r}, which cannot be part of one")
        return read(written)

    def _readers(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        return {
            "object": self._object,
            "same": lambda one: self._objects[one["number"]],
            "lm": lambda one: restored_lm({name: one[name] for name in one if name != _TAG}, None),
            "example": lambda one: self._example(one, Example),
            "prediction": lambda one: self._example(one, Prediction),
            "tuple": lambda one: tuple(self.read(one["items"])),
            "set": lambda one: set(self.read(one["items"])),
            "frozenset": lambda one: frozenset(self.read(one["items"])),
            "dict": lambda one: {self.read(key): self.read(item) for key, item in one["items"]},
            "signature": self._signature,
            "field": self._field,
            "type": self._type,
            "named": lambda one: self._finder.find(one["name"]),
            "record": self._record,
        }

    def _object(self, written: dict[str, Any]) -> Any:
        kind = self._finder.find(written["class"])
        if not (issubclass(kind, (PartTree, Tool)) or _is_ours(kind)):
            raise StateError(f"`{written['class']}` is not a part of a program")
        made = kind.__new__(kind)
        self._objects[written["number"]] = made
        for name, item in written["state"].items():
            made.__dict__[name] = self.read(item)
        if issubclass(kind, Tool):
            self._finder.verify_tool(made.__dict__.get("func"))
        if getattr(kind, "_unsaved", ()):
            made.__post_init__()
        return made

    def _example(self, written: dict[str, Any], kind: type[Example]) -> Example:
        made = kind({name: self.read(item) for name, item in written["fields"].items()})
        inputs = written["inputs"]
        return made if inputs is None else made.with_inputs(*inputs)

    def _signature(self, written: dict[str, Any]) -> type[Signature]:
        fields = [self._field(field) for field in written["fields"]]
        demos = [dict(self.read(demo)) for demo in written["demos"]]
        made = make(fields, written["instructions"] or None, name=written["name"], demos=demos)
        kept = _signatures.get(_text(written))
        # The same class as in the program that was saved, where that is of this process.
        return kept if kept is not None and dict(kept.fields) == dict(made.fields) else made

    def _field(self, written: dict[str, Any]) -> Field:
        given = {name: item for name, item in written.items() if name not in (_TAG, "type")}
        given["annotation"] = self._type(written["type"])
        if "default" in given:
            given["default"] = self.read(given["default"])
        for name in ("constraints", "extra"):
            given[name] = tuple((key, self.read(item)) for key, item in given.get(name, ()))
        return Field(**given)

    def _type(self, written: dict[str, Any]) -> Any:
        classes = {text: self._finder.find(name) for text, name in written.get("classes", {}).items()}
        if written["text"] in classes:
            return classes[written["text"]]
        try:
            return read_type(written["text"], {**_TYPES, **classes})
        except SignatureError as error:
            raise StateError(f"the saved program has a type that cannot be read: {error}") from error

    def _record(self, written: dict[str, Any]) -> Any:
        from ...values.inputs import Misfit, door

        kind = self._finder.find(written["class"])
        try:
            return door(kind)(written["value"])
        except Misfit as misfit:
            raise StateError(misfit.describe(f"a `{written['class']}` of the saved program")) from None


def _is_ours(kind: Any) -> bool:
    """Whether a class of the runtime is made of its attributes: its parameters, or the tools of an agent."""
    is_made = hasattr(kind, "__parameters__") or getattr(kind, "_is_saved", False)
    return is_made and kind.__module__.startswith(f"{OURS}.")


def _text(written: Mapping[str, Any]) -> str:
    return json.dumps(written, sort_keys=True)


_TYPES = {"NoneType": type(None)}
