/** Starts and stops that wait for each other. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Turns } from "../src/turns";

const fails = (): Promise<void> => Promise.reject(new Error("broken"));

test("steps wait for each other", async () => {
  const turns = new Turns();
  const done: number[] = [];
  const first = turns.take(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    done.push(1);
  });
  await turns.take(() => Promise.resolve(void done.push(2)));
  await first;
  assert.deepEqual(done, [1, 2]);
});

test("a step that fails says so to whoever asked for it, and the next ones are taken", async () => {
  const turns = new Turns();
  await assert.rejects(turns.take(fails), /broken/);
  let taken = false;
  await turns.take(() => Promise.resolve(void (taken = true)));
  assert.ok(taken);
});

test("a start that fails is over, is told, and another one is made", async () => {
  const turns = new Turns();
  const told: string[] = [];
  assert.ok(turns.isStarting);
  await turns.start(fails, (problem) => told.push(String(problem)));
  assert.deepEqual(told, ["Error: broken"]);
  assert.equal(turns.isStarting, false);
  let during = false;
  await turns.start(() => Promise.resolve(void (during = turns.isStarting)), () => assert.fail());
  assert.deepEqual([during, turns.isStarting], [true, false]);
});
