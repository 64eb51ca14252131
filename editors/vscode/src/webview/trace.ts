/** The page of a trace: a tree of calls that opens and closes. */

import type { FromTraceView, Step, ToTraceView, Trace } from "../trace/types";
import { counted, dollars, duration, editor, element, whole, type Child } from "./page";

const main = document.querySelector("main")!;
const KINDS: Readonly<Record<Step["kind"], string>> = { module: "module", lm: "model", tool: "tool" };

function say(message: FromTraceView): void {
  editor.postMessage(message);
}

window.addEventListener("message", ({ data }: MessageEvent<ToTraceView>) => {
  main.replaceChildren(...(data.kind === "problem" ? [element("p", { role: "status" }, data.text)] : shown(data.trace)));
});

function shown(trace: Trace): Child[] {
  const facts = [
    new Date(trace.started * 1000).toLocaleTimeString("en"),
    duration(trace.seconds),
    counted(trace.calls, "call"),
    counted(trace.tokens, "token"),
    ...(trace.cost === null ? [] : [dollars(trace.cost)]),
  ];
  const parts: Child[] = [
    element("h1", {}, `dspyc ${trace.command}`),
    element("p", { class: "aside" }, facts.join(", ")),
  ];
  if (trace.left_out > 0) {
    parts.push(element("p", { class: "aside" }, `${whole(trace.left_out)} further calls are left out`));
  }
  return [...parts, ...trace.steps.map((each) => step(each, true))];
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
    ...(each.seconds === undefined ? ["did not end"] : [duration(each.seconds)]),
    ...(each.tokens === undefined || each.tokens === 0 ? [] : [counted(each.tokens, "token")]),
    ...(each.cost === undefined || each.cost === null ? [] : [dollars(each.cost)]),
    ...(each.cached === true ? ["from the cache"] : []),
  ];
  const kind = each.class !== undefined && each.class !== each.name ? ` ${each.class}` : "";
  return element(
    "summary",
    {},
    element("span", { class: "kind" }, KINDS[each.kind]),
    element("strong", {}, each.name),
    element("span", { class: "numbers" }, `${kind}  ${numbers.join(", ")}`),
    ...(each.error === undefined ? [] : [element("span", { class: "error" }, `  ${each.error.split("\n")[0]}`)]),
  );
}

function inside(each: Step): Child[] {
  const parts: Child[] = [];
  if (each.path !== undefined && each.line !== undefined) {
    const { path, line } = each;
    const button = element("button", { type: "button" }, `${path.split(/[\\/]/).at(-1)}:${line}`);
    button.addEventListener("click", () => say({ kind: "open", path, line }));
    parts.push(element("p", {}, button));
  }
  parts.push(...table("inputs", each.inputs));
  for (const { role, text } of each.messages ?? []) {
    parts.push(block(role, text));
  }
  if (each.answer !== undefined) {
    parts.push(block("answer", each.answer));
  }
  parts.push(...each.steps.map((one) => step(one, each.kind === "module")), ...table("outputs", each.outputs));
  if (each.error !== undefined) {
    parts.push(element("pre", { class: "error" }, each.error));
  }
  return parts;
}

function table(title: string, values: Readonly<Record<string, string>> | undefined): HTMLElement[] {
  const rows = Object.entries(values ?? {});
  if (rows.length === 0) {
    return [];
  }
  const body = rows.map(([name, value]) => element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, element("pre", {}, value))));
  return [element("table", { "aria-label": title }, element("caption", { class: "aside" }, title), element("tbody", {}, ...body))];
}

function block(title: string, text: string): HTMLElement {
  return element("section", { class: "message" }, element("h3", {}, title), element("pre", { tabindex: "0" }, text));
}

say({ kind: "ready" });
