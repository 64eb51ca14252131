/** The data flow of the program under the cursor as a picture that follows the text. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { page, resources } from "./webviews";

export type ToGraphView = { readonly kind: "graph"; readonly name: string; readonly svg: string } | { readonly kind: "problem"; readonly text: string };

const REST = 250;

export class GraphView implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private place: { readonly document: vscode.TextDocument; readonly position: vscode.Position } | undefined;
  private isReady = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly client: () => LanguageClient | undefined,
  ) {
    this.subscriptions = [
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document === this.place?.document) {
          this.later();
        }
      }),
    ];
  }

  /** Open the picture beside the editor, or bring it to the front. */
  show(): void {
    if (this.panel === undefined) {
      this.panel = vscode.window.createWebviewPanel(
        "dspyc.graph",
        "Data flow",
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: true, localResourceRoots: resources(this.extension) },
      );
      this.panel.iconPath = vscode.Uri.joinPath(this.extension, "images", "file.svg");
      this.panel.onDidDispose(() => {
        this.panel = undefined;
        this.isReady = false;
      });
      this.panel.webview.onDidReceiveMessage(() => {
        this.isReady = true;
        this.later();
      });
      this.panel.webview.html = page(this.panel.webview, this.extension, "graph.js", "Data flow");
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
    const client = this.client();
    const { panel, place } = this;
    if (client === undefined || panel === undefined || place === undefined || !this.isReady) {
      return;
    }
    const params = client.code2ProtocolConverter.asTextDocumentPositionParams(place.document, place.position);
    let message: ToGraphView;
    try {
      const found = await client.sendRequest<{ name: string; svg: string } | null>("dspyc/graph", params);
      message =
        found === null
          ? { kind: "problem", text: "This file declares no module or program, so there is no data flow." }
          : { kind: "graph", ...found };
    } catch (problem) {
      message = { kind: "problem", text: problem instanceof Error ? problem.message : String(problem) };
    }
    void panel.webview.postMessage(message);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
    this.subscriptions.forEach((each) => void each.dispose());
  }
}
