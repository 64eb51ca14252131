// What was started by a lens, and takes long: stopped in the Testing view or by its terminal, it ends, and the line says so.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { open, command, goToLine, say, seeBeside, until, SHORT, LONG } = require("./ui.cjs");

const LENS = ".monaco-editor .codelens-decoration a";

const PROGRAM = `from patience import wait

module Waiting:
    input message: str
    output answer: str

    forward:
        return answer=wait(message)

module waiting = Waiting()

dataset rows = Dataset("rows.csv", inputs=["message"])

evaluate accuracy = Evaluate(waiting, devset=rows, metric=answer_exact_match)

test "it waits":
    pred = waiting(message="a")
    assert pred.answer == "a"
`;

/** Waits for minutes, and leaves the number of its process in a file. */
const PYTHON = `import os
import time


def wait(message: str) -> str:
    """Wait."""
    with open(os.path.join(os.path.dirname(__file__), "waiting.pid"), "w") as file:
        print(os.getpid(), file=file)
    for _ in range(6000):
        time.sleep(0.1)
    return message
`;

const isAlive = (process_) => {
  try {
    process.kill(process_, 0);
    return true;
  } catch {
    return false;
  }
};

async function stop(page, picture, workspace) {
  const noted = path.join(workspace, "waiting.pid");
  const number = () => Number(fs.existsSync(noted) ? fs.readFileSync(noted, "utf8") : "");
  /** Click a lens of a line, and wait for the process behind it; its number. */
  const begun = async (line, title) => {
    fs.rmSync(noted, { force: true });
    await goToLine(page, line);
    await page.locator(LENS, { hasText: title }).first().click(LONG);
    return async () => {
      await until(() => number() > 0, `a process waits after ${title}`);
      return number();
    };
  };
  const ended = async (process_, line) => {
    await until(() => !isAlive(process_), "the process has ended", SHORT.timeout);
    await goToLine(page, line);
    await seeBeside(page, "■ interrupted", SHORT);
  };
  fs.writeFileSync(path.join(workspace, "patience.py"), PYTHON);
  fs.writeFileSync(path.join(workspace, "waiting.dspy"), PROGRAM);
  await open(page, "waiting.dspy");
  for (const [line, title] of [[16, "Run the test"], [14, "Evaluate"]]) {
    const process_ = await (await begun(line, title))();
    await command(page, "Test: Cancel Test Run");
    await ended(process_, line);
    await command(page, "View: Close All Editors"); // what stands beside the code is of this run
    await open(page, "waiting.dspy");
  }
  const started = await begun(10, /^Run$/);
  await page.locator(".quick-input-widget", { hasText: "Value of message" }).first().waitFor(LONG);
  await page.keyboard.type("a");
  await page.keyboard.press("Enter");
  const process_ = await started();
  await command(page, "Tasks: Terminate Task");
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "run waiting" }).first().click(SHORT);
  await ended(process_, 10);
  await picture("stopped");
  assert.equal(isAlive(process_), false);
  await command(page, "View: Close All Editors");
  say("what is stopped has ended, and its line says so");
}

module.exports = { stop };
