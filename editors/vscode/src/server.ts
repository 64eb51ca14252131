/** Where `dspyc` is: the setting, the interpreter that was chosen, the workspace's environment, then the PATH. */

import * as path from "node:path";

/** What the search depends on, so that it can be tried without an editor. */
export interface Surroundings {
  /** The setting `dspyc.path`; empty when it is not set. */
  readonly setting: string;
  /** The interpreter that the Python extension has chosen, if any. */
  readonly interpreter?: string | undefined;
  /** The workspace's folders, the first one first. */
  readonly folders: readonly string[];
  /** Whether the user trusts the workspace; nothing of an untrusted one is ever started. */
  readonly trusted: boolean;
  readonly home: string;
  readonly searchPath: string;
  readonly windows: boolean;
  /** Whether a file is there that can be run. */
  readonly isExecutable: (file: string) => boolean;
}

/** A command that was found and why it was taken, or where it was looked for in vain. */
export type Search =
  | { readonly command: string; readonly origin: "setting" | "interpreter" | "environment" | "PATH" }
  | {
      readonly command: undefined;
      readonly tried: readonly string[];
      /** Whether the setting names it, and nothing else counts. */
      readonly isSet: boolean;
    };

/** The environments that people make inside a project. */
const ENVIRONMENTS = [".venv", "venv"];

/** Find the `dspyc` command. A setting that points nowhere is an error and not passed over in silence. */
export function findServer(around: Surroundings): Search {
  if (around.setting.trim() !== "") {
    return findBySetting(around.setting.trim(), around);
  }
  const beside = around.trusted ? besideInterpreter(around) : [];
  const chosen = beside.find(around.isExecutable);
  if (chosen !== undefined) {
    return { command: chosen, origin: "interpreter" };
  }
  const environments = around.trusted
    ? around.folders.flatMap((folder) => ENVIRONMENTS.map((name) => path.join(folder, name)))
    : [];
  const inEnvironment = environments.map((folder) =>
    around.windows ? path.join(folder, "Scripts", "dspyc.exe") : path.join(folder, "bin", "dspyc"),
  );
  const found = inEnvironment.find(around.isExecutable);
  if (found !== undefined) {
    return { command: found, origin: "environment" };
  }
  const onPath = around.searchPath
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder) && (around.trusted || !isInside(folder, around.folders)))
    .flatMap((folder) => executables(path.join(folder, "dspyc"), around.windows))
    .find(around.isExecutable);
  if (onPath !== undefined) {
    return { command: onPath, origin: "PATH" };
  }
  return { command: undefined, tried: [...new Set([...beside, ...inEnvironment, "PATH"])], isSet: false };
}

/** The command in the folder of the chosen interpreter, where installing dspyc there puts it. */
function besideInterpreter(around: Surroundings): string[] {
  const { interpreter } = around;
  if (interpreter === undefined || !path.isAbsolute(interpreter)) {
    return [];
  }
  const folder = path.dirname(interpreter);
  return around.windows
    ? [path.join(folder, "Scripts", "dspyc.exe"), path.join(folder, "dspyc.exe")]
    : [path.join(folder, "dspyc"), path.join(interpreter, "bin", "dspyc")];
}

function findBySetting(setting: string, around: Surroundings): Search {
  const expanded = /^~(?=$|[\\/])/.test(setting) ? around.home + setting.slice(1) : setting;
  const candidates = path.isAbsolute(expanded)
    ? [expanded]
    : around.trusted
      ? around.folders.map((folder) => path.join(folder, expanded))
      : [];
  const found = candidates
    .flatMap((candidate) => executables(candidate, around.windows))
    .find(around.isExecutable);
  return found === undefined
    ? { command: undefined, tried: candidates.length > 0 ? candidates : [setting], isSet: true }
    : { command: found, origin: "setting" };
}

function executables(file: string, windows: boolean): string[] {
  return windows && path.extname(file) === "" ? [`${file}.exe`, `${file}.cmd`, `${file}.bat`] : [file];
}

function isInside(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const relative = path.relative(folder, file);
    return !relative.startsWith("..") && !path.isAbsolute(relative);
  });
}
