// Puts dspyc itself beside the extension, as a wheel, so that it can be installed where no index has it.
// `node wheel.mjs`, with DSPYC_SOURCES naming the repository where this is a copy of editors/vscode.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

/** Folders that are no sources, where git cannot say it. */
const MADE = /^(\.git|\.venv.*|\.cache|\..*_cache|node_modules|__pycache__|build|dist|out|.*\.egg-info)$/;

const here = import.meta.dirname;
const sources = path.resolve(process.env.DSPYC_SOURCES ?? path.join(here, "..", ".."));
const wheels = path.join(here, "dist", "wheel");
rmSync(wheels, { recursive: true, force: true });

// Built from a copy: a build packs what earlier ones have left in its tree, also files that have been deleted since.
const copy = mkdtempSync(path.join(tmpdir(), "dspyc-wheel-"));
try {
  copySources();
  const words = ["-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps", "--wheel-dir", wheels, copy];
  execFileSync(process.env.PYTHON ?? "python3", words, { stdio: "inherit" });
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Copy the files that git knows or would add, as they stand; all but what is made, where there is no git. */
function copySources() {
  if (!existsSync(path.join(sources, ".git"))) {
    cpSync(sources, copy, { recursive: true, filter: (file) => file === sources || !MADE.test(path.basename(file)) });
    return;
  }
  const words = ["-C", sources, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  for (const file of execFileSync("git", words, { encoding: "utf8", maxBuffer: 2 ** 28 }).split("\0")) {
    if (file !== "" && existsSync(path.join(sources, file))) {
      cpSync(path.join(sources, file), path.join(copy, file));
    }
  }
}
