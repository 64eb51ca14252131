"""Files of a folder, and Python that runs in it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

QA = """
signature Ask:
    \"\"\"Answer.\"\"\"
    input question: str
    output answer: str

module qa = Predict(Ask)
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        path = folder / f"{stem.replace('__', '/')}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return folder


def python(folder: Path, code: str) -> str:
    """Run Python code in a process of its own, with the folder first in its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return done.stdout + done.stderr
