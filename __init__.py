"""dspyc: a small declarative language for programs made of language-model calls.

    import dspyc
    triage = dspyc.load("triage.dspy")
    triage.rag(question="…")

Importing this also lets `import triage` find `triage.dspy`.
"""

from __future__ import annotations

from .base import forks, interrupts  # noqa: F401 from the first import on, a fork is looked after

if interrupts.is_command("dspyc"):
    # From the first moment on; the rest of the command is imported only now.
    interrupts.leave_on_interrupt()

from typing import TYPE_CHECKING, Any

from .loader import install_import_hook

if TYPE_CHECKING:
    from .compiler.analysis import FileAnalysis
    from .grammar.formatting.format import format_source as format_source
    from .loader import CompileError as CompileError
    from .loader import load as load
    from .runtime import *  # noqa: F403 the runtime's public names are ours

    __version__: str

_HOMES = {
    "CompileError": ".loader",
    "format_source": ".grammar.formatting.format",
    "load": ".loader",
    "pure": ".runtime.execution.flow",
    "uninstall_import_hook": ".loader",
}

install_import_hook()


def check(path: str) -> FileAnalysis:
    """Check a `.dspy` file without running it; the findings are the result's `diagnostics`."""
    import os

    from .loader import analyse

    return analyse(os.path.abspath(path))


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("dspyc")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, ".runtime"), __name__), name)
