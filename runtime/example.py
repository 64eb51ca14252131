"""`Example`: one row of data, with named fields, some of them marked as inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self


class Example:
    """A record of named fields: `example.question` and `example["question"]` are the same.

        example = Example(question="What is 2+2?", answer="4").with_inputs("question")
        example.inputs()   # what a module is called with
        example.labels()   # what its prediction is compared with

    A field with the name of a method (`items`, `copy`, …) is read by `example["items"]`.
    """

    __slots__ = ("__dict__", "_input_keys", "_origin", "_store")

    _store: dict[str, Any]
    _input_keys: frozenset[str] | None

    def __init__(self, base: Mapping[str, Any] | Example | None = None, /, **fields: Any) -> None:
        if base is None and "base" in fields and isinstance(fields["base"], (Mapping, Example)):
            base = fields.pop("base")
        store: dict[str, Any] = {}
        keys = None
        if isinstance(base, Example):
            store.update(base._store)
            keys = base._input_keys
        elif base is not None:
            store.update(base)
        store.update(fields)
        set_slot = object.__setattr__
        set_slot(self, "_store", store)
        set_slot(self, "_input_keys", keys)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return object.__getattribute__(self, "_store")[name]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__} has no field `{name}`; it has {', '.join(self._store) or 'none'}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self._store[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._store[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._store[name] = value

    def __delitem__(self, name: str) -> None:
        del self._store[name]

    def __contains__(self, name: object) -> bool:
        return name in self._store

    def __len__(self) -> int:
        return sum(not name.startswith("dspy_") for name in self._store)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._store))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, dict):
            # A dict of the same fields, as DSPy's states and programs write demos.
            return self._store == other or self.toDict() == other
        return isinstance(other, Example) and self._store == other._store

    def __hash__(self) -> int:
        return hash(tuple((name, _hashable(value)) for name, value in sorted(self._store.items())))

    def __repr__(self) -> str:
        shown = {name: value for name, value in self._store.items() if not name.startswith("dspy_")}
        keys = None if self._input_keys is None else set(self._input_keys)
        return f"{type(self).__name__}({shown}) (input_keys={keys})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        import copy

        twin = copy.copy(self)
        object.__setattr__(twin, "_store", copy.deepcopy(self._store, memo))
        return twin

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        object.__setattr__(twin, "_input_keys", self._input_keys)
        twin.__dict__.update(self.__dict__)
        object.__setattr__(twin, "_store", dict(self._store))
        if (origin := getattr(self, "_origin", None)) is not None:
            object.__setattr__(twin, "_origin", origin)
        return twin

    def keys(self, include_dspy: bool = False) -> list[str]:
        """The fields' names; those that begin with `dspy_` only when asked for."""
        return list(self._shown(include_dspy))

    def values(self, include_dspy: bool = False) -> list[Any]:
        """The fields' values, in the order of `keys`."""
        return list(self._shown(include_dspy).values())

    def items(self, include_dspy: bool = False) -> list[tuple[str, Any]]:
        """The fields as pairs of name and value."""
        return list(self._shown(include_dspy).items())

    def get(self, key: str, default: Any = None) -> Any:
        """A field's value, or `default` when there is no such field."""
        return self._store.get(key, default)

    def with_inputs(self, *names: str) -> Self:
        """A copy in which these fields are the inputs; all others are labels."""
        twin = self.__copy__()
        object.__setattr__(twin, "_input_keys", frozenset(names))
        return twin

    def inputs(self) -> Self:
        """A copy with the input fields only.

        Raises:
            ValueError: the inputs are not marked.
        """
        names = self._names_of_inputs()
        twin = type(self)({name: value for name, value in self._store.items() if name in names})
        object.__setattr__(twin, "_input_keys", names)
        return twin

    @property
    def origin(self) -> str | None:
        """Where the example stands in its dataset: "`train.csv`, line 7", or "row 7" of rows that are in no
        file; None for one made by hand.
        """
        found: tuple[str, int] | None = getattr(self, "_origin", None)
        if found is None:
            return None
        return f"`{found[0]}`, line {found[1]}" if found[0] else f"row {found[1]}"

    def call_inputs(self) -> dict[str, Any]:
        """The input fields as the keyword arguments of a call.

        Raises:
            ValueError: the inputs are not marked.
        """
        names = self._names_of_inputs()
        return {name: value for name, value in self._store.items() if name in names}

    def labels(self) -> Self:
        """A copy with the fields that are not inputs.

        Raises:
            ValueError: the inputs are not marked.
        """
        names = self._names_of_inputs()
        return type(self)({name: value for name, value in self._store.items() if name not in names})

    def copy(self, **changes: Any) -> Self:
        """A copy, with some fields changed or added."""
        twin = self.__copy__()
        twin._store.update(changes)
        return twin

    def without(self, *names: str) -> Self:
        """A copy without these fields.

        Raises:
            KeyError: one of them does not exist.
        """
        twin = self.__copy__()
        for name in names:
            del twin._store[name]
        return twin

    def toDict(self) -> dict[str, Any]:  # noqa: N802
        """The fields as a dict, with records, models and examples inside turned into dicts too."""
        return {name: _plain(value) for name, value in self._store.items()}

    def _shown(self, include_dspy: bool) -> dict[str, Any]:
        return {
            name: value for name, value in self._store.items() if include_dspy or not name.startswith("dspy_")
        }

    def _names_of_inputs(self) -> frozenset[str]:
        if self._input_keys is None:
            raise ValueError(
                "this example does not say which of its fields are inputs; use example.with_inputs('name', …)"
            )
        return self._input_keys


def listed_examples(name: str, examples: Any, error: type[Exception]) -> list[Example]:
    """The examples that a parameter is given, as a list.

    Args:
        name: the parameter's name, for the message.
        examples: a dataset, a list of examples, or what gives them.
        error: what to raise for anything else, such as the path of a file.
    """
    if isinstance(examples, str):
        raise error(f"`{name}` is a text; to read a file, use Dataset({examples[:80]!r}, inputs=[…])")
    try:
        each = iter(examples)
    except TypeError:
        kind = type(examples).__name__
        raise error(f"`{name}` must be a list of examples or a dataset, not {kind}") from None
    rows = list(each)
    for index, row in enumerate(rows):
        if not isinstance(row, Example):
            kind = type(row).__name__
            raise error(f"`{name}` must contain examples, but item {index} is {kind}: use Example(…)")
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, Example):
        return value.toDict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if (dump := getattr(value, "model_dump", None)) is not None and not isinstance(value, type):
        return dump()
    return value


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, _hashable(item)) for key, item in sorted(value.items(), key=repr))
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(item) for item in value)
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
