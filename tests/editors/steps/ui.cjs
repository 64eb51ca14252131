// What a person does in VS Code, as functions of a page.

const assert = require("node:assert/strict");
const path = require("node:path");
const { chromium } = require("playwright-core");

const LONG = { timeout: 60_000 };
const SHORT = { timeout: 20_000 };
const started = Date.now();

const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Use a page of a browser from beginning to end; a picture says how it looked where something failed. */
async function session(output, failure, viewport, use) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: ARGUMENTS });
  const page = await browser.newPage({ viewport });
  const picture = pictures(page, output);
  try {
    await use(page, picture);
    say("everything works");
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
    // Where only the log is kept, its reader sees the screen as well.
    console.error(await page.evaluate(() => document.body.innerText.replace(/\s*\n\s*/g, "\n").slice(0, 4_000)));
    await picture(failure);
  } finally {
    await browser.close();
  }
}

/** Takes pictures of a page into a folder. */
const pictures = (page, output) => async (name) => {
  await page.waitForTimeout(400); // what fades in has come in then
  await page.screenshot({ path: path.join(output, `${name}.png`) });
};

/**
 * Take a row of the list that a key opens. Until the list is filtered, a recent one is chosen; and a file that was just
 * written is in none that was opened before.
 */
async function choose(page, key, text) {
  const row = page.locator(".quick-input-list .monaco-list-row.focused", { hasText: text }).first();
  for (let tries = 0; tries < 5; tries++) {
    await page.keyboard.press(key);
    await page.locator(".quick-input-widget input").first().waitFor(SHORT);
    await page.keyboard.type(text, { delay: 5 });
    if (await row.waitFor({ timeout: 5_000 }).then(() => true, () => false)) {
      await page.keyboard.press("Enter");
      return;
    }
    await page.keyboard.press("Escape");
  }
  throw new Error(`no list has ${text}`);
}

/** Open a file of the workspace by its name. */
async function open(page, name) {
  await choose(page, "Control+p", name);
  await page.locator(".tab.active", { hasText: name }).first().waitFor(SHORT);
}

/** Run a command by its title. */
async function command(page, title) {
  await choose(page, "F1", title);
}

/** Hide the panel, which a command has opened or is about to open; some open it late, or not a second time. */
async function hidePanel(page) {
  await page.locator(".part.panel").waitFor({ timeout: 10_000 }).catch(() => {});
  if (await page.locator(".part.panel").isVisible()) {
    await command(page, "View: Hide Panel");
    await page.locator(".part.panel").waitFor({ state: "hidden", ...SHORT });
  }
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

/** Where a word stands on the screen once nothing moves any more: the editor scrolls smoothly. */
async function settledBox(page, word, occurrence = 0) {
  for (let before; ; ) {
    const box = await wordBox(page, word, occurrence);
    if (before !== undefined && before.y === box.y && before.x === box.x) {
      return box;
    }
    before = box;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
}

/** Rest the pointer on a word of the editor until a hover shows a text; on it again where lenses and hints have moved it. */
async function hover(page, word, occurrence, expected) {
  const rests = async () => {
    const box = await settledBox(page, word, occurrence);
    await page.mouse.move(box.x + box.width / 2 - 2, box.y + box.height / 2);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    return seeText(page, ".monaco-hover", expected, { timeout: 5_000 }).then(() => true, () => false);
  };
  await until(rests, `${word} has a hover with ${expected}`);
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

/** A heading of a view. */
const heading = (text) => `h1:has-text(${JSON.stringify(text)})`;

/** The document inside a webview, once it has something. */
async function webview(page, selector, wait = 30_000) {
  let found;
  await until(
    async () => {
      for (const frame of page.frames()) {
        if ((await frame.locator(selector).count().catch(() => 0)) > 0) {
          found = frame;
        }
      }
      return found !== undefined;
    },
    `a view has ${selector}`,
    wait,
  );
  return found;
}

/** Ask again and again until something is so. */
async function until(isSo, what, wait = 60_000) {
  for (const end = Date.now() + wait; !(await isSo()); ) {
    assert(Date.now() < end, `in ${wait / 1000} s it did not come to this: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** All of the text of the editor, by the clipboard's way: select all and read the view. */
async function lines(page) {
  return page.evaluate(() => {
    const found = [...document.querySelectorAll(".monaco-editor.focused .view-line")];
    found.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
    return found.map((each) => each.innerText.replace(/\u00a0/g, " "));
  });
}

module.exports = { LONG, SHORT, say, session, open, command, clickTitle, hidePanel, focusEditor, goToLine, wordBox, settledBox, hover, seeText, seeBeside, heading, until, webview, lines };
