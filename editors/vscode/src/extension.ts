/** The extension: finds `dspyc`, starts its language server, and starts it anew when that is asked for. */

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { LanguageClient, State, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

import { registerCommands } from "./commands";
import { findServer, type Search } from "./server";
import { ServerStatus } from "./status";

const SELECTOR = [
  { scheme: "file", language: "dspyc" },
  { scheme: "untitled", language: "dspyc" },
];

let client: LanguageClient | undefined;
/** The `dspyc` command that the server was started with. */
let command: string | undefined;
/** Starts and stops wait for each other, whoever asks for them. */
let queue: Promise<void> = Promise.resolve();

export function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("dspyc", { log: true });
  const status = new ServerStatus(SELECTOR);
  const restart = (): Promise<void> => {
    queue = queue.then(async () => {
      await stop();
      await start(output, status);
    });
    return queue;
  };
  context.subscriptions.push(
    output,
    status,
    vscode.commands.registerCommand("dspyc.restart", restart),
    vscode.commands.registerCommand("dspyc.showOutput", () => output.show()),
    ...registerCommands({ command: () => command, client: () => client }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("dspyc.path")) {
        void restart();
      }
    }),
  );
  return restart();
}

export function deactivate(): Promise<void> {
  queue = queue.then(stop);
  return queue;
}

async function start(output: vscode.LogOutputChannel, status: ServerStatus): Promise<void> {
  const search = findServer({
    setting: vscode.workspace.getConfiguration("dspyc").get("path", ""),
    folders: (vscode.workspace.workspaceFolders ?? [])
      .filter((folder) => folder.uri.scheme === "file")
      .map((folder) => folder.uri.fsPath),
    trusted: vscode.workspace.isTrusted,
    home: homedir(),
    searchPath: process.env.PATH ?? "",
    windows: process.platform === "win32",
    isExecutable,
  });
  command = search.command;
  if (search.command === undefined) {
    status.missing();
    output.warn(`No dspyc command found; looked in ${search.tried.join(", ")}`);
    void offerHelp(search);
    return;
  }
  output.info(`Starting ${search.command} (from the ${search.origin})`);
  const server: ServerOptions = { command: search.command, args: ["lsp"] };
  const options: LanguageClientOptions = {
    documentSelector: SELECTOR,
    outputChannel: output,
    // The commands of lenses run in a terminal here, not in the server.
    initializationOptions: { commands: true },
  };
  const started = new LanguageClient("dspyc", "dspyc", server, options);
  started.onDidChangeState(({ newState }) =>
    status.show(newState, started.initializeResult?.serverInfo?.version),
  );
  client = started;
  try {
    await started.start();
  } catch (error) {
    status.show(State.Stopped, undefined);
    output.error(`The server did not start: ${String(error)}`);
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  try {
    await running?.dispose();
  } catch {
    // A server that has died already cannot be asked to stop, and need not be.
  }
}

async function offerHelp(search: Extract<Search, { command: undefined }>): Promise<void> {
  const untrusted = vscode.workspace.isTrusted ? "" : " (the workspace's own environment is not used until you trust it)";
  const settings = "Open Settings";
  const retry = "Try Again";
  const choice = await vscode.window.showWarningMessage(
    `The command dspyc was not found in ${search.tried.join(", ")}${untrusted}. ` +
      "Install it with `pip install dspyc`, or set `dspyc.path`.",
    settings,
    retry,
  );
  if (choice === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "dspyc.path");
  } else if (choice === retry) {
    await vscode.commands.executeCommand("dspyc.restart");
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
