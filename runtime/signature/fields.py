"""Fields of signatures: `InputField(...)`, `OutputField(...)` and the record that both make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, TypeAlias

from ...base.expressions import pattern
from ...base.frozen import frozen_record, replaced
from ..errors import SignatureError

Kind: TypeAlias = Literal["input", "output"]
Condition: TypeAlias = "tuple[str, Callable[[dict[str, Any]], bool]]"
"""The text of a `where` condition, and the function of all values so far that decides it."""

RESERVED = {"completed": "marks the end of an answer"}
"""Names that the prompt's own format uses, and what for."""

CONSTRAINT_WORDS = {
    "gt": "greater than: ",
    "ge": "greater than or equal to: ",
    "lt": "less than: ",
    "le": "less than or equal to: ",
    "min_length": "minimum length: ",
    "max_length": "maximum length: ",
    "multiple_of": "a multiple of the given number: ",
    "pattern": "matching the regular expression: ",
    "allow_inf_nan": "allow 'inf', '-inf', 'nan' values: ",
}


class _Undefined:
    """The default of a field that has none; falsy, and prints as what it is."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __deepcopy__(self, memo: dict[int, Any]) -> _Undefined:
        return self

    def __reduce__(self) -> str:
        # In another process it is that process's own.
        return "UNDEFINED"


UNDEFINED: Any = _Undefined()


@frozen_record
class Field:
    """One field of a signature; immutable, so signatures share them.

    `annotation` is None until a class or `Signature.insert` says the type. `untyped` means that no type was
    written.
    """

    kind: Kind
    name: str = ""
    annotation: Any = None
    desc: str | None = None
    default: Any = UNDEFINED
    default_factory: Callable[[], Any] | None = None
    constraints: tuple[tuple[str, Any], ...] = ()
    where: tuple[Condition, ...] = ()
    message: str | None = None
    """What is said instead of the constraints and conditions where one does not hold."""
    prefix: str | None = None
    untyped: bool = False
    extra: tuple[tuple[str, Any], ...] = ()

    def _replace(self, **changes: Any) -> Self:
        return replaced(self, **changes)

    def __hash__(self) -> int:
        # Defaults may be lists; equal fields have equal names.
        return hash((self.kind, self.name))

    @property
    def description(self) -> str:
        """The description as DSPy keeps it: `${name}` when none was given."""
        return f"${{{self.name}}}" if self.desc is None else self.desc

    @property
    def constraint_text(self) -> str:
        """The constraints and conditions in words, as the prompt shows them; empty when there are none."""
        parts = [f"{CONSTRAINT_WORDS[name]}{value}" for name, value in self.constraints]
        parts += [text for text, _ in self.where] if self.message is None else [self.message]
        return ", ".join(parts)

    @property
    def json_schema_extra(self) -> dict[str, Any]:
        """What DSPy's code reads off a pydantic field: `desc`, `prefix`, the kind and the constraints."""
        extra: dict[str, Any] = {
            "desc": self.description,
            "__dspy_field_type": self.kind,
            "prefix": self.prefix if self.prefix is not None else f"{infer_prefix(self.name)}:",
        }
        if text := self.constraint_text:
            extra["constraints"] = text
        return {**extra, **dict(self.extra)}

    def is_required(self) -> bool:
        """Whether the field has no default."""
        return self.default is UNDEFINED and self.default_factory is None

    def get_default(self) -> Any:
        """The default, of the field's type where it can be; a list, dict or set is fresh for each use."""
        if self.default_factory is not None:
            value = self.default_factory()
        else:
            value = self.default.copy() if isinstance(self.default, (list, dict, set)) else self.default
        if value is None:
            return None
        from ..values.inputs import Misfit, door  # what only calls need

        try:
            return door(self.annotation)(value)
        except Misfit:
            return value  # what takes the value says what is wrong with it

    def updated(self, **changes: Any) -> Field:
        """The field with some of its properties changed; unknown ones become `extra`.

        Raises:
            SignatureError: a change that no field can take, such as its kind.
        """
        known, extra, constraints = {}, dict(self.extra), dict(self.constraints)
        for name, value in changes.items():
            if name in ("desc", "description"):
                known["desc"] = value
            elif name in _PROPERTIES:
                known[name] = value
            elif name in CONSTRAINT_WORDS:
                constraints[name] = value
            elif name == "kind":
                raise SignatureError(f"`{self.name}` cannot change from one kind of field to the other")
            else:
                extra[name] = value
        return self._replace(**known, constraints=tuple(constraints.items()), extra=tuple(extra.items()))


_PROPERTIES = frozenset(
    {"annotation", "default", "default_factory", "where", "message", "prefix", "name", "untyped"}
)


def InputField(**options: Any) -> Any:  # noqa: N802
    """A field that callers fill; see `OutputField` for the options."""
    return _field("input", options)


def OutputField(**options: Any) -> Any:  # noqa: N802
    """A field that the model fills.

    Args:
        options: `desc` (the description that the model sees), `default` or `default_factory`, the
            constraints `ge`, `gt`, `le`, `lt`, `min_length`, `max_length`, `multiple_of`, `pattern` and
            `allow_inf_nan`, and `where`, pairs of a condition's text and a function of the values that
            checks it. Constraints and conditions are shown to the model and enforced on its answer; with
            `message` the conditions are shown in these words, which are also what a broken one gives.

    Raises:
        SignatureError: both `default` and `default_factory`, or a `where` that is not a sequence of pairs.
    """
    return _field("output", options)


def _field(kind: Kind, options: Mapping[str, Any]) -> Field:
    given = dict(options)
    description = given.pop("description", None)
    desc = given.pop("desc", description)
    default = given.pop("default", UNDEFINED)
    factory = given.pop("default_factory", None)
    if default is not UNDEFINED and factory is not None:
        raise SignatureError("a field has either `default` or `default_factory`, not both")
    where = tuple(given.pop("where", ()) or ())
    if not all(isinstance(pair, tuple) and len(pair) == 2 and callable(pair[1]) for pair in where):
        raise SignatureError("`where` must be pairs of a condition's text and a function of the values")
    constraints = tuple((name, given.pop(name)) for name in list(given) if name in CONSTRAINT_WORDS)
    return Field(
        kind,
        annotation=given.pop("annotation", None),
        desc=desc,
        default=default,
        default_factory=factory,
        constraints=tuple(pair for pair in constraints if pair[1] is not None),
        where=where,
        message=given.pop("message", None),
        prefix=given.pop("prefix", None),
        extra=tuple(given.items()),
    )


def infer_prefix(name: str) -> str:
    """A field's name in words, as DSPy writes it: `camelCaseText` and `snake_case` to `Camel Case Text`,
    `Snake Case`.
    """
    words = _WORDS.findall(name)
    return " ".join(word if word.isupper() else word.capitalize() for word in words)


_WORDS = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
