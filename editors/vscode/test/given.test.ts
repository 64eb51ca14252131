/** What commands are given by lenses, and by the buttons of an editor's title. */

import assert from "node:assert/strict";
import test from "node:test";

import { fileOf, textOf, textsOf, uriOf } from "../src/given";

test("a lens gives a path and a name, a button a URI and its group", () => {
  assert.deepEqual([fileOf("/w/a.dspy"), textOf("qa"), textsOf(["q", "n"])], ["/w/a.dspy", "qa", ["q", "n"]]);
  const uri = { scheme: "file", path: "/w/a.dspy", fsPath: "/w/a.dspy" };
  assert.deepEqual([fileOf(uri), textOf({ groupId: 0 }), textsOf([{ groupId: 0 }])], ["/w/a.dspy", undefined, []]);
  for (const each of [undefined, null, 1, {}, { fsPath: 1 }, [], { scheme: "untitled", fsPath: "Untitled-1" }]) {
    assert.equal(fileOf(each), undefined);
  }
});

test("a lens of a text without a file gives its URI", () => {
  const found = ["/w/a.dspy", "untitled:Untitled-1", "C:\\w\\a.dspy"].map(uriOf);
  assert.deepEqual(found.map(({ scheme, fsPath }) => [scheme, fsPath]), [
    ["file", "/w/a.dspy"], ["untitled", "Untitled-1"], ["file", "C:\\w\\a.dspy"],
  ]);
});
