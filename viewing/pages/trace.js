// A trace as a waterfall: one line a call, its bar where it ran, and which calls ran together.

import { ask, badge, make, money, moment, percent, plural, seconds, section, table, text, tile, trialsChart } from "./parts.js";

const STEP = ["number", "within", "what", "name", "start", "end", "error", "place", "tokens", "cost", "cached"];
const LINES = 300;
const views = new Map();

const readSteps = (data) => {
  const steps = data.steps.map((row) => Object.fromEntries(STEP.map((name, index) => [name, row[index]])));
  const byNumber = new Map(steps.map((step) => [step.number, step]));
  const roots = [];
  for (const step of steps) {
    step.children = [];
    const parent = byNumber.get(step.within);
    (parent ? parent.children : roots).push(step);
  }
  return { roots, byNumber };
};

const endOf = (step, data) => step.end ?? data.length;

// Calls of the same parent whose times overlap are a group; most share it with the one before.
const groups = (siblings, data) => {
  const found = [];
  let until = -1;
  for (const step of siblings) {
    if (found.length && step.start < until) found[found.length - 1].push(step);
    else found.push([step]);
    until = Math.max(until, endOf(step, data));
  }
  return found;
};

// `rails` are the depths at which the bracket of a group passes a line by.
const lines = (siblings, data, view, depth = 0, rails = [], out = []) => {
  for (const group of groups(siblings, data)) {
    group.forEach((step, index) => {
      const isLast = index === group.length - 1;
      const place = group.length === 1 ? "" : index === 0 ? "first" : isLast ? "last" : "between";
      out.push({ step, depth, together: group.length, place, rails });
      const many = step.children.length > 40;
      const open = view.open.has(step.number) ? view.open.get(step.number) : !many;
      step.isOpen = open;
      if (open) lines(step.children, data, view, depth + 1, isLast ? rails : [...rails, depth], out);
    });
  }
  return out;
};

const facts = (step, data) => [
  seconds(endOf(step, data) - step.start),
  step.tokens ? `${(step.tokens[0] + step.tokens[1]).toLocaleString("en")} tokens` : "",
  money(step.cost), step.cached ? "from the cache" : "", step.end === null ? "running" : "",
].filter(Boolean).join(" · ");

const spoken = ({ step, together }, data) =>
  `${step.what} ${step.name}, from ${seconds(step.start)}, ${facts(step, data)}` +
  (together > 1 ? `, together with ${plural(together - 1, "other call")}` : "") + (step.error ? `, failed: ${step.error}` : "");

const row = (entry, data, view, redraw) => {
  const { step, depth, together, place, rails } = entry;
  const share = (value) => `${((100 * value) / (data.length || 1)).toFixed(3)}%`;
  const toggle = step.children.length
    ? make("button", { class: "toggle", "aria-expanded": String(step.isOpen), "aria-label": `${step.isOpen ? "Hide" : "Show"} the calls inside ${step.name}`,
        on: { click: () => { view.open.set(step.number, !step.isOpen); redraw(); } } }, step.isOpen ? "▾" : "▸")
    : make("span", { class: "toggle" });
  const choose = () => { view.chosen = step.number; redraw(true); };
  const bar = make("span", { class: `bar ${step.what}${step.error ? " failed" : ""}${step.end === null ? " open" : ""}${step.cached ? " cached" : ""}`,
    style: { left: share(step.start), width: share(endOf(step, data) - step.start) } });
  const gutter = make("span", { class: `gutter ${place}`, title: together > 1 ? `${together} calls ran together` : null });
  return make("li", { class: view.chosen === step.number ? "chosen" : null, style: { "--depth": depth } },
    rails.map((at) => make("span", { class: "rail", "aria-hidden": "true", style: { "--at": at } })),
    make("span", { class: "name" }, gutter, toggle,
      make("button", { class: "call-name", "aria-label": spoken(entry, data), "aria-current": view.chosen === step.number ? "true" : null, on: { click: choose }, "data-call": step.number },
        make("span", { class: `kind ${step.what}` }, step.what), " ", step.name)),
    make("span", { class: "track", "aria-hidden": "true", on: { click: choose } }, bar),
    make("span", { class: "facts", "aria-hidden": "true" }, facts(step, data)));
};

const scale = (length) => {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const marks = ticks.map((tick) => make("span", { style: { left: `${100 * tick}%` } }, tick ? seconds(tick * length) : "0"));
  return make("div", { class: "scale", "aria-hidden": "true" }, make("span"), make("div", {}, marks));
};

const block = (title, content) => make("div", {}, make("h3", {}, title), content);
const pre = (value) => make("pre", { tabindex: 0 }, text(value));
const fields = (title, values) =>
  Object.entries(values || {}).map(([name, value]) => block(`${title} ${name}`, pre(value)));

const panel = (step, said, data) => {
  const parts = [make("h2", {}, `${step.what} ${step.name}`), make("p", { class: "note" }, [
    `from ${seconds(step.start) || "0 s"}`, facts(step, data), step.place || "",
    step.tokens ? `${step.tokens[0]} read, ${step.tokens[1]} written` : "",
  ].filter(Boolean).join(" · "))];
  if (step.error) parts.push(block("error", make("pre", { class: "bad" }, step.error)));
  if (said === null) return parts;
  if (said instanceof Error) return [...parts, make("p", { class: "note" }, said.message)];
  if (said.settings) parts.push(make("p", { class: "note" }, Object.entries(said.settings).map(([name, value]) => `${name} ${value}`).join(" · ")));
  parts.push(...fields("input", said.inputs));
  for (const [role, content] of said.messages || []) parts.push(block(role, pre(content)));
  (said.answers || []).forEach((answer, index, all) => parts.push(block(all.length > 1 ? `answer ${index + 1}` : "answer", pre(answer))));
  parts.push(...fields("output", said.outputs));
  if (said.left_out) parts.push(make("p", { class: "note" }, `What was said takes ${(said.left_out / 2 ** 20).toFixed(0)} MB and was left out.`));
  if (!data.content) parts.push(make("p", { class: "note" }, "Prompts and answers are in a trace that was written with --trace-content."));
  return parts;
};

const figures = (data) => make("div", { class: "tiles" },
  tile("state", data.state, data.error || "", data.state === "failed" ? "bad" : ""),
  tile("time", seconds(data.length), moment(data.began)),
  data.calls ? tile("model calls", data.calls.toLocaleString("en"), data.together > 1 ? `up to ${data.together} together` : "one after the other") : null,
  data.tokens ? tile("tokens", data.tokens.toLocaleString("en")) : null,
  data.cost ? tile("cost", money(data.cost)) : null,
  typeof data.score === "number" ? tile("score", percent(data.score)) : null);

const measured = (key, data) => section("Evaluations", table(["program", "metric", "score", "rows", "errors"],
  data.results.map((one) => [
    data.content ? make("a", { href: `#/report/${key}/${one.number}` }, one.program || "program") : one.program || "program",
    one.metric || "", percent(one.score), String(one.rows), String(one.errors)]), 2));

const progress = (data) => section("Under way", ...data.progress.map((one) => make("div", { class: "under-way" },
  make("span", {}, `${one.stage}: ${(one.done ?? 0).toLocaleString("en")}${one.total ? ` of ${one.total.toLocaleString("en")}` : ""}`),
  one.total ? make("progress", { max: one.total, value: one.done, "aria-label": one.stage }) : null,
  make("span", {}, [percent(one.score), money(one.cost)].filter(Boolean).join(" · ")))));

const trials = (data) => section("Trials", trialsChart(data.trials), table(["trial", "candidate", "demos", "score"],
  data.trials.map((one, index) => [String(index + 1),
    make("div", {}, one.label || "", one.error ? make("div", { class: "bad" }, one.error) : null,
      Object.entries(one.instructions || {}).map(([name, words]) => make("details", {}, make("summary", {}, make("b", {}, name), `: ${words.slice(0, 90)}`), make("pre", { tabindex: 0 }, words)))),
    Object.entries(one.demos || {}).map(([name, count]) => `${name} ${count}`).join(", "),
    typeof one.score === "number" ? percent(one.score) + (one.full ? "" : " of a part") : "failed"]), 3));

export const traceView = (key, data) => {
  if (!views.has(key)) views.set(key, { open: new Map(), chosen: null, shown: LINES });
  const view = views.get(key);
  const { roots, byNumber } = readSteps(data);
  const list = make("ol", { class: "waterfall", "aria-label": "Calls in the order of their start" });
  const more = make("div", { class: "more" });
  const detail = make("div", { class: "panel", "aria-live": "polite" });

  const showDetail = async () => {
    const step = byNumber.get(view.chosen);
    detail.hidden = !step;
    if (!step) return;
    const said = await ask(`/api/trace/${key}/call/${step.number}`).catch((error) => error);
    if (view.chosen === step.number) detail.replaceChildren(...panel(step, said, data));
  };
  const redraw = (chosen = false) => {
    const focused = document.activeElement?.dataset?.call;
    const all = lines(roots, data, view);
    list.replaceChildren(...all.slice(0, view.shown).map((entry) => row(entry, data, view, redraw)));
    more.replaceChildren(all.length > view.shown ? `${view.shown} of ${all.length.toLocaleString("en")} calls` : "");
    if (all.length > view.shown) more.append(make("button", { on: { click: () => { view.shown += 1000; redraw(); } } }, "Show more"));
    if (focused) list.querySelector(`[data-call="${focused}"]`)?.focus();
    if (chosen) showDetail();
  };
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const names = [...list.querySelectorAll(".call-name")], at = names.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    names[at + step]?.focus();
  });
  redraw(true);
  const legend = make("p", { class: "legend" }, ["module", "lm", "tool", "code"].flatMap((kind) => [make("i", { class: kind }), kind]), make("i", { class: "bracket" }), "ran together");
  return [
    make("h1", {}, data.program || data.name), make("p", { class: "note" }, `${data.what} · ${data.name} `, badge(data.state)), figures(data),
    data.state === "running" && data.progress.length ? progress(data) : null,
    data.trials.length ? trials(data) : null,
    data.results.length ? measured(key, data) : null,
    roots.length ? section("Calls", legend, make("div", { class: "calls" }, make("div", { class: "lines" }, scale(data.length), list, more), detail)) : null,
  ];
};

export const journalView = (data) => [
  make("h1", {}, data.name),
  make("p", { class: "note" }, `A run that goes on, or was interrupted; the same command resumes it. Last written ${moment(data.modified)}, ${plural(data.answers, "answer")} kept.`),
  section("What is done", table(["stage", "last error", "score", "done", "errors", "tokens", "cost"],
    data.stages.map((one) => [one.name, one.lastError, percent(one.score), String(one.done), String(one.errors), one.tokens.toLocaleString("en"), money(one.cost)]), 2)),
];
