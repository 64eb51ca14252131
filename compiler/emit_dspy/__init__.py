"""Program to Python that runs on DSPy: what the one backend makes, said with DSPy's means."""

from .file import BuiltForDSPy, build_for_dspy
from .losses import Loss

__all__ = ["BuiltForDSPy", "Loss", "build_for_dspy"]
