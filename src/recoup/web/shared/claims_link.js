// A number of claims is a link to the list of exactly those that it counts.

import { h } from "./dom.js";

export function claimsAddress(query) {
  return `#/claims?${new URLSearchParams(query)}`;
}

export function claimsLink(query, ...content) {
  return h("a", { href: claimsAddress(query) }, content);
}
