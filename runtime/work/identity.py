"""What makes two pieces of work the same: digests of values, examples, functions and programs.

Digests are equal in every process, whatever its hash seed, and say nothing of what they were made from.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..example import Example
from ..execution.callables import name_of
from ..execution.settings import lookup
from ..modules.models import models_of
from ..state.format import signature_facts
from ..values.rendering import to_json_types
from .behaviour import behaviour

_DIGITS = 32


def digest(value: Any) -> str:
    """32 hexadecimal digits that stand for a value of JSON's types."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_fallback)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGITS // 2).hexdigest()


def examples_digest(examples: Iterable[Example]) -> str:
    """What stands for a list of examples: their fields, which of them are inputs, their order."""
    found = hashlib.blake2b(digest_size=_DIGITS // 2)
    for example in examples:
        inputs = sorted(example._input_keys or ())
        found.update(digest([ordered(dict(example.items(include_dspy=True))), inputs]).encode())
    return found.hexdigest()


def program_digest(program: Any) -> str:
    """What stands for a program: its class, and of each predictor signature, demos, settings and model.

    A program that does something else with the same predictors says what by a method `_identity`.
    """
    predictors = [
        [
            name,
            type(predictor).__qualname__,
            signature_facts(predictor.signature)["fingerprint"],
            [ordered(dict(demo)) for demo in predictor.demos or ()],
            ordered(dict(predictor.config)),
            model_facts(predictor.lm),
        ]
        for name, predictor in program.named_predictors()
    ]
    facts = [_file_of(type(program)), type(program).__qualname__, predictors]
    own = getattr(program, "_identity", None)
    return digest(facts if own is None else [*facts, value_digest(own())])


def _file_of(kind: type) -> str:
    """The name of the file that declares a class, which `load`, Python's `import` and a script share."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return Path(file).stem if isinstance(file, str) else kind.__module__


def running_digest(program: Any) -> str:
    """What stands for a program as it would run here: with the models and the adapter in force, and the code
    and settings of its modules and functions.
    """
    models = {name: model_facts(lm) for name, lm in models_of(program).items()}
    adapter = lookup("adapter", program._defaults)
    by = None if adapter is None else type(adapter).__qualname__
    return digest([program_digest(program), models, by, behaviour(program, program_digest)])


def model_facts(lm: Any) -> Any:
    """What says which answers a model gives, without keys; None without a model."""
    if lm is None:
        return None
    dump = getattr(lm, "dump_state", None)
    return [type(lm).__qualname__, ordered(dump()) if callable(dump) else name_of(lm)]


def value_digest(value: Any) -> str:
    """What stands for a parameter's value: functions and programs by what they do (see `behaviour`), models
    and data by what they hold, everything else by its value or the name of its class.
    """
    return digest(_facts(value))


def ordered(value: Any) -> Any:
    """A value as JSON's types, the same in every process."""
    if isinstance(value, Mapping):
        return {str(key): ordered(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [ordered(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Example):
        return ordered(dict(value.items(include_dspy=True)))
    plain = to_json_types(value)
    # The text of an object that JSON does not know may hold its address.
    return type(value).__qualname__ if isinstance(plain, str) and " at 0x" in plain else plain


def _facts(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return [[_facts(key), _facts(item)] for key, item in value.items()]
    if callable(getattr(value, "named_predictors", None)):
        return behaviour(value, program_digest)
    if hasattr(value, "dump_state"):
        return model_facts(value)
    if isinstance(value, Iterable):
        items = list(value)
        if items and all(isinstance(item, Example) for item in items):
            return examples_digest(items)
        return [_facts(item) for item in items]
    if callable(value):
        return behaviour(value, program_digest)
    return [type(value).__qualname__, ordered(vars(value) if hasattr(value, "__dict__") else value)]


def _fallback(value: Any) -> Any:
    return ordered(value)
