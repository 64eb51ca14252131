/** What the prompt preview remembers of earlier prompts, and how it counts places. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Changes } from "../src/preview/changes";
import { codePoints, units } from "../src/preview/offsets";
import type { Prompt } from "../src/preview/types";

function prompt(name: string, text: string): Prompt {
  return { name, module: "", model: "", messages: [{ role: "user", text }], open: [], pieces: [], tokens: 1, cost: null };
}

test("what an edit changed is compared with what was before it", () => {
  const changes = new Changes();
  assert.deepEqual(changes.since("a", 1, [prompt("p", "one")]), {});
  assert.equal(changes.since("a", 2, [prompt("p", "two")]).p?.messages[0]?.text, "one");
  assert.equal(changes.since("a", 3, [prompt("p", "two")]).p?.messages[0]?.text, "one", "an edit of something else");
  assert.equal(changes.since("a", 4, [prompt("p", "three")]).p?.messages[0]?.text, "two");
});

test("other values are no edit", () => {
  const changes = new Changes();
  changes.since("a", 1, [prompt("p", "one")]);
  assert.deepEqual(changes.since("b", 1, [prompt("p", "two")]), {});
});

test("places are counted in code points and back", () => {
  const text = "a😀é𝒳b";
  for (const [unit, point] of [[0, 0], [1, 1], [3, 2], [4, 3], [6, 4], [7, 5]] as const) {
    assert.equal(codePoints(text, unit), point);
    assert.equal(units(text, point), unit);
  }
});
