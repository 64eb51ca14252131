// A client of the language server in the worker: requests with answers, and what the server says on its own.

export class Client {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #asked = new Map();
  #count = 0;

  constructor({ onStatus, onNotification }) {
    this.#worker.addEventListener("message", ({ data }) => {
      if (data.status) onStatus(data.status);
      for (const message of data.messages || []) this.#take(message, onNotification);
      const waiting = this.#waiting.get(data.id);
      if (!waiting) return;
      this.#waiting.delete(data.id);
      if (data.error) waiting.reject(new Error(data.error));
      else waiting.resolve(data.result);
    });
    this.#worker.addEventListener("error", (event) => onStatus(`The compiler could not be started: ${event.message || "its worker failed"}`, true));
  }

  #take(message, onNotification) {
    const asked = message.method ? null : this.#asked.get(message.id);
    if (!asked) {
      if (message.method) onNotification(message.method, message.params);
      return;
    }
    this.#asked.delete(message.id);
    if (message.error) asked.reject(new Error(message.error.message));
    else asked.resolve(message.result);
  }

  call(kind, more = {}) {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, kind, ...more });
    });
  }

  notify(method, params) {
    return this.call("message", { message: JSON.stringify({ jsonrpc: "2.0", method, params }) });
  }

  request(method, params) {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.call("message", { message: JSON.stringify({ jsonrpc: "2.0", id, method, params }) }).catch(reject);
    });
  }
}
