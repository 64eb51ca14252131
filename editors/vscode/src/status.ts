/** The entry in the status bar's language menu: whether the server runs, which one, and what to do if not. */

import * as vscode from "vscode";
import { State } from "vscode-languageclient/node";

/** Shows one line about the server beside the language of an open `.dspy` file. */
export class ServerStatus implements vscode.Disposable {
  private readonly item: vscode.LanguageStatusItem;

  constructor(selector: vscode.DocumentSelector) {
    this.item = vscode.languages.createLanguageStatusItem("dspyc.server", selector);
    this.item.name = "dspyc language server";
    this.item.command = { command: "dspyc.restart", title: "Restart" };
    this.show(State.Starting, undefined);
  }

  /** Follow the client: starting, running with a version, stopped. */
  show(state: State, version: string | undefined): void {
    this.item.busy = state === State.Starting;
    this.item.severity =
      state === State.Stopped ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    this.item.text =
      state === State.Running
        ? `dspyc ${version ?? ""}`.trimEnd()
        : state === State.Starting
          ? "dspyc: starting"
          : "dspyc: stopped";
    delete this.item.detail;
  }

  /** Say that there is no server to start. */
  missing(): void {
    this.item.busy = false;
    this.item.severity = vscode.LanguageStatusSeverity.Error;
    this.item.text = "dspyc: not found";
    this.item.detail = "highlighting only";
  }

  dispose(): void {
    this.item.dispose();
  }
}
