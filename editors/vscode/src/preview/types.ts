/** What `dspyc preview` is asked and answers; see cli/previews/question.py. */

export interface Question {
  readonly id: number;
  readonly path: string;
  readonly text: string;
  /** In code points. */
  readonly offset: number;
  readonly test?: string;
  readonly dataset?: string;
  readonly row?: number;
  readonly values?: Readonly<Record<string, string>>;
  readonly automatic?: boolean;
}

export interface Piece {
  readonly label: string;
  readonly message: number;
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

export interface Message {
  readonly role: string;
  readonly text: string;
}

export interface Prompt {
  readonly name: string;
  readonly module: string;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly open: readonly string[];
  readonly pieces: readonly Piece[];
  readonly tokens: number;
  readonly cost: number | null;
}

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly value: string | null;
}

export interface Answer {
  readonly id: number;
  readonly subject: string;
  readonly prompts: readonly Prompt[];
  readonly inputs: readonly Field[];
  readonly tests: readonly string[];
  readonly datasets: readonly { readonly name: string; readonly count: number }[];
  readonly used: string;
  readonly calls: string;
  readonly problem: string;
  readonly python: boolean;
}

/** Which values the inputs have. */
export type Source =
  | { readonly kind: "automatic" }
  | { readonly kind: "none" }
  | { readonly kind: "test"; readonly test: string }
  | { readonly kind: "row"; readonly dataset: string; readonly row: number };

/** What the view is told. */
export type ToView =
  | {
      readonly kind: "answer";
      readonly answer: Answer;
      readonly source: Source;
      readonly values: Readonly<Record<string, string>>;
      /** The messages before the last edit, by the name of the predictor. */
      readonly before: Readonly<Record<string, Prompt>>;
      readonly mayRunPython: boolean;
    }
  | { readonly kind: "problem"; readonly text: string };

/** What the view says. */
export type FromView =
  | { readonly kind: "ready" }
  | { readonly kind: "source"; readonly source: Source }
  | { readonly kind: "value"; readonly name: string; readonly text: string }
  | { readonly kind: "python" };
