// Buttons that copy what a person types into Seller Central.

import { announce, h } from "./dom.js";

const SHOWN_MS = 2000;

/** Null where the browser gives pages no clipboard: without https, other than on this machine. */
export function copyButton(text, what, title = "Copy") {
  if (!navigator.clipboard) return null;
  const isShort = title === "Copy";
  const button = h(`button.quiet${isShort ? ".copy" : ""}`, { type: "button", "aria-label": isShort ? `Copy the ${what}` : null, onclick: async () => {
    const done = await navigator.clipboard.writeText(text).then(() => "Copied", () => "Not copied");
    announce(`${done}: the ${what}.`);
    button.textContent = done;
    setTimeout(() => { button.textContent = title; }, SHOWN_MS);
  } }, title);
  return button;
}

/** A value with its button; null for none. */
export function copyable(what, value) {
  return value ? h("span.copyable", {}, h("span", {}, value), copyButton(value, what)) : null;
}
