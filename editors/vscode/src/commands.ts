/** The commands of code lenses: they run `dspyc` as a task, whose terminal shows what it prints. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Location, Position } from "vscode-languageclient";

import { ACTIONS, wordsOf, type Action } from "./words";

/** What the commands need of the extension: the command that was found, and the running client. */
export interface Running {
  readonly command: () => string | undefined;
  readonly client: () => LanguageClient | undefined;
}

export function registerCommands(running: Running): vscode.Disposable[] {
  return [
    ...ACTIONS.map((action) =>
      vscode.commands.registerCommand(`dspyc.${action}`, (file?: string, name?: string, ...inputs: string[]) =>
        runAction(running, action, file, name, inputs),
      ),
    ),
    vscode.commands.registerCommand("dspyc.state", showState),
    vscode.commands.registerCommand("dspyc.references", (uri: string, at: Position, found: Location[]) =>
      showReferences(running, uri, at, found),
    ),
  ];
}

async function runAction(
  running: Running,
  action: Action,
  file: string | undefined,
  name: string | undefined,
  inputs: readonly string[],
): Promise<void> {
  const command = running.command();
  const document = vscode.window.activeTextEditor?.document;
  const path = file ?? (document?.languageId === "dspyc" ? document.uri.fsPath : undefined);
  if (command === undefined || path === undefined) {
    void vscode.window.showWarningMessage("Open a .dspy file, and install dspyc, to run this.");
    return;
  }
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showWarningMessage("Programs of a workspace run once you trust it.");
    return;
  }
  const values = await askFor(action, inputs);
  if (values === undefined) {
    return;
  }
  await save(path);
  const words = wordsOf(action, path, name, values);
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path));
  const task = new vscode.Task(
    { type: "dspyc", command: action, file: path, name },
    folder ?? vscode.TaskScope.Workspace,
    name === undefined ? action : `${action} ${name}`,
    "dspyc",
    new vscode.ProcessExecution(command, words),
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  await vscode.tasks.executeTask(task);
}

/** A value for each input of a run; undefined where the user has given up. */
async function askFor(action: Action, inputs: readonly string[]): Promise<Map<string, string> | undefined> {
  const values = new Map<string, string>();
  for (const input of action === "run" ? inputs : []) {
    const value = await vscode.window.showInputBox({
      title: `Value of ${input}`,
      prompt: "Text as it is, everything else as JSON; @PATH takes the text of a file.",
      ignoreFocusOut: true,
    });
    if (value === undefined) {
      return undefined;
    }
    values.set(input, value);
  }
  return values;
}

async function save(path: string): Promise<void> {
  const open = vscode.workspace.textDocuments.find((each) => each.uri.scheme === "file" && each.uri.fsPath === path);
  if (open?.isDirty === true) {
    await open.save();
  }
}

async function showState(file: string, name: string): Promise<void> {
  const state = vscode.Uri.file(file.replace(/\.dspy$/, `.${name}.state.json`));
  await vscode.window.showTextDocument(state, { preview: true });
}

async function showReferences(running: Running, uri: string, at: Position, found: Location[]): Promise<void> {
  const client = running.client();
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
