// Runs the compiler: takes requests from the page, one after the other, and answers them.
//
//   {id, kind: "start"}                 loads Python and the package
//   {id, kind: "message", message}      a message of the Language Server Protocol
//   {id, kind: "prompt", text, name, inputs}    the messages that a module would send for some inputs
//
// It answers {id, result} or {id, error}, and sends {messages} of the server and {status} on its own.

let python = null, session = null, timer = null, hasMore = false;

const here = (name) => new URL(name, self.location.href).href;

const unpack = async (name) => {
  const answer = await fetch(here(name));
  if (!answer.ok) throw new Error(`${name} cannot be loaded (${answer.status})`);
  python.unpackArchive(await answer.arrayBuffer(), "zip", { extractDir: "/app" });
};

const start = async () => {
  postMessage({ status: "Loading Python…" });
  const { loadPyodide } = await import(here("./pyodide/pyodide.mjs"));
  python = await loadPyodide({ indexURL: here("./pyodide/") });
  postMessage({ status: "Loading the compiler…" });
  await unpack("dspyc.zip");
  python.runPython("import sys; sys.path.insert(0, '/app')");
  session = python.pyimport("playground").Session();
};

const tell = (text) => {
  const messages = JSON.parse(text);
  if (messages.length) postMessage({ messages });
  clearTimeout(timer);
  const wait = session.wait();
  if (wait >= 0) timer = setTimeout(() => tell(session.work()), 1000 * wait);
};

const prompt = async ({ text, name, inputs }) => {
  const ask = () => JSON.parse(python.pyimport("playground").prompts(text, name, "/playground", JSON.stringify(inputs)));
  const told = ask();
  if (!told.more) return told;
  // Records are pydantic's, which most programs do without.
  if (!hasMore) await unpack("more.zip");
  hasMore = true;
  python.runPython("import importlib; importlib.invalidate_caches()");
  return ask();
};

const KINDS = { start, prompt, message: ({ message }) => tell(session.receive(message)) };

let last = Promise.resolve();
addEventListener("message", ({ data }) => {
  last = last.then(async () => {
    try {
      postMessage({ id: data.id, result: await KINDS[data.kind](data) });
    } catch (error) {
      postMessage({ id: data.id, error: String(error.message || error).trim().split("\n").at(-1) });
    }
  });
});
