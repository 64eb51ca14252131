// Uses the extension as a person does, in a real VS Code in Chromium, and takes pictures.
// usage: NODE_PATH=… node vscode.cjs URL OUTPUT_FOLDER

const assert = require("node:assert/strict");
const path = require("node:path");
const { chromium } = require("playwright-core");

const [, , url, output] = process.argv;
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const MISTAKE = "urgncy";
const LONG = { timeout: 60_000 };
const SHORT = { timeout: 20_000 };

async function main() {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const picture = async (name) => {
    await page.waitForTimeout(400); // what fades in has come in then
    await page.screenshot({ path: path.join(output, `${name}.png`) });
  };
  try {
    await openFile(page, url, "triage.dspy");
    await seeSquiggle(page, picture);
    await seeHovers(page, picture);
    await seeProblems(page, picture);
    await seeOutline(page, picture);
    await fixIt(page, picture);
    await complete(page, picture);
    await format(page);
    await goToPython(page, picture);
    await restart(page);
    say("everything works");
  } catch (error) {
    await picture("failure");
    throw error;
  } finally {
    await browser.close();
  }
}

async function openFile(page, address, name) {
  await page.goto(address);
  await page.waitForSelector(".monaco-workbench", LONG);
  const file = page.locator(`.explorer-folders-view [aria-label*="${name}"]`).first();
  await file.waitFor(LONG);
  await file.dblclick();
  await page.waitForSelector(".monaco-editor .view-line", LONG);
  const language = page.locator("#status\\.editor\\.mode");
  await page.waitForFunction(() => document.querySelector("#status\\.editor\\.mode")?.textContent === "dspyc", null, SHORT);
  say(`opened ${name} as ${await language.innerText()}`);
}

async function seeSquiggle(page) {
  await page.waitForSelector(".squiggly-error", LONG);
  assert.equal(await page.locator(".squiggly-error").count(), 1, "one mistake, one squiggle");
  say("the mistake is underlined");
}

/** Rest the pointer on a word of the editor until a hover shows a text. */
async function hover(page, word, occurrence, expected) {
  const box = await wordBox(page, word, occurrence);
  await page.mouse.move(box.x + box.width / 2 - 2, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(
    (text) => [...document.querySelectorAll(".monaco-hover")].some((each) => each.innerText.includes(text)),
    expected,
    SHORT,
  );
}

/** Where a word stands on the screen: a range in the text nodes of the editor's lines. */
async function wordBox(page, word, occurrence = 0) {
  const box = await page.evaluate(
    ([wanted, skip]) => {
      const lines = [...document.querySelectorAll(".monaco-editor .view-line")];
      lines.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
      for (const line of lines) {
        const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const at = node.data.search(new RegExp(`\\b${wanted}\\b`));
          if (at >= 0 && skip-- === 0) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + wanted.length);
            const { x, y, width, height } = range.getBoundingClientRect();
            return { x, y, width, height };
          }
        }
      }
      return null;
    },
    [word, occurrence],
  );
  assert(box, `the word ${word} is not on the screen`);
  return box;
}

async function seeHovers(page, picture) {
  await hover(page, "find_articles", 1, "Return the k help pages");
  await picture("hover-function");
  await page.keyboard.press("Escape");
  await hover(page, "ChainOfThought", 0, "class ChainOfThought");
  await picture("hover-module");
  await page.keyboard.press("Escape");
  await page.mouse.move(900, 700);
  await page.keyboard.press("Control+b");
  await page.setViewportSize({ width: 1000, height: 800 });
  await hover(page, MISTAKE, 0, MISTAKE);
  await picture("hover-mistake");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press("Control+b");
  await page.keyboard.press("Escape");
  await page.mouse.move(1200, 780);
  say("hovers say what things are");
}

async function seeProblems(page, picture) {
  await page.keyboard.press("Control+Shift+m");
  await page.waitForFunction(
    (word) => [...document.querySelectorAll(".markers-panel")].some((each) => each.innerText.includes(word)),
    MISTAKE,
    SHORT,
  );
  await picture("problems");
  await page.keyboard.press("Control+j");
  say("the problems panel lists it");
}

async function seeOutline(page, picture) {
  await focusEditor(page);
  await page.keyboard.press("Control+Shift+o");
  const rows = page.locator(".quick-input-list .monaco-list-row");
  await rows.filter({ hasText: "Classify" }).first().waitFor(SHORT);
  const names = (await rows.allInnerTexts()).map((each) => each.split("\n")[0].trim());
  for (const name of ["gpt", "Intent", "Classify", "Triage"]) {
    assert(names.some((each) => each.includes(name)), `the outline has ${name}: ${names}`);
  }
  await picture("outline");
  await page.keyboard.press("Escape");
  say("the outline lists the declarations");
}

async function fixIt(page, picture) {
  const box = await wordBox(page, MISTAKE);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.keyboard.press("Control+.");
  await page.locator(".action-widget .monaco-list-row", { hasText: "urgency" }).first().waitFor(SHORT);
  await picture("quick-fix");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".squiggly-error", { state: "detached", timeout: 20_000 });
  say("the quick fix mends the mistake, and the underline goes");
}

async function complete(page, picture) {
  await focusEditor(page);
  await page.keyboard.press("Control+End");
  await page.keyboard.type("    assert pred.", { delay: 30 });
  const rows = page.locator(".suggest-widget.visible .monaco-list-row");
  await rows.first().waitFor(SHORT);
  const fields = (await rows.allInnerTexts()).map((each) => each.split("\n")[0].trim());
  assert.deepEqual(fields.slice(0, 2), ["intent", "answer"], `the outputs come first: ${fields}`);
  await picture("completion");
  await page.keyboard.type('intent == "', { delay: 30 });
  await rows.filter({ hasText: "top_up_failed" }).first().waitFor(SHORT);
  await picture("completion-values");
  await page.keyboard.press("Escape");
  await command(page, "File: Revert File");
  await page.waitForSelector(".squiggly-error", SHORT);
  say("completion offers fields and values");
}

async function format(page) {
  await focusEditor(page);
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\nmodule   again=Triage( articles=3 )", { delay: 5 });
  await page.keyboard.press("Escape");
  await command(page, "Format Document");
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll(".monaco-editor .view-line")].some(
        (each) => each.innerText.replace(/\u00a0/g, " ").trim() === "module again = Triage(articles=3)",
      ),
    null,
    SHORT,
  );
  say("formatting formats");
}

/** Run a command by its title. */
async function command(page, title) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget").first().waitFor(SHORT);
  await page.keyboard.type(title, { delay: 5 });
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().waitFor(SHORT);
  await page.keyboard.press("Enter");
}

async function goToPython(page, picture) {
  await page.keyboard.press("Control+Home");
  await page.waitForTimeout(400); // it scrolls there
  const box = await wordBox(page, "find_articles", 0);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.keyboard.press("F12");
  await page.locator(".tab.active", { hasText: "tools.py" }).waitFor(SHORT);
  await picture("definition");
  await page.keyboard.press("Control+PageUp");
  await page.locator(".tab.active", { hasText: "triage.dspy" }).waitFor(SHORT);
  say("definition goes into the Python file");
}

async function restart(page) {
  await focusEditor(page);
  await command(page, "dspyc: Restart the Language Server");
  await page.waitForSelector(".squiggly-error", { state: "detached", timeout: 20_000 });
  await page.waitForSelector(".squiggly-error", LONG);
  say("a restarted server goes on");
}

async function focusEditor(page) {
  await page.keyboard.press("Control+1");
  await page.waitForSelector(".monaco-editor.focused", SHORT);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
