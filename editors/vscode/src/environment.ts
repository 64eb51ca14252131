/** Where dspyc is installed on request, and the commands that do it; without an editor, so that it can be tried. */

import * as path from "node:path";

/** The oldest Python that dspyc runs on. */
export const OLDEST = [3, 11] as const;

/** What an installation depends on. */
export interface Machine {
  /** The interpreter that the Python extension has chosen, if any. */
  readonly interpreter?: string | undefined;
  /** The first folder of the workspace. */
  readonly folder: string | undefined;
  readonly windows: boolean;
  readonly exists: (file: string) => boolean;
  /** The version of an interpreter, like `[3, 12]`; undefined where it cannot be run. */
  readonly version: (python: string) => Promise<readonly [number, number] | undefined>;
  readonly hasPip: (python: string) => Promise<boolean>;
  /** Whether the command `uv` is on the PATH: its environments have no pip. */
  readonly hasUv: boolean;
}

/** A command, as its words. */
export type Step = readonly string[];

export type Plan =
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly environment: string }
  | { readonly kind: "old"; readonly python: string; readonly version: readonly [number, number] }
  | { readonly kind: "no folder" }
  | { readonly kind: "no python" };

const ENVIRONMENTS = [".venv", "venv"];
const PYTHONS = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"];

/**
 * How a package gets into the environment of a workspace: the chosen one, the one in the folder, or a new one there.
 *
 * The interpreter of a system is not changed; a new environment is made with it.
 *
 * @param requirement what pip installs: a name, a file, an address.
 */
export async function plan(machine: Machine, requirement: string): Promise<Plan> {
  const found = environmentOf(machine);
  if (found !== undefined) {
    const version = await machine.version(found);
    if (version !== undefined) {
      return isOld(version)
        ? { kind: "old", python: found, version }
        : { kind: "steps", steps: await installing(machine, found, requirement), environment: found };
    }
  }
  if (machine.folder === undefined) {
    return { kind: "no folder" };
  }
  const base = await basePython(machine);
  if (typeof base !== "string") {
    return base;
  }
  const folder = path.join(machine.folder, ".venv");
  const python = inside(folder, machine.windows);
  const steps = [
    [base, "-m", "venv", folder],
    [python, "-m", "pip", "install", requirement],
  ];
  return { kind: "steps", steps, environment: python };
}

/** The interpreter of the environment that the workspace has; undefined where it has none. */
function environmentOf({ interpreter, folder, windows, exists }: Machine): string | undefined {
  const chosen = interpreter !== undefined && path.isAbsolute(interpreter) && exists(interpreter) ? interpreter : undefined;
  if (chosen !== undefined && isEnvironment(chosen, exists)) {
    return chosen;
  }
  return folder === undefined
    ? undefined
    : ENVIRONMENTS.map((name) => inside(path.join(folder, name), windows)).find(exists);
}

/** Whether an interpreter belongs to an environment that people make for a project: venv, virtualenv, conda. */
function isEnvironment(python: string, exists: (file: string) => boolean): boolean {
  const folders = [path.dirname(python), path.dirname(path.dirname(python))];
  return folders.some((folder) => exists(path.join(folder, "pyvenv.cfg")) || exists(path.join(folder, "conda-meta")));
}

function inside(folder: string, windows: boolean): string {
  return windows ? path.join(folder, "Scripts", "python.exe") : path.join(folder, "bin", "python");
}

/** An interpreter to make an environment with. */
async function basePython({ interpreter, version }: Machine): Promise<string | Plan> {
  let old: Plan | undefined;
  for (const python of interpreter === undefined ? PYTHONS : [interpreter, ...PYTHONS]) {
    const found = await version(python);
    if (found !== undefined && !isOld(found)) {
      return python;
    }
    old ??= found === undefined ? undefined : { kind: "old", python, version: found };
  }
  return old ?? { kind: "no python" };
}

async function installing({ hasPip, hasUv }: Machine, python: string, requirement: string): Promise<Step[]> {
  const pip = [python, "-m", "pip", "install", requirement];
  if (await hasPip(python)) {
    return [pip];
  }
  return hasUv
    ? [["uv", "pip", "install", "--python", python, requirement]]
    : [[python, "-m", "ensurepip", "--upgrade"], pip];
}

function isOld([major, minor]: readonly [number, number]): boolean {
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
