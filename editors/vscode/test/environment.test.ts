/** Where dspyc is installed on request, and with which commands. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { plan, requirementOf, type Machine } from "../src/environment";

const FOLDER = "/home/ada/project";
const OWN = `${FOLDER}/.venv/bin/python`;
const CHOSEN = "/home/ada/envs/a/bin/python";

/** A machine with these files, and these interpreters by their versions. */
function machine(files: string[], versions: Record<string, readonly [number, number]>, changes: Partial<Machine> = {}): Machine {
  return {
    folder: FOLDER,
    windows: false,
    exists: (file) => files.some((each) => each === file || each.startsWith(`${file}/`)),
    version: (python) => Promise.resolve(versions[python]),
    hasPip: () => Promise.resolve(true),
    hasDspyc: () => Promise.resolve(false),
    hasUv: false,
    ...changes,
  };
}

test("the workspace's environment gets it", async () => {
  const found = await plan(machine([OWN], { [OWN]: [3, 12] }), "dspyc");
  assert.deepEqual(found, { kind: "steps", steps: [[OWN, "-m", "pip", "install", "dspyc"]], environment: OWN });
});

test("the environment that was chosen comes before that", async () => {
  for (const mark of ["/home/ada/envs/a/pyvenv.cfg", "/home/ada/envs/a/conda-meta"]) {
    const around = machine([OWN, CHOSEN, mark], { [OWN]: [3, 12], [CHOSEN]: [3, 13] }, { interpreter: CHOSEN });
    const found = await plan(around, "dspyc");
    assert.equal(found.kind === "steps" && found.environment, CHOSEN);
  }
});

test("the interpreter of a system is not changed: it makes an environment", async () => {
  const around = machine(["/usr/bin/python3"], { "/usr/bin/python3": [3, 11] }, { interpreter: "/usr/bin/python3" });
  const found = await plan(around, "/x/dspyc.whl");
  assert.deepEqual(found.kind === "steps" && found.steps, [
    ["/usr/bin/python3", "-m", "venv", `${FOLDER}/.venv`],
    [OWN, "-m", "pip", "install", "/x/dspyc.whl"],
  ]);
});

test("an environment is made with a Python that is new enough", async () => {
  const found = await plan(machine([], { python3: [3, 9], "python3.12": [3, 12] }), "dspyc");
  assert.equal(found.kind === "steps" && found.steps[0]![0], "python3.12");
});

test("a Python that is too old is named", async () => {
  assert.deepEqual(await plan(machine([], { python3: [3, 10] }), "dspyc"), { kind: "old", python: "python3", version: [3, 10] });
  assert.deepEqual(await plan(machine([OWN], { [OWN]: [3, 8], python3: [3, 13] }), "dspyc"), {
    kind: "old",
    python: OWN,
    version: [3, 8],
  });
});

test("without a Python, or a folder to make an environment in, nothing is run", async () => {
  assert.deepEqual(await plan(machine([], {}), "dspyc"), { kind: "no python" });
  assert.deepEqual(await plan(machine([], { python3: [3, 12] }, { folder: undefined }), "dspyc"), { kind: "no folder" });
});

test("an environment that does not answer is passed over, but never made anew", async () => {
  const other = `${FOLDER}/venv/bin/python`;
  const chosen = [CHOSEN, "/home/ada/envs/a/pyvenv.cfg"];
  const cases: [string[], Record<string, readonly [number, number]>, object][] = [
    [[...chosen, OWN], { [OWN]: [3, 12] }, { environment: OWN }],
    [[OWN, other], { [other]: [3, 12] }, { environment: other }],
    [[OWN], {}, { kind: "broken", python: OWN }],
    [[other], {}, { kind: "broken", python: other }],
    [chosen, {}, { kind: "broken", python: CHOSEN }],
    [[`${FOLDER}/.venv/Scripts/python.exe`], {}, { kind: "broken", python: OWN }],
  ];
  for (const [files, versions, expected] of cases) {
    const found = await plan(machine(files, { python3: [3, 12], ...versions }, { interpreter: CHOSEN }), "dspyc");
    assert.deepEqual({ ...found, ...expected }, found);
  }
});

test("conda's base is not changed, either", async () => {
  const base = "/opt/conda/bin/python";
  const around = machine([base, "/opt/conda/conda-meta", "/opt/conda/condabin"], { [base]: [3, 12] }, { interpreter: base });
  const found = await plan(around, "dspyc");
  assert.deepEqual(found.kind === "steps" && found.steps[0], [base, "-m", "venv", `${FOLDER}/.venv`]);
});

test("the package is the extension's own, or what the settings say; never a name that nobody wrote", () => {
  const wheel = "/x/dspyc-0.1.0-py3-none-any.whl";
  for (const [set, own, expected] of [
    ["", wheel, wheel],
    ["dspyc", wheel, wheel],
    ["dspyc[debug,otel]", wheel, `${wheel}[debug,otel]`],
    ["dspyc==0.2", wheel, "dspyc==0.2"],
    ["/home/ada/dspyc", wheel, "/home/ada/dspyc"],
    ["dspyc[debug]", undefined, "dspyc[debug]"],
    ["", undefined, undefined],
  ] as const) {
    assert.equal(requirementOf(set, own), expected);
  }
});

test("what has the version of what is there is installed all the same", async () => {
  const has = { hasDspyc: () => Promise.resolve(true) };
  const cases: [string, number][] = [["/x/d.whl", 2], ["/x/d.whl[debug]", 2], ["git+https://x/y", 2], ["dspyc", 1], ["/x/clone", 1]];
  for (const [wanted, count] of cases) {
    const found = await plan(machine([OWN], { [OWN]: [3, 12] }, has), wanted);
    assert.equal(found.kind === "steps" && found.steps.length, count, wanted);
  }
  const byUv = { ...has, hasPip: () => Promise.resolve(false), hasUv: true };
  const found = await plan(machine([OWN], { [OWN]: [3, 12] }, byUv), "/x/d.whl");
  assert.deepEqual(found.kind === "steps" && found.steps[0]!.slice(-3), ["--reinstall-package", "dspyc", "/x/d.whl"]);
});

test("an environment without pip gets it by uv, or gets pip", async () => {
  const without = { hasPip: () => Promise.resolve(false) };
  const byUv = await plan(machine([OWN], { [OWN]: [3, 12] }, { ...without, hasUv: true }), "dspyc");
  assert.deepEqual(byUv.kind === "steps" && byUv.steps, [["uv", "pip", "install", "--python", OWN, "dspyc"]]);
  const byPip = await plan(machine([OWN], { [OWN]: [3, 12] }, without), "dspyc");
  assert.deepEqual(byPip.kind === "steps" && byPip.steps, [
    [OWN, "-m", "ensurepip", "--upgrade"],
    [OWN, "-m", "pip", "install", "dspyc"],
  ]);
});
