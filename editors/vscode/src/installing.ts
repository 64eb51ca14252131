/** For a workspace without dspyc: what is missing, in a word, and a button that installs it. */

import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { platform } from "node:process";
import * as vscode from "vscode";

import { OLDEST, plan, requirementOf, type Machine, type Plan } from "./environment";
import { hasPythonExtension, interpreter } from "./python";
import type { Search } from "./server";
import { ended } from "./tasks";

/** Milliseconds that an interpreter has to say which one it is. */
const PATIENCE = 15_000;

const INSTALL = "Install dspyc";
const CHOOSE = "Choose an Interpreter";
const SETTINGS = "Open Settings";
const TRUST = "Manage Workspace Trust";

/** Say that the command was not found, and offer what helps. */
export async function offerHelp(search: Extract<Search, { command: undefined }>): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(...told(search));
  switch (chosen) {
    case INSTALL:
      await vscode.commands.executeCommand("dspyc.install");
      break;
    case CHOOSE:
      await vscode.commands.executeCommand("python.setInterpreter");
      break;
    case TRUST:
      await vscode.commands.executeCommand("workbench.trust.manage");
      break;
    case SETTINGS:
      await vscode.commands.executeCommand("workbench.action.openSettings", "dspyc.path");
      break;
  }
}

function told(search: Extract<Search, { command: undefined }>): [string, ...string[]] {
  if (search.isSet) {
    return [`The setting dspyc.path names ${search.tried.join(", ")}, where there is no command.`, SETTINGS];
  }
  if (!vscode.workspace.isTrusted) {
    return [
      "The command dspyc is not on the PATH, so programs are only coloured. " +
        "The environment of this workspace is used once you trust the workspace.",
      TRUST,
      SETTINGS,
    ];
  }
  const choose = hasPythonExtension() ? [CHOOSE] : [];
  return ["dspyc is not installed in this workspace's environment, so programs are only coloured.", INSTALL, ...choose, SETTINGS];
}

/** Install dspyc into the workspace's environment, in a terminal; whether that has succeeded. */
export async function install(extension: vscode.Uri): Promise<boolean> {
  if (!vscode.workspace.isTrusted) {
    const answer = await vscode.window.showWarningMessage("Packages are installed once you trust the workspace.", TRUST);
    if (answer === TRUST) {
      await vscode.commands.executeCommand("workbench.trust.manage");
    }
    return false;
  }
  const wanted = requirementOf(vscode.workspace.getConfiguration("dspyc").get("package", "").trim(), wheelOf(extension));
  if (wanted === undefined) {
    await askForPackage();
    return false;
  }
  const found = await plan(await machine(), wanted);
  if (found.kind !== "steps") {
    await sayWhyNot(found);
    return false;
  }
  for (const step of found.steps) {
    if ((await ended(taskOf(step))) !== 0) {
      void vscode.window.showErrorMessage(`dspyc was not installed: \`${step.join(" ")}\` failed, as the terminal says.`);
      return false;
    }
  }
  return true;
}

/** The package that the extension brings along, if it was built with it. */
function wheelOf(extension: vscode.Uri): string | undefined {
  const folder = vscode.Uri.joinPath(extension, "dist", "wheel").fsPath;
  const wheel = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".whl")) : undefined;
  return wheel === undefined ? undefined : path.join(folder, wheel);
}

async function askForPackage(): Promise<void> {
  const text =
    "This extension was built without dspyc's package. Set dspyc.package to the folder of a clone, a wheel, or an address.";
  if ((await vscode.window.showWarningMessage(text, SETTINGS)) === SETTINGS) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "dspyc.package");
  }
}

async function machine(): Promise<Machine> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file");
  return {
    interpreter: await interpreter(),
    folder: folder?.uri.fsPath,
    windows: platform === "win32",
    exists: existsSync,
    version: async (python) => {
      const said = await output(python, ["-c", "import sys; print(*sys.version_info[:2])"]);
      const [major, minor] = (said ?? "").trim().split(" ").map(Number);
      return Number.isInteger(major) && Number.isInteger(minor) ? [major!, minor!] : undefined;
    },
    hasPip: async (python) => (await output(python, ["-m", "pip", "--version"])) !== undefined,
    hasDspyc: async (python) => (await output(python, ["-c", "import importlib.metadata as m; m.version('dspyc')"])) !== undefined,
    hasUv: (await output("uv", ["--version"])) !== undefined,
  };
}

/** What a command prints; undefined where it cannot be run, fails or takes too long. */
function output(command: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, words, { timeout: PATIENCE }, (problem, stdout) => resolve(problem === null ? stdout : undefined));
  });
}

async function sayWhyNot(found: Exclude<Plan, { kind: "steps" }>): Promise<void> {
  const needed = `dspyc needs Python ${OLDEST.join(".")} or newer`;
  const site = "Get Python";
  const choose = hasPythonExtension() ? [CHOOSE] : [];
  const [text, ...buttons] =
    found.kind === "no folder"
      ? ["Open the folder of your project first: dspyc is installed into its environment."]
      : found.kind === "broken"
        ? [`${found.python} does not answer. Repair or delete that environment, or choose another one, and try again.`, ...choose]
        : found.kind === "old"
          ? [`${needed}; ${found.python} is Python ${found.version.join(".")}.`, ...choose, site]
          : [`${needed}, and none was found on the PATH.`, ...choose, site];
  const answer = await vscode.window.showWarningMessage(text!, ...buttons);
  if (answer === CHOOSE) {
    await vscode.commands.executeCommand("python.setInterpreter");
  } else if (answer === site) {
    await vscode.env.openExternal(vscode.Uri.parse("https://www.python.org/downloads/"));
  }
}

function taskOf([command, ...words]: readonly string[]): vscode.Task {
  const task = new vscode.Task(
    { type: "dspyc", command: "install" },
    vscode.workspace.workspaceFolders?.[0] ?? vscode.TaskScope.Workspace,
    "install dspyc",
    "dspyc",
    new vscode.ProcessExecution(command!, words),
    [],
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: false };
  return task;
}
