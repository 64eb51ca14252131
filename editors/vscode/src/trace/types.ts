/** What the view of a trace shows. */

export type What = "module" | "lm" | "tool" | "code" | "evaluate" | "optimize";

export interface Step {
  readonly what: What;
  readonly name: string;
  /** Seconds from the beginning. */
  readonly at: number;
  /** The file, and the line counted from 1, that the call stands on. */
  readonly place?: { readonly path: string; readonly line: number };
  readonly inputs?: unknown;
  readonly messages?: readonly (readonly [string, string])[];
  readonly steps: Step[];
  /** Seconds from the beginning; none for a call that has not ended. */
  end?: number;
  outputs?: unknown;
  answers?: readonly string[];
  error?: string;
  tokens?: number;
  cost?: number;
  cached?: boolean;
}

export interface Trace {
  readonly command: string;
  readonly program: string;
  /** Unix time. */
  readonly began: number;
  /** None for a run that goes on, or was killed. */
  readonly seconds?: number;
  readonly calls: number;
  readonly tokens: number;
  readonly cost: number | null;
  readonly error?: string;
  readonly steps: readonly Step[];
}

export type ToTraceView =
  | { readonly kind: "trace"; readonly trace: Trace }
  | { readonly kind: "problem"; readonly text: string };

export type FromTraceView =
  | { readonly kind: "ready" }
  | { readonly kind: "open"; readonly path: string; readonly line: number };
