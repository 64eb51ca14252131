/** Processes and their ends. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "../src/processes";

test("a process has ended, also where one that it started still holds its output", async () => {
  const lines: string[] = [];
  const running = run("sh", ["-c", "echo first; echo last >&2; sleep 30 & exit 3"], undefined, (each) => lines.push(each));
  assert.deepEqual(await running.ended, { code: 3, errors: "last\n" });
  assert.deepEqual(lines, ["first"]);
});

test("all that a process has written is read, however much it is", async () => {
  let count = 0;
  const running = run("sh", ["-c", "seq 1 300000"], undefined, () => count++);
  assert.deepEqual(await running.ended, { code: 0, errors: "" });
  assert.equal(count, 300_000);
});

test("what cannot be started has ended, and says why", async () => {
  const { code, errors } = await run("no-such-command", [], undefined, () => undefined).ended;
  assert.equal(code, null);
  assert.match(errors, /ENOENT/);
});
