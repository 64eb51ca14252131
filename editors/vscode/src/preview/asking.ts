/** The process that answers questions about prompts: started with the first one, asked one at a time. */

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";

import { eachLine, parsed } from "../processes";
import type { Answer, Question } from "./types";

/** Milliseconds after which an answer does not come any more. */
const PATIENCE = 20_000;

type Waiting = { readonly id: number; readonly resolve: (answer: Answer) => void; readonly reject: (problem: Error) => void };

/** Asks a `dspyc preview`; a new question takes the place of one that has not been sent yet. */
export class Asker {
  private child: ChildProcessWithoutNullStreams | undefined;
  private asked: Waiting | undefined;
  private next: { question: Omit<Question, "id">; waiting: Omit<Waiting, "id"> } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private number = 0;
  private errors = "";

  constructor(
    private readonly command: string,
    private readonly python: boolean,
  ) {}

  /** The answer; rejected where there is none, or a newer question came first. */
  ask(question: Omit<Question, "id">): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.next?.waiting.reject(new Superseded());
      this.next = { question, waiting: { resolve, reject } };
      this.send();
    });
  }

  private send(): void {
    if (this.asked !== undefined || this.next === undefined) {
      return;
    }
    const { question, waiting } = this.next;
    this.next = undefined;
    this.asked = { id: ++this.number, ...waiting };
    this.timer = setTimeout(() => this.fail("the prompt did not come within 20 seconds"), PATIENCE);
    this.start().stdin.write(`${JSON.stringify({ id: this.number, ...question })}\n`);
  }

  private start(): ChildProcessWithoutNullStreams {
    if (this.child !== undefined) {
      return this.child;
    }
    const child = spawn(this.command, this.python ? ["preview", "--python"] : ["preview"]);
    this.child = child;
    this.errors = "";
    eachLine(child.stdout, (line) => this.take(line));
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => (this.errors = (this.errors + text).slice(-2_000)));
    child.stdin.on("error", () => undefined); // its end says why
    child.on("error", (problem) => this.ended(child, problem.message));
    child.on("close", () => this.ended(child, this.errors.trim() || "`dspyc preview` has ended"));
    return child;
  }

  private take(line: string): void {
    const answer = parsed(line);
    if (this.asked === undefined || answer?.id !== this.asked.id) {
      return;
    }
    const { resolve } = this.asked;
    this.done();
    resolve(answer as unknown as Answer);
    this.send();
  }

  private ended(child: ChildProcessWithoutNullStreams, why: string): void {
    if (this.child === child) {
      this.child = undefined;
      this.fail(why);
    }
  }

  private fail(why: string): void {
    const waiting = this.asked;
    this.done();
    this.child?.kill();
    this.child = undefined;
    waiting?.reject(new Error(why));
    this.send();
  }

  private done(): void {
    clearTimeout(this.timer);
    this.asked = undefined;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.next?.waiting.reject(new Superseded());
    this.asked?.reject(new Superseded());
    this.next = this.asked = undefined;
    const child = this.child;
    this.child = undefined;
    child?.kill();
  }
}

/** A newer question came before this one was answered. */
export class Superseded extends Error {}
