/** What commands are given: a lens gives texts, a button in the title of an editor gives a URI and its group. */

/** The file of a first argument: a path, or a URI's; undefined for anything else. */
export function fileOf(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null && "fsPath" in value) {
    return textOf(value.fsPath);
  }
  return textOf(value);
}

/** A text as it is; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The texts among some arguments. */
export function textsOf(values: readonly unknown[]): string[] {
  return values.filter((each) => typeof each === "string");
}
