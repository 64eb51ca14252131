"""What compiled programs run on; usable by hand: `import dspyc.runtime as dspy`.

Names are loaded on first use, so that importing this costs next to nothing. A public name stands in two places
here: the import that type checkers read, and the table of where it lives. A test compares them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# These two have the names of their modules, which a later import of the module would put in their place.
from .parameters import parameters as parameters
from .settings import settings as settings

if TYPE_CHECKING:
    from .adapters.base import Adapter as Adapter
    from .adapters.chat import ChatAdapter as ChatAdapter
    from .errors import AdapterParseError as AdapterParseError
    from .errors import ConditionError as ConditionError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ContextWindowExceededError as ContextWindowExceededError
    from .errors import DspycError as DspycError
    from .errors import InputError as InputError
    from .errors import LMError as LMError
    from .errors import NotConfiguredError as NotConfiguredError
    from .errors import ProgramAssertionError as ProgramAssertionError
    from .errors import SignatureError as SignatureError
    from .errors import StateError as StateError
    from .example import Example as Example
    from .fields import InputField as InputField
    from .fields import OutputField as OutputField
    from .history import inspect_history as inspect_history
    from .interface import Interface as Interface
    from .lm.base import BaseLM as BaseLM
    from .lm.cache import configure_cache as configure_cache
    from .lm.client import LM as LM
    from .lm.dummy import DummyLM as DummyLM
    from .lm.provider import Provider as Provider
    from .lm.provider import TrainingJob as TrainingJob
    from .module import Module as Module
    from .modules.chain_of_thought import ChainOfThought as ChainOfThought
    from .modules.predict import Predict as Predict
    from .prediction import Completions as Completions
    from .prediction import Prediction as Prediction
    from .prediction import Score as Score
    from .settings import apply_defaults as apply_defaults
    from .settings import configure as configure
    from .settings import context as context
    from .signature import Signature as Signature
    from .signature import ensure_signature as ensure_signature
    from .signature import make_signature as make_signature
    from .types.history import History as History
    from .usage import track_usage as track_usage

_HOMES = {
    "Adapter": ".adapters.base",
    "AdapterParseError": ".errors",
    "BaseLM": ".lm.base",
    "ChainOfThought": ".modules.chain_of_thought",
    "ChatAdapter": ".adapters.chat",
    "Completions": ".prediction",
    "ConditionError": ".errors",
    "ConfigurationError": ".errors",
    "ContextWindowExceededError": ".errors",
    "DspycError": ".errors",
    "DummyLM": ".lm.dummy",
    "Example": ".example",
    "History": ".types.history",
    "InputError": ".errors",
    "InputField": ".fields",
    "Interface": ".interface",
    "LM": ".lm.client",
    "LMError": ".errors",
    "Module": ".module",
    "NotConfiguredError": ".errors",
    "OutputField": ".fields",
    "Predict": ".modules.predict",
    "Prediction": ".prediction",
    "ProgramAssertionError": ".errors",
    "Provider": ".lm.provider",
    "Score": ".prediction",
    "Signature": ".signature",
    "SignatureError": ".errors",
    "StateError": ".errors",
    "TrainingJob": ".lm.provider",
    "apply_defaults": ".settings",
    "configure": ".settings",
    "configure_cache": ".lm.cache",
    "context": ".settings",
    "ensure_signature": ".signature",
    "inspect_history": ".history",
    "make_signature": ".signature",
    "parameters": ".parameters",
    "settings": ".settings",
    "track_usage": ".usage",
}

__all__ = sorted(_HOMES)  # type: ignore[reportUnsupportedDunderAll]  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
