/** The page of a trace: a tree of calls that opens and closes. */

import type { FromTraceView, Step, ToTraceView, Trace, What } from "../trace/types";
import { counted, dollars, duration, editor, element, type Child } from "./page";

const main = document.querySelector("main")!;
const KINDS: Readonly<Record<What, string>> = {
  module: "module", lm: "model", tool: "tool", code: "code", evaluate: "evaluation", optimize: "optimizer",
};

function say(message: FromTraceView): void {
  editor.postMessage(message);
}

window.addEventListener("message", ({ data }: MessageEvent<ToTraceView>) => {
  main.replaceChildren(...(data.kind === "problem" ? [element("p", { role: "status" }, data.text)] : shown(data.trace)));
});

function shown(trace: Trace): Child[] {
  const facts = [
    new Date(trace.began * 1000).toLocaleTimeString("en"),
    trace.seconds === undefined ? "has not ended" : duration(trace.seconds),
    counted(trace.calls, "call"),
    counted(trace.tokens, "token"),
    ...(trace.cost === null ? [] : [dollars(trace.cost)]),
  ];
  return [
    element("h1", {}, `dspyc ${trace.command}`),
    element("p", { class: "aside" }, `${trace.program.split(/[\\/]/).at(-1)}: ${facts.join(", ")}`),
    ...(trace.error === undefined ? [] : [element("p", { class: "error" }, trace.error)]),
    ...trace.steps.map((each) => step(each, true)),
  ];
}

function step(each: Step, isOpen: boolean): HTMLElement {
  const made = element("details", {}, summary(each));
  made.open = isOpen;
  // What is inside is made when it is first looked at: a run may have thousands of calls.
  let isFilled = false;
  const fill = (): void => {
    if (!isFilled) {
      isFilled = true;
      made.append(...inside(each));
    }
  };
  if (isOpen) {
    fill();
  }
  made.addEventListener("toggle", fill);
  return made;
}

function summary(each: Step): HTMLElement {
  const numbers = [
    each.end === undefined ? "did not end" : duration(each.end - each.at),
    ...(each.tokens === undefined ? [] : [counted(each.tokens, "token")]),
    ...(each.cost === undefined ? [] : [dollars(each.cost)]),
    ...(each.cached === true ? ["from the cache"] : []),
  ];
  return element(
    "summary",
    {},
    element("span", { class: "kind" }, KINDS[each.what]),
    element("strong", {}, each.name),
    element("span", { class: "numbers" }, `  ${numbers.join(", ")}`),
    ...(each.error === undefined ? [] : [element("span", { class: "error" }, `  ${each.error.split("\n")[0]}`)]),
  );
}

function inside(each: Step): Child[] {
  const parts: Child[] = [];
  if (each.place !== undefined) {
    const { path, line } = each.place;
    const button = element("button", { type: "button", class: "place" }, `${path.split(/[\\/]/).at(-1)}:${line}`);
    button.addEventListener("click", () => say({ kind: "open", path, line }));
    parts.push(element("p", {}, button));
  }
  parts.push(...table("inputs", each.inputs));
  parts.push(...(each.messages ?? []).map(([role, text]) => block(role, text)));
  parts.push(...(each.answers ?? []).map((text) => block("answer", text)));
  parts.push(...each.steps.map((one) => step(one, each.what === "module")), ...table("outputs", each.outputs));
  if (each.error !== undefined) {
    parts.push(element("pre", { class: "error" }, each.error));
  }
  return parts;
}

function table(title: string, values: unknown): HTMLElement[] {
  if (typeof values !== "object" || values === null) {
    return [];
  }
  const rows = Object.entries(values).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
    return element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, element("pre", {}, text)));
  });
  return rows.length === 0
    ? []
    : [element("table", {}, element("caption", { class: "aside" }, title), element("tbody", {}, ...rows))];
}

function block(title: string, text: string): HTMLElement {
  return element("section", { class: "message" }, element("h3", {}, title), element("pre", { tabindex: "0" }, text));
}

say({ kind: "ready" });
