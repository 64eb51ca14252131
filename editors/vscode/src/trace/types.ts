/** A trace as `--trace` writes it; see cli/traces.py. */

export interface Step {
  readonly kind: "module" | "lm" | "tool";
  readonly name: string;
  readonly class?: string;
  readonly start: number;
  readonly seconds?: number;
  readonly path?: string;
  readonly line?: number;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly error?: string;
  readonly messages?: readonly { readonly role: string; readonly text: string }[];
  readonly answer?: string;
  readonly tokens?: number;
  readonly cost?: number | null;
  readonly cached?: boolean;
  readonly steps: readonly Step[];
}

export interface Trace {
  readonly command: string;
  readonly version: number;
  readonly started: number;
  readonly seconds: number;
  readonly calls: number;
  readonly tokens: number;
  readonly cost: number | null;
  readonly left_out: number;
  readonly steps: readonly Step[];
}

export type ToTraceView =
  | { readonly kind: "trace"; readonly trace: Trace }
  | { readonly kind: "problem"; readonly text: string };

export type FromTraceView =
  | { readonly kind: "ready" }
  | { readonly kind: "open"; readonly path: string; readonly line: number };
