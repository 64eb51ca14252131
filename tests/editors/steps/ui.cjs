// What a person does in VS Code, as functions of a page.

const assert = require("node:assert/strict");
const path = require("node:path");

const LONG = { timeout: 60_000 };
const SHORT = { timeout: 20_000 };
const started = Date.now();

const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

/** Takes pictures of a page into a folder. */
const pictures = (page, output) => async (name) => {
  await page.waitForTimeout(400); // what fades in has come in then
  await page.screenshot({ path: path.join(output, `${name}.png`) });
};

/** Open a file of the workspace by its name. */
async function open(page, name) {
  await page.keyboard.press("Control+p");
  await page.locator(".quick-input-widget input").first().waitFor(SHORT);
  await page.keyboard.type(name, { delay: 5 });
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor(SHORT);
  await page.keyboard.press("Enter");
  await page.locator(".tab.active", { hasText: name }).first().waitFor(SHORT);
}

/** Run a command by its title. */
async function command(page, title) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget").first().waitFor(SHORT);
  await page.keyboard.type(title, { delay: 5 });
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().waitFor(SHORT);
  await page.keyboard.press("Enter");
}

/** Click a button of an editor's title. */
async function clickTitle(page, label) {
  await page.locator(`.editor-actions .action-label[aria-label*="${label}"]`).first().click(SHORT);
}

async function focusEditor(page) {
  await page.keyboard.press("Control+1");
  await page.waitForSelector(".monaco-editor.focused", SHORT);
}

/** Put the cursor on a line, counted from 1, and at a column. */
async function goToLine(page, line, column = 1) {
  await focusEditor(page);
  await page.keyboard.press("Control+g");
  await page.locator(".quick-input-widget").first().waitFor(SHORT);
  await page.keyboard.type(`${line}:${column}`, { delay: 5 });
  await page.keyboard.press("Enter");
  await page.waitForSelector(".monaco-editor.focused", SHORT);
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

/** Rest the pointer on a word of the editor until a hover shows a text. */
async function hover(page, word, occurrence, expected) {
  const box = await wordBox(page, word, occurrence);
  await page.mouse.move(box.x + box.width / 2 - 2, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await seeText(page, ".monaco-hover", expected);
}

/** Wait until some element has a text. */
async function seeText(page, selector, text, wait = SHORT) {
  await page.waitForFunction(
    ([where, wanted]) =>
      [...document.querySelectorAll(where)].some((each) => each.innerText.replace(/\u00a0/g, " ").includes(wanted)),
    [selector, text],
    wait,
  );
}

/** Wait until a text stands behind a line of the editor, where results are shown. */
async function seeBeside(page, text, wait = LONG) {
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll(".monaco-editor .view-line span, .monaco-editor .contentWidgets *")].some((each) =>
        [getComputedStyle(each, "::after").content, getComputedStyle(each, "::before").content, each.textContent].some(
          (text) => text.replace(/\u00a0/g, " ").replaceAll('\\"', '"').includes(wanted),
        ),
      ),
    text,
    wait,
  );
}

/** The document inside a webview, once it has a heading with a text. */
async function webview(page, heading, wait = 30_000) {
  const end = Date.now() + wait;
  while (Date.now() < end) {
    for (const frame of page.frames()) {
      const found = await frame.locator("h1, img", { hasText: heading }).count().catch(() => 0);
      if (found > 0) {
        return frame;
      }
    }
    await page.waitForTimeout(150);
  }
  throw new Error(`no view with the heading ${heading}`);
}

/** All of the text of the editor, by the clipboard's way: select all and read the view. */
async function lines(page) {
  return page.evaluate(() => {
    const found = [...document.querySelectorAll(".monaco-editor.focused .view-line")];
    found.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
    return found.map((each) => each.innerText.replace(/\u00a0/g, " "));
  });
}

module.exports = { LONG, SHORT, say, pictures, open, command, clickTitle, focusEditor, goToLine, wordBox, hover, seeText, seeBeside, webview, lines };
