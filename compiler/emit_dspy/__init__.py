"""Program to Python that runs on DSPy: what the one backend makes, said with DSPy's means."""

from .companions import with_dspy
from .file import BuiltForDSPy, build_for_dspy
from .losses import Loss

__all__ = ["BuiltForDSPy", "Loss", "build_for_dspy", "with_dspy"]
