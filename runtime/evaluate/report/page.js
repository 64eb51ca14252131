"use strict";
(() => {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const place = document.getElementById("rows");
  if (!place) return;
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (number) => data.texts[number];
  const PAGE = 50;
  const state = { result: 0, filter: "all", query: "", sort: "n", down: false, shown: PAGE };

  // Everything from the data goes into the page as text, never as markup.
  const make = (tag, options = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "on") element.addEventListener("click", value);
      else if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  const failed = (row) => row.error !== undefined;
  const FILTERS = {
    all: ["All", () => true],
    wrong: ["Below 1", (row) => !failed(row) && row.score < 1],
    right: ["Right", (row) => !failed(row) && row.score >= 1],
    failed: ["Failed", failed],
    worse: ["Got worse", (row) => row.delta < 0],
    better: ["Got better", (row) => row.delta > 0],
  };
  const KEYS = {
    n: (row) => row.n + (row.run || 0) / 1000,
    score: (row) => row.score,
    seconds: (row) => row.seconds,
    cost: (row) => row.cost || 0,
  };

  const words = (value) => value.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
  // The longest common sequence of words; for long texts only their common ends are found.
  const differences = (first, second) => {
    const a = words(first), b = words(second);
    let start = 0, end = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
    const left = a.slice(start, a.length - end), right = b.slice(start, b.length - end);
    const parts = [["", a.slice(0, start).join("")]];
    if (left.length * right.length > 250000) {
      parts.push(["del", left.join("")], ["ins", right.join("")]);
    } else {
      const table = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
      for (let i = left.length - 1; i >= 0; i--)
        for (let j = right.length - 1; j >= 0; j--)
          table[i][j] = left[i] === right[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
      let i = 0, j = 0;
      while (i < left.length || j < right.length) {
        if (i < left.length && j < right.length && left[i] === right[j]) { parts.push(["", left[i]]); i++; j++; }
        else if (j >= right.length || (i < left.length && table[i + 1][j] >= table[i][j + 1])) parts.push(["del", left[i++]]);
        else parts.push(["ins", right[j++]]);
      }
    }
    parts.push(["", a.slice(a.length - end).join("")]);
    return parts;
  };
  // `side` chooses what is shown: the expected text marks what is missing, the given one what is new.
  const marked = (expected, given, side) => {
    const box = make("span");
    if (expected === given) { box.append(side === "del" ? expected : given); return box; }
    let last = null;
    for (const [kind, part] of differences(expected, given)) {
      if (!part || (kind && kind !== side)) continue;
      if (last && last.kind === kind) last.node.append(part);
      else {
        const node = kind ? make(kind, {}, part) : make("span", {}, part);
        last = { kind, node };
        box.append(node);
      }
    }
    return box;
  };

  const priced = () => data.results[state.result].rows.some((row) => row.cost);
  const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
  const money = (value) => (value ? "$" + (value >= 0.1 ? value.toFixed(2) : value.toPrecision(2)) : "");
  const kind = (row) => (failed(row) || row.score <= 0 ? "bad" : row.score >= 1 ? "good" : "");
  const shared = (row) => Object.keys(row.expected).filter((name) => Object.hasOwn(row.given, name));

  const pre = (value) => make("pre", {}, value);
  const block = (title, content) => make("div", {}, make("h3", {}, title), content);

  const callDetails = (call, index, count) => {
    const facts = [text(call.model), call.cached ? "from the cache" : "", call.tokens ? `${call.tokens} tokens` : ""];
    const box = make("div", { class: "call" });
    const title = (count > 1 ? `Call ${index + 1}: ` : "") + facts.filter(Boolean).join(" · ");
    const prompt = make("details", {}, make("summary", {}, `Prompt, ${call.messages.length} message${call.messages.length === 1 ? "" : "s"}`));
    for (const [role, content] of call.messages) prompt.append(make("div", { class: "role" }, role), pre(text(content)));
    box.append(make("div", { class: "role" }, title), prompt, make("div", { class: "role" }, "answer"), pre(text(call.answer)));
    return box;
  };

  const details = (row) => {
    const inside = make("div", { class: "inside" });
    if (row.error !== undefined) inside.append(block("error", make("pre", { class: "bad" }, text(row.error))));
    for (const [name, value] of Object.entries(row.inputs)) inside.append(block(name, pre(text(value))));
    const both = shared(row);
    for (const name of both) {
      const expected = text(row.expected[name]), given = text(row.given[name]);
      const pair = make("div", { class: "pair" },
        block(`expected ${name}`, make("pre", {}, marked(expected, given, "del"))),
        block(`given ${name}`, make("pre", {}, marked(expected, given, "ins"))));
      if (row.earlier && Object.hasOwn(row.earlier, name)) pair.append(block(`${name} in the first run`, pre(text(row.earlier[name]))));
      inside.append(pair);
      const chances = row.probabilities && Object.hasOwn(row.probabilities, name) && row.probabilities[name];
      if (chances) inside.append(make("div", { class: "note" }, "probabilities: " + chances.map(([choice, share]) => `${choice} ${(100 * share).toFixed(1)} %`).join(", ")));
    }
    const rest = make("div", { class: "pair" });
    for (const [name, value] of Object.entries(row.expected)) if (!both.includes(name)) rest.append(block(`expected ${name}`, pre(text(value))));
    for (const [name, value] of Object.entries(row.given)) if (!both.includes(name)) rest.append(block(`given ${name}`, pre(text(value))));
    if (rest.childElementCount) inside.append(rest);
    if (row.feedback !== undefined) inside.append(block("feedback", pre(text(row.feedback))));
    (row.calls || []).forEach((call, index, all) => inside.append(callDetails(call, index, all.length)));
    const facts = [row.origin !== undefined ? text(row.origin).replaceAll("`", "") : "", `${row.seconds} s`, row.tokens ? `${row.tokens} tokens` : "", money(row.cost)];
    inside.append(make("div", { class: "note" }, facts.filter(Boolean).join(" · ")));
    return make("tr", { class: "detail" }, make("td", { colspan: priced() ? 7 : 6 }, inside));
  };

  const cell = (fields, row, side) => {
    const td = make("td");
    const names = Object.keys(fields);
    for (const name of names) {
      const value = make("div", { class: "value" });
      if (side && shared(row).includes(name)) value.append(marked(text(row.expected[name]), text(row.given[name]), side));
      else value.append(text(fields[name]).slice(0, 400));
      if (names.length > 1) td.append(make("div", { class: "field" }, name));
      td.append(value);
    }
    return td;
  };
  // The fields that can be compared come alone where there are any: the reasoning is in the details.
  const compared = (row, fields) => {
    const both = shared(row);
    return both.length ? Object.fromEntries(both.map((name) => [name, fields[name]])) : fields;
  };

  const rowLine = (row) => {
    const given = failed(row) ? make("td", { class: "bad" }, make("div", { class: "value" }, text(row.error))) : cell(compared(row, row.given), row, "ins");
    const name = row.n + (row.run ? `.${row.run + 1}` : "");
    const delta = row.delta ? make("div", { class: row.delta < 0 ? "bad" : "good" }, (row.delta > 0 ? "+" : "") + number(row.delta)) : null;
    const line = make("tr", { class: "row", tabindex: 0 },
      make("td", {}, make("span", { class: "dot " + kind(row) }), String(name)),
      cell(row.inputs, row), cell(compared(row, row.expected), row, failed(row) ? "" : "del"), given,
      make("td", { class: "num" }, number(row.score), delta),
      make("td", { class: "num" }, row.seconds.toFixed(row.seconds < 10 ? 2 : 0) + " s"),
      priced() ? make("td", { class: "num" }, money(row.cost)) : null);
    const toggle = () => {
      if (line.classList.toggle("open")) line.after(details(row));
      else line.nextElementSibling.remove();
    };
    line.addEventListener("click", () => { if (!String(getSelection())) toggle(); });
    line.addEventListener("keydown", (event) => { if (event.key === "Enter") toggle(); });
    return line;
  };

  const matching = () => {
    const rows = data.results[state.result].rows.filter(FILTERS[state.filter][1]);
    const query = state.query.toLowerCase();
    const found = query ? rows.filter((row) => [row.inputs, row.expected, row.given].some((fields) =>
      Object.values(fields).some((value) => text(value).toLowerCase().includes(query))) ||
      (failed(row) && text(row.error).toLowerCase().includes(query))) : rows;
    const key = KEYS[state.sort];
    return [...found].sort((a, b) => (state.down ? key(b) - key(a) : key(a) - key(b)) || a.n - b.n);
  };

  const controls = make("div", { class: "bar-top" }), list = make("div"), more = make("div", { class: "more" });
  place.append(controls, list, more);

  const draw = () => {
    const result = data.results[state.result];
    const names = result.rows.every((row) => row.score === 0 || row.score === 1) ? { wrong: "Wrong" } : {};
    controls.querySelectorAll("button").forEach((button) => {
      const filter = button.dataset.filter;
      const count = result.rows.filter(FILTERS[filter][1]).length;
      button.hidden = count === 0 && filter !== "all";
      button.textContent = `${names[filter] || FILTERS[filter][0]} · ${count.toLocaleString("en")}`;
      button.setAttribute("aria-pressed", String(state.filter === filter));
    });
    const found = matching();
    const head = (title, key, className) => make("th", { "data-sort": key, class: className,
      on: () => { state.down = state.sort === key && !state.down; state.sort = key; draw(); } },
      title + (state.sort === key ? (state.down ? " ↓" : " ↑") : ""));
    const body = make("tbody", {}, ...found.slice(0, state.shown).map(rowLine));
    const table = make("table", { class: "rows" }, make("thead", {}, make("tr", {}, head("row", "n", "n"),
      make("th", {}, "input"), make("th", {}, "expected"), make("th", {}, "given"),
      head("score", "score", "num s"), head("time", "seconds", "num t"), priced() ? head("cost", "cost", "num t") : null)), body);
    list.replaceChildren(table);
    more.replaceChildren(`${Math.min(state.shown, found.length).toLocaleString("en")} of ${found.length.toLocaleString("en")} rows`);
    if (found.length > state.shown) more.append(make("button", { on: () => { state.shown += 200; draw(); } }, "Show more"));
  };

  if (data.results.length > 1) {
    const select = make("select", { "aria-label": "program" }, ...data.results.map((result, index) => make("option", { value: index }, `${text(result.name)}: ${text(result.metric)}`)));
    select.addEventListener("change", () => { state.result = Number(select.value); state.filter = "all"; state.shown = PAGE; draw(); });
    controls.append(select);
    document.querySelectorAll("[data-result]").forEach((link) => link.addEventListener("click", () => { select.value = link.dataset.result; select.dispatchEvent(new Event("change")); }));
  }
  for (const filter of Object.keys(FILTERS)) controls.append(make("button", { "data-filter": filter, on: () => { state.filter = filter; state.shown = PAGE; draw(); } }));
  const search = make("input", { type: "search", placeholder: "Search the rows" });
  search.addEventListener("input", () => { state.query = search.value; state.shown = PAGE; draw(); });
  controls.append(search);
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (FILTERS[wanted.get("show")]) state.filter = wanted.get("show");
  draw();
  if (wanted.get("row")) list.querySelectorAll("tr.row")[Number(wanted.get("row")) - 1]?.click();
})();
