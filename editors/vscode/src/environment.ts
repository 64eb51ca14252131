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
  /** Whether some dspyc is installed there. */
  readonly hasDspyc: (python: string) => Promise<boolean>;
  /** Whether the command `uv` is on the PATH: its environments have no pip. */
  readonly hasUv: boolean;
}

/** A command, as its words. */
export type Step = readonly string[];

export type Plan =
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly environment: string }
  | { readonly kind: "old"; readonly python: string; readonly version: readonly [number, number] }
  /** Environments are there, but none of their interpreters answers. */
  | { readonly kind: "broken"; readonly python: string }
  | { readonly kind: "no folder" }
  | { readonly kind: "no python" };

const ENVIRONMENTS = [".venv", "venv"];
const PYTHONS = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"];

/**
 * How a package gets into the environment of a workspace: the chosen one, the one in the folder, or a new one there.
 *
 * The interpreter of a system is not changed; a new environment is made with it. No folder that is there is made anew.
 *
 * @param requirement what pip installs: a name, a file, an address.
 */
export async function plan(machine: Machine, requirement: string): Promise<Plan> {
  const found = environmentsOf(machine);
  for (const python of found) {
    const version = await machine.version(python);
    if (version !== undefined) {
      return isOld(version)
        ? { kind: "old", python, version }
        : { kind: "steps", steps: await installing(machine, python, requirement), environment: python };
    }
  }
  if (found.length > 0) {
    return { kind: "broken", python: found[0]! };
  }
  if (machine.folder === undefined) {
    return { kind: "no folder" };
  }
  const folder = path.join(machine.folder, ".venv");
  const python = inside(folder, machine.windows);
  if (machine.exists(folder)) {
    return { kind: "broken", python };
  }
  const base = await basePython(machine);
  if (typeof base !== "string") {
    return base;
  }
  const steps = [
    [base, "-m", "venv", folder],
    [python, "-m", "pip", "install", requirement],
  ];
  return { kind: "steps", steps, environment: python };
}

/** The interpreters of the environments that the workspace has: the chosen one, then those in the folder. */
function environmentsOf({ interpreter, folder, windows, exists }: Machine): string[] {
  const isChosen = interpreter !== undefined && path.isAbsolute(interpreter) && isEnvironment(interpreter, exists);
  const own = folder === undefined ? [] : ENVIRONMENTS.map((name) => inside(path.join(folder, name), windows));
  return [...new Set([...(isChosen ? [interpreter] : []), ...own])].filter(exists);
}

/** Whether an interpreter belongs to an environment that people make for a project: venv, virtualenv, conda but its base. */
function isEnvironment(python: string, exists: (file: string) => boolean): boolean {
  const folders = [path.dirname(python), path.dirname(path.dirname(python))];
  return folders.some((folder) => {
    const has = (name: string): boolean => exists(path.join(folder, name));
    return has("pyvenv.cfg") || (has("conda-meta") && !has("condabin"));
  });
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

async function installing({ hasPip, hasUv, hasDspyc }: Machine, python: string, requirement: string): Promise<Step[]> {
  const again = isKept(requirement) && (await hasDspyc(python));
  const without = !(await hasPip(python));
  if (without && hasUv) {
    return [["uv", "pip", "install", "--python", python, ...(again ? ["--reinstall-package", "dspyc"] : []), requirement]];
  }
  const pip = [python, "-m", "pip", "install"];
  return [
    ...(without ? [[python, "-m", "ensurepip", "--upgrade"]] : []),
    [...pip, requirement],
    ...(again ? [[...pip, "--force-reinstall", "--no-deps", requirement]] : []),
  ];
}

/** Whether pip keeps what is there where this has the same version, whatever is in it: a wheel, an address. */
function isKept(requirement: string): boolean {
  return /\.whl(\[.*\])?$|:\/\//.test(requirement);
}

/**
 * What pip installs; undefined where nothing says it: no name is taken from an index that nobody has asked for.
 *
 * @param set what the settings say: empty, `dspyc` with or without extras, or another package.
 * @param wheel the package that the extension brings along, if it does.
 */
export function requirementOf(set: string, wheel: string | undefined): string | undefined {
  const own = /^dspyc\s*(\[[\w\s,.-]+\])?$/.exec(set === "" ? "dspyc" : set);
  if (own !== null && wheel !== undefined) {
    return wheel + (own[1] ?? "");
  }
  return set === "" ? undefined : set;
}

function isOld([major, minor]: readonly [number, number]): boolean {
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
