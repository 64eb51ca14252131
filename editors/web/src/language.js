// Colours while one types, by the words of the grammar; meaning comes from the server.

import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import words from "words";

const KEYWORDS = new Set([...words.keywords, ...words.heads]);
const NUMBER = /^(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?)/i;

const language = StreamLanguage.define({
  startState: () => ({ quote: null, named: false }),
  token(stream, state) {
    if (state.quote) {
      while (!stream.eol()) {
        if (stream.match(state.quote)) { state.quote = null; break; }
        if (stream.next() === "\\") stream.next();
      }
      if (state.quote && state.quote.length === 1) state.quote = null;
      return "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    const quote = stream.match(/^(?:[rfbu]{0,2})("""|'''|"|')/i);
    if (quote) { state.quote = quote[1]; return "string"; }
    if (stream.match(NUMBER)) return "number";
    const word = stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u);
    if (!word) { stream.next(); return null; }
    if (state.named && !KEYWORDS.has(word[0])) { state.named = false; return "variableName"; }
    state.named = words.heads.includes(word[0]) || word[0] === "input" || word[0] === "output";
    return KEYWORDS.has(word[0]) ? "keyword" : null;
  },
  languageData: { commentTokens: { line: "#" } },
});

const style = HighlightStyle.define([
  { tag: tags.keyword, class: "tok-keyword" },
  { tag: tags.string, class: "tok-string" },
  { tag: tags.number, class: "tok-number" },
  { tag: tags.comment, class: "tok-comment" },
  { tag: tags.variableName, class: "tok-name" },
]);

export const dspy = [language, syntaxHighlighting(style)];
