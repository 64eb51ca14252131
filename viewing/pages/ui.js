// Which view the address names, and drawing it again when something in the folder has changed.

import { listView } from "./list.js";
import { ask, make } from "./parts.js";
import { journalView, traceView } from "./trace.js";

const main = document.getElementById("main"), crumbs = document.getElementById("crumbs"), live = document.getElementById("live");
const root = document.documentElement;

document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

// A report is shown as it is, in a sandbox; it has its own button for light and dark.
const frame = (address, title) => [make("h1", { class: "unseen" }, title), make("iframe", { src: address, title, sandbox: "allow-scripts" })];

// What stands behind `#/`, and whether it changes while it is looked at.
const VIEWS = [
  [/^$/, "", true, async () => listView(await ask("/api/list"), draw)],
  [/^trace\/(\w+)$/, "Trace", true, async (key) => traceView(key, await ask(`/api/trace/${key}`))],
  [/^journal\/(\w+)$/, "Unfinished run", true, async (key) => journalView(await ask(`/api/journal/${key}`))],
  [/^report\/(\w+)$/, "Report", false, async (key) => frame(`/report/${key}`, "Report")],
  [/^report\/(\w+)\/(\d+)$/, "Report", false, async (key, number) => frame(`/report/${key}/${number}`, "Report")],
  [/^compare\/(\w+\/\d+)\/(\w+\/\d+)$/, "Comparison", false, async (before, after) => frame(`/compare?before=${before}&after=${after}`, "Comparison")],
];

let busy = false, again = false;
let shown = null;

// One at a time: what was fetched is shown, whatever has changed meanwhile, and what has changed is fetched then.
async function draw() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    do {
      again = false;
      await drawNow();
    } while (again);
  } finally {
    busy = false;
  }
}

async function drawNow() {
  const path = location.hash.replace(/^#\/?/, "");
  const found = VIEWS.map(([pattern, ...rest]) => [path.match(pattern), ...rest]).find(([match]) => match);
  if (!found) { location.hash = "#/"; return; }
  const [match, title, , view] = found;
  const isNew = shown !== path;
  let parts;
  try {
    parts = await view(...match.slice(1));
  } catch (error) {
    parts = [make("h1", {}, "This cannot be shown"), make("p", {}, error.message)];
  }
  if (path !== location.hash.replace(/^#\/?/, "")) { again = true; return; }
  const scroll = scrollY;
  main.replaceChildren(...parts.filter(Boolean));
  const framed = Boolean(main.querySelector("iframe"));
  main.classList.toggle("framed", framed);
  document.getElementById("theme").hidden = framed;
  shown = path;
  crumbs.replaceChildren(title ? make("a", { href: "#/" }, "All files") : "", title ? ` / ${title}` : "");
  document.title = title ? `${main.querySelector("h1")?.textContent || title}: dspyc` : "dspyc";
  if (isNew) { scrollTo(0, 0); if (path) main.focus({ preventScroll: true }); } else scrollTo(0, scroll);
}

const changes = () => {
  const path = location.hash.replace(/^#\/?/, "");
  const found = VIEWS.find(([pattern]) => pattern.test(path));
  // A report is not drawn again under its reader.
  if (found && found[2]) draw();
};

addEventListener("hashchange", draw);
const source = new EventSource("/events");
let first = true;
source.addEventListener("changed", () => { if (!first) changes(); first = false; });
source.addEventListener("open", () => { live.textContent = "live"; live.className = "on"; });
source.addEventListener("error", () => { live.textContent = "not connected"; live.className = ""; });
draw();
