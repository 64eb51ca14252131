// `dspyc ui` in Chromium: the list, a waterfall, what was said, rows, a comparison, and a run that goes on.
// usage: ui.cjs ADDRESS OUTPUT FOLDER; FOLDER is what is shown (see pages.sh)

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { audit, browse, look, open, step } = require("./browser.cjs");

const [address, output, folder] = process.argv.slice(2);

browse(async (browser) => {
  const page = await open(browser, address);
  await page.waitForSelector("table.files");
  assert.ok(!page.url().includes("token"), "the token stays in the address");
  await look(page, "ui-list", output);
  step("the list");

  await page.click("text=run.trace.jsonl");
  await page.waitForSelector(".waterfall li");
  const brackets = await page.locator(".gutter.first, .gutter.between, .gutter.last").count();
  assert.ok(brackets >= 3, "calls that ran together are not joined");
  await page.locator(".call-name:has-text('lm')").first().click();
  await page.waitForSelector(".panel pre");
  assert.match(await page.textContent(".panel"), /Your input fields are/);
  const first = await page.evaluate(() => document.activeElement.dataset.call);
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await page.evaluate(() => document.activeElement.dataset.call), first);
  await look(page, "ui-trace", output);
  step("a waterfall, by mouse and by keyboard");

  await page.click("text=All files");
  await page.click("text=optimize.trace.jsonl");
  await page.waitForSelector("svg circle");
  assert.ok((await page.locator("svg circle").count()) >= 2);
  await look(page, "ui-optimize", output);
  step("scores over trials");

  await page.click("text=All files");
  const box = (name) => page.locator(`tr:has(a:text-is("${name}")) input`).first();
  await box("good.trace.jsonl").check();
  await box("poor.json").check();
  await page.click("text=Compare the two");
  const report = page.frameLocator("iframe");
  await report.locator(".verdict").waitFor();
  await report.locator("button:has-text('Got worse')").click();
  await report.locator("tr.row").first().click();
  await report.locator("ins, del").first().waitFor();
  await page.screenshot({ path: path.join(output, "ui-compare.png") });
  step("a comparison, with the rows that got worse");
  const source = await page.getAttribute("iframe", "src");
  await page.goto(new URL(source, address).href);
  await page.locator("tr.row").first().click();
  await look(page, "ui-report", output);

  await page.goto(new URL("/#/", address).href);
  await page.waitForSelector("table.files");
  const live = path.join(folder, "live.trace.jsonl");
  fs.writeFileSync(live, `{"dspyc_trace":1,"began":${Date.now() / 1000},"process":${process.pid},"content":true,"command":"run","program":"live"}\n`);
  fs.appendFileSync(live, '{"call":1,"within":null,"what":"module","name":"Live","at":0.1,"inputs":{"q":"<img src=x onerror=alert(1)>"}}\n');
  await page.click("text=live.trace.jsonl");
  await page.waitForSelector(".bar.open");
  await page.click(".call-name");
  await page.waitForFunction(() => document.querySelector(".panel pre")?.textContent.includes("onerror"));
  assert.equal(await page.locator("main img").count(), 0);
  fs.appendFileSync(live, '{"end":1,"at":0.9,"outputs":{"a":"done"}}\n{"finished":1.0}\n');
  await page.waitForSelector(".badge.finished");
  await page.waitForFunction(() => !document.querySelector(".bar.open"));
  await audit(page, "a run that has ended");
  step("a run that goes on is drawn as it does");
  // A report that is opened by itself is of no origin, so the browser does not get its icon; nothing else is wrong.
  const problems = page.problems.filter((text) => !text.includes("NotSameOrigin"));
  assert.deepEqual(problems, []);
});
