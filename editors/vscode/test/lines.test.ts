/** What differs between two texts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { difference } from "../src/webview/lines";

const told = (before: string, after: string): string[] =>
  difference(before, after).map(({ state, text }) => `${{ same: " ", added: "+", removed: "-" }[state]}${text}`);

test("equal texts have nothing new", () => {
  assert.deepEqual(told("a\nb", "a\nb"), [" a", " b"]);
});

test("a changed line is a removed and an added one, in its place", () => {
  assert.deepEqual(told("a\nb\nc", "a\nx\nc"), [" a", "-b", "+x", " c"]);
});

test("lines that move are found by what stays", () => {
  assert.deepEqual(told("a\nb\nc\nd", "b\nc\ne\nd\nf"), ["-a", " b", " c", "+e", " d", "+f"]);
});

test("an empty text has one empty line", () => {
  assert.deepEqual(told("", "a"), ["-", "+a"]);
});

test("applying what is told to the old text gives the new one", () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let round = 0; round < 200; round += 1) {
    const text = (): string => Array.from({ length: random(9) }, () => "abc"[random(3)]).join("\n");
    const [before, after] = [text(), text()];
    const lines = difference(before, after);
    const side = (dropped: string): string => lines.filter(({ state }) => state !== dropped).map((each) => each.text).join("\n");
    assert.equal(side("removed"), after);
    assert.equal(side("added"), before);
  }
});
