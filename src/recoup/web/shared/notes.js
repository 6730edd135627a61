// What a person should look at, as long as it is so.

import { h } from "./dom.js";
import { wordsOf } from "./states.js";
import { time, told, words } from "./words.js";

/** sellers: by connection whose note it is, where there are several. */
export function noteList(notes, sellers = {}) {
  const of = (one) => [sellers[one.connectionId], words(one.stream), one.scope && `in ${wordsOf("marketplace", one.scope)}`];
  return h("ul.plain", {}, notes.map((one) => h("li", {},
    h("b", {}, `${of(one).filter(Boolean).join(" ")}: `), told(one.message),
    h("div.muted.small", {}, `${wordsOf("note", one.code)}${one.since ? `, since ${time(one.since)}` : ""}`))));
}
