"""Scripts of the repository that are no part of the package, imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def import_script(path: Path) -> ModuleType:
    """The module that a file is."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
