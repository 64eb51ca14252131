/** The interpreter that the Python extension has chosen, where that extension is installed. */

import * as vscode from "vscode";

/** What is used of `ms-python.python`; see its `PythonExtension`. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** Whether interpreters can be chosen. */
export function hasPythonExtension(): boolean {
  return vscode.extensions.getExtension("ms-python.python") !== undefined;
}

/** The path of the interpreter; undefined without the extension. */
export async function interpreter(): Promise<string | undefined> {
  const environments = (await api())?.environments;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return environments?.getActiveEnvironmentPath(folder).path;
}

/** Call a function whenever another interpreter is chosen. */
export async function onInterpreter(changed: () => void): Promise<vscode.Disposable | undefined> {
  return (await api())?.environments?.onDidChangeActiveEnvironmentPath(changed);
}

async function api(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  try {
    return await extension?.activate();
  } catch {
    return undefined; // it is broken; the other places remain
  }
}
