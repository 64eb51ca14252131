/** The prompt preview: beside the text, it follows the cursor and shows what the predictor there would send. */

import * as vscode from "vscode";

import { FollowingView, type Place } from "../webviews";
import { Asker, Superseded } from "./asking";
import { Changes } from "./changes";
import { codePoints } from "./offsets";
import type { Answer, FromView, Source, ToView } from "./types";

/** Milliseconds of rest after a key or a move of the cursor. */
const REST = 120;

export class PromptPreview extends FollowingView<FromView, ToView> {
  private asker: { readonly command: string; readonly python: boolean; readonly asker: Asker } | undefined;
  private source: Source = { kind: "automatic" };
  private values: Record<string, string> = {};
  private subject = "";
  private runsPython = false;
  /** Whether the view says why nothing could be asked. */
  private isFailed = false;
  private readonly changes = new Changes();

  constructor(
    extension: vscode.Uri,
    private readonly command: () => string | undefined,
    private readonly absence: () => string,
  ) {
    super(extension, { type: "dspyc.prompt", title: "Prompt", script: "prompt.js" }, REST);
  }

  protected async update(place: Place): Promise<void> {
    const command = this.command();
    if (command === undefined) {
      this.fail(this.absence());
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
        this.fail(problem instanceof Error ? problem.message : String(problem));
      }
    }
  }

  private fail(text: string): void {
    this.isFailed = text !== "";
    this.tell({ kind: "problem", text });
  }

  private answered(answer: Answer, uri: string, version: number): void {
    if (this.isFailed) {
      this.fail("");
    }
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

  protected said(message: FromView): void {
    switch (message.kind) {
      case "ready":
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

  protected override closed(): void {
    super.closed();
    this.runsPython = false;
    this.asker?.asker.dispose();
    this.asker = undefined;
  }
}
