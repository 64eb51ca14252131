"""Callbacks of language models and adapters: told of requests, messages and answers as they come."""

from __future__ import annotations

from typing import Any


class BaseCallback:
    """The base class for `LM(…, callbacks=[…])` and `ChatAdapter(callbacks=[…])`: override what you need.

    An error in a callback is logged and has no other effect.
    """

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A request goes out.

        Args:
            call_id: identifies the request; `on_lm_end` gets the same.
            instance: the language model.
            inputs: `prompt`, `messages` and `kwargs`, the settings of the request without keys.
        """

    def on_lm_end(
        self, call_id: str, outputs: list[str] | None, exception: BaseException | None = None
    ) -> None:
        """The request is over.

        Args:
            call_id: which request.
            outputs: the answers' texts, or None when it failed.
            exception: the error, if it failed.
        """

    def on_adapter_format_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter makes messages; `inputs` are its `signature`, `demos` and `inputs`."""

    def on_adapter_format_end(
        self, call_id: str, outputs: list[dict[str, Any]] | None, exception: BaseException | None = None
    ) -> None:
        """The messages are made, or could not be."""

    def on_adapter_parse_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter reads an answer; `inputs` are its `signature` and `completion`."""

    def on_adapter_parse_end(
        self, call_id: str, outputs: dict[str, Any] | None, exception: BaseException | None = None
    ) -> None:
        """The answer is read, or cannot be."""
