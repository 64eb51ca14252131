// Makes dist/: the page, its worker, Pyodide and the packed package; static files that any server can give.
// PYTHON says which Python packs (one with dspyc installed); the sizes are printed at the end.

import { build } from "esbuild";
import { loadPyodide } from "pyodide";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "pyodide"), { recursive: true });
execFileSync(process.env.PYTHON || "python3", [join(here, "pack.py"), dist], { stdio: "inherit" });

for (const name of ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"])
  copyFileSync(join(here, "node_modules", "pyodide", name), join(dist, "pyodide", name));
// Compiled here once and not at each visit.
const python = await loadPyodide({ indexURL: join(here, "node_modules", "pyodide") });
python.runPython(readFileSync(join(here, "compile.py"), "utf8"));
for (const [name, folder] of [["dspyc.zip", "/app"], ["more.zip", "/more"]]) {
  python.FS.writeFile(`/${name}`, new Uint8Array(readFileSync(join(dist, name))));
  python.globals.get("compile_zip")(`/${name}`, folder);
  writeFileSync(join(dist, name), python.FS.readFile(`/${name}`));
}

for (const name of ["index.html", "style.css"]) copyFileSync(join(here, "src", name), join(dist, name));

await build({
  entryPoints: [join(here, "src", "main.js"), join(here, "src", "worker.js")],
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "linked",
  external: ["./pyodide/*"],
  alias: { "words": join(dist, "words.json") },
});
rmSync(join(dist, "words.json"));

const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
let total = 0, packed = 0;
for (const entry of files) {
  const path = join(entry.parentPath, entry.name);
  const size = statSync(path).size, small = gzipSync(readFileSync(path), { level: 6 }).length;
  total += size;
  packed += small;
  console.log(`${(size / 1024).toFixed(0).padStart(8)} KB ${(small / 1024).toFixed(0).padStart(7)} KB gzip  ${path.slice(dist.length + 1)}`);
}
console.log(`${(total / 1024).toFixed(0).padStart(8)} KB ${(packed / 1024).toFixed(0).padStart(7)} KB gzip  in all`);
