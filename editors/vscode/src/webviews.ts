/** Views beside the code: pages in which nothing but the extension's own script and style runs. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** What a view is: its type, its title, and its script, a file in `dist/webview`. */
export interface Kind {
  readonly type: string;
  readonly title: string;
  readonly script: string;
}

/** A view that is open once, or not. `From` and `To` are the messages of its page and to it. */
export abstract class View<From extends { readonly kind: string }, To> implements vscode.Disposable {
  protected panel: vscode.WebviewPanel | undefined;
  /** Whether the page has said that it listens. */
  protected isReady = false;

  /** Takes over the panel that a window had when it was reloaded or closed. */
  private readonly serializer: vscode.Disposable;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly kind: Kind,
  ) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(kind.type, {
      deserializeWebviewPanel: (panel) => Promise.resolve(this.take(panel)),
    });
  }

  /** Open the view beside the editor, or bring it to the front. */
  show(): void {
    if (this.panel === undefined) {
      this.open();
    } else {
      this.panel.reveal(undefined, true);
    }
  }

  /** The page listens, or says something else. */
  protected abstract said(message: From): void;

  /** The view was closed. */
  protected closed(): void {
    this.panel = undefined;
    this.isReady = false;
  }

  protected tell(message: To): void {
    void this.panel?.webview.postMessage(message);
  }

  private open(): void {
    const { type, title } = this.kind;
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    this.take(vscode.window.createWebviewPanel(type, title, place));
  }

  /** Show the page in a panel, instead of the one that there is: a restored one comes as late as its tab is looked at. */
  protected take(panel: vscode.WebviewPanel): void {
    const { title, script } = this.kind;
    const before = this.panel;
    this.panel = panel;
    this.isReady = false;
    before?.dispose();
    panel.webview.options = { enableScripts: true, localResourceRoots: resources(this.extension) };
    panel.iconPath = vscode.Uri.joinPath(this.extension, "images", "file.svg");
    panel.onDidDispose(() => {
      if (this.panel === panel) {
        this.closed();
      }
    });
    panel.webview.onDidReceiveMessage((message: From) => {
      if (this.panel === panel) {
        this.isReady ||= message.kind === "ready";
        this.said(message);
      }
    });
    panel.webview.html = page(panel.webview, this.extension, script, title);
  }

  dispose(): void {
    this.serializer.dispose();
    this.panel?.dispose();
    this.closed();
  }
}

/** A place in a text. */
export interface Place {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
}

/** A view of what is under the cursor: it follows the cursor and the text. */
export abstract class FollowingView<From extends { readonly kind: string }, To> extends View<From, To> {
  private place: Place | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  /** @param rest milliseconds of rest after a key or a move of the cursor. */
  constructor(
    extension: vscode.Uri,
    kind: Kind,
    private readonly rest: number,
  ) {
    super(extension, kind);
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

  override show(): void {
    super.show();
    this.follow(vscode.window.activeTextEditor);
  }

  protected override take(panel: vscode.WebviewPanel): void {
    super.take(panel);
    panel.onDidChangeViewState(() => this.later());
    this.follow(vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0]);
  }

  /** Show anew what is at the place: there is another server. */
  refresh(): void {
    this.later();
  }

  /** Show what is at a place; called while the view is seen. */
  protected abstract update(place: Place): Promise<void>;

  /** Show anew what is at the place, once nothing happens for a moment. */
  protected later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.panel?.visible === true && this.isReady && this.place !== undefined) {
        void this.update(this.place);
      }
    }, this.rest);
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    if (this.panel !== undefined && editor?.document.languageId === "dspyc") {
      this.place = { document: editor.document, position: editor.selection.active };
      this.later();
    }
  }

  protected override closed(): void {
    clearTimeout(this.timer);
    super.closed();
  }

  override dispose(): void {
    super.dispose();
    this.subscriptions.forEach((each) => void each.dispose());
  }
}

/** What a webview may load: files of these folders. */
function resources(extension: vscode.Uri): vscode.Uri[] {
  return [vscode.Uri.joinPath(extension, "dist"), vscode.Uri.joinPath(extension, "media")];
}

/**
 * The page of a webview: a script, a style, and an empty body that the script fills.
 *
 * @param script the file in `dist/webview`.
 */
function page(webview: vscode.Webview, extension: vscode.Uri, script: string, title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const uri = (...parts: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(extension, ...parts)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'; img-src blob:;`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri("media", "views.css")}">
<title>${title}</title>
</head>
<body><main></main><script nonce="${nonce}" src="${uri("dist", "webview", script)}"></script></body>
</html>`;
}
