"""dspyc: a small declarative language for programs made of language-model calls.

    import dspyc
    triage = dspyc.load("triage.dspy")
    triage.rag(question="…")

Importing this also lets `import triage` find `triage.dspy`.
"""

from __future__ import annotations

import os
import sys


def _is_command() -> bool:
    """Whether this process is the command `dspyc`, as a script or by `python -m`."""
    script = os.path.basename(sys.argv[0]).removesuffix(".exe") if sys.argv else ""
    started = sys.orig_argv
    return script == "dspyc" or ("-m" in started and "dspyc" in started[started.index("-m") + 1 :][:1])


if _is_command():
    # From the first moment on; everything else is imported only now.
    from .base import interrupts

    interrupts.leave_on_interrupt()

from typing import TYPE_CHECKING, Any  # noqa: E402

# From now on a forked child imports what its parent had half imported.
from .base import imports  # noqa: E402, F401
from .loader.imports import install_import_hook  # noqa: E402

if TYPE_CHECKING:
    from .compiler.analysis import FileAnalysis
    from .grammar.formatting.format import format_source as format_source
    from .loader.compiling import CompileError as CompileError
    from .loader.imports import uninstall_import_hook as uninstall_import_hook
    from .loader.load import load as load
    from .notebook.extension import load_ipython_extension as load_ipython_extension
    from .notebook.extension import unload_ipython_extension as unload_ipython_extension
    from .runtime import *  # noqa: F403 the runtime's public names are ours
    from .runtime.execution.flow import pure as pure

    __version__: str

_HOMES = {
    "CompileError": ".loader.compiling",
    "format_source": ".grammar.formatting.format",
    "load": ".loader.load",
    "load_ipython_extension": ".notebook.extension",
    "pure": ".runtime.execution.flow",
    "uninstall_import_hook": ".loader.imports",
    "unload_ipython_extension": ".notebook.extension",
}

install_import_hook()


def check(path: str) -> FileAnalysis:
    """Check a `.dspy` file without running it; the findings are the result's `diagnostics`."""
    from .loader.compiling import analyse

    return analyse(os.path.abspath(path))


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from .base.version import VERSION

        return VERSION
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, ".runtime"), __name__), name)
