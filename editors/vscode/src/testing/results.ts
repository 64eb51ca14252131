/** Results beside the code: what the last run of a test, an evaluation or a program came to. */

import * as vscode from "vscode";

export type Outcome = "passed" | "failed" | "running" | "stopped";

export interface Result {
  readonly outcome: Outcome;
  readonly text: string;
  /** More about it, as Markdown. */
  readonly details?: string;
}

const MARKS: Readonly<Record<Outcome, string>> = { passed: "✓", failed: "✗", running: "…", stopped: "■" };
const COLOURS: Readonly<Record<Outcome, string>> = {
  passed: "charts.green",
  failed: "charts.red",
  running: "descriptionForeground",
  stopped: "descriptionForeground",
};

/** What was stopped by its user, before it had a result. */
export const INTERRUPTED: Result = { outcome: "stopped", text: "interrupted" };

interface Kept {
  line: number;
  readonly result: Result;
}

/** Keeps a result for each name of each file, and draws them behind the lines of their declarations. */
export class Results implements vscode.Disposable {
  private readonly files = new Map<string, Map<string, Kept>>();
  private readonly types = new Map<Outcome, vscode.TextEditorDecorationType>();
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    for (const outcome of Object.keys(MARKS) as Outcome[]) {
      this.types.set(
        outcome,
        vscode.window.createTextEditorDecorationType({
          after: { color: new vscode.ThemeColor(COLOURS[outcome]), margin: "0 0 0 2em" },
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
        }),
      );
    }
    this.subscriptions = [
      vscode.window.onDidChangeVisibleTextEditors((editors) => editors.forEach((each) => this.draw(each))),
      vscode.workspace.onDidChangeTextDocument((event) => this.moved(event)),
    ];
  }

  /**
   * Show a result.
   *
   * @param name what it is of: a later result of the same name replaces it.
   * @param line the line of the declaration, from 0.
   */
  set(uri: vscode.Uri, name: string, line: number, result: Result): void {
    const key = uri.toString();
    const kept = this.files.get(key) ?? new Map<string, Kept>();
    kept.set(name, { line, result });
    this.files.set(key, kept);
    this.drawAll(key);
  }

  private moved({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const kept = this.files.get(document.uri.toString());
    if (kept === undefined || contentChanges.length === 0) {
      return;
    }
    for (const { range, text } of contentChanges) {
      const added = text.split("\n").length - 1 - (range.end.line - range.start.line);
      for (const [name, each] of kept) {
        const isBefore = range.end.line < each.line || (range.end.line === each.line && range.end.character === 0);
        if (isBefore) {
          each.line += added;
        } else if (range.start.line <= each.line) {
          kept.delete(name); // the declaration is another one now
        }
      }
    }
    this.drawAll(document.uri.toString());
  }

  private drawAll(uri: string): void {
    vscode.window.visibleTextEditors.filter((each) => each.document.uri.toString() === uri).forEach((each) => this.draw(each));
  }

  private draw(editor: vscode.TextEditor): void {
    const kept = [...(this.files.get(editor.document.uri.toString())?.values() ?? [])].filter(
      ({ line }) => line < editor.document.lineCount,
    );
    for (const [outcome, type] of this.types) {
      const wanted = kept.filter(({ result }) => result.outcome === outcome);
      editor.setDecorations(type, wanted.map(({ line, result }) => decoration(editor.document, line, result)));
    }
  }

  dispose(): void {
    this.subscriptions.forEach((each) => void each.dispose());
    this.types.forEach((each) => each.dispose());
  }
}

function decoration(document: vscode.TextDocument, line: number, result: Result): vscode.DecorationOptions {
  const end = document.lineAt(line).range.end;
  const hover = new vscode.MarkdownString(result.details ?? "");
  hover.isTrusted = { enabledCommands: ["dspyc.trace"] };
  return {
    range: new vscode.Range(end, end),
    renderOptions: { after: { contentText: `${MARKS[result.outcome]} ${result.text}` } },
    ...(result.details === undefined ? {} : { hoverMessage: hover }),
  };
}
