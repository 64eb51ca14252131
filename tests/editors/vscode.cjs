// Uses the extension as a person does, in a real VS Code in Chromium, and takes pictures.
// usage: NODE_PATH=… node vscode.cjs URL OUTPUT_FOLDER WORKSPACE [PART …]

const language = require("./steps/language.cjs");
const { debug } = require("./steps/debugging.cjs");
const { seePrompt } = require("./steps/prompt.cjs");
const { stop } = require("./steps/stopping.cjs");
const { typeProgram } = require("./steps/typing.cjs");
const { seeTests, seeTrace, seeGraph, run, runUnsaved } = require("./steps/testing.cjs");
const { command, say, session, LONG } = require("./steps/ui.cjs");

const [, , url, output, workspace, ...parts] = process.argv;
const wants = (part) => parts.length === 0 || parts.includes(part);
const THEMES = { dark: ".monaco-workbench.vs-dark", light: ".monaco-workbench.vs" };

session(output, "failure", { width: 1280, height: 800 }, async (page, picture) => {
  const theme = async (name) => {
    if ((await page.locator(THEMES[name]).count()) === 0) {
      await command(page, "Preferences: Toggle between Light/Dark Themes");
      await page.waitForSelector(THEMES[name], LONG);
    }
  };
  await language.openFile(page, url, "triage.dspy");
  if (wants("language")) {
    await language.seeSquiggle(page, picture);
    await language.seeHovers(page, picture);
    await language.seeProblems(page, picture);
    await language.seeOutline(page, picture);
    await language.fixIt(page, picture);
    await language.complete(page, picture);
    await language.format(page);
    await language.goToPython(page, picture);
    await language.renameIt(page, picture);
    await language.restart(page);
  }
  if (wants("prompt")) {
    await seePrompt(page, picture, theme);
  }
  if (wants("tests")) {
    await seeTests(page, picture, theme, workspace);
    await seeTrace(page, picture, theme);
    await seeGraph(page, picture, theme);
    await run(page, picture);
    await runUnsaved(page, workspace);
  }
  if (wants("debug")) {
    await debug(page, picture, theme);
  }
  if (wants("stopping")) {
    await stop(page, picture, workspace);
  }
  if (wants("typing")) {
    await typeProgram(page, picture, workspace);
  }
});
