"""Language models in saved states: a name and settings of sampling, and nothing else.

A state is data that comes with a program or from elsewhere. So it must not say where requests go, what they
carry beside the prompt, or which files are opened: from it come only a model's name and the settings of a
closed list. Addresses, headers and keys come from the source.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from ...base.secrets import drop_secrets
from ..errors import ConfigurationError, StateError
from ..execution.replacing import answers_itself, set_answers_itself
from ..lm.client import LM

logger = logging.getLogger("dspyc")

SAMPLING = frozenset(
    {
        "temperature", "max_tokens", "max_completion_tokens", "n", "seed", "stop", "top_p", "top_k", "min_p",
        "typical_p", "presence_penalty", "frequency_penalty", "repeat_penalty", "repetition_penalty",
        "logit_bias", "logprobs", "top_logprobs", "reasoning_effort", "verbosity", "rollout_id",
    }
)  # fmt: skip
"""The settings that a state may hold."""

_ALSO_OF_MODELS = frozenset({"model_type", "cache", "num_retries", "n_ctx", "n_parallel", "cache_prompt"})
_SILENT = frozenset({"cache_in_memory", "use_developer_role", "engine", "async_engine", "prompt_cache"})
"""Settings in DSPy's files that mean nothing here."""

_MODEL = re.compile(r"[\w.:@+~-]+(?:/[\w.:@+~-]+)*")
_LOCAL = "gguf/"
_IN_PROCESS = (_LOCAL, "embedded/")


class SavedLM(LM):
    """A model that a state names, where no model of its provider is known yet.

    Where one of the same provider is in force at a call, that one's address, headers and keys are used.
    """

    _is_saved = True
    _chosen: Mapping[str, Any] = {}
    """The settings that the state has."""
    _last: tuple[Any, bool, Any] | None = None

    def at(self, current: Any) -> Any:
        """The model to call where `current` would be called without the state."""
        if current is None or not _is_taken_over(current, self.model):
            return self
        is_fixed = answers_itself(self)
        last = self._last
        if last is None or last[0] is not current or last[1] is not is_fixed:
            twin = _copied(current, self.model, {**self._chosen, "model": self.model}, is_fixed)
            if twin is not current:
                # Whoever looks at the program's model sees what it was asked.
                twin._history = self.history
            self._last = last = current, is_fixed, twin
        return last[2]

    def copy(self, **changes: Any) -> Self:
        """The same model with some settings changed (None removes one), wherever it is called."""
        twin = super().copy(**changes)
        twin._chosen = {**self._chosen, **changes}
        twin._last = None
        return twin


def kept_settings(settings: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The settings of a call that a state may hold; the others are named in a warning.

    Args:
        settings: those of a state.
        what: what they belong to, for the warning.
    """
    return _kept(settings, SAMPLING, what)


def saved_lm(lm: Any) -> dict[str, Any]:
    """A language model as a state holds it."""
    facts = lm.dump_state()
    allowed = SAMPLING | _ALSO_OF_MODELS
    kept = {name: value for name, value in facts.items() if name in allowed and _is_plain(value)}
    return {
        "model": str(facts["model"]),
        **{name: value for name, value in kept.items() if value not in (None, {}, [])},
    }


def restored_lm(saved: Any, current: Any, folder: Path | None = None, *, is_trusted: bool = False) -> Any:
    """The model that a state names.

    Args:
        saved: what the state holds.
        current: the model that the source has; its address, headers and keys stay where the provider does.
        folder: where the state file is; a model in a file must lie beside it. None for a state that is no
            file's.
        is_trusted: whether every setting is taken over, addresses and headers among them; keys never are.

    Returns:
        the model; `current` where the state names one that it may not choose, and a `SavedLM` where there is
        no model of its provider yet.

    Raises:
        StateError: the entry names no model.
    """
    if not isinstance(saved, Mapping) or not isinstance(saved.get("model"), str):
        raise StateError("the `lm` of a state does not name a model")
    model = saved["model"]
    if is_trusted:
        given = {name: value for name, value in drop_secrets(dict(saved)).items() if name[:1] != "_"}
        return _made(model, lambda: LM(**given))
    settings = _kept(
        {name: value for name, value in saved.items() if name != "model"},
        SAMPLING | _ALSO_OF_MODELS,
        f"the model `{model[:100]}`",
    )
    if current is not None and current.model == model:
        return _copied(current, model, settings)
    if model.startswith(_LOCAL) and folder is not None and _lies_beside(model):
        model = f"{_LOCAL}{folder / model.removeprefix(_LOCAL)}"
    elif _MODEL.fullmatch(model) is None or ".." in model or model.startswith(_LOCAL):
        # Some providers take an address as a model's name, and a file may be anywhere.
        logger.warning("the saved model `%s` is not restored; set the LM in the program", model[:100])
        return current
    if current is not None and _is_taken_over(current, model):
        return _copied(current, model, {**settings, "model": model})
    made = _made(model, lambda: SavedLM(model, **settings))
    made._chosen = settings
    return made


def _is_taken_over(current: Any, model: str) -> bool:
    """Whether a model has an address and keys that fit the one of a state: those of the same provider.

    A class of the program's own may reach any provider; what runs in this process is answered by nobody else.
    """
    if _provider(current.model) == _provider(model):
        return True
    return not isinstance(current, LM) and not model.startswith(_IN_PROCESS)


def _copied(current: Any, model: str, changes: Mapping[str, Any], is_fixed: bool = False) -> Any:
    """A model of the source as a state has it: one of the program's models, also where `current` answers in
    the place of those.
    """
    twin = _made(model, lambda: current.copy(**changes))
    if twin is not current:
        set_answers_itself(twin, is_fixed)
    return twin


def _made(model: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (ConfigurationError, TypeError) as error:
        raise StateError(f"the saved model `{model[:100]}` cannot be created: {error}") from None


def model_file(saved: Mapping[str, Any] | None, folder: Path) -> Path | None:
    """The file of a trained model that a state names, or None where it names none."""
    model = "" if saved is None else str(saved.get("model"))
    return folder / model.removeprefix(_LOCAL) if model.startswith(_LOCAL) else None


def _lies_beside(model: str) -> bool:
    name = model.removeprefix(_LOCAL)
    return name not in ("", ".", "..") and not re.search(r"[/\\:\x00]", name)


def _kept(settings: Mapping[str, Any], allowed: frozenset[str], what: str) -> dict[str, Any]:
    given = {name: value for name, value in settings.items() if value not in (None, {}, [])}
    kept = {name: value for name, value in given.items() if name in allowed and _fits(name, value)}
    dropped = [name for name in given if name not in kept and name not in _SILENT and name[:1] != "_"]
    if dropped:
        shown = [name[:100] for name in dropped[:20]]
        logger.warning("the saved settings %s of %s are not restored; set them in the program", shown, what)
    return kept


_TEXTS = frozenset({"stop", "logit_bias", "reasoning_effort", "verbosity", "model_type", "rollout_id"})


def _fits(name: str, value: Any) -> bool:
    return _is_plain(value) if name in _TEXTS else isinstance(value, (bool, int, float))


def _is_plain(value: Any) -> bool:
    """Whether a value is one that sampling has: a scalar, or a list or dict of scalars."""
    if isinstance(value, (list, tuple)):
        return all(_is_scalar(item) for item in value)
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_scalar(item) for key, item in value.items())
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _provider(model: str) -> str:
    return model.partition("/")[0]
