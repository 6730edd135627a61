// A selection as a file: all of its rows, not only those that are shown.

import { getFile } from "./api.js";
import { failure, h, once, put } from "./dom.js";

/** query(): the filters at the moment of the click. problem: the element that shows why it failed. */
export function csvButton(path, query, name, problem) {
  return h("button.quiet", { type: "button", onclick: once(async () => {
    put(problem);
    try {
      saveFile(await getFile(path, query()), name);
    } catch (error) {
      put(problem, failure(error));
    }
  }) }, "Download CSV");
}

/** A file of the server's, as a download. */
export function saveFile(content, name) {
  const address = URL.createObjectURL(content);
  h("a", { href: address, download: name }).click();
  // The browser has taken it up by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
