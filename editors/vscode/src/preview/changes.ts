/** What a prompt was before the last edit. */

import type { Prompt } from "./types";

/** Remembers prompts by the version of the text that they are of. */
export class Changes {
  private key = "";
  private version = -1;
  private now: Readonly<Record<string, Prompt>> = {};
  private before: Readonly<Record<string, Prompt>> = {};

  /**
   * The prompts as they were before the last edit that changed one of these.
   *
   * @param key what else prompts depend on: the file and the values.
   * @param version the version of the text.
   */
  since(key: string, version: number, prompts: readonly Prompt[]): Readonly<Record<string, Prompt>> {
    const found = Object.fromEntries(prompts.map((each) => [each.name, each]));
    if (key !== this.key) {
      this.before = {};
      this.now = {};
    } else if (version !== this.version && prompts.some((each) => differs(each, this.now[each.name]))) {
      this.before = { ...this.before, ...this.now };
    }
    this.key = key;
    this.version = version;
    this.now = { ...this.now, ...found };
    return this.before;
  }
}

function differs(prompt: Prompt, other: Prompt | undefined): boolean {
  return other !== undefined && JSON.stringify(prompt.messages) !== JSON.stringify(other.messages);
}
