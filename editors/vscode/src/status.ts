/** The entries in the status bar's language menu: the server, and the settings that hold for the file. */

import * as path from "node:path";
import * as vscode from "vscode";
import { State } from "vscode-languageclient/node";

/** Shows lines about the server and the configuration beside the language of an open `.dspy` file. */
export class ServerStatus implements vscode.Disposable {
  private readonly server: vscode.LanguageStatusItem;
  private readonly settings: vscode.LanguageStatusItem;
  private readonly subscription: vscode.Disposable;
  private working = 0;

  constructor(selector: vscode.DocumentSelector) {
    this.server = vscode.languages.createLanguageStatusItem("dspyc.server", selector);
    this.server.name = "dspyc language server";
    this.settings = vscode.languages.createLanguageStatusItem("dspyc.settings", selector);
    this.settings.name = "dspyc settings";
    this.subscription = vscode.window.onDidChangeActiveTextEditor((editor) => void this.showSettings(editor));
    this.show(State.Starting, undefined, undefined);
    void this.showSettings(vscode.window.activeTextEditor);
  }

  /** Follow the client: starting, running with a version, stopped. */
  show(state: State, version: string | undefined, command: string | undefined): void {
    this.server.busy = state === State.Starting;
    this.server.command = { command: "dspyc.restart", title: "Restart" };
    this.server.severity =
      state === State.Stopped ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    this.server.text =
      state === State.Running
        ? `dspyc ${version ?? ""}`.trimEnd()
        : state === State.Starting
          ? "dspyc: starting"
          : "dspyc: stopped";
    if (command === undefined) {
      delete this.server.detail;
    } else {
      this.server.detail = command;
    }
  }

  /** Say that there is no server to start. */
  missing(): void {
    this.server.busy = false;
    this.server.severity = vscode.LanguageStatusSeverity.Error;
    this.server.text = "dspyc: not found";
    this.server.detail = "highlighting only";
    this.server.command = { command: "dspyc.install", title: "Install" };
  }

  /** Show that something is being done until the promise has ended. */
  async busy<T>(work: Promise<T>): Promise<T> {
    this.working += 1;
    this.server.busy = true;
    try {
      return await work;
    } finally {
      this.working -= 1;
      this.server.busy = this.working > 0;
    }
  }

  /** The file whose settings hold for an editor's text: the nearest `dspyc.toml` or `pyproject.toml`. */
  private async showSettings(editor: vscode.TextEditor | undefined): Promise<void> {
    if (editor?.document.languageId !== "dspyc" || editor.document.uri.scheme !== "file") {
      return;
    }
    const found = await nearest(editor.document.uri);
    if (found === undefined) {
      this.settings.text = "no dspyc.toml";
      this.settings.detail = "the default settings hold";
      this.settings.command = { command: "dspyc.createSettings", title: "Create" };
    } else {
      this.settings.text = path.basename(found.fsPath);
      this.settings.detail = vscode.workspace.asRelativePath(found);
      this.settings.command = { command: "vscode.open", title: "Open", arguments: [found] };
    }
  }

  dispose(): void {
    this.server.dispose();
    this.settings.dispose();
    this.subscription.dispose();
  }
}

async function nearest(uri: vscode.Uri): Promise<vscode.Uri | undefined> {
  for (let folder = vscode.Uri.joinPath(uri, ".."); ; folder = vscode.Uri.joinPath(folder, "..")) {
    for (const name of ["dspyc.toml", "pyproject.toml"]) {
      const file = vscode.Uri.joinPath(folder, name);
      try {
        const text = Buffer.from(await vscode.workspace.fs.readFile(file)).toString();
        if (name === "dspyc.toml" || text.includes("[tool.dspyc")) {
          return file;
        }
      } catch {
        // There is no such file here.
      }
    }
    if (folder.path === vscode.Uri.joinPath(folder, "..").path) {
      return undefined;
    }
  }
}

/** Make a `dspyc.toml` in the first folder of the workspace, and open it. */
export async function createSettings(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) {
    void vscode.window.showWarningMessage("Open a folder to make a dspyc.toml in it.");
    return;
  }
  const file = vscode.Uri.joinPath(folder.uri, "dspyc.toml");
  const text = "# The settings of dspyc; `dspyc settings` lists all of them.\n\n[rules]\n";
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(file, { ignoreIfExists: true, contents: Buffer.from(text) });
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(file);
}
