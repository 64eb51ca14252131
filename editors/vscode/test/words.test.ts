/** The words behind `dspyc` that lenses stand for. */

import assert from "node:assert/strict";
import test from "node:test";

import { wordsOf } from "../src/words";

test("a test is chosen by its title", () => {
  assert.deepEqual(wordsOf("test", "/w/a.dspy", "two dice; rm -rf"), ["test", "/w/a.dspy", "--title", "two dice; rm -rf"]);
  assert.deepEqual(wordsOf("test", "/w/a.dspy", undefined), ["test", "/w/a.dspy"]);
});

test("a run has a value for each input", () => {
  const inputs = new Map([
    ["question", "why = what?"],
    ["n", "3"],
  ]);
  assert.deepEqual(wordsOf("run", "/w/a.dspy", "qa", inputs), ["run", "/w/a.dspy:qa", "question=why = what?", "n=3"]);
});

test("an evaluation and an optimizer are chosen by name", () => {
  assert.deepEqual(wordsOf("eval", "/w/a b.dspy", "accuracy"), ["eval", "/w/a b.dspy:accuracy"]);
  assert.deepEqual(wordsOf("optimize", "/w/a.dspy", undefined), ["optimize", "/w/a.dspy"]);
});
