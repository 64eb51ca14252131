"""Program to Python: the one backend of loading, importing and building."""

from .build import Built, build
from .file import emit

__all__ = ["Built", "build", "emit"]
