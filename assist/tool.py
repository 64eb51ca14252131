"""A tool: what it is called, what it takes, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from ..base.secrets import mask
from ..base.text import list_names, near
from .folder import Folder, Refused

Kind: TypeAlias = Literal["string", "integer", "boolean", "object"]
_PYTHON: Mapping[Kind, type] = {"string": str, "integer": int, "boolean": bool, "object": dict}
_NAMED: Mapping[Kind, str] = {
    "string": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
}


class Parameter(Struct, frozen=True):
    """What a tool takes."""

    name: str
    kind: Kind
    description: str
    is_required: bool = False


class Tool(Struct, frozen=True):
    """A tool of the server."""

    name: str
    description: str
    """For the agent: what it does, and when to use it."""
    parameters: tuple[Parameter, ...]
    answer: Callable[..., str]
    """Takes the folder and the arguments by name; raises `Refused`."""
    changes_files: bool = False
    runs_programs: bool = False

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        return {
            "type": "object",
            "properties": {
                each.name: {"type": each.kind, "description": each.description} for each in self.parameters
            },
            "required": [each.name for each in self.parameters if each.is_required],
            "additionalProperties": False,
        }

    def call(self, folder: Folder, given: Mapping[str, Any]) -> str:
        """The answer to some arguments; no key stands in it, whatever the files have.

        Raises:
            Refused: they are not what the tool takes, or cannot be answered.
        """
        known = {each.name: each for each in self.parameters}
        for name, value in given.items():
            if name not in known:
                close = near(name, known)
                listed = f"it has {list_names(known)}" if known else "it has none"
                hint = f"did you mean `{close}`?" if close else listed
                raise Refused(f"`{self.name}` has no parameter `{name}`; {hint}")
            kind = known[name].kind
            if not isinstance(value, _PYTHON[kind]) or (kind == "integer" and isinstance(value, bool)):
                raise Refused(f"`{name}` must be {_NAMED[kind]}")
        missing = [each.name for each in self.parameters if each.is_required and each.name not in given]
        if missing:
            raise Refused(f"`{self.name}` also needs {list_names(missing)}")
        try:
            return mask(self.answer(folder, **given))
        except Refused as refused:
            raise Refused(mask(str(refused))) from None


PATH = Parameter("path", "string", "A .dspy file, from the server's folder.", is_required=True)
LINE = Parameter("line", "integer", "The line, counted from 1.", is_required=True)
NAME = Parameter("name", "string", "The name, as it stands on that line.", is_required=True)
COLUMN = Parameter("column", "integer", "The column from 1, where the name stands there more than once.")
WRITE = Parameter("write", "boolean", "Write the change; without it only the diff is shown.")
