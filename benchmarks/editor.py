"""The language server and its peers, side by side in one run: CPU time of the server's processes, and memory.

    python benchmarks/editor.py --peers build/peers --json build/editor.json

`make bench-editor` installs the peers into an environment of their own and runs this. The same keys are
typed in files of the same size and shape, ours in dspyc and the peers' in Python; the languages and the work
differ, so read orders of magnitude, and each server's own ratios. CPU time is counted from a key until the
server rests, which is after its diagnostics. Wall time to the diagnostics includes the delay that some
servers wait on purpose. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editing import measure_start, measure_typing
from importers import measure_importers
from languages import Folder
from pauses import measure_pauses
from report import table, with_ratios
from servers import PEERS, Server, dspyc_command, ours, peer
from whole import measure_whole

SCENES = {
    "small": "from the start to the first diagnostics of a small file",
    "big": "keys, completion, hover and memory in a big file",
    "bigger": "keys and memory in a bigger file",
    "pauses": "45 keys with pauses, completion, hover and outline asked for after each",
    "many": "a shared type edited with 20 importers open",
    "whole": "keys in a big file while a whole folder is checked, and references in it",
}


@dataclass(frozen=True)
class Workplace:
    """The files of one server, each scene's in a folder of its own."""

    small: Path
    big: Path
    bigger: Path
    many: Folder


def main() -> None:
    """Measure every server in every scene and print a table."""
    options = arguments()
    servers = wanted_servers(options)
    numbers: dict[str, dict[str, Any]] = {}
    for server in servers:
        with tempfile.TemporaryDirectory() as folder:
            workplace = prepare(server, Path(folder), options)
            numbers[server.name] = with_ratios(measured(server, workplace, options))
            numbers[server.name]["load"] = round(os.getloadavg()[1], 1)
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(as_json(servers, numbers, options), encoding="utf-8")
    sizes = {"big": f"{options.lines:,}", "bigger": f"{options.more_lines:,}"}
    print(table(servers, numbers, sizes))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    scenes = "\n".join(f"  {name:8} {words}" for name, words in SCENES.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\nscenes:\n{scenes}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peers", type=Path, default=Path("build/peers"), help="an environment that has them (build/peers)"
    )
    parser.add_argument(
        "--dspyc", action="append", default=[], metavar="NAME=COMMAND", help="another dspyc to compare with"
    )
    parser.add_argument("--servers", nargs="+", metavar="NAME", help="only these: dspyc, " + ", ".join(PEERS))
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES), help="only these")
    parser.add_argument("--keys", type=int, default=200, help="how many are typed in a body (200)")
    parser.add_argument("--line-keys", type=int, default=40, help="how many move all lines (40)")
    parser.add_argument("--rounds", type=int, default=50, help="completions; hovers are twice as many (50)")
    parser.add_argument("--starts", type=int, default=5, help="of each server (5)")
    parser.add_argument("--lines", type=int, default=5000, help="of the big file (5000)")
    parser.add_argument("--more-lines", type=int, default=11000, help="of the bigger file (11000)")
    parser.add_argument("--files", type=int, default=1000, help="of the folder with the importers (1000)")
    parser.add_argument("--quick", action="store_true", help="a fifth of the keys, rounds and starts")
    parser.add_argument("--json", type=Path, help="write the numbers there, too, with the cost of each key")
    options = parser.parse_args()
    if options.quick:
        for name in ("keys", "line_keys", "rounds", "starts"):
            setattr(options, name, max(1, getattr(options, name) // 5))
    return options


def wanted_servers(options: argparse.Namespace) -> list[Server]:
    """Ours, other versions of it, and the peers that are installed."""
    found = [ours("dspyc", dspyc_command())]
    for named in options.dspyc:
        name, _, command = named.partition("=")
        found.append(ours(name, Path(command)))
    for name in PEERS:
        if options.servers and name not in options.servers:
            continue
        server = peer(name, options.peers)
        if server is None:
            say(f"{name} is not installed in {options.peers}; it is skipped")
        else:
            found.append(server)
    return [server for server in found if not options.servers or server.name in options.servers]


def prepare(server: Server, folder: Path, options: argparse.Namespace) -> Workplace:
    """Write the files."""
    language = server.language
    texts = {
        "small": language.small_file(),
        "big": language.file(options.lines),
        "bigger": language.file(options.more_lines),
    }
    paths = {}
    for name, text in texts.items():
        paths[name] = folder / name / f"{name}{language.suffix}"
        paths[name].parent.mkdir()
        paths[name].write_text(text, encoding="utf-8")
    many = language.write_folder(folder / "many", options.files)
    for name in (*texts, "many"):
        server.configure(folder / name)
    return Workplace(**paths, many=many)


def measured(server: Server, workplace: Workplace, options: argparse.Namespace) -> dict[str, Any]:
    """The numbers of all scenes; a scene that fails is said and left out."""
    place = workplace
    typing = (options.keys, options.line_keys, options.rounds)
    half = (options.keys // 2, options.line_keys // 2, 0)
    scenes: dict[str, list[Callable[[], dict[str, Any]]]] = {
        "small": [lambda: measure_start(server, place.small, options.starts)],
        "big": [lambda: measure_typing(server, place.big, *typing)],
        "bigger": [lambda: measure_typing(server, place.bigger, *half)],
        "pauses": [
            lambda: measure_pauses(server, place.big, cancels=False),
            lambda: measure_pauses(server, place.big, cancels=True),
        ],
        "many": [lambda: measure_importers(server, place.many, options.starts)],
        "whole": [lambda: measure_whole(server, place.many, place.big)],
    }
    numbers: dict[str, Any] = {}
    for name in options.scenes:
        say(f"{server.name}: {SCENES[name]} …")
        for scene in scenes[name]:
            try:
                found = scene()
            except (OSError, EOFError, TimeoutError) as error:
                traceback.print_exc()
                say(f"{server.name}: {name} failed: {error}")
                continue
            numbers |= {f"{name}/{key}": value for key, value in found.items()}
    return numbers


def as_json(servers: list[Server], numbers: dict[str, dict[str, Any]], options: argparse.Namespace) -> str:
    """The numbers with what they were measured on."""
    settings = {
        name: getattr(options, name)
        for name in ("lines", "more_lines", "keys", "line_keys", "rounds", "starts", "files")
    }
    versions = {server.name: server.version for server in servers}
    return json.dumps({"settings": settings, "versions": versions, "numbers": numbers}, indent=2) + "\n"


def say(text: str) -> None:
    """Tell how far it is, apart from the table."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
