// A new user: nothing is installed; the workspace is trusted, and a button installs dspyc into an environment of it.
// usage: NODE_PATH=… node fresh.cjs URL OUTPUT_FOLDER WORKSPACE

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { run } = require("./steps/testing.cjs");
const { open, command, say, seeText, session, LONG, SHORT } = require("./steps/ui.cjs");

const [, , url, output, workspace] = process.argv;
const LENS = ".monaco-editor .codelens-decoration";
const TOAST = ".notifications-toasts";
const dspyc = path.join(workspace, ".venv", "bin", "dspyc");

/** Press a button of the notification on the screen. */
const press = (page, name) => page.locator(`${TOAST} .monaco-button`, { hasText: name }).first().click(SHORT);

session(output, "failure-fresh", { width: 1280, height: 800 }, async (page, picture) => {
  await page.goto(url, { timeout: 120_000 });
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "triage.dspy" }).first().waitFor(LONG);
  await open(page, "triage.dspy");
  await seeText(page, TOAST, "once you trust the workspace", LONG);
  await picture("fresh-untrusted");
  await press(page, "Manage Workspace Trust");
  await page.locator(".workspace-trust-buttons-row .monaco-button", { hasText: "Trust" }).first().click(LONG);
  await seeText(page, TOAST, "dspyc is not installed in this workspace's environment", LONG);
  await command(page, "View: Close All Editors");
  await open(page, "triage.dspy");
  await picture("fresh-missing");
  assert.equal(fs.existsSync(path.dirname(dspyc)), false, "nothing is installed unasked");
  say("what is missing is said, with a button that helps");

  await press(page, "Install dspyc");
  await seeText(page, LENS, "1 reference", { timeout: 600_000 });
  assert(fs.existsSync(dspyc), "the environment has the command");
  await picture("fresh-installed");
  say("the button has installed it, and programs are checked");
  await run(page, picture);
  await open(page, "triage.dspy");

  const kept = fs.readFileSync(dspyc);
  fs.rmSync(dspyc);
  await command(page, "dspyc: Restart the Language Server");
  await seeText(page, TOAST, "dspyc is not installed in this workspace's environment", LONG);
  await page.locator(LENS).first().waitFor({ state: "detached", ...LONG });
  fs.writeFileSync(dspyc, kept, { mode: 0o755 });
  await seeText(page, LENS, "1 reference", LONG);
  say("what is installed in a terminal is found by itself");
});
