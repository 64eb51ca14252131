"""Callbacks hear what an interpreter of code does."""

from __future__ import annotations

from typing import Any

import pytest

import dspyc.runtime as dspy


class Heard(dspy.BaseCallback):
    """Writes down what an interpreter does."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        for what in ("startup", "execute", "tool_call", "shutdown"):
            setattr(self, f"on_interpreter_{what}_start", self.starts(what))
            setattr(self, f"on_interpreter_{what}_end", self.ends(what))

    def starts(self, what: str) -> Any:
        """A listener to what starts."""
        return lambda call_id, instance, inputs: self.events.append((f"{what} starts", inputs))

    def ends(self, what: str) -> Any:
        """A listener to what ends."""
        return lambda call_id, outputs, exception: self.events.append((f"{what} ends", exception or outputs))


def test_callbacks_hear_of_code() -> None:
    heard = Heard()
    with dspy.PythonInterpreter(tools={"twice": lambda x: 2 * x}, callbacks=[heard]) as python:
        assert python("twice(3)") == 6
        with pytest.raises(dspy.CodeExecutionError) as caught:
            python("1 / 0")
    assert [name for name, _ in heard.events] == [
        "execute starts", "startup starts", "startup ends", "tool_call starts", "tool_call ends",
        "execute ends", "execute starts", "execute ends", "shutdown starts", "shutdown ends",
    ]  # fmt: skip
    facts = [fact for _, fact in heard.events]
    assert facts[0] == {"code": "twice(3)", "variables": None}
    assert facts[3]["tool_name"] == "twice"
    assert (facts[4], facts[5], facts[7]) == (6, 6, caught.value)


def test_callbacks_hear_of_interpreters_of_ones_own() -> None:
    class Own:
        """An interpreter."""

        tools: dict[str, Any] = {}  # noqa: RUF012

        @dspy.utils.callback.with_callbacks
        def execute(self, code: str, variables: Any = None) -> str:
            """Run code."""
            return code.upper()

        def shutdown(self) -> None:
            """End."""

    heard = Heard()
    with dspy.context(callbacks=[heard]):
        assert Own().execute("a", {"x": 1}) == "A"
    assert heard.events == [
        ("execute starts", {"code": "a", "variables": {"x": 1}}),
        ("execute ends", "A"),
    ]
