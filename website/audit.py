"""Look at the built site in headless Chromium: `python website/audit.py build/site`, or `make audit-docs`.

A page of each kind is opened from the disk, light and dark, narrow and wide. axe-core looks for what keeps
people out; no page may be wider than the window, print an error, or ask for anything over the network; and
the search must find something. Pictures are left in `FOLDER-audit`. Needs Chromium, and npm for axe-core.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

AXE = "axe-core@4.14.1"
CACHE = Path(os.environ.get("DSPYC_EDITORS_CACHE", Path(__file__).parents[1] / ".cache" / "editors"))
PAGES = (
    *("index.html", "tutorial/2-mistakes-and-tests.html", "howto/index.html", "language.html", "baml.html"),
    *("security.html", "reference/optimizers/miprov2.html", "reference/rules/e101.html"),
    *("reference/commands/check.html", "examples/index.html"),
)
"""One page of each kind."""
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
GRAVE = ("serious", "critical")
SCORE = 95.0
"""The least percentage of axe's checks that a page passes, those that matter more counted more often."""
_WEIGHTS = {"minor": 1, "moderate": 3, "serious": 7, "critical": 10}


@dataclass
class Tab:
    """A tab of the browser, spoken to over its debugging protocol."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    _last: int = 0

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers to a command; events on the way are kept."""
        self._last += 1
        await self.socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            message = await self.socket.receive_json(timeout=60)
            if message.get("id") == self._last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    async def evaluate(self, expression: str) -> Any:
        """The value of JavaScript, which may be a promise."""
        found = await self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"])[:500])
        return found["result"].get("value")

    async def open(self, address: str) -> None:
        """Go to a page and wait until it is there."""
        self.events.clear()
        await self.ask("Page.navigate", url=address)
        for _ in range(200):
            if await self.evaluate("document.readyState") == "complete":
                return
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{address} does not load")


@asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    """A tab of a Chromium that is started and ended here."""
    name = next(
        (each for each in ("chromium", "google-chrome", "chromium-browser") if shutil.which(each)), None
    )
    if name is None:
        raise SystemExit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="dspyc-audit-") as folder:
        process = subprocess.Popen(
            [
                *(name, "--headless", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0"),
                *(f"--user-data-dir={folder}", "--no-first-run", "about:blank"),
                *(["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []),
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(folder) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = await answer.json()
                address = next(each["webSocketDebuggerUrl"] for each in tabs if each["type"] == "page")
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    tab = Tab(socket)
                    for domain in ("Page", "Runtime", "Network", "Log"):
                        await tab.ask(f"{domain}.enable")
                    yield tab
        finally:
            process.terminate()
            process.wait(timeout=30)


async def _port(file: Path) -> str:
    for _ in range(600):
        if file.is_file() and (lines := file.read_text().splitlines()):
            return lines[0]
        await asyncio.sleep(0.05)
    raise SystemExit("Chromium does not start")


def axe_source() -> str:
    """The text of axe-core, which npm fetches once."""
    path = CACHE / "axe" / "package" / "axe.min.js"
    if not path.is_file():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", AXE],
            cwd=path.parent.parent,
            check=True,
            capture_output=True,
            text=True,
        )
        shutil.unpack_archive(path.parent.parent / packed.stdout.split()[-1], path.parent.parent)
    return path.read_text(encoding="utf-8")


async def audit(site: Path, pictures: Path) -> list[str]:
    """What is wrong with the pages of a site."""
    axe, problems, scores = axe_source(), [], []
    async with browser() as tab:
        for scheme in SCHEMES:
            await tab.ask(
                "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
            )
            # Somebody who comes for the first time: the theme remembers what it has shown.
            await tab.open((site / PAGES[0]).as_uri())
            await tab.evaluate("localStorage.clear()")
            for width in WIDTHS:
                await tab.ask(
                    "Emulation.setDeviceMetricsOverride",
                    **{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
                )
                for page in PAGES:
                    await tab.open((site / page).as_uri())
                    where = f"{page} ({scheme}, {width} px)"
                    await _picture(tab, pictures / f"{page.replace('/', '-')}-{scheme}-{width}.png")
                    problems += [f"{where}: {each}" for each in await _looked_at(tab, width, scheme)]
                    await tab.evaluate(axe)
                    found = await tab.evaluate("axe.run({preload: false})")
                    scores.append(score(found))
                    problems += [f"{where}: {each}" for each in violations(found)]
                    if scores[-1] < SCORE:
                        problems.append(f"{where}: passes {scores[-1]:.1f} % of axe's checks")
        problems += await _searched(tab, site)
    mean = sum(scores) / len(scores)
    print(f"{len(scores)} views; axe: {min(scores):.1f} % at least, {mean:.1f} % in the mean")
    return problems


async def _picture(tab: Tab, path: Path) -> None:
    shot = await tab.ask("Page.captureScreenshot", format="png")
    path.write_bytes(base64.b64decode(shot["data"]))


async def _looked_at(tab: Tab, width: int, scheme: str) -> list[str]:
    problems = []
    wide = await tab.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        problems.append(f"it is {wide} px wide")
    expected = "slate" if scheme == "dark" else "default"
    if await tab.evaluate("document.body.getAttribute('data-md-color-scheme')") != expected:
        problems.append(f"it is not {scheme}")
    return problems + list(_told(tab))


def _told(tab: Tab) -> Iterator[str]:
    for event in tab.events:
        match event["method"], event["params"]:
            case "Network.requestWillBeSent", {"request": {"url": url}} if url.startswith(
                ("http:", "https:")
            ):
                yield f"it asks for {url}"
            case "Runtime.exceptionThrown", {"exceptionDetails": details}:
                yield f"it fails: {details.get('text')}"
            case "Log.entryAdded", {"entry": {"level": "error", "text": text}}:
                yield f"it says: {text}"


def violations(found: dict[str, Any]) -> Iterator[str]:
    """What axe found that keeps people out."""
    for each in found["violations"]:
        if each["impact"] in GRAVE:
            targets = [" ".join(map(str, node["target"])) for node in each["nodes"]]
            told = " ".join(each["nodes"][0].get("failureSummary", "").split()[:40])
            yield f"{each['impact']}: {each['help']}: {'; '.join(targets[:3])}: {told}"


def score(found: dict[str, Any]) -> float:
    """The percentage of axe's checks that hold, weighted by their impact."""
    held = sum(_weight(each) for each in found["passes"])
    broken = sum(_weight(each) for each in found["violations"])
    return 100 * held / (held + broken)


def _weight(result: dict[str, Any]) -> int:
    # axe says of a check that holds only what it is about.
    return _WEIGHTS.get(result["impact"] or "", 3)


async def _searched(tab: Tab, site: Path) -> list[str]:
    """Whether the search finds a page, from the disk."""
    await tab.open((site / "index.html").as_uri())
    await tab.evaluate(
        "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', ctrlKey: true, bubbles: true}))"
    )
    found: Any = 0
    for _ in range(100):
        await asyncio.sleep(0.1)
        found = await tab.evaluate(_SEARCH)
        if found:
            return []
    return ["the search finds nothing"]


_SEARCH = """(() => {
  const hosts = [...document.querySelectorAll('*')].filter(each => each.shadowRoot);
  const roots = [document, ...hosts.map(each => each.shadowRoot)];
  const find = selector => roots.map(root => root.querySelector(selector)).find(Boolean);
  const button = find('button.md-search__button, [data-md-component="search"] button, .md-search__button');
  const input = find('input[type="search"], input[role="combobox"], .md-search__input');
  if (!input) { button && button.click(); return 0; }
  if (!input.value) {
    input.focus(); input.value = 'MIPROv2';
    input.dispatchEvent(new InputEvent('input', {bubbles: true, composed: true}));
    return 0;
  }
  const links = roots.flatMap(root => [...root.querySelectorAll('a')]);
  return links.filter(each => /miprov2/i.test(each.href)).length;
})()"""


def main(site: Path) -> int:
    """Audit a site; 1 if something is wrong with it."""
    pictures = site.with_name(f"{site.name}-audit")
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    problems = asyncio.run(audit(site, pictures))
    print(*problems, sep="\n")
    print(f"Pictures are in {pictures}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/site").resolve()))
