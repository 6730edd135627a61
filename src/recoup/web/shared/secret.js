// What is shown this once: a token, or the link of an invitation.

import { copyButton } from "./copy.js";
import { field, h } from "./dom.js";

export function shownOnce(title, value, says) {
  const input = h("input", { readonly: true, value, name: "secret", onfocus: () => input.select() });
  return h("div.notice.saved", { role: "status" }, h("p", {}, says),
    h("div.row.fill", {}, field(title, input), copyButton(value, title.toLowerCase())));
}
