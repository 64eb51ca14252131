"""Sentences about what a program is doing, for its user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...execution.callbacks import BaseCallback
from .pieces import Piece, StatusMessage


class StatusMessageProvider:
    """Says what a program is doing. Override what you need; None says nothing."""

    def module_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A module is called."""
        return None

    def module_end_status_message(self, outputs: Any) -> str | None:
        """A module has returned."""
        return None

    def lm_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A model is asked."""
        return None

    def lm_end_status_message(self, outputs: Any) -> str | None:
        """A model has answered."""
        return None

    def tool_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A tool is called."""
        return f"Calling tool {instance.name}..."

    def tool_end_status_message(self, outputs: Any) -> str | None:
        """A tool has returned."""
        return "Tool calling finished! Querying the LLM with tool calling results..."


class Status(BaseCallback):
    """Puts what a provider says into a stream."""

    def __init__(self, provider: StatusMessageProvider, put: Callable[[Piece], None]) -> None:
        self._provider = provider
        self._put = put

    def _say(self, message: str | None) -> None:
        if message:
            self._put(StatusMessage(message))

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A module is called."""
        self._say(self._provider.module_start_status_message(instance, inputs))

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A module has returned."""
        self._say(self._provider.module_end_status_message(outputs))

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A model is asked."""
        self._say(self._provider.lm_start_status_message(instance, inputs))

    def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A model has answered."""
        self._say(self._provider.lm_end_status_message(outputs))

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A tool is called; that an agent finishes is no tool for its user."""
        if instance.name != "finish":
            self._say(self._provider.tool_start_status_message(instance, inputs))

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A tool has returned."""
        if outputs != "Completed.":
            self._say(self._provider.tool_end_status_message(outputs))
