/** What the extension's wheel is built from. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";

for (const hasGit of [true, false]) {
  test(`what an earlier build has left is not packed, ${hasGit ? "with" : "without"} git`, () => {
    const folder = mkdtempSync(path.join(tmpdir(), "dspyc-"));
    const sources = path.join(folder, "sources");
    for (const file of ["pyproject.toml", "base/new.py", "base/gone.py", "build/lib/dspyc/gone.py", ".gitignore"]) {
      mkdirSync(path.dirname(path.join(sources, file)), { recursive: true });
      writeFileSync(path.join(sources, file), "build/\n");
    }
    if (hasGit) {
      execFileSync("git", ["init", "--quiet", sources]);
      execFileSync("git", ["-C", sources, "add", "pyproject.toml", "base/gone.py"]);
    }
    rmSync(path.join(sources, "base", "gone.py"));
    const python = path.join(folder, "python");
    writeFileSync(python, `#!/bin/sh\nfor copy; do :; done\ncd "$copy" && find . -type f >'${folder}/packed'\n`, { mode: 0o755 });
    cpSync("wheel.mjs", path.join(folder, "wheel.mjs"));
    execFileSync("node", [path.join(folder, "wheel.mjs")], { env: { ...process.env, DSPYC_SOURCES: sources, PYTHON: python } });
    const packed = readFileSync(path.join(folder, "packed"), "utf8").trim().split("\n").sort();
    assert.deepEqual(packed, ["./.gitignore", "./base/new.py", "./pyproject.toml"]);
    rmSync(folder, { recursive: true });
  });
}
