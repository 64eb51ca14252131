/** The extension: finds `dspyc`, starts its language server, and offers what is run by hand. */

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { LanguageClient, State, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

import { registerCommands } from "./commands";
import { debugTest, registerDebugging } from "./debugging";
import { fileOf, textOf, uriOf } from "./given";
import { GraphView } from "./graph";
import { PromptPreview } from "./preview/panel";
import { install, offerHelp } from "./installing";
import { interpreter, onInterpreter } from "./python";
import { findServer } from "./server";
import { createSettings, ServerStatus } from "./status";
import { registerTasks } from "./tasks";
import { Results } from "./testing/results";
import { Runner } from "./testing/running";
import { TestTree } from "./testing/tree";
import { TraceView } from "./trace/panel";
import { Turns } from "./turns";
import { declarationOf } from "./words";

const SELECTOR = [
  { scheme: "file", language: "dspyc" },
  { scheme: "untitled", language: "dspyc" },
];
/** The settings of projects are checked and completed, too. */
const SETTINGS = { scheme: "file", pattern: "**/dspyc.toml" };

let client: LanguageClient | undefined;
/** The `dspyc` command that the server was started with. */
let command: string | undefined;
const turns = new Turns();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("dspyc", { log: true });
  const status = new ServerStatus(SELECTOR);
  const { tree, following } = registerViews(context);
  let isInstalling = false;
  const failed = (problem: unknown): void => {
    status.show(State.Stopped, undefined, command);
    output.error(`The server did not start: ${String(problem)}`);
  };
  const restart = async (): Promise<void> => {
    await turns.start(async () => {
      await stop();
      await start(output, status);
    }, failed);
    following.forEach((view) => view.refresh());
    await status.busy(tree.refresh());
  };
  context.subscriptions.push(
    output,
    status,
    vscode.commands.registerCommand("dspyc.restart", restart),
    vscode.commands.registerCommand("dspyc.showOutput", () => output.show()),
    vscode.commands.registerCommand("dspyc.createSettings", createSettings),
    vscode.commands.registerCommand("dspyc.install", async () => {
      isInstalling = true;
      const isThere = await status.busy(install(context.extensionUri)).finally(() => (isInstalling = false));
      if (isThere) {
        await restart();
      }
    }),
    onInstalled(() => {
      if (command === undefined && !isInstalling) {
        void restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("dspyc.path") || event.affectsConfiguration("dspyc.usePythonExtension")) {
        void restart();
      }
    }),
  );
  await restart();
  const listener = await onInterpreter(() => void restart());
  if (listener !== undefined) {
    context.subscriptions.push(listener);
  }
}

export function deactivate(): Promise<void> {
  return turns.take(stop);
}

/** What views say that have nothing to ask. */
function absence(): string {
  return turns.isStarting ? "dspyc is starting." : "The command dspyc was not found, so there is nothing to show.";
}

/** The views and what is run by hand; the tree of tests, and what follows the cursor, are filled once there is a server. */
function registerViews(context: vscode.ExtensionContext): { tree: TestTree; following: { refresh(): void }[] } {
  const getCommand = (): string | undefined => command;
  const getClient = (): LanguageClient | undefined => client;
  const controller = vscode.tests.createTestController("dspyc", "dspyc");
  const tree = new TestTree(controller, getClient);
  const results = new Results();
  const trace = new TraceView(context.extensionUri, context.storageUri ?? context.globalStorageUri);
  const runner = new Runner(controller, tree, results, {
    command: getCommand,
    model,
    trace: () => trace.begin(),
  });
  const preview = new PromptPreview(context.extensionUri, getCommand, absence);
  const graph = new GraphView(context.extensionUri, getClient, absence);
  controller.createRunProfile(
    "Run",
    vscode.TestRunProfileKind.Run,
    (request) => runner.run(request),
    true,
  );
  controller.createRunProfile("Debug", vscode.TestRunProfileKind.Debug, async (request) => {
    for (const item of request.include ?? []) {
      const meaning = tree.meaning(item);
      if (meaning?.kind === "test" && item.uri !== undefined) {
        await debugTest(item.uri, meaning.name);
      }
    }
  });
  context.subscriptions.push(
    controller,
    tree,
    results,
    trace,
    preview,
    graph,
    registerTasks(getCommand),
    ...registerCommands({ command: getCommand, client: getClient, model, tree, runner, results, trace }),
    ...registerDebugging(getCommand, model),
    vscode.commands.registerCommand("dspyc.prompt", async (file?: unknown, name?: unknown) => {
      await goTo(fileOf(file), textOf(name));
      preview.show();
    }),
    vscode.commands.registerCommand("dspyc.graph", () => graph.show()),
  );
  return { tree, following: [preview, graph] };
}

/** Put the cursor on the declaration of a name, so that the preview shows it. */
async function goTo(file: string | undefined, name: string | undefined): Promise<void> {
  if (file === undefined || name === undefined) {
    return;
  }
  const editor = await vscode.window.showTextDocument(uriOf(file));
  const found = declarationOf(editor.document.getText(), name);
  if (found >= 0) {
    const at = editor.document.positionAt(found);
    editor.selection = new vscode.Selection(at, at);
  }
}

/** The words that name the model of the settings. */
function model(): string[] {
  const name = vscode.workspace.getConfiguration("dspyc").get("model", "").trim();
  return name === "" ? [] : ["--lm", name];
}

async function start(output: vscode.LogOutputChannel, status: ServerStatus): Promise<void> {
  const configuration = vscode.workspace.getConfiguration("dspyc");
  const search = findServer({
    setting: configuration.get("path", ""),
    interpreter: configuration.get("usePythonExtension", true) ? await interpreter() : undefined,
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
  await vscode.commands.executeCommand("setContext", "dspyc.found", command !== undefined);
  if (search.command === undefined) {
    status.missing();
    output.warn(`No dspyc command found; looked in ${search.tried.join(", ")}`);
    void offerHelp(search);
    return;
  }
  output.info(`Starting ${search.command} (from the ${search.origin})`);
  const server: ServerOptions = { command: search.command, args: ["lsp"] };
  const options: LanguageClientOptions = {
    documentSelector: [...SELECTOR, SETTINGS],
    outputChannel: output,
    // The commands of lenses run in a terminal here, not in the server.
    initializationOptions: { commands: true },
  };
  const started = new LanguageClient("dspyc", "dspyc", server, options);
  started.onDidChangeState(({ newState }) =>
    status.show(newState, started.initializeResult?.serverInfo?.version, search.command),
  );
  client = started;
  await started.start();
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

/** Call a function when the command appears in an environment of the workspace. */
function onInstalled(found: () => void): vscode.Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher("**/{bin,Scripts}/dspyc{,.exe}", false, true, true);
  watcher.onDidCreate(found);
  return watcher;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
