// Typing: whole programs, key by key, in an editor with its default settings.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { open, focusEditor, say, SHORT } = require("./ui.cjs");

/** Typed as a person does: brackets and quotes close themselves, Enter ends lines, indentation comes by itself. */
const KEYS = [
  ['"""Sort messages."""', "Enter", "Enter"],
  ['lm small = LM("embedded/banking")', "Enter"],
  ["configure(lm=small)", "Enter", "Enter"],
  ["signature Sort:", "Enter"],
  ['"""Say what it is about."""', "Enter"],
  ["input message: str", "Enter"],
  ['output topic: Literal["money", "other"]', "Enter"],
  ["output sure: float where 0 <= sure <= 1", "Enter", "Enter"],
  ["Backspace", "module Desk:", "Enter"],
  ["input message: str", "Enter"],
  ["output topic: str", "Enter", "Enter"],
  ["sort = Predict(Sort)", "Enter", "Enter"],
  ["forward:", "Enter"],
  ["found = sort(message=message)", "Enter"],
  ["if found.sure > 0.5:", "Enter"],
  ["return topic=found.topic", "Enter"],
  ["else:", "Enter"],
  ['return topic="unsure"', "Enter", "Enter"],
  ["Backspace", "Backspace", "Enter", "module desk = Desk()", "Enter", "Enter"],
  ['test "money":', "Enter"],
  ['pred = desk(message="I lost my card")', "Enter"],
  ['assert pred.topic == "money"', "Enter", "Backspace"],
];

const WANTED = `"""Sort messages."""

lm small = LM("embedded/banking")
configure(lm=small)

signature Sort:
    """Say what it is about."""
    input message: str
    output topic: Literal["money", "other"]
    output sure: float where 0 <= sure <= 1

module Desk:
    input message: str
    output topic: str

    sort = Predict(Sort)

    forward:
        found = sort(message=message)
        if found.sure > 0.5:
            return topic=found.topic
        else:
            return topic="unsure"


module desk = Desk()

test "money":
    pred = desk(message="I lost my card")
    assert pred.topic == "money"
`;

async function typeProgram(page, picture, workspace) {
  await open(page, "typed.dspy");
  await focusEditor(page);
  for (const part of KEYS) {
    for (const key of part) {
      if (key === "Enter" || key === "Backspace") {
        await page.keyboard.press(key);
      } else {
        await page.keyboard.type(key, { delay: 12 });
      }
      await page.waitForTimeout(60); // as people do; offers and indentation come meanwhile
    }
  }
  await picture("typed");
  await page.keyboard.press("Control+s");
  await page.locator(".tab.active:not(.dirty)", { hasText: "typed.dspy" }).waitFor(SHORT);
  const typed = fs.readFileSync(path.join(workspace, "typed.dspy"), "utf8");
  assert.equal(typed, WANTED);
  say("a program typed by key is as it was meant");
}

module.exports = { typeProgram };
