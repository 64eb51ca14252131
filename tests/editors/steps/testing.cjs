// The Testing view: tests and evaluations as a tree, run with results beside the code.

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const path = require("node:path");
const { open, command, clickTitle, hidePanel, focusEditor, goToLine, seeText, seeBeside, until, heading, webview, say, SHORT, LONG } = require("./ui.cjs");

const LENS = ".monaco-editor .codelens-decoration";

/** Run all tests until their results are in the panel: on a busy machine VS Code has once not opened it. */
async function runAll(page) {
  for (let tries = 1; ; tries++) {
    await command(page, "Test: Run All Tests");
    const shown = seeText(page, ".part.panel", "a refund", SHORT);
    if (tries === 3 || (await shown.then(() => true, () => false))) {
      return shown;
    }
    say("the results of the tests are not in the panel; once more");
  }
}

async function seeTests(page, picture, theme, workspace) {
  await open(page, "shop.dspy");
  await command(page, "Testing: Focus on Test Explorer View");
  const tree = page.locator(".test-explorer .monaco-list-row");
  await tree.filter({ hasText: "shop.dspy" }).first().waitFor(LONG);
  await command(page, "dspyc: Run the Tests of This File"); // the first run of a workspace that has no traces yet
  await goToLine(page, 43);
  await seeBeside(page, "✓");
  await runAll(page);
  await hidePanel(page);
  await goToLine(page, 43);
  await seeBeside(page, "✓");
  await seeBeside(page, '✗ pred.answer == "Tomorrow."');
  await seeBeside(page, "You get it back. != Tomorrow."); // the difference, behind the line that failed
  await seeText(page, LENS, "✓ passed today", SHORT);
  await seeText(page, LENS, "✗ failed today", SHORT);
  const dspyc = path.join(workspace, ".venv", "bin", "dspyc");
  execFileSync(dspyc, ["eval", path.join(workspace, "shop.dspy")]); // as in a terminal
  await seeText(page, LENS, "100.0 % of 2 rows, today", SHORT);
  await picture("tests-dark");
  await page.keyboard.press("Escape");
  await tree.filter({ hasText: "shop.dspy" }).first().click();
  await page.keyboard.press("ArrowRight");
  await seeText(page, ".test-explorer", "a parcel", SHORT);
  const names = (await tree.allInnerTexts()).map((each) => each.split("\n")[0]);
  for (const name of ["a parcel", "a refund", "accuracy"]) {
    assert(names.some((each) => each.includes(name)), `the tree has ${name}: ${names}`);
  }
  await focusEditor(page);
  await command(page, "dspyc: Evaluate This File");
  await seeBeside(page, "100.0 % of 2 rows");
  await theme("light");
  await picture("tests-light");
  await theme("dark");
  say("tests and evaluations run, with results beside the code");
}

async function seeTrace(page, picture, theme) {
  await command(page, "dspyc: Show the Trace of the Last Run");
  const view = await webview(page, heading("dspyc test"));
  await view.locator("summary", { hasText: "Desk" }).first().waitFor({ timeout: 20_000 });
  await view.locator("summary", { hasText: "dummy" }).first().click();
  await view.locator("pre", { hasText: "Where is my parcel?" }).first().waitFor({ timeout: 20_000 });
  await picture("trace-dark");
  await theme("light");
  await picture("trace-light");
  await theme("dark");
  await command(page, "View: Close All Editors");
  say("the trace shows each call");
}

async function seeGraph(page, picture, theme) {
  await open(page, "shop.dspy");
  await goToLine(page, 28);
  await command(page, "dspyc: Show the Data Flow");
  await webview(page, 'img[alt="The data flow of desk"]');
  await picture("graph-dark");
  await theme("light");
  await picture("graph-light");
  await theme("dark");
  await command(page, "View: Close All Editors");
  say("the data flow is a picture");
}

async function run(page, picture) {
  await open(page, "shop.dspy");
  await goToLine(page, 31);
  await clickTitle(page, "Run a Program of This File");
  await page.locator(".quick-input-widget", { hasText: "Value of message" }).first().waitFor(LONG);
  await page.keyboard.type("Where is my parcel?", { delay: 5 });
  await page.keyboard.press("Enter");
  await seeBeside(page, "2 calls");
  await picture("run");
  await hidePanel(page); // its terminal would take the next keys
  await focusEditor(page);
  say("a program runs, and its time and calls stand beside it");
}

/** A program that the walkthrough's button has begun, and that has no file yet: it is saved, else nothing runs. */
async function runUnsaved(page, workspace) {
  await command(page, "View: Close All Editors");
  await command(page, "Welcome: Open Walkthrough...");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Get started with dspyc" }).first().click(SHORT);
  const step = page.locator(".getting-started-step", { hasText: "Write a program" });
  await step.first().click(SHORT);
  await step.locator(".monaco-button", { hasText: "New .dspy file" }).first().click(SHORT);
  await page.locator(".tab.active", { hasText: "Untitled" }).first().waitFor(SHORT);
  await page.keyboard.insertText('lm d = DummyLM([{"answer": "yes"}])\nconfigure(lm=d)\nmodule answer = Predict("question -> answer")\n');
  const saving = page.locator(".quick-input-titlebar", { hasText: "Save As" });
  await page.locator(`${LENS} a`, { hasText: /^Run$/ }).first().click(LONG);
  await saving.waitFor(SHORT);
  await page.keyboard.press("Escape");
  await saving.waitFor({ state: "hidden", ...SHORT });
  await clickTitle(page, "Run a Program of This File");
  await saving.waitFor(SHORT);
  const place = path.join(workspace, "answer.dspy");
  const box = page.locator(".quick-input-widget input").first();
  const isWritten = async () => {
    await box.fill(place); // key by key, the list completes what is typed
    await page.waitForTimeout(300);
    return (await box.inputValue()) === place;
  };
  await until(isWritten, "the place to save is written");
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-widget", { hasText: "Value of question" }).first().waitFor(LONG);
  await page.keyboard.type("Is it saved?", { delay: 5 });
  await page.keyboard.press("Enter");
  await seeBeside(page, "1 call");
  await hidePanel(page);
  await command(page, "View: Close All Editors");
  await page.locator(".tab").first().waitFor({ state: "detached", ...SHORT });
  say("a program without a file is saved before it runs");
}

module.exports = { seeTests, seeTrace, seeGraph, run, runUnsaved };
