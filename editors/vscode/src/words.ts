/** The words of a `dspyc` command that a code lens stands for. */

/** What lenses run in a terminal. */
export const ACTIONS = ["run", "prompt", "test", "eval", "optimize"] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * What follows `dspyc` on the command line.
 *
 * @param file the path of the program.
 * @param name a name of the file, or the title of a test; none for all of the file.
 * @param inputs a value for each input; only `run` and `prompt` take them.
 */
export function wordsOf(
  action: Action,
  file: string,
  name: string | undefined,
  inputs: ReadonlyMap<string, string> = new Map(),
): string[] {
  if (action === "test") {
    return name === undefined ? ["test", file] : ["test", file, "-k", name];
  }
  const given = [...inputs].map(([input, value]) => `${input}=${value}`);
  return [action, name === undefined ? file : `${file}:${name}`, ...given];
}
