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
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
# An installed package has its byte code; a Python told not to write it would compile ours each time.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)
IMPORTS = 7
FIRST_USE = "dspy.configure(lm=dspy.LM('openai/x')); dspy.ChainOfThought('question -> answer: float')"
"""dspyc loads its parts when they are used; so the second and third rows are the ones to compare."""
FIRST_ANSWER = f"import sys; sys.path.insert(0, {str(HERE)!r}); import workloads; workloads.answer_once"


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

    bare = import_time(sys.executable, "pass"), import_time(options.peer, "pass")
    peer = import_time(options.peer, "import dspy") - bare[1]
    ours = import_time(sys.executable, "import dspyc.runtime") - bare[0]
    row("import", peer, ours, "s", 3)
    peer = import_time(options.peer, "import dspy; " + FIRST_USE) - bare[1]
    ours = import_time(sys.executable, "import dspyc.runtime as dspy; " + FIRST_USE) - bare[0]
    row("import and first use", peer, ours, "s", 3)
    peer = import_time(options.peer, f"{FIRST_ANSWER}('dspy')") - bare[1]
    ours = import_time(sys.executable, f"{FIRST_ANSWER}('dspyc')") - bare[0]
    row("import and first answer", peer, ours, "s", 3)
    for name in WORK:
        both = [
            json.loads(output(python, str(HERE / "workloads.py"), library, name))["microseconds"]
            for python, library in ((options.peer, "dspy"), (sys.executable, "dspyc"))
        ]
        row(name, both[0], both[1], "µs", 1)

    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def output(python: str, *arguments: str) -> str:
    """What a Python prints."""
    return subprocess.run(
        [python, *arguments], check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ).stdout


def import_time(python: str, statement: str) -> float:
    """CPU seconds of a fresh Python that runs a statement: the least of several, after one uncounted."""
    output(python, "-c", statement)
    best = float("inf")
    for _ in range(IMPORTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output(python, "-c", statement)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


if __name__ == "__main__":
    main()
