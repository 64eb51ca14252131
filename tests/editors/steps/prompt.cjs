// The prompt preview: it follows the cursor, shows values and sizes, and marks what an edit changes.

const assert = require("node:assert/strict");
const { open, command, clickTitle, goToLine, heading, webview, say, LONG } = require("./ui.cjs");

async function seePrompt(page, picture, theme) {
  await open(page, "shop.dspy");
  await goToLine(page, 26);
  await clickTitle(page, "Show the Prompt Beside the Code");
  const view = await webview(page, heading("desk.sort"));
  const text = async (wanted) => view.locator("pre", { hasText: wanted }).first().waitFor({ timeout: 20_000 });
  await text("Where is my parcel?"); // the value of the first test reaches the part
  assert.match(await view.locator(".size").first().innerText(), /about \d+ tokens/);
  assert.match(await view.locator(".pieces").first().innerText(), /the task: \d+ \(\d+ %\)/);
  await picture("prompt-dark");

  await goToLine(page, 28); // the cursor moves on to another part
  await webview(page, heading("desk.reply"));
  await goToLine(page, 26);
  await webview(page, heading("desk.sort"));

  await view.locator("#source").selectOption({ label: "a row of rows" });
  await text("My parcel is late");
  await view.locator("#input-message").fill("I typed this in");
  await text("I typed this in");
  await view.locator("#source").selectOption({ label: "nothing; only what is typed in" });
  await text("{message}");

  await goToLine(page, 12, 8);
  await page.keyboard.type("Now ", { delay: 20 });
  await view.locator("ins", { hasText: "Now Say what" }).first().waitFor({ timeout: 20_000 });
  await view.locator("del", { hasText: "Say what" }).first().waitFor({ timeout: 20_000 });
  await picture("prompt-edited");
  await theme("light");
  await picture("prompt-light");
  await theme("dark");

  await page.keyboard.type("\"\"\" x", { delay: 20 }); // a mistake: the last prompt stays, with a word about it
  await view.locator(".banner", { hasText: "the file has" }).waitFor({ timeout: 20_000 });
  await command(page, "File: Revert File");
  await view.locator(".banner").waitFor({ state: "hidden", timeout: 20_000 });
  await page.reload(); // the view comes back with its window
  await page.waitForSelector(".monaco-workbench", LONG);
  const again = await webview(page, heading("desk.sort"), LONG.timeout);
  await again.locator("pre", { hasText: "Say what" }).first().waitFor(LONG);
  await command(page, "View: Close All Editors");
  say("the prompt preview follows the cursor");
}

module.exports = { seePrompt };
