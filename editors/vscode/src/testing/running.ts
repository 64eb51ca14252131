/** Running tests and evaluations: one process a file, told of as it goes, ended when that is asked for. */

import * as path from "node:path";
import * as vscode from "vscode";

import { run, type Running } from "../processes";
import type { TracedRun } from "../trace/panel";
import { eventOf, figures, lastError, rowText, scored, type Event, type Failure } from "./events";
import { INTERRUPTED, type Results } from "./results";
import type { TestTree } from "./tree";

/** What running needs of the extension. */
export interface Surroundings {
  readonly command: () => string | undefined;
  /** The words that say which model answers, if the settings name one. */
  readonly model: () => readonly string[];
  /** What has a run write its trace. */
  readonly trace: () => Promise<TracedRun>;
}

/** Rows of an evaluation that are listed in its output. */
const MOST_ROWS = 10;

export class Runner {
  constructor(
    private readonly controller: vscode.TestController,
    private readonly tree: TestTree,
    private readonly results: Results,
    private readonly around: Surroundings,
  ) {}

  /** Run what a request names, and tell the view, whose button for stopping ends it, whoever has asked. */
  async run(request: vscode.TestRunRequest): Promise<void> {
    const run = this.controller.createTestRun(request);
    const items = this.chosen(request);
    items.forEach((each) => run.enqueued(each));
    try {
      for (const [uri, tests] of byFile(items.filter((each) => this.tree.meaning(each)?.kind === "test"))) {
        await this.tests(run, uri, tests);
      }
      for (const item of items.filter((each) => this.tree.meaning(each)?.kind === "evaluate")) {
        await this.evaluation(run, item);
      }
    } finally {
      run.end();
    }
  }

  /** The tests and evaluations that a request names. All evaluations run only where they are named: they cost. */
  private chosen(request: vscode.TestRunRequest): vscode.TestItem[] {
    const found: vscode.TestItem[] = [];
    const add = (item: vscode.TestItem, isNamed: boolean): void => {
      if (request.exclude?.includes(item) === true || found.includes(item)) {
        return;
      }
      const meaning = this.tree.meaning(item);
      if (meaning === undefined) {
        item.children.forEach((child) => add(child, false));
      } else if (isNamed || meaning.kind === "test") {
        found.push(item);
      }
    };
    if (request.include === undefined) {
      this.controller.items.forEach((each) => add(each, false));
    } else {
      request.include.forEach((each) => add(each, true));
    }
    return found;
  }

  private async tests(run: vscode.TestRun, uri: vscode.Uri, items: readonly vscode.TestItem[]): Promise<void> {
    const left = new Map(items.map((each) => [this.tree.meaning(each)!.name, each]));
    const started = new Set<vscode.TestItem>();
    const traced = await this.around.trace();
    const words = ["test", uri.fsPath, "--json-lines", ...traced.words, ...this.around.model()];
    items.forEach((each) => words.push("--title", this.tree.meaning(each)!.name));
    const errors = await this.process(run, uri, words, (event) => {
      if (event.event === "broken") {
        left.forEach((each) => run.errored(each, new vscode.TestMessage(event.message)));
        left.clear();
      } else if (event.event === "started") {
        const item = left.get(event.title);
        if (item !== undefined) {
          run.started(item);
          started.add(item);
        }
      } else if (event.event === "passed" || event.event === "failed") {
        const item = left.get(event.title);
        left.delete(event.title);
        if (item !== undefined) {
          this.ended(run, item, event);
        }
      }
    });
    await traced.ended();
    left.forEach((each) => this.unended(run, each, started.has(each), errors));
  }

  private ended(run: vscode.TestRun, item: vscode.TestItem, event: Extract<Event, { event: "passed" | "failed" }>): void {
    const told = figures(event.seconds, event);
    run.appendOutput(`${event.event === "passed" ? "passed" : "FAILED"}: ${item.label} (${told})\r\n`, undefined, item);
    if (event.event === "passed") {
      run.passed(item, event.seconds * 1000);
      this.beside(item, { outcome: "passed", text: told, details: TRACE_LINK });
      return;
    }
    run.appendOutput(`${event.message.replaceAll("\n", "\r\n")}\r\n`, undefined, item);
    run.failed(item, failure(event), event.seconds * 1000);
    this.beside(item, { outcome: "failed", text: `${short(event.summary)} (${told})`, details: TRACE_LINK });
  }

  private async evaluation(run: vscode.TestRun, item: vscode.TestItem): Promise<void> {
    if (run.token.isCancellationRequested) {
      run.skipped(item);
      return;
    }
    run.started(item);
    const words = ["eval", `${item.uri!.fsPath}:${this.tree.meaning(item)!.name}`, "--json-lines", ...this.around.model()];
    const found: Extract<Event, { event: "result" }>[] = [];
    const errors = await this.process(run, item.uri!, words, (event) => {
      if (event.event === "progress") {
        const score = event.score === null ? "" : `, ${event.score.toFixed(1)} %`;
        this.beside(item, { outcome: "running", text: `${event.done} of ${event.total ?? "?"}${score}` });
      } else if (event.event === "result") {
        found.push(event);
      }
    });
    if (found.length === 0) {
      this.unended(run, item, true, errors);
      return;
    }
    const seconds = found.reduce((sum, each) => sum + each.seconds, 0);
    const told = found.map((each) => `${scored(each, found.length === 1)} (${figures(each.seconds, each)})`);
    run.appendOutput(`${[...told, ...found.flatMap((each) => each.rows.slice(0, MOST_ROWS).map(rowText))].join("\n").replaceAll("\n", "\r\n")}\r\n`, undefined, item);
    const failed = found.filter((each) => each.passed === false);
    if (failed.length === 0) {
      run.passed(item, seconds * 1000);
    } else {
      run.failed(item, failed.map((each) => belowGate(each, found.length === 1, item)), seconds * 1000);
    }
    this.beside(item, { outcome: failed.length === 0 ? "passed" : "failed", text: told.join("; ") });
  }

  /** Run a process whose lines are events; what it wrote to standard error. */
  private async process(
    run: vscode.TestRun, uri: vscode.Uri, words: readonly string[], take: (event: Event) => void,
  ): Promise<string> {
    const command = this.around.command();
    if (command === undefined) {
      return "The command dspyc was not found.";
    }
    if (run.token.isCancellationRequested) {
      return "";
    }
    await saved(uri);
    const running: Running = start(command, words, path.dirname(uri.fsPath), take, (text) =>
      run.appendOutput(text.replaceAll("\n", "\r\n")),
    );
    const listener = run.token.onCancellationRequested(() => running.interrupt());
    try {
      return (await running.ended).errors;
    } finally {
      listener.dispose();
    }
  }

  private unended(run: vscode.TestRun, item: vscode.TestItem, hasStarted: boolean, errors: string): void {
    if (run.token.isCancellationRequested) {
      run.skipped(item);
      if (hasStarted) {
        this.beside(item, INTERRUPTED);
      }
    } else {
      const message = lastError(errors) || "the run ended without a result";
      run.errored(item, new vscode.TestMessage(message));
      this.beside(item, { outcome: "failed", text: short(message.replace(/^error: /, "")) });
    }
  }

  private beside(item: vscode.TestItem, result: Parameters<Results["set"]>[3]): void {
    if (item.uri !== undefined && item.range !== undefined) {
      this.results.set(item.uri, item.id, item.range.start.line, result);
    }
  }
}

const TRACE_LINK = "[Show the trace](command:dspyc.trace): each call with its prompt and answer";

function start(
  command: string, words: readonly string[], folder: string, take: (event: Event) => void, onErrors: (text: string) => void,
): Running {
  return run(
    command,
    words,
    folder,
    (line) => {
      const event = eventOf(line);
      if (event !== undefined) {
        take(event);
      }
    },
    onErrors,
  );
}

/** A text as a file: one that has none yet is saved where its user says, or nowhere. */
export async function onDisk(uri: vscode.Uri): Promise<vscode.Uri | undefined> {
  return uri.scheme === "untitled" ? vscode.workspace.save(uri) : uri;
}

/** Save a file that is open with changes: what runs is what is seen. */
export async function saved(uri: vscode.Uri): Promise<void> {
  const open = vscode.workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
  if (open?.isDirty === true) {
    await open.save();
  }
}

function byFile(items: readonly vscode.TestItem[]): Map<vscode.Uri, vscode.TestItem[]> {
  const found = new Map<string, [vscode.Uri, vscode.TestItem[]]>();
  for (const item of items) {
    const key = item.uri!.toString();
    const entry = found.get(key) ?? [item.uri!, []];
    entry[1].push(item);
    found.set(key, entry);
  }
  return new Map(found.values());
}

function failure(event: Failure): vscode.TestMessage {
  const values = Object.entries(event.values ?? {}).map(([name, value]) => `${name} = ${value}`);
  const text = [event.summary, ...values].join("\n");
  const message =
    event.expected !== undefined && event.actual !== undefined
      ? vscode.TestMessage.diff(text, event.expected, event.actual)
      : new vscode.TestMessage(values.length > 0 ? text : `${event.summary}\n\n${event.message}`);
  if (event.at !== undefined && event.line !== undefined) {
    message.location = new vscode.Location(vscode.Uri.file(event.at), new vscode.Position(event.line - 1, 0));
  }
  return message;
}

function belowGate(result: Extract<Event, { event: "result" }>, isOnly: boolean, item: vscode.TestItem): vscode.TestMessage {
  const message = new vscode.TestMessage(
    [scored(result, isOnly), ...result.rows.slice(0, MOST_ROWS).map(rowText)].join("\n"),
  );
  if (item.uri !== undefined && item.range !== undefined) {
    message.location = new vscode.Location(item.uri, item.range);
  }
  return message;
}

function short(text: string): string {
  const line = text.split("\n").find((each) => each.trim() !== "") ?? "";
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
