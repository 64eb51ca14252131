// What the language server does in the editor: underlines, hovers, problems, outline, fixes, completion, definitions.

const assert = require("node:assert/strict");
const { LONG, SHORT, say, command, focusEditor, hover, seeText, settledBox, wordBox } = require("./ui.cjs");

const MISTAKE = "urgncy";

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
  await page.locator(".monaco-editor .codicon-light-bulb, .monaco-editor .codicon-lightbulb-autofix, .monaco-editor .lightBulbWidget").first().waitFor(SHORT);
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

/** Rename with F2, see all uses with Shift+F12, and go back. */
async function renameIt(page, picture) {
  const at = await wordBox(page, "found", 0);
  await page.mouse.click(at.x + at.width / 2, at.y + at.height / 2);
  await page.keyboard.press("F2");
  await page.waitForFunction(() => document.activeElement?.closest(".rename-box") !== null, null, SHORT);
  await page.keyboard.type("sorted_out", { delay: 10 });
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll(".monaco-editor .view-line")].filter((each) => each.innerText.includes("sorted_out"))
        .length >= 3,
    null,
    SHORT,
  );
  await page.keyboard.press("Shift+F12");
  await seeText(page, ".zone-widget", "sorted_out");
  await picture("references");
  await page.keyboard.press("Escape");
  await command(page, "File: Revert File");
  await page.waitForFunction(
    () => ![...document.querySelectorAll(".monaco-editor .view-line")].some((each) => each.innerText.includes("sorted_out")),
    null,
    SHORT,
  );
  say("a name is renamed, and its uses are listed");
}

async function goToPython(page, picture) {
  await page.keyboard.press("Control+Home");
  await page.locator("#status\\.editor\\.selection", { hasText: "Ln 1, Col 1" }).waitFor(SHORT);
  const box = await settledBox(page, "find_articles", 0);
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

module.exports = { openFile, seeSquiggle, seeHovers, seeProblems, seeOutline, fixIt, complete, format, renameIt, goToPython, restart };
