/** The prompt preview: beside the text, it follows the cursor and shows what the predictor there would send. */

import * as vscode from "vscode";

import { page, resources } from "../webviews";
import { Asker, Superseded } from "./asking";
import { Changes } from "./changes";
import { codePoints } from "./offsets";
import type { Answer, FromView, Source, ToView } from "./types";

/** Milliseconds of rest after a key or a move of the cursor. */
const REST = 120;

/** Shows one panel, or none. */
export class PromptPreview implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private asker: { readonly command: string; readonly python: boolean; readonly asker: Asker } | undefined;
  private place: { readonly document: vscode.TextDocument; readonly position: vscode.Position } | undefined;
  private source: Source = { kind: "automatic" };
  private values: Record<string, string> = {};
  private subject = "";
  private runsPython = false;
  private isReady = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly changes = new Changes();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly command: () => string | undefined,
  ) {
    this.subscriptions = [
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document === this.place?.document) {
          this.later();
        }
      }),
    ];
  }

  /** Open the panel beside the editor, or bring it to the front, at the cursor's place. */
  show(): void {
    if (this.panel === undefined) {
      this.panel = vscode.window.createWebviewPanel(
        "dspyc.prompt",
        "Prompt",
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: true, localResourceRoots: resources(this.extension) },
      );
      this.panel.iconPath = vscode.Uri.joinPath(this.extension, "images", "file.svg");
      this.panel.onDidDispose(() => this.closed());
      this.panel.onDidChangeViewState(() => this.later());
      this.panel.webview.onDidReceiveMessage((message: FromView) => this.said(message));
      this.panel.webview.html = page(this.panel.webview, this.extension, "prompt.js", "Prompt");
    } else {
      this.panel.reveal(undefined, true);
    }
    this.follow(vscode.window.activeTextEditor);
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    if (this.panel !== undefined && editor?.document.languageId === "dspyc") {
      this.place = { document: editor.document, position: editor.selection.active };
      this.later();
    }
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.update(), REST);
  }

  private async update(): Promise<void> {
    const { panel, place } = this;
    const command = this.command();
    if (panel === undefined || place === undefined || !panel.visible || !this.isReady) {
      return;
    }
    if (command === undefined) {
      this.tell({ kind: "problem", text: "The command dspyc was not found, so there are no prompts." });
      return;
    }
    const text = place.document.getText();
    const version = place.document.version;
    try {
      const answer = await this.asking(command).ask({
        path: place.document.uri.fsPath,
        text,
        offset: codePoints(text, place.document.offsetAt(place.position)),
        values: this.values,
        automatic: this.source.kind === "automatic",
        ...(this.source.kind === "test" ? { test: this.source.test } : {}),
        ...(this.source.kind === "row" ? { dataset: this.source.dataset, row: this.source.row } : {}),
      });
      this.answered(answer, place.document.uri.toString(), version);
    } catch (problem) {
      if (!(problem instanceof Superseded)) {
        this.tell({ kind: "problem", text: problem instanceof Error ? problem.message : String(problem) });
      }
    }
  }

  private answered(answer: Answer, uri: string, version: number): void {
    if (answer.subject === "" && answer.problem === "") {
      return; // the cursor is on nothing that has a prompt: what is shown stays
    }
    if (answer.subject !== "" && answer.subject !== this.subject) {
      const chosen = this.subject !== "" && (this.source.kind !== "automatic" || Object.keys(this.values).length > 0);
      this.subject = answer.subject;
      if (chosen) {
        this.source = { kind: "automatic" };
        this.values = {};
        this.later();
        return;
      }
    }
    const key = JSON.stringify([uri, this.source, this.values]);
    this.tell({
      kind: "answer",
      answer,
      source: this.source,
      values: this.values,
      before: this.changes.since(key, version, answer.prompts),
      mayRunPython: answer.python && vscode.workspace.isTrusted && !this.runsPython,
    });
  }

  private asking(command: string): Asker {
    const python = this.runsPython && vscode.workspace.isTrusted;
    if (this.asker?.command !== command || this.asker.python !== python) {
      this.asker?.asker.dispose();
      this.asker = { command, python, asker: new Asker(command, python) };
    }
    return this.asker.asker;
  }

  private said(message: FromView): void {
    switch (message.kind) {
      case "ready":
        this.isReady = true;
        break;
      case "source":
        this.source = message.source;
        this.values = {};
        break;
      case "value":
        this.values = { ...this.values, [message.name]: message.text };
        break;
      case "python":
        this.runsPython = vscode.workspace.isTrusted;
        break;
    }
    this.later();
  }

  private tell(message: ToView): void {
    void this.panel?.webview.postMessage(message);
  }

  private closed(): void {
    clearTimeout(this.timer);
    this.panel = undefined;
    this.isReady = false;
    this.runsPython = false;
    this.asker?.asker.dispose();
    this.asker = undefined;
  }

  dispose(): void {
    this.panel?.dispose();
    this.closed();
    this.subscriptions.forEach((each) => void each.dispose());
  }
}
