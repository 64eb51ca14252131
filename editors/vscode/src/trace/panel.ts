/** The trace of the last run: call by call, with prompt, answer, time and cost. */

import { randomUUID } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";

import { View } from "../webviews";
import { readTrace } from "./reading";
import type { FromTraceView, ToTraceView, Trace } from "./types";

/** A run whose trace is written. */
export interface TracedRun {
  /** The words that have a command write it. */
  readonly words: readonly string[];
  /** The run has ended: its trace is the last one, unless it called nothing. The trace, if it has one. */
  ended(): Promise<Trace | undefined>;
}

/** Milliseconds after which a trace that no window has taken away is old. */
const OLD = 24 * 60 * 60 * 1000;

/** Milliseconds without a line after which a trace that another window has begun is worth showing. */
const QUIET = 1_000;

const ENDING = ".trace.jsonl";

export class TraceView extends View<FromTraceView, ToTraceView> {
  /** The file of the last run of this window that has asked a model. What other windows have written is only shown. */
  private last: string | undefined;
  /** The files of this window's runs, also of those that go on. */
  private readonly mine = new Set<string>();

  constructor(
    extension: vscode.Uri,
    private readonly folder: vscode.Uri,
  ) {
    super(extension, { type: "dspyc.trace", title: "Trace", script: "trace.js" });
  }

  /** What the next run writes; each has a file of its own, as several may run at a time. */
  async begin(): Promise<TracedRun> {
    await vscode.workspace.fs.createDirectory(this.folder);
    await this.tidy();
    const file = path.join(this.folder.fsPath, `${randomUUID()}${ENDING}`);
    this.mine.add(file);
    return { words: ["--trace", file, "--trace-content"], ended: () => this.ended(file) };
  }

  private async ended(file: string): Promise<Trace | undefined> {
    const trace = await this.read(file);
    let left: string | undefined = file;
    if (trace !== undefined && trace.steps.length > 0) {
      left = this.last;
      this.last = file;
      await this.refresh();
    }
    if (left !== undefined) {
      await rm(left, { force: true });
    }
    return trace;
  }

  private async read(file: string): Promise<Trace | undefined> {
    try {
      return readTrace(await readFile(file, "utf8"), this.folder.fsPath);
    } catch {
      return undefined; // the run has not come as far as that
    }
  }

  /** Delete what windows that were closed have left. */
  private async tidy(): Promise<void> {
    for (const name of await readdir(this.folder.fsPath)) {
      const file = path.join(this.folder.fsPath, name);
      if (name.endsWith(ENDING) && file !== this.last && !this.mine.has(file) && Date.now() - (await changed(file)) > OLD) {
        await rm(file, { force: true });
      }
    }
  }

  override show(): void {
    super.show();
    void this.refresh();
  }

  /** Show the last trace, if the view is open. */
  private async refresh(): Promise<void> {
    if (!this.isReady) {
      return;
    }
    const shown = this.last ?? (await newest(this.folder.fsPath, this.mine)); // of an earlier window
    const trace = shown === undefined ? undefined : await this.read(shown);
    this.tell(
      trace === undefined
        ? { kind: "problem", text: "Nothing has run yet: run a program or a test, and its calls are here." }
        : { kind: "trace", trace },
    );
  }

  protected said(message: FromTraceView): void {
    void (message.kind === "ready" ? this.refresh() : goTo(message.path, message.line));
  }
}

/** Show a line, counted from 1, of a file. */
async function goTo(file: string, line: number): Promise<void> {
  const at = new vscode.Position(Math.max(0, line - 1), 0);
  await vscode.window.showTextDocument(vscode.Uri.file(file), {
    viewColumn: vscode.ViewColumn.One,
    selection: new vscode.Range(at, at),
  });
}

/** The trace in a folder that was written last, of those that are no longer written. */
async function newest(folder: string, without: ReadonlySet<string>): Promise<string | undefined> {
  let found: { readonly file: string; readonly at: number } | undefined;
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const at = name.endsWith(ENDING) && !without.has(file) ? await changed(file) : 0;
    if (at > (found?.at ?? 0) && Date.now() - at > QUIET) {
      found = { file, at };
    }
  }
  return found?.file;
}

/** When a file was last written; now for one that is gone. */
async function changed(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return Date.now();
  }
}
