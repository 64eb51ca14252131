/** Processes of `dspyc`: started without a shell, read line by line, and ended when nobody waits any more. */

import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** Milliseconds that a process has to end by itself once it was interrupted. */
const PATIENCE = 3_000;

/** Milliseconds in which what a process has written is read once it has ended; what it started may hold its output open. */
const LAST_WORDS = 2_000;

/** Characters of one line; a process that writes longer ones is broken. */
const LONGEST_LINE = 64 * 1024 * 1024;

export interface Ended {
  /** The exit code; null for a process that was ended, or could not be started. */
  readonly code: number | null;
  /** What it wrote to standard error: the last characters. */
  readonly errors: string;
}

/** Call a function with each line of a stream. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(0, LONGEST_LINE);
    lines.forEach(take);
  });
  stream.on("end", () => {
    if (rest !== "") {
      take(rest);
    }
  });
}

/** The JSON object of a line; undefined for a line that is none. */
export function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What a process must give its caller: a chance to end it, and its end. */
export interface Running {
  readonly ended: Promise<Ended>;
  interrupt(): void;
}

/**
 * Run a command to its end.
 *
 * @param onLine called with each line of standard output.
 * @param onErrors called with what comes on standard error.
 */
export function run(
  command: string,
  words: readonly string[],
  cwd: string | undefined,
  onLine: (line: string) => void,
  onErrors: (text: string) => void = () => undefined,
): Running {
  const child = spawn(command, words, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, PYTHONUNBUFFERED: "1" },
  });
  let errors = "";
  eachLine(child.stdout, onLine);
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    errors = (errors + text).slice(-20_000);
    onErrors(text);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("error", (problem) => resolve({ code: null, errors: problem.message }));
    child.on("close", (code) => resolve({ code, errors }));
    child.on("exit", () => {
      const timer = setTimeout(() => [child.stdout, child.stderr].forEach((each) => each.destroy()), LAST_WORDS);
      child.on("close", () => clearTimeout(timer));
    });
  });
  return { ended, interrupt: () => interrupt(child) };
}

/** End a process as Ctrl-C does, so that it can write what it has paid for; by force if it does not end. */
export function interrupt(child: ChildProcess): void {
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  child.on("close", () => clearTimeout(timer));
}
