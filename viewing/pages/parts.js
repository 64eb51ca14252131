// The pieces that views are made of. Everything from a file goes into the page as text, never as markup.

export const make = (tag, options = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "style") for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

export const plural = (count, unit) => `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;

export const seconds = (value) => {
  if (value === null || value === undefined) return "";
  if (value < 0.0995) return `${(1000 * value).toFixed(value < 0.00995 ? 1 : 0)} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  const minutes = Math.floor(value / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(value % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

export const money = (value) => (value ? "$" + (value >= 0.1 ? value.toFixed(2) : value.toPrecision(2)) : "");
export const percent = (value) => (value === null || value === undefined ? "" : `${value.toFixed(1)} %`);

export const moment = (unix) => {
  if (!unix) return "";
  const date = new Date(1000 * unix), now = new Date();
  const time = date.toLocaleTimeString("en-GB");
  return date.toDateString() === now.toDateString() ? time : `${date.toISOString().slice(0, 10)} ${time.slice(0, 5)}`;
};

export const tile = (name, value, note = "", kind = "") =>
  make("div", { class: `tile ${kind}` }, make("span", {}, name), make("b", {}, value), make("small", {}, note));

export const section = (title, ...content) => make("section", {}, make("h2", {}, title), ...content);

export const table = (titles, rows, numbers = titles.length) => {
  const kind = (index) => (index >= numbers ? "num" : null);
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": titles.filter(Boolean).join(", ") },
    make("table", {},
      make("thead", {}, make("tr", {}, titles.map((title, index) => make("th", { class: kind(index), scope: "col" }, title)))),
      make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell, index) => make("td", { class: kind(index) }, cell)))))));
};

export const badge = (state) => make("span", { class: `badge ${state}` }, state);

export const text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));

export const ask = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
};

const SVG = "http://www.w3.org/2000/svg";
const draw = (tag, attributes, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// The score of each trial as a point and the best one so far as a line; as in the report.
export const trialsChart = (trials) => {
  const scores = trials.filter((one) => typeof one.score === "number").map((one) => one.score);
  if (!scores.length) return null;
  const width = 860, height = 240, left = 46, foot = height - 30;
  const low = Math.max(0, Math.floor((Math.min(...scores) - 2) / 5) * 5), high = Math.ceil((Math.max(...scores) + 2) / 5) * 5;
  const x = (index) => left + ((width - left - 16) * (index + 0.5)) / trials.length;
  const y = (score) => foot - ((foot - 12) * (score - low)) / (high - low);
  const title = "The score of each trial, in percent";
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  for (const tick of [low, (low + high) / 2, high]) {
    const label = draw("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, `${+tick.toFixed(1)}`);
    svg.append(draw("line", { class: "grid", x1: left, x2: width - 16, y1: y(tick), y2: y(tick) }), label);
  }
  let best = null, path = "";
  const points = [];
  trials.forEach((trial, index) => {
    if (index % Math.ceil(trials.length / 20) === 0)
      svg.append(draw("text", { x: x(index), y: foot + 20, "text-anchor": "middle" }, String(index + 1)));
    if (typeof trial.score !== "number") return;
    if (trial.full && (best === null || trial.score > best)) {
      path += best === null ? `M${x(index)} ${y(trial.score)}` : `H${x(index)}V${y(trial.score)}`;
      best = trial.score;
    }
    const what = draw("title", {}, `trial ${index + 1}${trial.label ? ": " + trial.label : ""}, ${percent(trial.score)}`);
    points.push(draw("circle", { class: trial.full ? "full" : "part", cx: x(index), cy: y(trial.score), r: 4 }, what));
  });
  if (path) svg.append(draw("path", { class: "best", d: `${path}H${x(trials.length - 1)}` }));
  svg.append(...points);
  return svg;
};
