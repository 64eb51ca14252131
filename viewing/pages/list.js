// What there is in the folder, and the choice of two results to compare.

import { badge, make, moment, money, percent, plural, seconds } from "./parts.js";

const chosen = [];
const state = { filter: "all" };
const FILTERS = { all: "All", run: "Runs", evaluation: "Evaluations", optimisation: "Optimisations", learned: "Learned", unfinished: "Unfinished" };

const address = (file) => {
  if (file.kind === "trace") return `#/trace/${file.key}`;
  if (file.kind === "journal") return `#/journal/${file.key}`;
  return `#/report/${file.key}`;
};

const bar = (score) =>
  typeof score === "number"
    ? make("span", { class: "score" }, make("i", { style: { "--share": `${Math.max(0, Math.min(100, score))}%` } }), percent(score))
    : "";

const compareBox = (file, result, redraw) => {
  const name = `${file.key}/${result.number}`;
  const label = `Compare ${result.program || file.name}`;
  const toggle = () => {
    const at = chosen.findIndex((one) => one.name === name);
    if (at >= 0) chosen.splice(at, 1);
    else chosen.push({ name, label: `${file.name}, ${result.program}`, modified: file.modified });
    if (chosen.length > 2) chosen.shift();
    redraw();
  };
  return make("input", { type: "checkbox", "aria-label": label, checked: chosen.some((one) => one.name === name), on: { change: toggle } });
};

const comparison = () => {
  if (!chosen.length) return make("p", { class: "note" }, "Choose two evaluations of the same rows to compare them.");
  if (chosen.length === 1) return make("p", { class: "note" }, "Choose a second evaluation to compare it with.");
  const [before, after] = [...chosen].sort((one, other) => one.modified - other.modified);
  const link = `#/compare/${before.name}/${after.name}`;
  return make("p", {}, make("a", { class: "button", href: link }, "Compare the two"), ` ${before.label} → ${after.label}`);
};

const line = (file, redraw) => {
  const program = file.program && file.program !== file.name ? make("div", { class: "note" }, file.program) : null;
  const first = file.results[0];
  const facts = [file.calls ? plural(file.calls, "call") : "", file.tokens ? plural(file.tokens, "token") : ""].filter(Boolean).join(", ");
  const rows = first ? plural(first.rows, "row") + (first.errors ? `, ${plural(first.errors, "error")}` : "") : facts;
  const comparable = file.kind !== "trace" || file.content;
  // Of a search, what was measured before it and after it.
  const ends = file.results.length > 3 ? [{ ...file.results[0], program: "first" }, { ...file.results.at(-1), program: "last" }] : file.results;
  const boxes = comparable && ends.length
    ? ends.map((result) => make("label", {}, compareBox(file, result, redraw), ends.length > 1 ? ` ${result.program || result.metric}` : ""))
    : null;
  return make("tr", {},
    make("td", { class: "pick" }, boxes),
    make("th", { scope: "row" }, make("a", { href: address(file) }, file.name), program),
    make("td", {}, file.what || file.kind),
    make("td", {}, badge(file.state)),
    make("td", {}, bar(file.score)),
    make("td", {}, rows),
    make("td", { class: "num" }, seconds(file.seconds)),
    make("td", { class: "num" }, money(file.cost)),
    make("td", { class: "num" }, moment(file.began || file.modified)));
};

const EMPTY = [
  ["dspyc run FILE … --trace run.trace.jsonl --trace-content", "every call, with prompts and answers"],
  ["dspyc eval FILE --trace eval.trace.jsonl --trace-content", "an evaluation, live, with its rows"],
  ["dspyc eval FILE --report report.html", "the report of an evaluation"],
  ["dspyc eval FILE:NAME --output rows.json", "rows to compare others with"],
  ["dspyc optimize FILE --trace optimize.trace.jsonl", "an optimisation, live, with its trials"],
];

export const listView = (data, redraw) => {
  const heading = make("h1", {}, "Runs and results");
  const cut = data.cut ? make("b", {}, "This folder holds more than is looked at: show a smaller one to see all of it.") : "";
  const where = make("p", { class: "note" }, data.folder, cut ? " · " : "", cut);
  if (!data.files.length) {
    const lines = EMPTY.map(([command, what]) => make("li", {}, make("code", {}, command), make("div", { class: "note" }, what)));
    return [heading, where, make("section", {}, make("h2", {}, "There is nothing to look at yet"),
      make("p", {}, "These commands write what is shown here:"), make("ul", { class: "commands" }, lines))];
  }
  const kinds = data.files.map((file) => file.what);
  const filters = make("div", { class: "bar-top", role: "group", "aria-label": "What to show" }, Object.entries(FILTERS)
    .filter(([name]) => name === "all" || kinds.includes(name))
    .map(([name, title]) => {
      const count = name === "all" ? kinds.length : kinds.filter((kind) => kind === name).length;
      const choose = () => { state.filter = name; redraw(); };
      return make("button", { "aria-pressed": String(state.filter === name), on: { click: choose } }, `${title} · ${count}`);
    }));
  const shown = data.files.filter((file) => state.filter === "all" || file.what === state.filter);
  const titles = ["", "file", "what", "state", "score", "", "time", "cost", "when"];
  const names = ["compare", "file", "what", "state", "score", "size", "time", "cost", "when"];
  const head = make("tr", {}, titles.map((title, index) =>
    make("th", { scope: "col", class: index > 5 ? "num" : null }, title || make("span", { class: "unseen" }, names[index]))));
  const table = make("table", { class: "files" }, make("thead", {}, head), make("tbody", {}, shown.map((file) => line(file, redraw))));
  const more = data.more ? make("p", { class: "note" }, `${plural(data.more, "older file")} not shown`) : null;
  return [heading, where, make("section", {}, filters, make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Files" }, table), more, comparison())];
};
