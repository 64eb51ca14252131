// What the browser tests of pages share: a Chromium, a page that may ask one server only, an accessibility audit.

const fs = require("node:fs");
const path = require("node:path");
const assert = require("node:assert/strict");
const { chromium } = require("playwright-core");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const SEEN = { light: [1280, 860], dark: [400, 800] };

exports.step = (text) => console.log(`        ${text}`);

exports.browse = async (run) => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
};

// A page on which no error goes unnoticed, and which asks nobody but its own server.
exports.open = async (browser, address, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const origin = new URL(address).origin;
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") page.problems.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) page.problems.push(`asked for ${request.url()}`); });
  await page.goto(address);
  return page;
};

exports.audit = async (page, name) => {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  const found = await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ["violations"] })`);
  const told = found.violations.map((one) => `${one.id} (${one.impact}): ${one.nodes[0].html}`);
  assert.deepEqual(told, [], `${name} is not accessible`);
};

// Looked at in light and dark, wide and narrow: audited, and kept as pictures for whoever looks with their own eyes.
exports.look = async (page, name, output) => {
  for (const [scheme, [width, height]] of Object.entries(SEEN)) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(150);
    await exports.audit(page, `${name}, ${scheme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 1, `${name} is ${wide} pixels too wide at ${width}`);
    await page.screenshot({ path: path.join(output, `${name}-${scheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 860 });
};
