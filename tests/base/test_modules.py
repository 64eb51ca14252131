"""What modules say of themselves, where anything may stand among them."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from dspyc.base.modules import attribute_of, file_of


class Everything:
    """Has every attribute, as torch's `torch.ops` has, which stands among the modules."""

    def __getattr__(self, name: str) -> Any:
        return Everything()


class Lazy(types.ModuleType):
    """Imports what it is asked for, or fails to."""

    __file__ = "lazy.py"

    def __getattr__(self, name: str) -> Any:
        raise ImportError(f"{name} is not installed")


@pytest.mark.parametrize("module", [Everything(), Lazy("lazy"), None, 3, types.ModuleType("plain")])
def test_nothing_is_made_or_imported_for_the_question(module: Any) -> None:
    assert attribute_of(module, "__dspyc__") is None
    assert file_of(module) is None


def test_what_a_module_has() -> None:
    assert file_of(sys.modules[__name__]) == __file__
    assert attribute_of(sys.modules[__name__], "Lazy") is Lazy
