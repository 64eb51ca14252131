/** Reading what `--trace` writes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readTrace } from "../src/trace/reading";

const HEAD = { dspyc_trace: 1, began: 100.5, process: 1, content: true, command: "run", program: "a.dspy:qa" };
const text = (...records: object[]): string => [HEAD, ...records].map((each) => JSON.stringify(each)).join("\n");

test("calls stand inside each other, with what they took", () => {
  const trace = readTrace(
    text(
      { call: 1, within: null, what: "module", name: "Predict", at: 0.1, place: "../a b.dspy:20", inputs: { q: 1 } },
      { call: 2, within: 1, what: "lm", name: "m", at: 0.2, messages: [["user", "hi"]] },
      { end: 2, at: 0.5, tokens: [210, 34], cost: 0.25, answers: ["yes"] },
      { progress: "evaluate", at: 0.6, done: 1 },
      { end: 1, at: 0.7, outputs: { a: "yes" } },
      { finished: 1.5 },
    ),
    "/w/runs",
  );
  assert.deepEqual([trace?.calls, trace?.tokens, trace?.cost, trace?.seconds], [1, 244, 0.25, 1.5]);
  const [step] = trace!.steps;
  assert.deepEqual(step?.place, { path: "/w/a b.dspy", line: 20 });
  assert.deepEqual([step?.end, step?.outputs], [0.7, { a: "yes" }]);
  assert.deepEqual(step?.steps.map(({ what, answers }) => [what, answers]), [["lm", ["yes"]]]);
});

test("a run that goes on, or was killed, has what came so far", () => {
  const trace = readTrace(`${text({ call: 1, within: null, what: "tool", name: "t", at: 0 })}\n{"end": 1, "a`, "/w");
  assert.equal(trace?.seconds, undefined);
  assert.equal(trace?.steps[0]?.end, undefined);
});

test("what is no trace is none", () => {
  for (const each of ["", "{}", '{"dspyc_trace":2}', "[1]", "hello"]) {
    assert.equal(readTrace(each, "/w"), undefined);
  }
});
