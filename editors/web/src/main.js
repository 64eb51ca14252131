// The page: an editor, what is wrong, and the messages that a module would send.

import { Client } from "./client.js";
import { Editor, URI } from "./editor.js";
import { EXAMPLES } from "./examples.js";
import { LONGEST, decode, encode } from "./share.js";

const find = (id) => document.getElementById(id);
const root = document.documentElement;
const QUIET = 600;

const say = (text, isBad = false) => {
  find("status").textContent = text;
  find("status").classList.toggle("bad", isBad);
};

find("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
document.body.classList.toggle("embedded", new URLSearchParams(location.search).has("embed"));

const make = (tag, options, ...children) => {
  const element = Object.assign(document.createElement(tag), options);
  element.append(...children);
  return element;
};

let editor = null, isReady = false, timer = null;

const showProblems = (problems) => {
  find("problems").replaceChildren(...problems.map((one) => make("li", {},
    make("button", { className: "place", onclick: () => editor.goTo(one.from) }, `line ${one.line}`),
    make("span", { className: one.severity }, one.source ? `${one.severity} ${one.source}: ${one.message}` : one.message),
    ...one.actions.map((action) => make("button", { className: "fix", onclick: () => action.apply() }, action.name)))));
  if (!problems.length) find("problems").append(make("li", { className: "note" }, "None."));
};

// What was typed for an input stays while other modules and programs are looked at.
const values = new Map();

const showInputs = (inputs) => {
  const shown = [...find("inputs").querySelectorAll("textarea")].map((one) => `${one.name}: ${one.title}`);
  if (shown.join("\n") === inputs.map((one) => one.join(": ")).join("\n")) return;
  find("inputs").replaceChildren(...inputs.map(([name, type]) => {
    const field = make("textarea", { name, title: type, rows: 1, placeholder: type, value: values.get(name) ?? "", spellcheck: false });
    field.addEventListener("input", () => { values.set(name, field.value); changed(); });
    return make("label", {}, name, field);
  }));
};

const showPrompt = (told) => {
  const select = find("module");
  select.replaceChildren(...told.names.map((name) => make("option", { value: name, selected: name === told.name }, name)));
  select.disabled = told.names.length < 2;
  if (told.inputs || !told.names.length) showInputs(told.inputs ?? []);
  if (told.error) {
    find("tokens").textContent = "";
    find("prompt").replaceChildren(make("p", { className: "note" }, "There is no prompt yet:"), make("pre", {}, told.error));
    return;
  }
  const many = told.prompts.length > 1;
  const tokens = told.prompts.reduce((sum, one) => sum + one.tokens, 0);
  find("tokens").textContent = `about ${tokens.toLocaleString("en")} tokens`;
  find("prompt").replaceChildren(...told.prompts.flatMap((one) => one.messages.flatMap(([role, text]) =>
    [make("h3", {}, many ? `${one.name}: ${role}` : role), make("pre", {}, text)])));
};

const preview = async () => {
  const text = editor.text;
  try {
    const inputs = Object.fromEntries([...values].filter(([, value]) => value));
    const told = await client.call("prompt", { text, name: find("module").value, inputs });
    if (text === editor.text) showPrompt(told);
  } catch (error) {
    showPrompt({ names: [], error: error.message });
  }
};

const client = new Client({
  onStatus: say,
  onNotification: (method, params) => {
    if (method === "textDocument/publishDiagnostics" && params.uri === URI) editor.show(params.diagnostics);
  },
});

const changed = () => {
  if (!isReady) return;
  clearTimeout(timer);
  timer = setTimeout(preview, QUIET);
};

const shared = async () => {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  return code === null ? null : { text: await decode(code) };
};

const start = async () => {
  const given = await shared();
  const names = Object.keys(EXAMPLES);
  find("example").append(...names.map((name) => make("option", { value: name }, name)));
  if (given?.text) find("example").prepend(make("option", { value: "", selected: true }, "From the address"));
  editor = new Editor(find("editor"), given?.text ?? EXAMPLES[names[0]], client, { onChange: changed, onProblems: showProblems });
  find("example").addEventListener("change", (event) => {
    if (event.target.value) editor.text = EXAMPLES[event.target.value];
    else if (given?.text) editor.text = given.text;
  });
  find("module").addEventListener("change", preview);
  find("format").addEventListener("click", () => editor.format().catch((error) => say(error.message, true)));
  find("share").addEventListener("click", async () => {
    if (editor.text.length > LONGEST) return say("This program is too long for an address.", true);
    history.replaceState(null, "", `#code=${await encode(editor.text)}`);
    await navigator.clipboard?.writeText(location.href).then(() => say("The address with the program is copied."), () => say("The program is in the address."));
  });
  addEventListener("hashchange", async () => {
    const other = await shared();
    if (other?.text) editor.text = other.text;
  });
  try {
    await client.call("start");
    await editor.start();
  } catch (error) {
    return say(`The compiler could not be started: ${error.message}`, true);
  }
  isReady = true;
  find("format").disabled = false;
  say(given && given.text === null ? "The address holds no program that can be read." : "Ready. Nothing leaves this page.", given?.text === null);
  await preview();
};

start();
