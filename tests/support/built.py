"""Programs as `dspyc build` writes them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from dspyc.compiler.emit import build
from dspyc.loader.compiling import analyse


def as_python(source: Path, folder: Path) -> ModuleType:
    """The built module of a program, imported as Python imports any file."""
    target = folder / f"{source.stem}_built.py"
    target.write_text(build(analyse(str(source))).module, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(target.stem, target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[target.stem] = module
    spec.loader.exec_module(module)
    return module
