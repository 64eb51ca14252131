// The debugger: a breakpoint in a .dspy file, steps from line to line, values as values.

const { open, command, goToLine, seeText, focusEditor, say, SHORT, LONG } = require("./ui.cjs");

/** Wait until the program stands at a line: keys that go on are heard only then. */
async function standsAt(page, line) {
  await seeText(page, ".debug-call-stack", `shop.dspy\n${line}:`, LONG);
  await page.locator(`.debug-toolbar a[aria-label^="Continue"]:not(.disabled)`).waitFor(LONG);
}

/** Step to the next line of the program. */
async function step(page, line) {
  await focusEditor(page);
  await page.keyboard.press("F10");
  await standsAt(page, line);
}

/** Go on to the program's end. */
async function finish(page) {
  await focusEditor(page);
  await page.keyboard.press("F5");
  await page.locator(".debug-toolbar").waitFor({ state: "hidden", ...LONG });
}

async function debug(page, picture, theme) {
  await open(page, "shop.dspy");
  await goToLine(page, 26);
  await page.keyboard.press("F9");
  await page.locator(".codicon-debug-breakpoint").first().waitFor(SHORT);
  await command(page, "dspyc: Debug a Program or Test of This File");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "a parcel" }).first().click();
  await page.locator(".codicon-debug-stackframe").first().waitFor(LONG);
  await command(page, "View: Show Run and Debug");
  await standsAt(page, 26);
  const locals = page.locator(".debug-variables .monaco-list-row", { hasText: "Locals" }).first();
  await locals.waitFor(LONG);
  if ((await locals.getAttribute("aria-expanded")) !== "true") {
    await locals.locator(".monaco-tl-twistie").click();
  }
  await seeText(page, ".debug-variables", "Where is my parcel?", LONG);
  await step(page, 27);
  await seeText(page, ".debug-variables", "Prediction(topic='delivery'", LONG);
  await picture("debug-dark");
  await theme("light");
  await picture("debug-light");
  await theme("dark");
  await step(page, 28);
  await page.locator(".debug-variables .monaco-list-row .name", { hasText: /^pages\b/ }).first().waitFor(LONG);
  await finish(page);

  // A configuration of launch.json whose program has a variable, and is not open.
  await command(page, "View: Close All Editors");
  await page.locator(".tab").first().waitFor({ state: "hidden", ...SHORT });
  await page.keyboard.press("F5");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "a parcel" }).first().click();
  await standsAt(page, 26);
  await finish(page);
  await goToLine(page, 26);
  await page.keyboard.press("F9");
  say("a breakpoint stops, and steps go from line to line");
}

module.exports = { debug };
