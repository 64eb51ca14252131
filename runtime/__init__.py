"""What compiled programs run on; usable by hand: `import dspyc.runtime as dspy`.

Names are loaded on first use, so that importing this costs next to nothing. A public name stands in two
places here: the import that type checkers read, and the table of where it lives. A test compares them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .execution.settings import settings as settings

# These two have the names of their modules, which a later import of the module would put in their place.
from .parameters import parameters as parameters

if TYPE_CHECKING:
    from .adapters.base import Adapter as Adapter
    from .adapters.chat import ChatAdapter as ChatAdapter
    from .adapters.dummy import DummyLM as DummyLM
    from .data.dataset import Dataset as Dataset
    from .errors import AdapterParseError as AdapterParseError
    from .errors import BatchError as BatchError
    from .errors import ConditionError as ConditionError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ContextWindowExceededError as ContextWindowExceededError
    from .errors import DataError as DataError
    from .errors import DspycError as DspycError
    from .errors import EvaluationError as EvaluationError
    from .errors import InputError as InputError
    from .errors import LimitError as LimitError
    from .errors import LMAuthError as LMAuthError
    from .errors import LMConfigurationError as LMConfigurationError
    from .errors import LMError as LMError
    from .errors import LMInvalidRequestError as LMInvalidRequestError
    from .errors import LMRateLimitError as LMRateLimitError
    from .errors import LMServerError as LMServerError
    from .errors import LMTimeoutError as LMTimeoutError
    from .errors import LMTransportError as LMTransportError
    from .errors import LMUnknownModelError as LMUnknownModelError
    from .errors import NotConfiguredError as NotConfiguredError
    from .errors import OptimizerError as OptimizerError
    from .errors import ProgramAssertionError as ProgramAssertionError
    from .errors import SignatureError as SignatureError
    from .errors import StateError as StateError
    from .errors import ToolError as ToolError
    from .evaluate.aggregation import majority as majority
    from .evaluate.evaluate import Evaluate as Evaluate
    from .evaluate.metrics import EM as EM
    from .evaluate.metrics import F1 as F1
    from .evaluate.metrics import answer_exact_match as answer_exact_match
    from .evaluate.metrics import answer_passage_match as answer_passage_match
    from .evaluate.metrics import normalize_text as normalize_text
    from .evaluate.result import EvaluationResult as EvaluationResult
    from .example import Example as Example
    from .execution.settings import apply_defaults as apply_defaults
    from .execution.settings import configure as configure
    from .execution.settings import context as context
    from .interface import Interface as Interface
    from .interface import Metric as Metric
    from .interface import Reward as Reward
    from .interface import ToolFunction as ToolFunction
    from .lm.base import BaseLM as BaseLM
    from .lm.cache import configure_cache as configure_cache
    from .lm.callbacks import BaseCallback as BaseCallback
    from .lm.client import LM as LM
    from .lm.history import inspect_history as inspect_history
    from .lm.jobs import TrainingJob as TrainingJob
    from .lm.provider import Provider as Provider
    from .lm.request import Request as Request
    from .lm.request import Response as Response
    from .lm.usage import track_usage as track_usage
    from .modules.base import Module as Module
    from .modules.best_of_n import BestOfN as BestOfN
    from .modules.chain_of_thought import ChainOfThought as ChainOfThought
    from .modules.chain_of_thought_with_hint import ChainOfThoughtWithHint as ChainOfThoughtWithHint
    from .modules.predict import Predict as Predict
    from .modules.react import ReAct as ReAct
    from .modules.refine import Refine as Refine
    from .optimizers.base import Optimizer as Optimizer
    from .optimizers.base import Teleprompter as Teleprompter
    from .optimizers.bootstrap_few_shot import BootstrapFewShot as BootstrapFewShot
    from .optimizers.bootstrap_finetune import BootstrapFinetune as BootstrapFinetune
    from .optimizers.labeled_few_shot import LabeledFewShot as LabeledFewShot
    from .optimizers.random_search import BootstrapFewShotWithRandomSearch as BootstrapFewShotWithRandomSearch
    from .optimizers.random_search import BootstrapRS as BootstrapRS
    from .optimizers.rollouts import bootstrap_trace_data as bootstrap_trace_data
    from .prediction import Completions as Completions
    from .prediction import Prediction as Prediction
    from .prediction import Score as Score
    from .programs.program import Program as Program
    from .signature.fields import InputField as InputField
    from .signature.fields import OutputField as OutputField
    from .signature.signature import Signature as Signature
    from .signature.signature import SignatureLike as SignatureLike
    from .signature.signature import ensure_signature as ensure_signature
    from .signature.signature import make_signature as make_signature
    from .tools.tool import Tool as Tool
    from .types.history import History as History

_HOMES = {
    "Adapter": ".adapters.base",
    "AdapterParseError": ".errors",
    "BaseCallback": ".lm.callbacks",
    "BaseLM": ".lm.base",
    "BatchError": ".errors",
    "BestOfN": ".modules.best_of_n",
    "BootstrapFewShot": ".optimizers.bootstrap_few_shot",
    "BootstrapFewShotWithRandomSearch": ".optimizers.random_search",
    "BootstrapFinetune": ".optimizers.bootstrap_finetune",
    "BootstrapRS": ".optimizers.random_search",
    "ChainOfThought": ".modules.chain_of_thought",
    "ChainOfThoughtWithHint": ".modules.chain_of_thought_with_hint",
    "ChatAdapter": ".adapters.chat",
    "Completions": ".prediction",
    "ConditionError": ".errors",
    "ConfigurationError": ".errors",
    "ContextWindowExceededError": ".errors",
    "DataError": ".errors",
    "Dataset": ".data.dataset",
    "DspycError": ".errors",
    "DummyLM": ".adapters.dummy",
    "EM": ".evaluate.metrics",
    "Evaluate": ".evaluate.evaluate",
    "EvaluationError": ".errors",
    "EvaluationResult": ".evaluate.result",
    "Example": ".example",
    "F1": ".evaluate.metrics",
    "History": ".types.history",
    "InputError": ".errors",
    "InputField": ".signature.fields",
    "Interface": ".interface",
    "LM": ".lm.client",
    "LMAuthError": ".errors",
    "LMConfigurationError": ".errors",
    "LMError": ".errors",
    "LMInvalidRequestError": ".errors",
    "LMRateLimitError": ".errors",
    "LMServerError": ".errors",
    "LMTimeoutError": ".errors",
    "LMTransportError": ".errors",
    "LMUnknownModelError": ".errors",
    "LabeledFewShot": ".optimizers.labeled_few_shot",
    "LimitError": ".errors",
    "Metric": ".interface",
    "Module": ".modules.base",
    "NotConfiguredError": ".errors",
    "Optimizer": ".optimizers.base",
    "OptimizerError": ".errors",
    "OutputField": ".signature.fields",
    "Predict": ".modules.predict",
    "Prediction": ".prediction",
    "Program": ".programs.program",
    "ProgramAssertionError": ".errors",
    "Provider": ".lm.provider",
    "ReAct": ".modules.react",
    "Refine": ".modules.refine",
    "Request": ".lm.request",
    "Response": ".lm.request",
    "Reward": ".interface",
    "Score": ".prediction",
    "Signature": ".signature.signature",
    "SignatureError": ".errors",
    "SignatureLike": ".signature.signature",
    "StateError": ".errors",
    "Teleprompter": ".optimizers.base",
    "Tool": ".tools.tool",
    "ToolError": ".errors",
    "ToolFunction": ".interface",
    "TrainingJob": ".lm.jobs",
    "answer_exact_match": ".evaluate.metrics",
    "answer_passage_match": ".evaluate.metrics",
    "apply_defaults": ".execution.settings",
    "bootstrap_trace_data": ".optimizers.rollouts",
    "configure": ".execution.settings",
    "configure_cache": ".lm.cache",
    "context": ".execution.settings",
    "ensure_signature": ".signature.signature",
    "inspect_history": ".lm.history",
    "majority": ".evaluate.aggregation",
    "make_signature": ".signature.signature",
    "normalize_text": ".evaluate.metrics",
    "parameters": ".parameters",
    "settings": ".execution.settings",
    "track_usage": ".lm.usage",
}

_MODULES = {"compiled": ".compiled", "evaluate": ".evaluate", "flow": ".execution.flow"}
"""Modules that are reached by name: by generated code, and by DSPy's users (`dspy.evaluate.EM`)."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name], __name__)
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
