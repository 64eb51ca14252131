"""The page of a service: its programs, their fields, and a form to try them. It needs no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from .endpoints import Endpoint


def render_page(endpoints: Sequence[Endpoint], *, needs_key: bool) -> str:
    """The page as HTML.

    Args:
        endpoints: the programs.
        needs_key: whether callers have to send a key.
    """
    key = _KEY if needs_key else ""
    return _PAGE.replace("%KEY%", key).replace("%PROGRAMS%", "".join(map(_program, endpoints)))


def _program(endpoint: Endpoint) -> str:
    name = escape(endpoint.name)
    takes = endpoint.takes.model_json_schema()
    gives = endpoint.gives.model_json_schema(mode="serialization")
    example = escape(json.dumps(_example(takes, takes), indent=2, ensure_ascii=False))
    return f"""
<section aria-labelledby="{name}">
<h2 id="{name}">{name}</h2>
<p class="about">{escape(endpoint.description)}</p>
<div class="fields">{_fields("Takes", takes)}{_fields("Gives", gives)}</div>
<form data-name="{name}">
<label for="body-{name}">Inputs of {name}, as JSON</label>
<textarea id="body-{name}" rows="{example.count(chr(10)) + 1}" spellcheck="false">{example}</textarea>
<div class="buttons"><button>Run</button> <button value="stream" class="second">Stream</button>
<code>POST /programs/{name}</code></div>
<pre class="answer" aria-live="polite" hidden></pre>
</form>
</section>"""


def _fields(title: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td><code>{escape(_type(field, schema))}</code>"
        f"{'' if name in required or title == 'Gives' else ' <small>optional</small>'}</td>"
        f"<td>{escape(str(field.get('description', '')))}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    if not rows:
        rows = (
            "<tr><td>any JSON object</td></tr>"
            if schema.get("additionalProperties")
            else "<tr><td>nothing</td></tr>"
        )
    return f"<table><caption>{title}</caption>{rows}</table>"


def _type(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        values = [json.dumps(value, ensure_ascii=False) for value in schema["enum"]]
        return " | ".join(values[:6]) + (f" | … {len(values) - 6} more" if len(values) > 6 else "")
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "anyOf" in schema:
        return " | ".join(_type(each, root) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}), root)}, …]"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"{{string: {_type(schema['additionalProperties'], root)}}}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _example(schema: dict[str, Any], root: dict[str, Any], depth: int = 0) -> Any:
    """A value that a schema takes, for the form to begin with."""
    if depth > 6:
        return None
    if "$ref" in schema:
        target = str(schema["$ref"]).rpartition("/")[2]
        return _example(root.get("$defs", {}).get(target, {}), root, depth + 1)
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], root, depth + 1)
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            properties = schema.get("properties", {}).items()
            return {name: _example(field, root, depth + 1) for name, field in properties if name in required}
        case "array":
            return [_example(schema.get("items", {}), root, depth + 1)]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "null":
            return None
    return "…"


_KEY = (
    """<p class="key"><label for="key">Key</label> <input id="key" type="password" autocomplete="off"></p>"""
)

DOOR = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dspyc programs</title>
<style>
:root { color-scheme: light dark; }
body { margin: 4rem auto; max-width: 24rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
input { width: 100%; font: inherit; padding: .4rem .6rem; margin: .25rem 0 .75rem; }
button { font: inherit; padding: .4rem 1.1rem; }
</style>
<main>
<h1>Programs</h1>
<form><label for="key">This service wants a key</label>
<input id="key" type="password" autocomplete="off" autofocus><button>Open</button>
<p role="alert"></p></form>
</main>
<script>
"use strict";
document.forms[0].addEventListener("submit", async event => {
  event.preventDefault();
  const key = document.getElementById("key").value;
  const answer = await fetch("./", { headers: { "x-api-key": key } });
  if (!answer.ok) {
    document.querySelector("p").textContent = "This key is not known.";
    return;
  }
  const text = await answer.text();
  document.open();
  document.write(text);
  document.close();
  document.getElementById("key").value = key;
});
</script>
</html>
"""
"""What a browser is shown in place of the page where a key is needed: it holds nothing of the programs."""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dspyc programs</title>
<style>
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5a6475; --line: #d9dee7; --paper: #fff;
  --card: #f7f8fa; --accent: #1f5fbf; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e9f0; --soft: #a3adbd; --line: #363d49;
  --paper: #14181f; --card: #1c222b; --accent: #7fb0ff; --on: #10151d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; }
a { color: var(--accent); }
p { margin: .25rem 0 1rem; }
.about { white-space: pre-line; color: var(--soft); }
section { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin: 1.5rem 0;
  background: var(--card); }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; align-self: start; }
caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; overflow-wrap: anywhere;
  border-top: 1px solid var(--line); }
th { font-weight: 500; white-space: nowrap; }
td:last-child, small { color: var(--soft); }
label { display: block; margin: 1rem 0 .25rem; font-size: .92rem; }
textarea, input, pre { width: 100%; font: 14px/1.45 ui-monospace, monospace; padding: .6rem .75rem;
  border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: inherit; }
textarea { resize: vertical; }
input { max-width: 24rem; }
code { font: .92em ui-monospace, monospace; }
.buttons { display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; margin-top: .75rem; }
.buttons code { color: var(--soft); }
button { font: inherit; padding: .4rem 1.1rem; border-radius: 6px; border: 1px solid var(--accent);
  background: var(--accent); color: var(--on); cursor: pointer; }
button.second { background: transparent; color: var(--accent); }
button:disabled { opacity: .5; cursor: wait; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
pre.answer { white-space: pre-wrap; overflow-wrap: anywhere; margin: 1rem 0 0; }
pre.wrong { border-color: #c0392b; }
</style>
<main>
<h1>Programs</h1>
<p>Every program takes a JSON object and gives one. <a href="openapi.json">OpenAPI document</a> ·
<a href="metrics">metrics</a></p>
%KEY%
%PROGRAMS%
</main>
<script>
"use strict";
for (const form of document.forms) {
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const streams = event.submitter && event.submitter.value === "stream";
    const out = form.querySelector(".answer"), buttons = form.querySelectorAll("button");
    const show = (text, wrong) => {
      out.hidden = false; out.textContent = text; out.classList.toggle("wrong", Boolean(wrong));
    };
    for (const each of buttons) each.disabled = true;
    show("…");
    try {
      const headers = { "content-type": "application/json" };
      const key = document.getElementById("key");
      if (key && key.value) headers["x-api-key"] = key.value;
      const path = "programs/" + encodeURIComponent(form.dataset.name) + (streams ? "/stream" : "");
      const body = form.querySelector("textarea").value;
      const answer = await fetch(path, { method: "POST", headers, body });
      if (!streams || !answer.ok) {
        show(JSON.stringify(await answer.json(), null, 2), !answer.ok);
        return;
      }
      await follow(answer.body, show);
    } catch (error) {
      show(String(error), true);
    } finally {
      for (const each of buttons) each.disabled = false;
    }
  });
}
async function follow(body, show) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const texts = new Map();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\\n\\n");
    rest = events.pop();
    for (const event of events) {
      const [, name, data] = event.match(/^event: (.*)\\ndata: (.*)$/) || [];
      if (!name) continue;
      const told = JSON.parse(data);
      if (name === "piece") {
        const field = told.predictor + "." + told.field;
        texts.set(field, (texts.get(field) || "") + told.text);
        show([...texts].map(([field, text]) => field + ": " + text).join("\\n"));
      } else if (name === "restart") {
        for (const field of [...texts.keys()])
          if (field.startsWith(told.predictor + ".")) texts.delete(field);
      } else if (name === "status") {
        show(told.message);
      } else {
        show(JSON.stringify(told, null, 2), name === "error");
      }
    }
  }
}
</script>
</html>
"""
