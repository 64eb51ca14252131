/** The words behind `dspyc` that lenses stand for. */

import assert from "node:assert/strict";
import test from "node:test";

import { declarationOf, wordsOf } from "../src/words";

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

test("the declaration of a name is found as it is written", () => {
  const text = "module qa2 = P(S)\nmodule qa = P(S)\n  module inner = 1\nprogram\tgröße = t.compile(qa)\n";
  assert.equal(declarationOf(text, "qa"), text.indexOf("module qa ="));
  assert.equal(declarationOf(text, "größe"), text.indexOf("program"));
  for (const name of ["größ", "q.", ".*", "inner", "(", "q|a", "$"]) {
    assert.equal(declarationOf(text, name), -1);
  }
});
