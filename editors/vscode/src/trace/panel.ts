/** The trace of the last run: call by call, with prompt, answer, time and cost. */

import { readFile } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";

import { page, resources } from "../webviews";
import { readTrace } from "./reading";
import type { FromTraceView, ToTraceView, Trace } from "./types";

export class TraceView implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private isReady = false;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly folder: vscode.Uri,
  ) {}

  /** The number of the file of the last run that has asked a model, and of the one that is written next. */
  private last = 0;
  private next = 0;

  /** The words that have a command write a trace. */
  words(): readonly string[] {
    this.next = this.last === 0 ? 1 : 0;
    return ["--trace", this.file(this.next), "--trace-content"];
  }

  private file(number: number): string {
    return path.join(this.folder.fsPath, `last-run-${number}.trace.jsonl`);
  }

  /** Make the folder of the trace. */
  async prepare(): Promise<void> {
    await vscode.workspace.fs.createDirectory(this.folder);
  }

  /** A run has ended: its trace is the last one, unless it called nothing. The trace, if it has one. */
  async ended(): Promise<Trace | undefined> {
    const trace = await this.read(this.next);
    if (trace !== undefined && trace.steps.length > 0) {
      this.last = this.next;
      await this.refresh();
    }
    return trace;
  }

  private async read(number: number): Promise<Trace | undefined> {
    try {
      return readTrace(await readFile(this.file(number), "utf8"), this.folder.fsPath);
    } catch {
      return undefined; // nothing has run yet
    }
  }

  /** Open the view, or bring it to the front. */
  show(): void {
    if (this.panel === undefined) {
      this.panel = vscode.window.createWebviewPanel(
        "dspyc.trace",
        "Trace",
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: true, localResourceRoots: resources(this.extension) },
      );
      this.panel.iconPath = vscode.Uri.joinPath(this.extension, "images", "file.svg");
      this.panel.onDidDispose(() => {
        this.panel = undefined;
        this.isReady = false;
      });
      this.panel.webview.onDidReceiveMessage((message: FromTraceView) => void this.said(message));
      this.panel.webview.html = page(this.panel.webview, this.extension, "trace.js", "Trace");
    } else {
      this.panel.reveal(undefined, true);
    }
    void this.refresh();
  }

  /** Show the last trace, if the view is open. */
  private async refresh(): Promise<void> {
    if (this.panel === undefined || !this.isReady) {
      return;
    }
    const trace = await this.read(this.last);
    this.tell(
      trace === undefined
        ? { kind: "problem", text: "Nothing has run yet: run a program or a test, and its calls are here." }
        : { kind: "trace", trace },
    );
  }

  private async said(message: FromTraceView): Promise<void> {
    if (message.kind === "ready") {
      this.isReady = true;
      await this.refresh();
      return;
    }
    const at = new vscode.Position(Math.max(0, message.line - 1), 0);
    await vscode.window.showTextDocument(vscode.Uri.file(message.path), {
      viewColumn: vscode.ViewColumn.One,
      selection: new vscode.Range(at, at),
    });
  }

  private tell(message: ToTraceView): void {
    void this.panel?.webview.postMessage(message);
  }

  dispose(): void {
    this.panel?.dispose();
  }
}
