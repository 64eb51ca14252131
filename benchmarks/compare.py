"""dspyc against DSPy, side by side in one run: CPU time, and how many times less.

    python benchmarks/compare.py --peer build/dspy/bin/python

The peer is a Python of its own environment that has DSPy installed; `make bench` sets it up.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
# An installed package has its byte code; a Python told not to write it would compile ours each time.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)
IMPORTS = 9
PROCESSES = 3
STATEMENTS = {
    "nothing": "pass",
    "import": "import {module} as dspy",
    "import and first use": (
        "import {module} as dspy; dspy.configure(lm=dspy.LM('openai/x')); "
        "dspy.ChainOfThought('question -> answer: float')"
    ),
    "import and first answer": (
        "import sys; sys.path.insert(0, {here!r}); import workloads; workloads.answer_once({library!r})"
    ),
}
"""dspyc loads its parts when they are used; so the later rows are the ones to compare."""


def main() -> None:
    """Measure everything, one library after the other, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", required=True, help="a Python that has DSPy")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    options = parser.parse_args()

    sys.path.insert(0, str(HERE))
    from workloads import WORK

    version = output(options.peer, "-c", "import dspy; print(dspy.__version__)").strip()
    table = Table("CPU time", f"DSPy {version}", "dspyc", "times less", title="dspyc and DSPy in one run")
    for column in table.columns[1:]:
        column.justify = "right"
    numbers: dict[str, dict[str, float]] = {}

    def row(name: str, peer: float, ours: float, unit: str, digits: int) -> None:
        numbers[name] = {"dspy": peer, "dspyc": ours, "ratio": peer / ours}
        table.add_row(name, f"{peer:.{digits}f} {unit}", f"{ours:.{digits}f} {unit}", f"{peer / ours:.1f}")

    pythons = {"dspy": options.peer, "dspyc": sys.executable}
    seconds = import_times(pythons)
    for name in STATEMENTS:
        both = [seconds[library, name] - seconds[library, "nothing"] for library in pythons]
        if name != "nothing":
            row(name, both[0], both[1], "s", 3)
    for name in WORK:
        best = dict.fromkeys(pythons, float("inf"))
        for _ in range(PROCESSES):
            for library, python in pythons.items():
                found = json.loads(output(python, str(HERE / "workloads.py"), library, name))
                best[library] = min(best[library], found["microseconds"])
        row(name, best["dspy"], best["dspyc"], "µs", 1)

    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def output(python: str, *arguments: str) -> str:
    """What a Python prints."""
    return subprocess.run(
        [python, *arguments], check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ).stdout


def import_times(pythons: Mapping[str, str]) -> dict[tuple[str, str], float]:
    """CPU seconds of fresh Pythons that run a statement, by library and name of the statement.

    Each is the least of several, taken in turn, so that a slow minute of the machine is slow for all.
    """
    best: dict[tuple[str, str], float] = {}
    for turn in range(IMPORTS + 1):
        for (library, python), name in product(pythons.items(), STATEMENTS):
            statement = STATEMENTS[name].format(
                library=library, module="dspyc.runtime" if library == "dspyc" else "dspy", here=str(HERE)
            )
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            output(python, "-c", statement)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if turn:  # the first one may write byte code
                best[library, name] = min(best.get((library, name), taken), taken)
    return best


if __name__ == "__main__":
    main()
