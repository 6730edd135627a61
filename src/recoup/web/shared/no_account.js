// What a list says as long as there is nothing that could fill it.

import { h } from "./dom.js";

/** text: what will be listed here. */
export function noAccount(text) {
  return h("div", {}, h("p", {}, text), h("div.row.actions", {},
    h("a.button", { href: "#/accounts" }, "Connect an Amazon account"),
    h("a.button.quiet", { href: "#/check" }, "Drop reports instead")));
}
