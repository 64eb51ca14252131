/** Where the extension looks for the server, and what it never starts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { findServer, type Surroundings } from "../src/server";

function surroundings(files: string[], changes: Partial<Surroundings> = {}): Surroundings {
  return {
    setting: "",
    folders: ["/home/ada/project"],
    trusted: true,
    home: "/home/ada",
    searchPath: "/usr/bin:/home/ada/bin",
    windows: false,
    isExecutable: (file) => files.includes(file),
    ...changes,
  };
}

const IN_PROJECT = "/home/ada/project/.venv/bin/dspyc";
const ON_PATH = "/home/ada/bin/dspyc";

test("the workspace's environment comes before the PATH", () => {
  const found = findServer(surroundings([IN_PROJECT, ON_PATH]));
  assert.deepEqual(found, { command: IN_PROJECT, origin: "environment" });
});

test("the PATH is the last resort", () => {
  assert.deepEqual(findServer(surroundings([ON_PATH])), { command: ON_PATH, origin: "PATH" });
});

test("the interpreter that was chosen comes before the workspace's environment", () => {
  const chosen = "/home/ada/envs/a/bin/dspyc";
  const around = surroundings([chosen, IN_PROJECT], { interpreter: "/home/ada/envs/a/bin/python" });
  assert.deepEqual(findServer(around), { command: chosen, origin: "interpreter" });
  assert.equal(findServer({ ...around, trusted: false }).command, undefined);
  assert.equal(findServer({ ...around, isExecutable: (file) => file === IN_PROJECT }).command, IN_PROJECT);
});

test("the setting comes first", () => {
  const found = findServer(surroundings([IN_PROJECT, "/opt/dspyc"], { setting: "/opt/dspyc" }));
  assert.deepEqual(found, { command: "/opt/dspyc", origin: "setting" });
});

test("the setting may start at home or at the workspace folder", () => {
  assert.equal(findServer(surroundings([ON_PATH], { setting: "~/bin/dspyc" })).command, ON_PATH);
  assert.equal(findServer(surroundings([IN_PROJECT], { setting: ".venv/bin/dspyc" })).command, IN_PROJECT);
});

test("a setting that points nowhere is not passed over", () => {
  const found = findServer(surroundings([IN_PROJECT, ON_PATH], { setting: "/opt/missing" }));
  assert.deepEqual(found, { command: undefined, tried: ["/opt/missing"], isSet: true });
});

test("nothing inside an untrusted workspace is started", () => {
  const inside = "/home/ada/project/bin/dspyc";
  const around = surroundings([IN_PROJECT, inside], { trusted: false, searchPath: "/home/ada/project/bin:bin" });
  assert.equal(findServer(around).command, undefined);
  assert.equal(findServer({ ...around, setting: ".venv/bin/dspyc" }).command, undefined);
});

test("a search in vain says where it looked", () => {
  const found = findServer(surroundings([]));
  assert.deepEqual(found, {
    command: undefined,
    tried: [IN_PROJECT, "/home/ada/project/venv/bin/dspyc", "PATH"],
    isSet: false,
  });
});
