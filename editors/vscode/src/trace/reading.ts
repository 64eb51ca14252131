/** Reading a trace as `--trace` writes it: JSON Lines, one for each thing that has happened; see docs/observing.md. */

import * as path from "node:path";

import { parsed } from "../processes";
import type { Step, Trace, What } from "./types";

const KINDS: ReadonlySet<string> = new Set(["module", "lm", "tool", "code", "evaluate", "optimize"]);

/**
 * The trace of a text; undefined where that is none.
 *
 * @param folder the folder of the file: places in it are relative to that.
 */
export function readTrace(text: string, folder: string): Trace | undefined {
  const lines = text.split("\n");
  const head = parsed(lines[0] ?? "");
  if (head?.dspyc_trace !== 1) {
    return undefined;
  }
  const steps: Step[] = [];
  const byNumber = new Map<number, Step>();
  let finished: Record<string, unknown> | undefined;
  for (const line of lines.slice(1)) {
    const record = parsed(line);
    if (record === undefined) {
      continue; // half a line of a run that goes on, or the end of the file
    }
    if (typeof record.call === "number") {
      const step = stepOf(record, folder);
      byNumber.set(record.call, step);
      const around = typeof record.within === "number" ? byNumber.get(record.within) : undefined;
      (around?.steps ?? steps).push(step);
    } else if (typeof record.end === "number") {
      end(byNumber.get(record.end), record);
    } else if (typeof record.finished === "number") {
      finished = record;
    }
  }
  const calls = [...byNumber.values()].filter(({ what }) => what === "lm");
  const costs = calls.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  return {
    command: String(head.command ?? ""),
    program: String(head.program ?? ""),
    began: Number(head.began ?? 0),
    ...(finished === undefined ? {} : { seconds: Number(finished.finished) }),
    ...(typeof finished?.error === "string" ? { error: finished.error } : {}),
    calls: calls.length,
    tokens: calls.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0),
    cost: costs.length === 0 ? null : costs.reduce((sum, each) => sum + each, 0),
    steps,
  };
}

function stepOf(record: Readonly<Record<string, unknown>>, folder: string): Step {
  const what = KINDS.has(String(record.what)) ? (record.what as What) : "module";
  const place = placeOf(record.place, folder);
  return {
    what,
    name: String(record.name ?? what),
    at: Number(record.at ?? 0),
    ...(place === undefined ? {} : { place }),
    ...(record.inputs === undefined ? {} : { inputs: record.inputs }),
    ...(Array.isArray(record.messages) ? { messages: record.messages as [string, string][] } : {}),
    steps: [],
  };
}

function placeOf(given: unknown, folder: string): Step["place"] {
  const found = typeof given === "string" ? /^(.*):(\d+)$/s.exec(given) : null;
  return found === null ? undefined : { path: path.resolve(folder, found[1]!), line: Number(found[2]) };
}

function end(step: Step | undefined, record: Readonly<Record<string, unknown>>): void {
  if (step === undefined) {
    return;
  }
  step.end = Number(record.at ?? 0);
  if (record.outputs !== undefined) {
    step.outputs = record.outputs;
  }
  if (Array.isArray(record.answers)) {
    step.answers = record.answers.map(String);
  }
  if (typeof record.error === "string") {
    step.error = record.error;
  }
  if (Array.isArray(record.tokens)) {
    step.tokens = record.tokens.reduce((sum: number, each) => sum + Number(each), 0);
  }
  if (typeof record.cost === "number") {
    step.cost = record.cost;
  }
  if (record.cached === true) {
    step.cached = true;
  }
}
