/** What `dspyc test --json-lines` and `dspyc eval --json-lines` say; see cli/testreports.py and cli/eval.py. */

import { parsed } from "../processes";

export interface Used {
  readonly calls: number;
  readonly tokens: number;
  readonly cost: number | null;
}

export interface Failure {
  readonly message: string;
  readonly summary: string;
  /** The file and the line, counted from 1, of what failed. */
  readonly at?: string;
  readonly line?: number;
  readonly expected?: string;
  readonly actual?: string;
  readonly values?: Readonly<Record<string, string>>;
}

export interface Row {
  readonly row: number;
  readonly score: number | null;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly error: string | null;
}

export type Event =
  | { readonly event: "started"; readonly path: string; readonly title: string }
  | ({ readonly event: "passed"; readonly path: string; readonly title: string; readonly seconds: number } & Used)
  | ({ readonly event: "failed"; readonly path: string; readonly title: string; readonly seconds: number } & Used & Failure)
  | { readonly event: "broken"; readonly message: string }
  | { readonly event: "finished" }
  | {
      readonly event: "progress";
      readonly stage: string;
      readonly done: number;
      readonly total: number | null;
      readonly score: number | null;
      readonly cost: number | null;
    }
  | ({
      readonly event: "result";
      readonly evaluation: string;
      readonly program: string;
      readonly metric: string;
      /** None where the scores have no mean, as one of them is no number. */
      readonly score: number | null;
      readonly examples: number;
      readonly errors: number;
      readonly require: number | null;
      readonly passed: boolean | null;
      readonly seconds: number;
      readonly rows: readonly Row[];
    } & Used);

/** The event of a line; undefined for a line that is none. */
export function eventOf(line: string): Event | undefined {
  const found = parsed(line);
  return typeof found?.event === "string" ? (found as unknown as Event) : undefined;
}

/** `0.8 s, 2 calls, $0.0012` */
export function figures(seconds: number, used: Used): string {
  const parts = [seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`];
  if (used.calls > 0) {
    parts.push(`${used.calls} call${used.calls === 1 ? "" : "s"}`);
  }
  if (used.cost !== null && used.cost > 0) {
    parts.push(`$${used.cost >= 0.01 ? used.cost.toFixed(2) : used.cost.toPrecision(2)}`);
  }
  return parts.join(", ");
}

/** The result of an evaluation in a line: `50.0 % of 154 rows, 40 required`; one of several begins with its program. */
export function scored(result: Extract<Event, { event: "result" }>, isOnly: boolean): string {
  const required = result.require === null ? "" : `, ${result.require} required`;
  const errors = result.errors === 0 ? "" : `, ${result.errors} failed`;
  return `${isOnly ? "" : `${result.program}: `}${result.score?.toFixed(1) ?? "?"} % of ${result.examples} rows${errors}${required}`;
}

/** What a process said last of an error, without the warnings around it; all else that it said where it named none. */
export function lastError(errors: string): string {
  const lines = errors.trim().split("\n").filter((each) => !/^warning\b/.test(each));
  return lines.slice(Math.max(lines.map((each) => /^error\b/.test(each)).lastIndexOf(true), 0)).join("\n");
}

/** A row of an evaluation as text. */
export function rowText(row: Row): string {
  const values = (title: string, given: Readonly<Record<string, unknown>>): string[] =>
    Object.entries(given).map(([name, value]) => `  ${title} ${name} = ${typeof value === "string" ? value : JSON.stringify(value)}`);
  const lines = [`row ${row.row}: ${row.score}`, ...values("input", row.inputs), ...values("wanted", row.labels)];
  return [...lines, ...(row.error === null ? values("got", row.outputs) : [`  ${row.error}`])].join("\n");
}
