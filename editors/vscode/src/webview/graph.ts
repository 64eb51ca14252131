/** The page of a data flow. */

import type { ToGraphView } from "../graph";
import { editor, element } from "./page";

const main = document.querySelector("main")!;
let last = "";

window.addEventListener("message", ({ data }: MessageEvent<ToGraphView>) => {
  if (data.kind === "problem") {
    main.replaceChildren(element("p", { role: "status" }, data.text));
    return;
  }
  // As an image: nothing in it can run or load anything.
  URL.revokeObjectURL(last);
  last = URL.createObjectURL(new Blob([data.svg], { type: "image/svg+xml" }));
  const image = element("img", { class: "picture", src: last, alt: `The data flow of ${data.name}` });
  main.replaceChildren(image);
});

editor.postMessage({ kind: "ready" });
