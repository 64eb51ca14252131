/** The commands: run and optimise in a terminal, test and evaluate in the Testing view, show prompt and trace. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Location, Position } from "vscode-languageclient";

import { fileOf, textOf, textsOf, uriOf } from "./given";
import { askFor, pick, runnables } from "./programs";
import { ended, taskOf } from "./tasks";
import { figures } from "./testing/events";
import { INTERRUPTED, type Result, type Results } from "./testing/results";
import { onDisk, saved, type Runner } from "./testing/running";
import type { Kind, TestTree } from "./testing/tree";
import type { TraceView } from "./trace/panel";
import type { Trace } from "./trace/types";

/** What the commands need of the extension. */
export interface Parts {
  readonly command: () => string | undefined;
  readonly client: () => LanguageClient | undefined;
  readonly model: () => readonly string[];
  readonly tree: TestTree;
  readonly runner: Runner;
  readonly results: Results;
  readonly trace: TraceView;
}

export function registerCommands(parts: Parts): vscode.Disposable[] {
  const register = vscode.commands.registerCommand;
  return [
    register("dspyc.run", (file?: unknown, name?: unknown, ...inputs: unknown[]) =>
      runProgram(parts, fileOf(file), textOf(name), textsOf(inputs)),
    ),
    register("dspyc.test", (file?: unknown, title?: unknown) => runTests(parts, "test", fileOf(file), textOf(title))),
    register("dspyc.eval", (file?: unknown, name?: unknown) => runTests(parts, "evaluate", fileOf(file), textOf(name))),
    register("dspyc.optimize", (file?: unknown, name?: unknown) => optimise(parts, fileOf(file), textOf(name))),
    register("dspyc.trace", () => parts.trace.show()),
    register("dspyc.state", showState),
    register("dspyc.references", (uri: string, at: Position, found: Location[]) => showReferences(parts, uri, at, found)),
  ];
}

/** The file that a command is about, saved: the given one, else the active editor's; undefined with a word about it. */
async function target(parts: Parts, file: string | undefined): Promise<vscode.Uri | undefined> {
  const document = vscode.window.activeTextEditor?.document;
  const uri = file !== undefined ? uriOf(file) : document?.languageId === "dspyc" ? document.uri : undefined;
  if (uri === undefined || parts.command() === undefined) {
    void vscode.window.showWarningMessage(parts.command() === undefined ? "dspyc is not installed here." : "Open a .dspy file to run this.");
    return undefined;
  }
  if (!vscode.workspace.isTrusted) {
    void askForTrust();
    return undefined;
  }
  return onDisk(uri);
}

async function askForTrust(): Promise<void> {
  const manage = "Manage Workspace Trust";
  if ((await vscode.window.showWarningMessage("Programs of a workspace run once you trust it.", manage)) === manage) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}

async function runProgram(
  parts: Parts,
  file: string | undefined,
  name: string | undefined,
  inputs: readonly string[],
): Promise<void> {
  const uri = await target(parts, file);
  if (uri === undefined) {
    return;
  }
  const found = (await runnables(uri)).filter(({ kind }) => kind === "run");
  const line = vscode.window.activeTextEditor?.selection.active.line;
  const chosen = name === undefined ? await pick(found, "Which program?", line) : found.find((each) => each.name === name);
  if (name === undefined && chosen === undefined) {
    if (found.length === 0) {
      void vscode.window.showWarningMessage("This file declares no module or program that can be run.");
    }
    return;
  }
  const program = name ?? chosen!.name;
  const values = await askFor(name === undefined ? chosen!.inputs : inputs);
  if (values === undefined) {
    return;
  }
  await saved(uri);
  const traced = await parts.trace.begin();
  const code = await ended(taskOf(parts.command()!, "run", uri, program, values, [...parts.model(), ...traced.words]));
  const trace = await traced.ended();
  if (chosen !== undefined) {
    parts.results.set(uri, `run ${program}`, chosen.line, resultOf(code, trace));
  }
}

/** The exit code of a command that Ctrl-C has ended. */
const CONTROL_C = 130;

/** What stands beside a program that has run; one whose terminal was closed has no exit code. */
function resultOf(code: number | undefined, trace: Trace | undefined): Result {
  if (code === undefined || code === CONTROL_C) {
    return INTERRUPTED;
  }
  const told = trace !== undefined ? figures(trace.seconds ?? 0, trace) : code === 0 ? "done" : "failed";
  return {
    outcome: code === 0 ? "passed" : "failed",
    text: told,
    ...(trace !== undefined ? { details: "[Show the trace](command:dspyc.trace): each call with its prompt and answer" } : {}),
  };
}

async function runTests(parts: Parts, kind: Kind, file: string | undefined, name: string | undefined): Promise<void> {
  const uri = await target(parts, file);
  if (uri === undefined) {
    return;
  }
  await saved(uri);
  const wanted = kind === "test" ? "test" : "eval";
  const names = name === undefined ? (await runnables(uri)).filter((each) => each.kind === wanted).map((each) => each.name) : [name];
  const items = (await Promise.all(names.map((each) => parts.tree.find(uri, kind, each)))).filter((each) => each !== undefined);
  if (items.length === 0) {
    void vscode.window.showWarningMessage(
      kind === "test" ? "This file declares no tests." : "This file declares no evaluations.",
    );
    return;
  }
  await parts.runner.run(new vscode.TestRunRequest(items));
}

async function optimise(parts: Parts, file: string | undefined, name: string | undefined): Promise<void> {
  const uri = await target(parts, file);
  if (uri !== undefined) {
    await saved(uri);
    await ended(taskOf(parts.command()!, "optimize", uri, name, new Map(), parts.model()));
  }
}

async function showState(file: string, name: string): Promise<void> {
  const state = vscode.Uri.file(file.replace(/\.dspy$/, `.${name}.state.json`));
  await vscode.window.showTextDocument(state, { preview: true });
}

async function showReferences(parts: Parts, uri: string, at: Position, found: Location[]): Promise<void> {
  const client = parts.client();
  if (client === undefined) {
    return;
  }
  const { protocol2CodeConverter: convert } = client;
  await vscode.commands.executeCommand(
    "editor.action.showReferences",
    convert.asUri(uri),
    convert.asPosition(at),
    found.map((each) => convert.asLocation(each)),
  );
}
