/** Debugging `.dspy` files: the adapter is `dspyc debug --adapter`, no other extension is needed. */

import * as path from "node:path";
import * as vscode from "vscode";

import { askFor, pick, runnables } from "./programs";
import { onDisk } from "./testing/running";

export function registerDebugging(command: () => string | undefined, model: () => readonly string[]): vscode.Disposable[] {
  return [
    vscode.debug.registerDebugAdapterDescriptorFactory("dspyc", {
      createDebugAdapterDescriptor: () => {
        const found = command();
        if (found === undefined) {
          throw new Error("The command dspyc was not found; install it, or set `dspyc.path`.");
        }
        return new vscode.DebugAdapterExecutable(found, ["debug", "--adapter"]);
      },
    }),
    vscode.debug.registerDebugConfigurationProvider("dspyc", {
      resolveDebugConfiguration: (_folder, given) => begun(given),
      resolveDebugConfigurationWithSubstitutedVariables: (folder, given) => resolved(folder, given, model),
    }),
    vscode.debug.registerDebugConfigurationProvider(
      "dspyc",
      {
        provideDebugConfigurations: () => [
          { type: "dspyc", request: "launch", name: "Debug this file", program: "${file}" },
        ],
      },
      vscode.DebugConfigurationProviderTriggerKind.Initial,
    ),
    vscode.commands.registerCommand("dspyc.debug", () => vscode.debug.startDebugging(undefined, fresh())),
  ];
}

/** Debug a test of a file. */
export function debugTest(uri: vscode.Uri, title: string): Thenable<boolean> {
  return vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(uri), {
    ...fresh(),
    name: `Debug the test "${title}"`,
    program: uri.fsPath,
    command: "test",
    test: title,
  });
}

function fresh(): vscode.DebugConfiguration {
  return { type: "dspyc", request: "launch", name: "Debug a program" };
}

/** A configuration that names a program, which may hold variables; undefined where there is none. */
async function begun(given: vscode.DebugConfiguration): Promise<vscode.DebugConfiguration | undefined> {
  const start = given.type === undefined ? fresh() : given;
  if (start.request === "attach" || (typeof start.program === "string" && start.program !== "${file}")) {
    return start;
  }
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== "dspyc") {
    void vscode.window.showWarningMessage("Open a .dspy file to debug it, or name one in `program`.");
    return undefined;
  }
  const uri = await onDisk(document.uri);
  return uri === undefined ? undefined : { ...start, program: uri.fsPath };
}

/** A configuration with what the program must be given; undefined where the user gives up. */
async function resolved(
  folder: vscode.WorkspaceFolder | undefined,
  start: vscode.DebugConfiguration,
  model: () => readonly string[],
): Promise<vscode.DebugConfiguration | undefined> {
  if (start.request === "attach") {
    return start;
  }
  const program = path.resolve(folder?.uri.fsPath ?? "", String(start.program));
  const args = [...(Array.isArray(start.args) ? start.args : []), ...model()];
  const made = { ...start, program, args };
  if (start.test !== undefined || start.target !== undefined || start.inputs !== undefined || start.command === "test") {
    return made;
  }
  const uri = vscode.Uri.file(program);
  if (!(await opened(uri))) {
    return undefined;
  }
  const editor = vscode.window.activeTextEditor;
  const line = editor?.document.uri.fsPath === uri.fsPath ? editor.selection.active.line : undefined;
  const found = (await runnables(uri)).filter(({ kind }) => kind !== "eval");
  const chosen = await pick(found, "What is to be debugged?", line);
  if (chosen === undefined) {
    return found.length === 0 ? made : undefined;
  }
  if (chosen.kind === "test") {
    return { ...made, command: "test", test: chosen.name };
  }
  const inputs = await askFor(chosen.inputs);
  return inputs === undefined ? undefined : { ...made, target: chosen.name, inputs: Object.fromEntries(inputs) };
}

/** Open a file, if it is there: the server tells only of open ones what they declare. */
async function opened(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.openTextDocument(uri);
    return true;
  } catch {
    void vscode.window.showWarningMessage(`The program ${uri.fsPath} cannot be opened.`);
    return false;
  }
}
