/** What commands are given: a lens gives texts, a button in the title of an editor gives a URI and its group. */

import * as vscode from "vscode";

/** The file of a first argument: a path, or that of a URI of a file; undefined for anything else, like a text without a file. */
export function fileOf(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null && "fsPath" in value && "scheme" in value) {
    return value.scheme === "file" ? textOf(value.fsPath) : undefined;
  }
  return textOf(value);
}

/** Where the text of a lens is: a path, or the URI of a text that has no file yet. */
export function uriOf(file: string): vscode.Uri {
  return file.startsWith("untitled:") ? vscode.Uri.parse(file) : vscode.Uri.file(file);
}

/** A text as it is; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The texts among some arguments. */
export function textsOf(values: readonly unknown[]): string[] {
  return values.filter((each) => typeof each === "string");
}
