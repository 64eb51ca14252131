"""Random edits and requests at the language server: `python editor_soak.py [SECONDS] [SEED]`, else 600.

Files are opened, changed in all ways (bursts of 500 changes, halves of declarations, emoji), saved, renamed,
deleted, created and closed, Python files and settings written; everything that the server offers is asked for
at places that may not exist, and much of it is cancelled; messages are malformed; the process that looks at
the whole project is killed now and then. No request may fail for a defect, and in the end the findings must
be those of a fresh server, and memory about that of one. Where findings are others, the texts are kept in a
file, and are sent again whole to tell whether the server had other texts or has old findings. Prints one JSON
object, and exits with 1 where something is wrong. Linux only.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from client import CAPABILITIES, Client
from processes import family, memory
from programs import DSPYC
from servers import dspyc_command

FILES = 14
BURST = 500
GROWTH = 1.3
ALLOWED_MB = 25.0
"""What memory may be, beside the share, above that of a fresh server with the same files."""
PIECES = (
    "\n", "    ", ":", "(", ")", "[", "{", '"', '"""', "'", ",", ".", "->", "= ", "#", "🦊", "é", "\u2028",
    "forward:\n", "module M", "signature S:\n    input a: str\n", "return ", "if x:\n", "else:\n",
    "Predict(", "def f(a: int) -> int:\n    return a\n", "import ", "from shared import ",
    "match x:\n", "f\"{", "x = [1, 2]\n", "\r\n", "\r", "import tools\n", "from tools import price\n",
)  # fmt: skip
BESIDE = {
    "tools.py": (
        "",
        "def price(name: str) -> float:\n    return 1.0\n",
        "def price(:\n",
        "from math import *\n",
    ),
    "dspyc.toml": ("", '[rules]\nignore = ["W101"]\n', 'src = ["lib"]\n', "broken = ["),
}
"""What other files may hold."""
AT_PLACE = (
    "completion", "hover", "definition", "declaration", "typeDefinition", "implementation", "references",
    "documentHighlight", "signatureHelp", "prepareRename", "linkedEditingRange", "prepareCallHierarchy",
)  # fmt: skip
OF_FILE = (
    "documentSymbol", "codeLens", "foldingRange", "documentLink", "semanticTokens/full", "diagnostic",
)  # fmt: skip
JUNK = (
    b"Content-Length: 5\r\n\r\n{nope", b"X-Other: 1\r\n\r\n", b"Content-Length: 2\r\n\r\n[]",
    b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc", b"Content-Length: 20\r\n\r\n" + b"[" * 20,
)  # fmt: skip
DEFECT = -32603


class Soak:
    """A server, a folder, and the texts that are open, as the server should have them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.folder = folder
        self.client = start(folder)
        self.done: Counter[str] = Counter()
        self.texts: dict[str, str] = {}
        self._begun: list[int] = []
        self._renames = 0
        self._actions: dict[Callable[[], None], int] = {
            self.edit: 80, self.ask: 80, self.cancel: 16, self.open: 12, self.close: 4, self.junk: 6,
            self.burst: 2, self.save: 6, self.restore: 6, self.rename: 2, self.kill_worker: 1, self.delete: 2,
            self.create: 2, self.write_beside: 2,
        }  # fmt: skip

    def step(self) -> None:
        """One thing that an editor, or somebody malicious, may do."""
        action = self.chance.choices(list(self._actions), list(self._actions.values()))[0]
        self.done[action.__name__] += 1
        action()
        # An editor waits for answers now and then; a server that never rests would only queue.
        if len(self._begun) >= 20:
            self._settle()

    def _settle(self) -> None:
        for request in self._begun:
            self.client.answer(request)
        self._begun.clear()

    # --- what is done

    def open(self) -> None:
        """Open a file that is not open."""
        uris = [each.as_uri() for each in sorted(self.folder.glob("*.dspy"))]
        closed = [each for each in uris if each not in self.texts]
        if closed:
            uri = self.chance.choice(closed)
            self.texts[uri] = read(path_of(uri))
            self.client.open(uri, "dspyc", self.texts[uri])

    def close(self) -> None:
        """Close a file without saving it."""
        if len(self.texts) > 2:
            uri = self._any()
            del self.texts[uri]
            self.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def edit(self) -> None:
        """Replace a range by a piece of a program."""
        if self.texts:
            self._change(self._any(), 1)

    def burst(self) -> None:
        """Many changes in one message."""
        if self.texts:
            self._change(self._any(), BURST)

    def restore(self) -> None:
        """Put the text of the disk back, whole."""
        uri = self._any() if self.texts else ""
        if uri and path_of(uri).exists():
            self.texts[uri] = read(path_of(uri))
            self.client.change(uri, {"text": self.texts[uri]})

    def save(self) -> None:
        """Write an open file, and say so."""
        if self.texts:
            uri = self._any()
            path_of(uri).write_bytes(self.texts[uri].encode())
            self.client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            self._tell(uri, 2)

    def ask(self) -> None:
        """Ask something about a place that may not be there."""
        uri = self._any() if self.texts and self.chance.random() < 0.9 else "file:///nowhere/x.dspy"
        document = {"textDocument": {"uri": uri}}
        place = {"line": self.chance.randrange(120), "character": self.chance.randrange(90)}
        area = {"start": place, "end": {"line": place["line"] + 5, "character": 3}}
        kind = self.chance.randrange(8)
        if kind < 4:
            method, more = self.chance.choice(AT_PLACE), {"position": place}
            if method == "references":
                more["context"] = {"includeDeclaration": True}  # type: ignore[dict-item]
        elif kind < 5:
            method, more = self.chance.choice(OF_FILE), {}
        else:
            method, more = self.chance.choice(self._others(place, area))
        named = method if "/" in method and not method.startswith("semantic") else f"textDocument/{method}"
        if named.startswith("workspace/"):
            self._begun.append(self.client.begin(named, more))
        else:
            self._begun.append(self.client.begin(named, {**document, **more}))

    def _others(self, place: dict[str, int], area: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        options = {"options": {"tabSize": 4, "insertSpaces": True}}
        context = {"frameId": 1, "stoppedLocation": area}
        return [
            ("codeAction", {"range": area, "context": {"diagnostics": []}}),
            ("inlayHint", {"range": area}),
            ("semanticTokens/range", {"range": area}),
            ("selectionRange", {"positions": [place]}),
            ("formatting", options),
            ("rangeFormatting", {**options, "range": area}),
            ("onTypeFormatting", {**options, "position": place, "ch": self.chance.choice("\n:")}),
            ("inlineValue", {"range": area, "context": context}),
            ("rename", {"position": place, "newName": "renamed"}),
            ("workspace/symbol", {"query": self.chance.choice(("", "s", "plan", "zzz"))}),
            ("workspace/diagnostic", {"previousResultIds": []}),
            ("hover", {"position": "here"}),
            ("noSuchThing", {}),
        ]

    def cancel(self) -> None:
        """Cancel something, be it answered already."""
        request = self.chance.choice(self._begun) if self._begun else self.chance.randrange(10**6)
        self.client.notify("$/cancelRequest", {"id": request})

    def junk(self) -> None:
        """Send what is no message, and messages of a wrong shape."""
        assert self.client.process.stdin is not None
        self.client.process.stdin.write(self.chance.choice(JUNK))
        self.client.process.stdin.flush()
        self.client.notify("textDocument/didChange", {"wrong": "shape"})

    def rename(self) -> None:
        """Rename a closed file as an editor does."""
        paths = [
            each for each in sorted(self.folder.glob("member_*.dspy")) if each.as_uri() not in self.texts
        ]
        if not paths:
            return
        self._renames += 1
        path = self.chance.choice(paths)
        new = path.with_name(f"member_{path.stem.split('_')[1]}_{self._renames}.dspy")
        moved = {"files": [{"oldUri": path.as_uri(), "newUri": new.as_uri()}]}
        self._begun.append(self.client.begin("workspace/willRenameFiles", moved))
        self._settle()
        path.rename(new)
        self.client.notify("workspace/didRenameFiles", moved)

    def delete(self) -> None:
        """Delete a file, open or not, unless there are few."""
        paths = sorted(self.folder.glob("*.dspy"))
        if len(paths) > FILES / 2:
            path = self.chance.choice(paths)
            path.unlink()
            self._tell(path.as_uri(), 3)

    def create(self) -> None:
        """Write a file that is not there, with the text of another one."""
        names = ["shared.dspy", *(f"member_{number}.dspy" for number in range(FILES))]
        path = self.folder / self.chance.choice(names)
        if not path.exists():
            other = self.chance.choice(sorted(self.folder.glob("*.dspy")))
            path.write_bytes(other.read_bytes())
            self._tell(path.as_uri(), 1)

    def write_beside(self) -> None:
        """Write a Python file or settings."""
        name = self.chance.choice(list(BESIDE))
        (self.folder / name).write_text(self.chance.choice(BESIDE[name]), encoding="utf-8")
        self._tell((self.folder / name).as_uri(), 2)

    def _tell(self, uri: str, kind: int) -> None:
        changed = {"changes": [{"uri": uri, "type": kind}]}
        self.client.notify("workspace/didChangeWatchedFiles", changed)

    def kill_worker(self) -> None:
        """End the server's other process."""
        for pid in family(self.client.process.pid)[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # --- in the end

    def finish(self) -> dict[str, Any]:
        """What is wrong: requests that failed for a defect, and findings that a fresh server has not."""
        self._settle()
        mine = self._findings(self.client)
        fresh = start(self.folder)
        try:
            for uri, text in self.texts.items():
                fresh.open(uri, "dspyc", text)
            other = self._findings(fresh)
            megabytes = {"own": memory(self.client.process.pid).pss, "fresh": memory(fresh.process.pid).pss}
        finally:
            fresh.stop()
        errors = [each.message.get("error") for each in self.client.answers.values()]
        defects = [each for each in errors if each and each["code"] == DEFECT]
        names = {*mine, *other}
        wrong = {
            each: _apart(mine.get(each, []), other.get(each, []))
            for each in sorted(names)
            if mine.get(each) != other.get(each)
        }
        found = {
            "defects": defects[:5],
            "other findings": wrong,
            "compared": len(mine),
            "grown": megabytes["own"] > megabytes["fresh"] * GROWTH + ALLOWED_MB,
            "MB": {name: round(each, 1) for name, each in megabytes.items()},
        }
        return found | self._look_closer(other, list(wrong)) if wrong else found

    def _look_closer(self, other: dict[str, list[Any]], wrong: list[str]) -> dict[str, Any]:
        """Whether the findings are a fresh server's once the whole texts are sent, and where all are kept."""
        for uri in self.texts.keys() & set(wrong):
            self.client.change(uri, {"text": self.texts[uri]})
        again = self._findings(self.client)
        disk = {each.name: read(each) for each in sorted(self.folder.iterdir())}
        kept = Path(tempfile.gettempdir(), f"editor_soak_{self.seed}.json")
        kept.write_text(json.dumps({"open": self.texts, "disk": disk}, indent=2), encoding="utf-8")
        return {
            "right when sent again": {uri: again.get(uri) == other.get(uri) for uri in wrong},
            "texts": str(kept),
        }

    def _findings(self, client: Client) -> dict[str, list[Any]]:
        """What is found in open files, and, under names that say so, what the other process finds in all."""
        reports = {
            uri: client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
            for uri in self.texts
        }
        every = client.request("workspace/diagnostic", {"previousResultIds": []})
        reports |= {f"whole project: {each['uri']}": each for each in every["items"]}
        return {
            name: [(each["code"], each["range"], each["message"]) for each in report["items"]]
            for name, report in reports.items()
        }

    def _any(self) -> str:
        return self.chance.choice(sorted(self.texts))

    def _change(self, uri: str, count: int) -> None:
        changes = []
        text = self.texts[uri]
        for _ in range(count):
            start = whole(text, self.chance.randrange(len(text) + 1))
            end = whole(text, min(len(text), start + self.chance.choice((0, 0, 0, 1, 1, 7))))
            piece = self.chance.choice(PIECES)
            area = {"start": place_of(text, start), "end": place_of(text, max(start, end))}
            changes.append({"range": area, "text": piece})
            text = text[:start] + piece + text[max(start, end) :]
        self.texts[uri] = text
        self.client.change(uri, *changes)


def _apart(mine: list[Any], other: list[Any]) -> dict[str, list[Any]]:
    """The first findings that only one of two servers has."""
    return {
        "only mine": [each for each in mine if each not in other][:3],
        "only a fresh server's": [each for each in other if each not in mine][:3],
    }


def start(folder: Path) -> Client:
    """A server on a folder."""
    client = Client((str(dspyc_command()), "lsp"), folder, {})
    client.initialize(CAPABILITIES)
    return client


def place_of(text: str, offset: int) -> dict[str, int]:
    """The protocol's position of an offset."""
    before = re.split(r"\r\n|\r|\n", text[:offset])
    return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}


def whole(text: str, offset: int) -> int:
    """An offset, but not one inside of a line's end, where no position of the protocol is."""
    return offset - 1 if text[max(0, offset - 1) : offset + 1] == "\r\n" else offset


def read(path: Path) -> str:
    """The text of a file, its line ends as they are."""
    return path.read_bytes().decode()


def path_of(uri: str) -> Path:
    """The path of a file of the folder, whose name needs no quoting."""
    return Path(uri.removeprefix("file://"))


def run(seconds: float, seed: int) -> dict[str, Any]:
    """What was done in a run, and what was wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        DSPYC.write_folder(folder, FILES)
        soak = Soak(folder, seed)
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                soak.step()
            found = soak.finish()
        finally:
            soak.client.stop()
    is_right = not (found["defects"] or found["other findings"] or found["grown"])
    return {"right": is_right, "steps": dict(soak.done), "seed": seed, **found}


if __name__ == "__main__":
    wanted = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    result = run(wanted, int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6))
    print(json.dumps(result, indent=2))
    sys.exit(0 if result["right"] else 1)
