// Puts dspyc itself beside the extension, as a wheel, so that it can be installed where no index has it.
// `node wheel.mjs`, with DSPYC_SOURCES naming the repository where this is a copy of editors/vscode.

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const here = import.meta.dirname;
const sources = process.env.DSPYC_SOURCES ?? path.join(here, "..", "..");
const wheels = path.join(here, "dist", "wheel");
rmSync(wheels, { recursive: true, force: true });
const words = ["-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps", "--wheel-dir", wheels, sources];
execFileSync(process.env.PYTHON ?? "python3", words, { stdio: "inherit" });
