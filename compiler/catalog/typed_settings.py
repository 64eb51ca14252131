"""The keys of the runtime's types for settings, `typed_settings.py`."""

from __future__ import annotations

SETTINGS = {
    "CallSettings": frozenset({"lm", "config", "demos", "max_retries"}),
    "ModuleSettings": frozenset(
        [
            "lm",
            "max_retries",
            "temperature",
            "max_tokens",
            "top_p",
            "top_k",
            "n",
            "stop",
            "seed",
            "timeout",
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "logprobs",
            "top_logprobs",
            "reasoning_effort",
            "rollout_id",
            "probabilities",
        ]
    ),
}
"""By the name of the type; no parameter beside the settings may have one of these names."""

OF_REQUESTS = SETTINGS["ModuleSettings"] - SETTINGS["CallSettings"]
"""What goes with a request of a model."""
