/** Tasks: `dspyc` commands whose terminal shows what they print, and whose findings are problems. */

import * as vscode from "vscode";

import { ACTIONS, wordsOf, type Action } from "./words";

/** A task of a command. */
export function taskOf(
  command: string,
  action: Action,
  uri: vscode.Uri,
  name: string | undefined,
  inputs: ReadonlyMap<string, string> = new Map(),
  further: readonly string[] = [],
): vscode.Task {
  const definition = { type: "dspyc", command: action, file: uri.fsPath, ...(name === undefined ? {} : { name }) };
  return made(command, definition, action, uri.fsPath, name, inputs, further);
}

function made(
  command: string,
  definition: vscode.TaskDefinition,
  action: Action,
  file: string,
  name: string | undefined,
  inputs: ReadonlyMap<string, string>,
  further: readonly string[],
): vscode.Task {
  const words = [...wordsOf(action, file, name, inputs), ...further];
  const task = new vscode.Task(
    definition,
    vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file)) ?? vscode.TaskScope.Workspace,
    `${action} ${name ?? nameOf(file)}`,
    "dspyc",
    new vscode.ProcessExecution(command, words),
    action === "check" ? "$dspyc" : [],
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  if (action === "check") {
    task.group = vscode.TaskGroup.Build;
  } else if (action === "test") {
    task.group = vscode.TaskGroup.Test;
  }
  return task;
}

/** What a task calls a path: a folder of the workspace by its name, what is in one by the path there. */
function nameOf(file: string): string {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.fsPath === file);
  return folder?.name ?? vscode.workspace.asRelativePath(file);
}

/** Offers a check and the tests of each folder, and completes what `tasks.json` names. */
export function registerTasks(command: () => string | undefined): vscode.Disposable {
  return vscode.tasks.registerTaskProvider("dspyc", {
    provideTasks: () => {
      const found = command();
      if (found === undefined || !vscode.workspace.isTrusted) {
        return [];
      }
      return (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) =>
        (["check", "test"] as const).map((action) => taskOf(found, action, uri, undefined)),
      );
    },
    resolveTask: (task) => {
      const found = command();
      const { command: action, file, name } = task.definition as { command?: string; file?: string; name?: string };
      const known = ACTIONS.find((each) => each === action);
      if (found === undefined || known === undefined || file === undefined) {
        return undefined;
      }
      return made(found, task.definition, known, file, name, new Map(), []);
    },
  });
}

/** Milliseconds that the end of a task's process may be told of after the end of the task. */
const LATE = 500;

/** Run a task to its end; its exit code, undefined where it has none. */
export async function ended(task: vscode.Task): Promise<number | undefined> {
  // A fast task has ended before its execution is known, so it is told by its words, from the beginning on.
  const words = wordsOfTask(task);
  const listeners: vscode.Disposable[] = [];
  const code = new Promise<number | undefined>((resolve) => {
    listeners.push(
      vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        if (wordsOfTask(execution.task) === words) {
          resolve(exitCode);
        }
      }),
      vscode.tasks.onDidEndTask(({ execution }) => {
        if (wordsOfTask(execution.task) === words) {
          setTimeout(() => resolve(undefined), LATE); // one whose process has not started
        }
      }),
    );
  });
  try {
    await vscode.tasks.executeTask(task);
    return await code;
  } finally {
    listeners.forEach((each) => void each.dispose());
  }
}

function wordsOfTask({ execution }: vscode.Task): string {
  return execution instanceof vscode.ProcessExecution ? JSON.stringify([execution.process, ...execution.args]) : "";
}
