/** The words of a `dspyc` command that a code lens stands for. */

/** What is run in a terminal. */
export const ACTIONS = ["check", "run", "test", "eval", "optimize"] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * What follows `dspyc` on the command line.
 *
 * @param file the path of the program.
 * @param name a name of the file, or the title of a test; none for all of the file.
 * @param inputs a value for each input; only `run` takes them.
 */
export function wordsOf(
  action: Action,
  file: string,
  name: string | undefined,
  inputs: ReadonlyMap<string, string> = new Map(),
): string[] {
  if (action === "test") {
    return name === undefined ? ["test", file] : ["test", file, "--title", name];
  }
  if (action === "check") {
    return ["check", file, "--output-format", "concise"];
  }
  const given = [...inputs].map(([input, value]) => `${input}=${value}`);
  return [action, name === undefined ? file : `${file}:${name}`, ...given];
}

/** Where a module or program of a name is declared in a text: the offset of its line; -1 where it is not. */
export function declarationOf(text: string, name: string): number {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.search(new RegExp(`^(?:module|program)[ \\t]+${escaped}(?![\\p{L}\\p{M}\\p{N}_])`, "mu"));
}
