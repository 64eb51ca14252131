/** What a file has that can be run: its programs with their inputs, its tests; as the server's lenses say. */

import * as vscode from "vscode";

export interface Runnable {
  readonly kind: "run" | "test" | "eval";
  readonly name: string;
  readonly inputs: readonly string[];
  readonly line: number;
}

const KINDS: Readonly<Record<string, Runnable["kind"]>> = {
  "dspyc.run": "run",
  "dspyc.test": "test",
  "dspyc.eval": "eval",
};

/** The programs, tests and evaluations of a file, in the order of the text. */
export async function runnables(uri: vscode.Uri): Promise<Runnable[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 0);
  return lenses.flatMap(({ command, range }) => {
    const kind = KINDS[command?.command ?? ""];
    const [, name, ...inputs] = (command?.arguments ?? []) as string[];
    return kind === undefined || name === undefined ? [] : [{ kind, name, inputs, line: range.start.line }];
  });
}

/** One of them: the only one, or the one that the user picks; undefined where there is none. */
export async function pick(
  found: readonly Runnable[],
  title: string,
  at: number | undefined,
): Promise<Runnable | undefined> {
  if (found.length < 2) {
    return found[0];
  }
  const words = { run: "program", test: "test", eval: "evaluation" };
  const nearest = found.filter((each) => at !== undefined && each.line <= at).at(-1);
  const items = found.map((each) => ({ label: each.name, description: words[each.kind], picked: each === nearest, each }));
  items.sort((one, other) => Number(other.picked) - Number(one.picked));
  return (await vscode.window.showQuickPick(items, { title }))?.each;
}

/** A value for each input; undefined where the user has given up. */
export async function askFor(inputs: readonly string[]): Promise<Map<string, string> | undefined> {
  const values = new Map<string, string>();
  for (const input of inputs) {
    const value = await vscode.window.showInputBox({
      title: `Value of ${input}`,
      prompt: "Text as it is, everything else as JSON; @PATH takes the text of a file.",
      ignoreFocusOut: true,
    });
    if (value === undefined) {
      return undefined;
    }
    values.set(input, value);
  }
  return values;
}
