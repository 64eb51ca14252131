/** The views beside the code, with an editor and pages that the test plays. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";

import { GraphView } from "../src/graph";
import { PromptPreview } from "../src/preview/panel";
import { TraceView } from "../src/trace/panel";
import { panels, Panel, serializers } from "./fakes/vscode";

const EXTENSION = vscode.Uri.file("/extension");
const READY = { kind: "ready" };
const TRACE = [{ dspyc_trace: 1, program: "p" }, { call: 1, within: null, what: "lm", name: "m", at: 0 }]
  .map((each) => JSON.stringify(each))
  .join("\n");

const rest = (milliseconds = 50): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Wait until a panel was told something at last, for some seconds at most. */
async function until(panel: Panel, expected: object | RegExp): Promise<void> {
  const is = (): boolean => {
    const last = panel.told.at(-1);
    return expected instanceof RegExp ? expected.test(JSON.stringify(last)) : isDeepStrictEqual(last, expected);
  };
  for (let tries = 0; tries < 100 && !is(); tries++) {
    await rest();
  }
  assert.ok(is(), `${JSON.stringify(panel.told.at(-1))} instead of ${String(expected)}`);
}

/** A trace view, open, and the folder where its traces are. */
function traceView(): { view: TraceView; folder: string; panel: Panel } {
  const folder = mkdtempSync(path.join(tmpdir(), "dspyc-"));
  const view = new TraceView(EXTENSION, vscode.Uri.file(folder));
  view.show();
  const panel = panels.at(-1)!;
  panel.say(READY);
  return { view, folder, panel };
}

/** Write a trace that was last written some seconds ago. */
function write(file: string, ago: number): void {
  writeFileSync(file, TRACE);
  const at = Date.now() / 1000 - ago;
  utimesSync(file, at, at);
}

const kinds = (panel: Panel): unknown[] => panel.told.map((each) => (each as { kind: string }).kind);

test("a run that ends leaves its trace, also where the view was open all the time", async () => {
  const { view, panel } = traceView();
  const run = await view.begin();
  write(run.words[1]!, 30);
  panel.say(READY);
  await rest();
  assert.equal((await run.ended())?.calls, 1);
  assert.ok(existsSync(run.words[1]!), "what was paid for stays");
  assert.equal(kinds(panel).at(-1), "trace");
  const next = await view.begin();
  write(next.words[1]!, 0);
  await next.ended();
  assert.deepEqual([existsSync(run.words[1]!), existsSync(next.words[1]!)], [false, true]);
  view.dispose();
});

test("a run that asks no model leaves the trace of the one before", async () => {
  const { view, folder, panel } = traceView();
  const run = await view.begin();
  write(run.words[1]!, 0);
  await run.ended();
  const empty = await view.begin();
  writeFileSync(empty.words[1]!, TRACE.split("\n")[0]!);
  await empty.ended();
  assert.deepEqual(readdirSync(folder), [path.basename(run.words[1]!)]);
  assert.equal(kinds(panel).at(-1), "trace");
  view.dispose();
});

test("what another window has written is shown, and stays", async () => {
  const { view, folder, panel } = traceView();
  const [quiet, running] = ["a", "b"].map((name) => path.join(folder, `${name}.trace.jsonl`));
  write(running!, 0);
  panel.say(READY);
  await rest();
  assert.ok(!kinds(panel).includes("trace"), "a run that goes on elsewhere");
  write(quiet!, 60);
  panel.say(READY);
  await until(panel, /"trace"/);
  const run = await view.begin();
  write(run.words[1]!, 0);
  await run.ended();
  assert.deepEqual([existsSync(quiet!), existsSync(running!)], [true, true]);
  view.dispose();
});

test("a restored panel takes the place of one that was opened before it", async () => {
  const { view, panel } = traceView();
  await until(panel, /Nothing has run/);
  const restored = new Panel();
  await serializers.get("dspyc.trace")!.deserializeWebviewPanel(restored);
  assert.ok(panel.isDisposed);
  panel.say(READY);
  await rest();
  assert.deepEqual(kinds(restored), [], "its page does not listen yet");
  restored.say(READY);
  await until(restored, /Nothing has run/);
  restored.dispose();
  view.show();
  assert.notEqual(panels.at(-1), panel, "a new one opens");
  view.dispose();
});

test("what could not be asked yet is asked once there is a server", async () => {
  let text = "dspyc is starting.";
  const graph = { name: "qa", svg: "<svg/>" };
  const client = { code2ProtocolConverter: { asTextDocumentPositionParams: () => ({}) }, sendRequest: () => Promise.resolve(graph) };
  let found = false;
  const views = [
    new GraphView(EXTENSION, () => (found ? (client as never) : undefined), () => text),
    new PromptPreview(EXTENSION, () => (found ? "/no/such/dspyc" : undefined), () => text),
  ];
  views.forEach((view) => view.show());
  const [graphPanel, promptPanel] = panels.slice(-2) as [Panel, Panel];
  for (const panel of [graphPanel, promptPanel]) {
    panel.say(READY);
    await until(panel, { kind: "problem", text });
  }
  text = "The command dspyc was not found.";
  views.forEach((view) => view.refresh());
  await until(graphPanel, { kind: "problem", text });
  await until(promptPanel, { kind: "problem", text });
  found = true;
  views.forEach((view) => view.refresh());
  await until(graphPanel, { kind: "graph", ...graph });
  await until(promptPanel, /ENOENT/);
  views.forEach((view) => view.dispose());
});
