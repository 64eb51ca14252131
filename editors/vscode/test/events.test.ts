/** What the commands say while they run. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { eventOf, figures, lastError, scored } from "../src/testing/events";

test("a line that is no event is passed over", () => {
  for (const line of ["", "Traceback", "[1]", "null", '{"x": 1}', '{"event": 3}']) {
    assert.equal(eventOf(line), undefined);
  }
  assert.equal(eventOf('{"event": "finished"}')?.event, "finished");
});

test("figures say what there is", () => {
  assert.equal(figures(0.0421, { calls: 0, tokens: 0, cost: null }), "42 ms");
  assert.equal(figures(1.26, { calls: 1, tokens: 9, cost: 0 }), "1.3 s, 1 call");
  assert.equal(figures(12, { calls: 2, tokens: 9, cost: 0.00123 }), "12.0 s, 2 calls, $0.0012");
});

test("what a process said last of an error is told, and none of its warnings", () => {
  assert.equal(lastError("warning: slow\nerror: no key\n help: set it\nwarning: slow\n"), "error: no key\n help: set it");
  assert.equal(lastError("warning: the connection broke\n"), "");
  assert.equal(lastError("killed\n"), "killed");
});

test("a score says what was required", () => {
  const result = {
    event: "result", evaluation: "a", program: "qa", metric: "m", score: 50, examples: 4, errors: 1, require: 60,
    passed: false, seconds: 1, rows: [], calls: 4, tokens: 0, cost: null,
  } as const;
  assert.equal(scored(result, false), "qa: 50.0 % of 4 rows, 1 failed, 60 required");
  assert.equal(scored({ ...result, score: null }, true), "? % of 4 rows, 1 failed, 60 required");
});
