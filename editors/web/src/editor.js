// The editor: CodeMirror, with completion, hover, findings and fixes of the language server.

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { dspy } from "./language.js";

export const URI = "file:///playground/main.dspy";
const SEVERITIES = { 1: "error", 2: "warning", 3: "info", 4: "info" };
const KINDS = { 2: "method", 3: "function", 5: "property", 6: "variable", 7: "class", 9: "namespace", 10: "property", 12: "constant", 13: "enum", 14: "keyword", 20: "constant", 21: "constant", 25: "type" };

const offset = (doc, { line, character }) => {
  if (line >= doc.lines) return doc.length;
  const found = doc.line(line + 1);
  return Math.min(found.from + character, found.to);
};
const position = (doc, at) => {
  const line = doc.lineAt(at);
  return { line: line.number - 1, character: at - line.from };
};
// Markdown as it is but for the fences around code.
const plain = (content) => (typeof content === "string" ? content : content?.value || "").replace(/^```\w*\n?/gm, "");
const changes = (doc, edits) => edits.map((edit) => ({ from: offset(doc, edit.range.start), to: offset(doc, edit.range.end), insert: edit.newText }));

const completionSource = (client) => async (context) => {
  const word = context.matchBefore(/[\p{L}\p{N}_]*/u);
  const before = context.state.sliceDoc(Math.max(0, word.from - 1), word.from);
  if (!context.explicit && word.from === word.to && !/[.(,="[@]/.test(before)) return null;
  const doc = context.state.doc;
  const found = await client.request("textDocument/completion", { textDocument: { uri: URI }, position: position(doc, context.pos) }).catch(() => null);
  const items = found?.items || found || [];
  if (!items.length) return null;
  return {
    from: word.from,
    validFor: /^[\p{L}\p{N}_]*$/u,
    options: items.map((item, index) => ({
      label: item.label,
      detail: item.labelDetails?.description || item.detail || "",
      type: KINDS[item.kind],
      boost: -index / 10,
      info: item.documentation ? () => Object.assign(document.createElement("div"), { className: "cm-doc", textContent: plain(item.documentation) }) : undefined,
      apply: (view, _, from, to) => {
        const edit = item.textEdit;
        const range = edit ? { from: offset(view.state.doc, (edit.range || edit.insert).start), to } : { from, to };
        const insert = edit?.newText ?? item.insertText ?? item.label;
        const main = { ...range, insert };
        view.dispatch({ changes: [main, ...changes(view.state.doc, item.additionalTextEdits || [])], selection: { anchor: range.from + insert.length } });
      },
    })),
  };
};

const hover = (client) => hoverTooltip(async (view, at) => {
  const found = await client.request("textDocument/hover", { textDocument: { uri: URI }, position: position(view.state.doc, at) }).catch(() => null);
  const text = plain(found?.contents).trim();
  if (!text) return null;
  const from = found.range ? offset(view.state.doc, found.range.start) : at;
  const create = () => ({ dom: Object.assign(document.createElement("pre"), { textContent: text }) });
  return { pos: from, end: found.range ? offset(view.state.doc, found.range.end) : at, above: true, create };
});

export class Editor {
  #client;
  #version = 1;
  #onProblems;
  #found = 0;

  constructor(parent, text, client, { onChange, onProblems }) {
    this.#client = client;
    this.#onProblems = onProblems;
    const listening = EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      const document = { uri: URI, version: ++this.#version };
      client.notify("textDocument/didChange", { textDocument: document, contentChanges: [{ text: update.state.doc.toString() }] }).catch(() => {});
      onChange();
    });
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), history(), drawSelection(), bracketMatching(), closeBrackets(),
          EditorView.lineWrapping, indentOnInput(), indentUnit.of("    "), EditorState.tabSize.of(4), dspy, lintGutter(), hover(client),
          autocompletion({ override: [completionSource(client)] }),
          EditorView.contentAttributes.of({ "aria-label": "Program" }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, { key: "Tab", run: acceptCompletion }, ...defaultKeymap]),
          keymap.of([{ key: "Mod-]", run: indentMore }, { key: "Mod-[", run: indentLess }]),
          listening,
        ],
      }),
    });
    // Whoever has no mouse scrolls it by the keyboard.
    this.view.scrollDOM.tabIndex = 0;
    this.view.scrollDOM.setAttribute("role", "region");
    this.view.scrollDOM.setAttribute("aria-label", "Program, scrollable");
  }

  get text() { return this.view.state.doc.toString(); }

  set text(text) { this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } }); }

  async start() {
    await this.#client.request("initialize", {
      processId: null,
      rootUri: "file:///playground",
      capabilities: { textDocument: {
        hover: { contentFormat: ["plaintext"] },
        completion: { completionItem: { documentationFormat: ["plaintext"], labelDetailsSupport: true } },
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } },
        publishDiagnostics: {},
      } },
    });
    await this.#client.notify("initialized", {});
    await this.#client.notify("textDocument/didOpen", { textDocument: { uri: URI, languageId: "dspy", version: this.#version, text: this.text } });
  }

  async show(diagnostics) {
    const mine = ++this.#found, doc = this.view.state.doc;
    const fixes = await Promise.all(diagnostics.slice(0, 30).map((each) => this.#fixes(each)));
    if (mine !== this.#found || doc !== this.view.state.doc) return;
    const found = diagnostics.map((each, index) => ({
      from: offset(doc, each.range.start),
      to: offset(doc, each.range.end),
      line: each.range.start.line + 1,
      severity: SEVERITIES[each.severity] || "info",
      source: each.code ? String(each.code) : undefined,
      message: plain(each.message),
      actions: (fixes[index] || []).map((action) => ({ name: action.title, apply: () => this.#apply(action) })),
    }));
    this.view.dispatch(setDiagnostics(this.view.state, found));
    this.#onProblems(found);
  }

  async #fixes(diagnostic) {
    const context = { diagnostics: [diagnostic], only: ["quickfix"] };
    const found = await this.#client.request("textDocument/codeAction", { textDocument: { uri: URI }, range: diagnostic.range, context }).catch(() => []);
    return (found || []).filter((action) => action.edit && action.kind === "quickfix");
  }

  #apply(action) {
    const edit = action.edit;
    const edits = edit.changes?.[URI] || (edit.documentChanges || []).filter((one) => one.textDocument?.uri === URI).flatMap((one) => one.edits);
    this.view.dispatch({ changes: changes(this.view.state.doc, edits) });
    this.view.focus();
  }

  async format() {
    const options = { tabSize: 4, insertSpaces: true };
    const edits = await this.#client.request("textDocument/formatting", { textDocument: { uri: URI }, options });
    if (edits?.length) this.view.dispatch({ changes: changes(this.view.state.doc, edits) });
  }

  goTo(at) {
    this.view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    this.view.focus();
  }
}
