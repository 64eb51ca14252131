"""Types read from text: `list[str] | None` in a signature's string to the type.

Names come from a closed table, from `custom_types`, and from the names of the Python code that writes the
text: of its function and its module, nothing further. Nothing is imported or evaluated.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib import import_module
from types import FrameType
from typing import Any, Literal, get_origin

from ...base.expressions import pattern
from ..errors import SignatureError, did_you_mean
from ..types.annotations import is_text_type, union_of

_TOKEN = pattern(
    r"""\s*(?:(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
        |(?P<number>-?\d+(?:\.\d+)?)
        |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
        |(?P<mark>\.\.\.|->|[\[\],:|()]))""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_CONTAINERS = {"list": list, "dict": dict, "tuple": tuple, "set": set, "frozenset": frozenset, "type": type}
_ALIASES = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset"}


_NAMES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (str, int, float, bool, bytes, object)},
    "Any": Any,
    "None": type(None),
    **_CONTAINERS,
    **{alias: _CONTAINERS[name] for alias, name in _ALIASES.items()},
}
_LATER = {
    **dict.fromkeys(("date", "datetime", "time", "timedelta"), "datetime"),
    "Decimal": "decimal",
    "Audio": "..types.audio",
    "Citations": "..types.documents",
    "Code": "..types.code",
    "Document": "..types.documents",
    "File": "..types.file",
    "History": "..types.history",
    "Image": "..types.image",
    "Reasoning": "..types.reasoning",
    "Tool": "..tools.tool",
    "ToolCallResults": "..types.toolcalls",
    "ToolCalls": "..types.toolcalls",
}
"""Where the types are that few signatures name; what they bring is imported when one does."""


def _named(name: str) -> Any:
    """The type of a plain name, or None."""
    if name in _LATER and name not in _NAMES:
        _NAMES[name] = getattr(import_module(_LATER[name], __package__), name)
    return _NAMES.get(name)


MAX_DEPTH = 50
"""How deep types may be nested."""
MAX_DIGITS = 4_000
"""How long a number in `Literal` may be."""


class TypeReader:
    """Reads names and types off a text, from left to right; `offset` is where it stands."""

    def __init__(self, text: str, custom_types: Mapping[str, Any] | None = None) -> None:
        self.text = text
        self.offset = 0
        self._custom = custom_types or {}
        self._kind, self._token, self._start = "", "", 0
        self._depth = 0
        self.advance()

    def advance(self) -> str:
        """Move past the current token and return it."""
        token = self._token
        match = _TOKEN.match(self.text, self.offset)
        if match is not None:
            self._kind = kind = match.lastgroup or ""
            self._token, self._start = match[kind], match.start(kind)
            self.offset = match.end()
        else:
            rest = self.text[self.offset :].lstrip()
            if rest:
                raise self.error(f"{rest[0]!r} is unexpected here", len(self.text) - len(rest))
            self._kind, self._token, self._start = "end", "", len(self.text)
        return token

    def at(self, *marks: str) -> bool:
        """Whether one of these marks comes next."""
        return self._kind == "mark" and self._token in marks

    def ended(self) -> bool:
        """Whether all is read."""
        return self._kind == "end"

    def error(self, message: str, offset: int | None = None) -> SignatureError:
        """An error that shows where in the text it is."""
        column = self._start if offset is None else offset
        return SignatureError(f"{message}\n    {self.text}\n    {' ' * column}^")

    def expect(self, mark: str) -> None:
        """Move past this mark.

        Raises:
            SignatureError: something else comes next.
        """
        if not self.at(mark):
            raise self.error(
                f"`{mark}` is missing before {self._token!r}" if self._token else f"`{mark}` is missing"
            )
        self.advance()

    def name(self) -> str:
        """Read a field's name."""
        if self._kind != "name" or "." in self._token:
            raise self.error(
                f"a field's name is missing before {self._token!r}"
                if self._token
                else "a field's name is missing"
            )
        return self.advance()

    def type(self) -> Any:
        """Read a type, with its `|`.

        Raises:
            SignatureError: there is none, one of an unknown name, or one that is nested too deeply.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.error(f"types are nested more than {MAX_DEPTH} deep")
        arms = [self._one_type()]
        while self.at("|"):
            self.advance()
            arms.append(self._one_type())
        self._depth -= 1
        return arms[0] if len(arms) == 1 else union_of(arms)

    def _one_type(self) -> Any:
        if self.at("("):
            self.advance()
            inner = self.type()
            self.expect(")")
            return inner
        if self._kind != "name":
            raise self.error(
                f"a type is missing before {self._token!r}" if self._token else "a type is missing"
            )
        start, name = self._start, self.advance().removeprefix("typing.").removeprefix("dspy.")
        if name == "Literal":
            return Literal[tuple(self._literals())]
        if name in ("Optional", "Union"):
            self._open(name)
            arms = self._arguments()
            return union_of([arms[0], None] if name == "Optional" else arms)
        found = self._look_up(name, start)
        if not self.at("["):
            return found
        if (
            get_origin(found) is None
            and found not in _CONTAINERS.values()
            and not hasattr(found, "__class_getitem__")
        ):
            raise self.error(f"`{name}` takes no types in brackets")
        self.advance()
        if self._kind == "string" and is_text_type(found):
            language = self._literal()
            self.expect("]")
            return found[language]
        arguments = self._arguments()
        try:
            return found[tuple(arguments)] if len(arguments) > 1 else found[arguments[0]]
        except TypeError as error:
            raise self.error(f"`{name}` does not take these types: {error}", start) from None

    def _look_up(self, name: str, start: int) -> Any:
        if name in self._custom:
            return self._custom[name]
        head, _, rest = name.partition(".")
        if rest and head in self._custom:
            found = self._custom[head]
            for part in rest.split("."):
                found = getattr(found, part, None)
            if isinstance(found, type):
                return found
        if head == "datetime" and rest in ("date", "datetime", "time", "timedelta"):
            return _named(rest)
        if (named := _named(name.removeprefix("dspy.").removeprefix("dspyc."))) is not None:
            return named
        if (written := _of_caller(head, rest)) is not None:
            return written
        known = [*_NAMES, *_LATER, "Literal", "Optional", "Union", *self._custom]
        raise self.error(
            f"unknown type `{name}`{did_you_mean(name, known)}; a type of your own goes into `custom_types`",
            start,
        )

    def _open(self, name: str) -> None:
        if not self.at("["):
            raise self.error(f"`{name}` needs its types in brackets: `{name}[…]`")
        self.advance()

    def _arguments(self) -> list[Any]:
        arguments: list[Any] = []
        while not self.at("]"):
            if self.at("..."):
                self.advance()
                arguments.append(...)
            elif self.at("["):
                raise self.error("a list of types is not a type")
            else:
                arguments.append(self.type())
            if not self.at("]"):
                self.expect(",")
        self.advance()
        if not arguments:
            raise self.error("a type is missing in the brackets")
        return arguments

    def _literals(self) -> list[Any]:
        self._open("Literal")
        values: list[Any] = []
        while not self.at("]"):
            values.append(self._literal())
            if not self.at("]"):
                self.expect(",")
        self.advance()
        if not values:
            raise self.error("`Literal` needs at least one value")
        return values

    def _literal(self) -> Any:
        kind, token = self._kind, self._token
        if kind == "string":
            self.advance()
            return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), token[1:-1])
        if kind == "number" and "." not in token:
            if len(token) > MAX_DIGITS:
                raise self.error(f"a number cannot be longer than {MAX_DIGITS:,} digits")
            self.advance()
            return int(token)
        if token in ("True", "False", "None"):
            self.advance()
            return {"True": True, "False": False, "None": None}[token]
        raise self.error(f"`Literal` takes strings, whole numbers, True, False and None, not {token!r}")


def _of_caller(head: str, rest: str) -> Any:
    """The type that a name stands for in the code from which the runtime is called, or None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_PACKAGE):
        frame = frame.f_back
    if frame is None:
        return None
    names = (frame.f_locals, frame.f_globals)
    found: Any = next((scope[head] for scope in names if head in scope), None)
    for part in rest.split(".") if rest else ():
        found = getattr(found, part, None)
    return found if isinstance(found, type) or get_origin(found) is not None else None


_PACKAGE = f"{__name__.partition('.')[0]}."


def read_type(text: str, custom_types: Mapping[str, Any] | None = None) -> Any:
    """The type that a text names.

    Raises:
        SignatureError: the text is no type, or names one that is not known.
    """
    reader = TypeReader(text, custom_types)
    found = reader.type()
    if not reader.ended():
        raise reader.error("unexpected text after the type")
    return found
