"""A cold `dspyc check`, as whole processes: CPU time, the median of several.

    python benchmarks/check.py --peers build/peers --json build/check.json

Each run gets a fresh copy of the files and an empty cache folder. `baml-cli` checks BAML files of the same
size and shape, the other peers Python files; the languages and the work differ, so read orders of magnitude.
Linux and macOS.

    python benchmarks/check.py --cases many again --only dspyc baml-cli
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from baml_programs import BAML
from languages import Language
from peer_programs import PYTHON
from programs import DSPYC, aliases, long_list
from servers import PEER_CONFIGURATION, dspyc_command

CASES = {
    "start": "one small file",
    "many": "{files:,} files with four declarations each",
    "again": "the same, unchanged since a first check",
    "big": "one file of {lines:,} lines",
    "list": "a list literal with {entries:,} entries",
    "aliases": "{aliases:,} type aliases, each naming the one before it",
}
BAML_FOLDER = "baml_src"
"""The only name that `baml-cli` takes for a folder; all copies have it."""
PEERS: dict[str, tuple[Language, tuple[str, ...]]] = {
    "ruff": (PYTHON, ("check",)),
    "ty": (PYTHON, ("check",)),
    "pyrefly": (PYTHON, ("check",)),
    "basedpyright": (PYTHON, ()),
    "baml-cli": (BAML, ("check", "--from", f"../{BAML_FOLDER}")),
}
"""What each checks, and the words of its command line.

All but ruff keep nothing for a second check; ruff does in the folder, of which each run has a copy.
"""


@dataclass(frozen=True)
class Checker:
    """A command that checks the folder it is started in."""

    name: str
    command: tuple[str, ...]
    language: Language


@dataclass(frozen=True)
class Run:
    """What a run took, in seconds, and how it ended: `None` when it took too long."""

    cpu: float
    wall: float
    code: int | None


def main() -> None:
    """Measure every command on every set of files and print a table."""
    options = arguments()
    checkers = wanted_checkers(options)
    numbers: dict[str, dict[str, list[Run]]] = {}
    data: dict[str, dict[str, dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in options.cases:
            for checker in checkers:
                files = Path(folder) / case / checker.language.identifier
                if not files.exists() and not write_case(case, checker.language, files, options):
                    continue
                say(f"{checker.name}: {case} …")
                runs = measured(checker, files, options, is_second=case == "again")
                numbers.setdefault(case, {})[checker.name] = runs
                data.setdefault(case, {})[checker.name] = {
                    "cpu": [run.cpu for run in runs],
                    "wall": [run.wall for run in runs],
                    "code": runs[-1].code,
                }
    print(table(checkers, numbers, options))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="only these")
    parser.add_argument("--runs", type=int, default=5, help="of each, after one that is not counted (5)")
    parser.add_argument("--timeout", type=float, default=60, help="seconds after which a run is ended (60)")
    parser.add_argument(
        "--peers", type=Path, default=Path("build/peers"), help="an environment that has them (build/peers)"
    )
    parser.add_argument(
        "--dspyc", action="append", default=[], metavar="NAME=COMMAND", help="another dspyc to compare with"
    )
    parser.add_argument(
        "--only", nargs="+", choices=("dspyc", *PEERS), default=[], help="dspyc and only these of the peers"
    )
    parser.add_argument("--files", type=int, default=1000, help="of the case `many` (1000)")
    parser.add_argument("--lines", type=int, default=5000, help="of the case `big` (5000)")
    parser.add_argument("--entries", type=int, default=60000, help="of the case `list` (60000)")
    parser.add_argument("--aliases", type=int, default=1000, help="of the case `aliases` (1000)")
    parser.add_argument("--json", type=Path, help="write the numbers of each run there, too")
    return parser.parse_args()


def wanted_checkers(options: argparse.Namespace) -> list[Checker]:
    """Ours, other versions of it, and the peers that are installed."""
    named = [("dspyc", dspyc_command())]
    named += [(name, Path(command)) for name, _, command in (each.partition("=") for each in options.dspyc)]
    found = [Checker(name, (str(path.absolute()), "check"), DSPYC) for name, path in named]
    for name, (language, words) in PEERS.items():
        if options.only and name not in options.only:
            continue
        path = (options.peers / "bin" / name).absolute()
        if path.exists():
            found.append(Checker(name, (str(path), *words), language))
        else:
            say(f"{name} is not installed in {options.peers}; it is skipped")
    return found


def write_case(case: str, language: Language, folder: Path, options: argparse.Namespace) -> bool:
    """Write the files of a case; whether the language has it."""
    texts = {"start": language.small_file(), "big": language.file(options.lines)}
    if language is BAML:
        del texts["big"]  # it has no language server to compare one long file in
    if language is DSPYC:
        texts |= {"list": long_list(options.entries), "aliases": aliases(options.aliases)}
    if case not in {"many", "again", *texts}:
        return False
    if case in ("many", "again"):
        language.write_folder(folder, options.files)
    else:
        folder.mkdir(parents=True)
        (folder / f"{case}{language.suffix}").write_text(texts[case], encoding="utf-8")
    if language is PYTHON:
        (folder / "pyrightconfig.json").write_text(PEER_CONFIGURATION, encoding="utf-8")
    return True


def measured(checker: Checker, files: Path, options: argparse.Namespace, *, is_second: bool) -> list[Run]:
    """Runs of a command; the first is not counted, and none follows one that took too long."""
    runs: list[Run] = []
    for _ in range(options.runs + 1):
        runs.append(run(checker, files, options.timeout, is_second=is_second))
        if runs[-1].code is None:
            return runs[-1:]
    return runs[1:]


def run(checker: Checker, files: Path, timeout: float, *, is_second: bool) -> Run:
    """One run, on a copy of the files; a second one follows a first that is not measured."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(files, Path(folder) / BAML_FOLDER)
        environment = {**os.environ, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        code: int | None = 0
        for _ in range(1 + is_second):
            before, begin = children_seconds(), time.monotonic()
            try:
                done = subprocess.run(
                    checker.command,
                    cwd=copy,
                    env=environment,
                    capture_output=True,
                    timeout=timeout,
                    check=False,
                )
                code = done.returncode
            except subprocess.TimeoutExpired:
                code = None
        return Run(children_seconds() - before, time.monotonic() - begin, code)


def children_seconds() -> float:
    """User and system time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cell(runs: list[Run] | None, ours: list[Run], timeout: float) -> str:
    """The median of the runs, how many times ours it is, and whatever is wrong with them."""
    if runs is None:
        return "–"
    if runs[-1].code is None:
        return f"none in {timeout:g} s"
    seconds = median(runs)
    ratio = "" if runs is ours else f" ({seconds / median(ours):.2f}×)"
    wrong = "" if runs[-1].code == 0 else f", exit code {runs[-1].code}"
    return f"{seconds:.2f}{ratio}{wrong}"


def median(runs: list[Run]) -> float:
    """Of the CPU seconds."""
    return statistics.median(run.cpu for run in runs)


def table(
    checkers: list[Checker], numbers: dict[str, dict[str, list[Run]]], options: argparse.Namespace
) -> str:
    """A Markdown table of CPU seconds; in brackets how many times our own that is."""
    lines = [
        f"| CPU s, median of {options.runs} | {' | '.join(each.name for each in checkers)} |",
        "|---" + "|---:" * len(checkers) + "|",
    ]
    for case, found in numbers.items():
        ours = found[checkers[0].name]
        cells = [cell(found.get(each.name), ours, options.timeout) for each in checkers]
        lines.append(f"| {CASES[case].format(**vars(options))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def say(text: str) -> None:
    """Tell how far it is, apart from the table."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
