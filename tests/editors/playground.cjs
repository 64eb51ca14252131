// The playground in Chromium: a mistake is underlined, its fix applied, the prompt shown; nobody else is asked.
// usage: playground.cjs ADDRESS OUTPUT

const assert = require("node:assert/strict");
const { audit, browse, look, open, step } = require("./browser.cjs");

const [address, output] = process.argv.slice(2);
const PROGRAM = `lm main = LM("openai/gpt-4o-mini")
configure(lm=main)

signature Answer:
    """Answer in a word."""
    input question: str
    output answer: str

module   ask = ChainOfThough(Answer)
`;

const ready = (page) => page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Ready"));
const textOf = async (page) => {
  await page.waitForSelector(".cm-content");
  return page.evaluate(() => document.querySelector(".cm-content").innerText);
};
const prompt = (page, text) => page.waitForFunction((wanted) => document.getElementById("prompt").textContent.includes(wanted), text);
const write = async (page, text) => {
  await page.mouse.move(2, 2);
  await page.focus(".cm-content");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
};
// The mouse over a word of the program.
const point = async (page, word) => {
  const [x, y] = await page.evaluate((wanted) => {
    const walker = document.createTreeWalker(document.querySelector(".cm-content"), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.data.indexOf(wanted);
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      const box = range.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }
    throw new Error(`${wanted} is not shown`);
  }, word);
  await page.mouse.move(x - 40, y);
  await page.mouse.move(x, y, { steps: 4 });
};

browse(async (browser) => {
  const started = Date.now();
  const page = await open(browser, address);
  await ready(page);
  await prompt(page, "Say what a customer wants.");
  step(`ready, with a prompt, after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  await look(page, "playground", output);

  await write(page, PROGRAM);
  await page.waitForSelector(".cm-lintRange-error");
  assert.equal(await page.textContent(".cm-lintRange-error"), "ChainOfThough");
  await page.waitForSelector("#problems .fix");
  assert.match(await page.textContent("#problems .error"), /ChainOfThough/);
  await prompt(page, "There is no prompt yet");
  await audit(page, "the playground with a problem");
  step("a mistake is underlined and listed");

  await page.click("#problems .fix");
  await page.waitForFunction(() => document.getElementById("problems").textContent === "None.");
  await prompt(page, "Answer in a word.");
  assert.match(await textOf(page), /= ChainOfThought\(Answer\)/);
  assert.equal(await page.locator(".cm-lintRange-error").count(), 0);
  step("its fix is applied, and the prompt shown");

  await page.click("#format");
  await page.waitForFunction(() => document.querySelector(".cm-content").innerText.includes("module ask ="));
  step("the program is formatted");

  await page.click(".cm-content");
  await page.keyboard.press("Control+End");
  await page.keyboard.type("module other = Predi");
  await page.waitForFunction(() => document.querySelector(".cm-tooltip-autocomplete")?.textContent.includes("Predict"));
  await page.keyboard.press("Escape");
  await point(page, "ChainOfThought");
  await page.waitForSelector(".cm-tooltip-hover pre");
  step("completion and hover answer");

  await write(page, PROGRAM.replace("ChainOfThough(", "Predict(").replace("in a word", "with an ünusual “word” 🦓"));
  await prompt(page, "🦓");
  await page.click("#share");
  await page.waitForFunction(() => location.hash.startsWith("#code="));
  const shared = page.url();
  const other = await open(browser, shared);
  assert.match(await textOf(other), /with an ünusual “word” 🦓/);
  await other.close();
  step(`a program of ${PROGRAM.length} characters is an address of ${shared.length}`);

  await page.fill("#inputs textarea[name=question]", "How <b>deep</b> is it?");
  await prompt(page, "How <b>deep</b> is it?");
  await audit(page, "the playground with an input");
  step("a value that is typed stands in the prompt");

  await page.selectOption("#example", "Records");
  await prompt(page, "Read the order in a letter.");
  step("the prompt of a record is shown");
  await page.selectOption("#example", "With a mistake");
  let fixed = 0;
  const left = () => page.evaluate(() => document.getElementById("problems").textContent);
  for (let before = "None."; fixed < 3; fixed++) {
    await page.waitForFunction((text) => document.querySelector("#problems .fix") && document.getElementById("problems").textContent !== text, before);
    before = await left();
    await page.click("#problems .fix");
  }
  await page.waitForFunction(() => document.getElementById("problems").textContent === "None.");
  step("three mistakes are fixed one after the other");
  assert.deepEqual(page.problems, []);
  await page.close();

  for (const hostile of ["#code=%00", "#code=AAAA", "#code=7cEBAQAAAICQ_q_uCAoAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]) {
    const odd = await open(browser, address + hostile);
    assert.match(await textOf(odd), /signature Triage/);
    await odd.close();
  }
  const embedded = await open(browser, `${address}?embed${new URL(shared).hash}`, { viewport: { width: 700, height: 500 } });
  await ready(embedded);
  await prompt(embedded, "🦓");
  assert.equal(await embedded.isVisible("h1"), false);
  await embedded.screenshot({ path: `${output}/playground-embedded.png` });
  assert.deepEqual(embedded.problems, []);
  step("it can be embedded, and what is no program is not taken for one");
});
