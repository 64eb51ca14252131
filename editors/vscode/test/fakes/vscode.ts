/** What the views use of `vscode`, so that they run without an editor; the tests are bundled with it. */

import { mkdir } from "node:fs/promises";
import * as path from "node:path";

/** A function that is called when something happens, and how to be called no more. */
type Listener = (event: unknown) => void;

class Emitter {
  private readonly listeners = new Set<Listener>();
  readonly event = (listener: Listener): { dispose: () => void } => {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  };
  fire(event?: unknown): void {
    this.listeners.forEach((listener) => listener(event));
  }
}

export class Uri {
  private constructor(readonly fsPath: string, readonly scheme = "file") {}
  static file(file: string): Uri {
    return new Uri(file);
  }
  static parse(text: string): Uri {
    const [scheme, ...rest] = text.split(":");
    return new Uri(rest.join(":"), scheme);
  }
  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(path.join(base.fsPath, ...parts));
  }
  toString(): string {
    return `file://${this.fsPath}`;
  }
}

/** A panel whose page is played by the test. */
export class Panel {
  readonly told: unknown[] = [];
  visible = true;
  isDisposed = false;
  private readonly disposed = new Emitter();
  private readonly received = new Emitter();
  readonly onDidDispose = this.disposed.event;
  readonly onDidChangeViewState = new Emitter().event;
  readonly webview = {
    options: {},
    html: "",
    cspSource: "",
    asWebviewUri: (uri: Uri): Uri => uri,
    onDidReceiveMessage: this.received.event,
    postMessage: (message: unknown): Promise<boolean> => Promise.resolve(this.told.push(message) > 0),
  };
  /** The page says something. */
  say(message: unknown): void {
    this.received.fire(message);
  }
  reveal(): void {
    this.visible = true;
  }
  dispose(): void {
    if (!this.isDisposed) {
      this.isDisposed = true;
      this.disposed.fire();
    }
  }
}

/** The panels that views have opened. */
export const panels: Panel[] = [];
/** How views take over panels, by their types. */
export const serializers = new Map<string, { deserializeWebviewPanel(panel: Panel): Promise<void> }>();

export enum ViewColumn {
  One = 1,
  Beside = -2,
}

/** An editor with the cursor at its start. */
export const editor = {
  document: { languageId: "dspyc", uri: Uri.file("/w/a.dspy"), version: 1, getText: (): string => "", offsetAt: (): number => 0 },
  selection: { active: {} },
};

export const window = {
  activeTextEditor: editor,
  visibleTextEditors: [editor],
  onDidChangeTextEditorSelection: new Emitter().event,
  onDidChangeActiveTextEditor: new Emitter().event,
  registerWebviewPanelSerializer: (type: string, serializer: { deserializeWebviewPanel(panel: Panel): Promise<void> }) => {
    serializers.set(type, serializer);
    return { dispose: (): void => void serializers.delete(type) };
  },
  createWebviewPanel: (): Panel => {
    const panel = new Panel();
    panels.push(panel);
    return panel;
  },
};

export const workspace = {
  isTrusted: true,
  onDidChangeTextDocument: new Emitter().event,
  fs: { createDirectory: (uri: Uri): Promise<unknown> => mkdir(uri.fsPath, { recursive: true }) },
};
