"""The tools of an agent: those it was given, and those that servers have, asked for at the first call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

from ..execution import exits
from ..execution.settings import CALL_SETTINGS, begin_call
from ..tools.permission import CodeNotAllowedError
from ..tools.server import all_tools, collect
from ..tools.tool import Tool
from .base import Module
from .predict import Predict

Describe: TypeAlias = Callable[[Mapping[str, Tool]], str]


class Agent(Module):
    """A module that looks at the inputs of its calls itself, and shows them to code or in a first turn."""

    signature: Any

    def _take_settings(self, inputs: dict[str, Any]) -> Any:
        """Keep `lm`, `config` and `max_retries` of a call apart from its inputs."""
        named = self.signature.input_fields
        taken = {name: inputs.pop(name) for name in CALL_SETTINGS if name in inputs and name not in named}
        return begin_call(taken) if taken else None


class Toolbox:
    """An agent's tools by name, in `tools`, which is complete once the servers were asked.

    Args:
        given: functions, tools and servers.
        taken: names that the agent itself has, and why no tool can have each.
        own: tools that the agent adds at the end.

    Raises:
        ConfigurationError: two tools have the same name.
        ToolError: a tool's arguments cannot be described.
    """

    _is_saved: ClassVar[bool] = True
    """It goes with its agent when that is saved."""

    def __init__(self, given: Iterable[Any], taken: Mapping[str, str], own: Iterable[Tool] = ()) -> None:
        self._given, self.servers = collect(given, taken)
        self._taken = taken
        self._own = tuple(own)
        self.tools: dict[str, Tool] = {}
        self._fill(self._given)
        self._is_complete = not self.servers

    @property
    def needs_loop(self) -> bool:
        """Whether one of the tools is async, or may be."""
        return bool(self.servers) or any(tool.is_async for tool in self.tools.values())

    async def complete(self, predictor: Predict, describe: Describe) -> None:
        """Ask the servers for their tools, once, and tell a predictor of them in its instructions.

        Args:
            predictor: what chooses tools.
            describe: its instructions for given tools.
        """
        if self._is_complete:
            return
        before = describe(self.tools)
        self._fill(await all_tools(self._given, self.servers, self._taken))
        current = predictor.signature
        if current.instructions == before:
            predictor.signature = current.with_instructions(describe(self.tools))
        elif any(str(tool) not in current.instructions for tool in self.tools.values()):
            # They were rewritten by an optimizer, which did not know all tools.
            words = "\n".join([current.instructions, *numbered(self.tools)])
            predictor.signature = current.with_instructions(words)
        self._is_complete = True

    async def observe(self, name: str, arguments: Mapping[str, Any] | None) -> Any:
        """What calling a tool gives, as the model is shown it: its result, or why there is none.

        Raises:
            CodeNotAllowedError: the tool runs code, which is not allowed.
        """
        tool = self.tools.get(name)
        if tool is None:
            return f"There is no tool {name!r}. The tools are {', '.join(self.tools)}."
        try:
            return await tool.acall(**(arguments or {}))
        except CodeNotAllowedError:
            raise
        except Exception as raised:  # noqa: BLE001 whatever a tool raises is an observation for the model
            error = exits.unpacked(raised)
            return f"Execution error in {name}: {type(error).__name__}: {error}"

    def _fill(self, tools: Mapping[str, Tool]) -> None:
        # In place: DSPy's programs look tools up in the agent's `tools`.
        self.tools.clear()
        self.tools.update(tools)
        self.tools.update({tool.name: tool for tool in self._own})


def numbered(tools: Mapping[str, Tool]) -> list[str]:
    """The tools as a model is told of them."""
    return [f"({number}) {tool}" for number, tool in enumerate(tools.values(), 1)]


def said_of(field: Any) -> str | None:
    """A field's description, where it has one of its own."""
    extra = field.json_schema_extra
    found = extra.get("desc") if isinstance(extra, dict) else None
    return found if isinstance(found, str) and not found.startswith("${") else None
