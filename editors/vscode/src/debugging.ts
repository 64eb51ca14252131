/** Debugging `.dspy` files: the adapter is `dspyc debug --adapter`, no other extension is needed. */

import * as vscode from "vscode";

import { askFor, pick, runnables } from "./programs";

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
      resolveDebugConfiguration: (_folder, given) => resolved(given, model),
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

/** A configuration with a program, and with what the program must be given; undefined where the user gives up. */
async function resolved(
  given: vscode.DebugConfiguration,
  model: () => readonly string[],
): Promise<vscode.DebugConfiguration | undefined> {
  const editor = vscode.window.activeTextEditor;
  const start = given.type === undefined ? fresh() : given;
  if (start.request === "attach") {
    return start;
  }
  const file = editor?.document.languageId === "dspyc" ? editor.document.uri.fsPath : undefined;
  const program = typeof start.program === "string" && start.program !== "${file}" ? start.program : file;
  if (program === undefined) {
    void vscode.window.showWarningMessage("Open a .dspy file to debug it, or name one in `program`.");
    return undefined;
  }
  const args = [...(Array.isArray(start.args) ? start.args : []), ...model()];
  const made = { ...start, program, args };
  if (start.test !== undefined || start.target !== undefined || start.inputs !== undefined || start.command === "test") {
    return made;
  }
  const found = (await runnables(vscode.Uri.file(program))).filter(({ kind }) => kind !== "eval");
  const chosen = await pick(found, "What is to be debugged?", editor?.selection.active.line);
  if (chosen === undefined) {
    return found.length === 0 ? made : undefined;
  }
  if (chosen.kind === "test") {
    return { ...made, command: "test", test: chosen.name };
  }
  const inputs = await askFor(chosen.inputs);
  return inputs === undefined ? undefined : { ...made, target: chosen.name, inputs: Object.fromEntries(inputs) };
}
