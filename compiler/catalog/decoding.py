"""JSON to types: what `encoding` wrote. A class's parameters and members are made when they are asked for."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from msgspec import Struct

from .. import types
from ..types import Type

SINGLE: Mapping[str, Type] = {
    "Unknown": types.UNKNOWN,
    "Any": types.ANY,
    "None": types.NONE,
    "Never": types.NEVER,
    "SignatureLike": types.SignatureLike(),
    "AnyModule": types.AnyModule(),
    "Dataset": types.Dataset(types.OPEN),
}
"""Types that are written as one word; other words are Python's own classes."""


class Content(Struct, frozen=True):
    """What the catalog holds."""

    names: tuple[str, ...]
    public: Mapping[str, Type]
    settings: tuple[types.Parameter, ...]
    call_settings: tuple[types.Parameter, ...]
    configuration: tuple[types.Parameter, ...] | None
    plain_module: str
    reserved_fields: Mapping[str, str]
    functions: Mapping[str, Type]
    constructors: Mapping[str, Type]
    methods: Mapping[str, Mapping[str, Type]]


def decode(written: Mapping[str, Any], folder: str) -> Content:
    """The content of `_catalog.json`; `folder` is the runtime's."""
    read = _Decoder(written, folder)
    return Content(
        tuple(written["public"]),
        {name: read.kind(each) for name, each in written["public"].items()},
        read.parameters(written["settings"]) or (),
        read.parameters(written["call_settings"]) or (),
        read.parameters(written["configuration"]),
        written["plain_module"],
        written["reserved_fields"],
        {name: read.kind(each) for name, each in written["functions"].items()},
        {name: read.kind(each) for name, each in written["constructors"].items()},
        {owner: read.kinds(each) for owner, each in written["methods"].items()},
    )


class _Decoder:
    """Makes each class and record once, so that what is the same class is the same object."""

    def __init__(self, written: Mapping[str, Any], folder: str) -> None:
        self.folder = folder
        self.classes = {name: self._class(name, each) for name, each in written["classes"].items()}
        self.records = {name: self._record(name, each) for name, each in written["records"].items()}

    def kinds(self, written: Mapping[str, Any]) -> Mapping[str, Type]:
        """Types by name."""
        return {name: self.kind(each) for name, each in written.items()}

    def kind(self, written: Any, owner: str = "") -> Type:
        """A type; `owner` is the class in which a method stands."""
        if isinstance(written, str):
            return SINGLE.get(written) or types.Builtin(written)
        ((word, inside),) = written.items()
        match word:
            case "list":
                return types.List(self.kind(inside))
            case "set":
                return types.Set(self.kind(inside))
            case "iterable":
                return types.Iterable(self.kind(inside))
            case "dict":
                return types.Dict(self.kind(inside[0]), self.kind(inside[1]))
            case "tuple":
                return types.Tuple(tuple(map(self.kind, inside)))
            case "tuple of":
                return types.Tuple((), self.kind(inside))
            case "literal":
                return types.Literals(tuple(inside))
            case "union":
                return types.Union(tuple(map(self.kind, inside)))
            case "variable":
                return types.Variable(inside)
            case "callback":
                taken = tuple(map(self.kind, inside[2])) if len(inside) > 2 else None
                return types.Callback(inside[0], self.kind(inside[1]), taken)
            case "form":
                return types.TypeForm(self.kind(inside))
            case "record":
                return self.records[inside]
            case "enum":
                name, path, members, doc = inside
                place = types.Place(self._path(path), name=name)
                return types.Enum(name, self._path(path), tuple(map(tuple, members)), doc, place)
            case "instance":
                return types.Instance(self.classes[inside])
            case "class":
                return types.Class(self.classes[inside])
            case "overloaded":
                return types.Overloaded(tuple(self._function(way, owner) for way in inside))
            case _:
                return self._function(inside, owner)

    def parameters(self, written: Any) -> tuple[types.Parameter, ...] | None:
        """The parameters of a function or constructor."""
        return None if written is None else tuple(map(self._parameter, written))

    def _parameter(self, written: Mapping[str, Any]) -> types.Parameter:
        return types.Parameter(
            written["name"],
            self.kind(written.get("type", "Unknown")),
            not written.get("optional", False),
            written.get("default", ""),
            written.get("kind", ""),
            types.Limits(**written["limits"]) if "limits" in written else types.NO_LIMITS,
        )

    def _function(self, written: Mapping[str, Any], owner: str) -> types.Function:
        name, path = written.get("name", ""), written.get("path")
        place = types.Place(self._path(path), name=f"{owner}.{name}" if owner else name) if path else None
        return types.Function(
            name,
            self.parameters(written["parameters"]) or (),
            self.kind(written["returns"]),
            written.get("doc", ""),
            place,
            written["origin"],
            written.get("async", False),
            written.get("pure", False),
            written.get("untyped", False),
        )

    def _class(self, name: str, written: Mapping[str, Any]) -> types.ClassDefinition:
        path, _, own = name.partition(":")
        docs = written["parameter_docs"]
        return types.ClassDefinition(
            own,
            self._path(path),
            tuple(written["bases"]),
            partial(self.parameters, written["parameters"]),
            partial(_Members, self, own, written),
            partial(str, written["doc"]),
            partial(types.Place, self._path(path), name=own),
            lambda: docs,
            self._shape(written["shape"]),
            written["complete"],
            written["by_fields"],
        )

    def _shape(self, written: Any) -> types.InterfaceShape | None:
        if written is None:
            return None
        inputs, outputs = (tuple(map(self._field, written[key])) for key in ("inputs", "outputs"))
        added = tuple(written["added"])
        return types.InterfaceShape(
            written["of"], inputs, outputs, written["reserved"], added, written["calls"]
        )

    def _record(self, name: str, written: Mapping[str, Any]) -> types.Record:
        path, _, own = name.partition(":")
        place = types.Place(self._path(path), name=own)
        return types.Record(
            own,
            place.path,
            types.Lazily(
                lambda: types.Interface(own, tuple(map(self._field, written["fields"])), written["open"])
            ),
            written["doc"],
            place,
            written["by_position"],
            None,
            cache(lambda: {each: self.kind(kind, own) for each, kind in written["members"].items()}),
            partial(self.parameters, written["parameters"]),
        )

    def _field(self, written: Any) -> types.Field:
        name, kind, direction, required, description = written
        return types.Field(name, self.kind(kind), direction, required, description)

    def _path(self, path: str) -> str:
        return os.path.join(self.folder, *path.split("/"))


class _Members(Mapping[str, Type]):
    """The attributes and methods of a class and its bases, each made when it is first asked for."""

    def __init__(self, read: _Decoder, owner: str, written: Mapping[str, Any]) -> None:
        self._read = read
        self._owner = owner
        self._written: Mapping[str, Any] = written["members"]
        self._parents = [read.classes[each] for each in written["parents"]]
        self._found: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        found = self._found.get(name)
        if found is None:
            # Two threads may both make it; both hand out the one that was kept.
            found = self._found.setdefault(name, self._make(name))
        return found

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(
            [*self._written, *(name for parent in self._parents for name in parent.members)]
        )
        return (name for name in names if name[0] != "_" or name == "__call__")

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _make(self, name: str) -> Type:
        if name in self._written:
            return self._read.kind(self._written[name], self._owner)
        for parent in self._parents:
            if name in parent.members:
                return parent.members[name]
        raise KeyError(name)
