// The scopes that the TextMate grammar gives to the characters of programs.
// usage: node textmate.cjs NODE_MODULES GRAMMAR.json <programs.json >scopes.json
// In: {"name": "text", …}. Out: {"name": [[start, end, "the scopes, blanks between"], …], …}, in code units.
const fs = require("node:fs");
const path = require("node:path");

const [modules, grammarFile] = process.argv.slice(2);
const textmate = require(path.join(modules, "vscode-textmate"));
const oniguruma = require(path.join(modules, "vscode-oniguruma"));

async function main() {
  const wasm = fs.readFileSync(path.join(modules, "vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(grammarFile, "utf8"), grammarFile),
  });
  const grammar = await registry.loadGrammar("source.dspyc");
  const programs = JSON.parse(fs.readFileSync(0, "utf8"));
  const found = {};
  for (const [name, text] of Object.entries(programs)) {
    let stack = textmate.INITIAL;
    let offset = 0;
    found[name] = [];
    for (const line of text.split("\n")) {
      const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
      stack = ruleStack;
      for (const each of tokens) {
        found[name].push([offset + each.startIndex, offset + each.endIndex, each.scopes.join(" ")]);
      }
      offset += line.length + 1;
    }
  }
  process.stdout.write(JSON.stringify(found));
}

main();
