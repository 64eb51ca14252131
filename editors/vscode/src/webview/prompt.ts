/** The page of the prompt preview. */

import type { Answer, Field, FromView, Piece, Prompt, Source, ToView } from "../preview/types";
import { difference, type Line } from "./lines";
import { counted, dollars, editor, element, whole, type Child } from "./page";

const main = document.querySelector("main")!;
/** Milliseconds of rest in a field before its value is used. */
const REST = 250;
/** Colours of the pieces, by their place; see views.css. */
const COLOURS = 6;

const banner = element("p", { class: "banner", role: "status", "aria-live": "polite", hidden: "" });
const head = element("header");
const values = element("section", { class: "values", "aria-label": "Values of the inputs" });
const prompts = element("section", { "aria-label": "Prompts" });
main.append(banner, head, values, prompts);

let shownInputs = "";
let showsChanges = true;
let lastChanges = "[]";

function say(message: FromView): void {
  editor.postMessage(message);
}

window.addEventListener("message", (event: MessageEvent<ToView>) => {
  const message = event.data;
  if (message.kind === "problem") {
    tellProblem(message.text, false);
    return;
  }
  const { answer } = message;
  tellProblem(answer.problem, message.mayRunPython);
  if (answer.problem !== "") {
    return; // the last prompts stay, paler
  }
  showHead(answer, message.before);
  showValues(answer, message.source, message.values);
  prompts.replaceChildren(...answer.prompts.map((each) => article(each, message.before[each.name])));
  const changes = JSON.stringify([...prompts.querySelectorAll("ins, del")].map((each) => each.textContent));
  if (changes !== lastChanges) {
    lastChanges = changes;
    prompts.querySelector("ins, del")?.scrollIntoView({ block: "nearest" });
  }
});

function tellProblem(text: string, mayRunPython: boolean): void {
  banner.hidden = text === "";
  main.classList.toggle("stale", text !== "");
  banner.replaceChildren(text);
  if (mayRunPython) {
    const button = element("button", { type: "button" }, "Run the imported Python files");
    button.addEventListener("click", () => say({ kind: "python" }));
    banner.append(element("span", { class: "aside" }, "Python files are read, not run. "), button);
  }
}

function showHead(answer: Answer, before: Readonly<Record<string, Prompt>>): void {
  const hasChanges = answer.prompts.some((each) => before[each.name] !== undefined);
  const box = element("input", { type: "checkbox", id: "changes" });
  box.checked = showsChanges;
  box.addEventListener("change", () => {
    showsChanges = box.checked;
    say({ kind: "ready" });
  });
  const parts: Child[] = [element("h1", {}, answer.subject)];
  if (answer.calls !== "") {
    parts.push(element("p", { class: "aside" }, answer.calls.replaceAll("`", "")));
  }
  if (hasChanges) {
    parts.push(element("label", { for: "changes" }, box, " Show what the last edit changed"));
  }
  head.replaceChildren(...parts);
}

// --- values ---------------------------------------------------------------------------------------------

function showValues(answer: Answer, source: Source, typed: Readonly<Record<string, string>>): void {
  const shown = JSON.stringify([answer.subject, answer.inputs, answer.tests, answer.datasets, source, answer.used]);
  const isTyping = values.contains(document.activeElement) && document.activeElement?.tagName === "TEXTAREA";
  if (shown === shownInputs || isTyping) {
    return;
  }
  shownInputs = shown;
  values.replaceChildren(
    element("div", { class: "row" }, element("label", { for: "source" }, "Values from"), chooser(answer, source), ...rowNumber(answer, source)),
    ...answer.inputs.map((each) => inputField(each, typed[each.name])),
  );
}

function chooser(answer: Answer, source: Source): HTMLSelectElement {
  const automatic = answer.used === "" || source.kind !== "automatic" ? "the first test" : `the test “${answer.used}”`;
  const select = element("select", { id: "source" });
  const add = (text: string, value: Source): void => {
    const option = element("option", { value: JSON.stringify(value) }, text);
    option.selected = value.kind === source.kind && sameName(value, source);
    select.append(option);
  };
  if (answer.tests.length > 0) {
    add(automatic, { kind: "automatic" });
  }
  add("nothing; only what is typed in", { kind: "none" });
  answer.tests.forEach((test) => add(`test “${test}”`, { kind: "test", test }));
  answer.datasets.forEach(({ name }) => add(`a row of ${name}`, { kind: "row", dataset: name, row: 0 }));
  select.addEventListener("change", () => {
    shownInputs = "";
    say({ kind: "source", source: JSON.parse(select.value) as Source });
  });
  return select;
}

function sameName(one: Source, other: Source): boolean {
  return one.kind === "test" && other.kind === "test"
    ? one.test === other.test
    : one.kind === "row" && other.kind === "row"
      ? one.dataset === other.dataset
      : true;
}

function rowNumber(answer: Answer, source: Source): HTMLElement[] {
  const dataset = source.kind === "row" ? answer.datasets.find(({ name }) => name === source.dataset) : undefined;
  if (source.kind !== "row" || dataset === undefined) {
    return [];
  }
  const input = element("input", {
    type: "number", id: "row", min: "1", max: String(dataset.count), value: String(source.row + 1),
  });
  input.addEventListener("change", () => {
    const row = Math.min(Math.max(Number(input.value) || 1, 1), dataset.count) - 1;
    say({ kind: "source", source: { ...source, row } });
  });
  return [element("label", { for: "row" }, "row"), input];
}

function inputField(field: Field, typed: string | undefined): HTMLElement {
  const id = `input-${field.name}`;
  const area = element("textarea", { id, rows: "1", spellcheck: "false", placeholder: `{${field.name}}` });
  area.value = typed ?? field.value ?? "";
  const grow = (): void => {
    area.rows = Math.min(area.value.split("\n").length, 8);
  };
  grow();
  let timer: ReturnType<typeof setTimeout> | undefined;
  area.addEventListener("input", () => {
    grow();
    clearTimeout(timer);
    timer = setTimeout(() => say({ kind: "value", name: field.name, text: area.value }), REST);
  });
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, field.name, element("span", { class: "aside" }, `: ${field.type}`)),
    area,
  );
}

// --- prompts --------------------------------------------------------------------------------------------

function article(prompt: Prompt, before: Prompt | undefined): HTMLElement {
  const compared = showsChanges ? before : undefined;
  return element(
    "article",
    { "aria-label": prompt.name },
    element("h2", {}, prompt.name),
    element("p", { class: "aside" }, prompt.model === "" ? prompt.module : `${prompt.module}, ${prompt.model}`),
    size(prompt, before),
    bar(prompt.pieces, prompt.tokens),
    ...prompt.messages.map((each, at) => message(each.role, each.text, compared?.messages[at]?.text)),
    ...(compared?.messages.slice(prompt.messages.length) ?? []).map((each) => message(each.role, "", each.text)),
  );
}

function size(prompt: Prompt, before: Prompt | undefined): HTMLElement {
  const parts: Child[] = [element("strong", {}, `about ${counted(prompt.tokens, "token")}`)];
  const delta = before === undefined ? 0 : prompt.tokens - before.tokens;
  if (delta !== 0) {
    parts.push(" ", element("span", { class: delta > 0 ? "more" : "less" }, `${delta > 0 ? "+" : "−"}${whole(Math.abs(delta))} since the last edit`));
  }
  if (prompt.cost !== null) {
    parts.push(prompt.cost === 0 ? ", free to read" : `, ${dollars(prompt.cost)} to read`);
  }
  if (prompt.open.length > 0) {
    parts.push(element("span", { class: "aside" }, `; only a run knows ${prompt.open.join(", ")}`));
  }
  return element("p", { class: "size" }, ...parts);
}

/** Demos are one piece here: there may be many. */
function joined(pieces: readonly Piece[]): { label: string; tokens: number }[] {
  const found: { label: string; tokens: number }[] = [];
  let demos: { label: string; tokens: number } | undefined;
  let count = new Set<string>();
  for (const each of pieces) {
    if (!each.label.startsWith("demo ")) {
      found.push({ label: each.label, tokens: each.tokens });
      continue;
    }
    count.add(each.label);
    if (demos === undefined) {
      demos = { label: "", tokens: 0 };
      found.push(demos);
    }
    demos.tokens += each.tokens;
    demos.label = counted(count.size, "demo");
  }
  return found;
}

function bar(pieces: readonly Piece[], total: number): HTMLElement {
  const parts = joined(pieces);
  const list = element("ul", { class: "pieces" });
  const track = element("div", { class: "bar", "aria-hidden": "true" });
  parts.forEach((each, at) => {
    const colour = `piece-${at % COLOURS}`;
    const share = element("span", { class: colour });
    share.style.flexGrow = String(each.tokens);
    track.append(share);
    const percent = total === 0 ? 0 : Math.round((100 * each.tokens) / total);
    list.append(
      element("li", {}, element("span", { class: `mark ${colour}`, "aria-hidden": "true" }), `${each.label}: ${whole(each.tokens)} (${percent} %)`),
    );
  });
  return element("div", {}, track, list);
}

function message(role: string, text: string, before: string | undefined): HTMLElement {
  const lines: Line[] =
    before === undefined ? [{ state: "same", text }] : difference(before, text);
  const body = element("pre", { tabindex: "0", "aria-label": `${role} message` });
  for (const line of lines) {
    if (line.state === "same") {
      body.append(element("span", {}, `${line.text}\n`));
    } else {
      body.append(element(line.state === "added" ? "ins" : "del", {}, `${line.text}\n`));
    }
  }
  return element("section", { class: "message" }, element("h3", {}, role), body);
}

say({ kind: "ready" });
