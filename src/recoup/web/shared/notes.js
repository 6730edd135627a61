// What a person should look at, as long as it is so.

import { h } from "./dom.js";
import { wordsOf } from "./states.js";
import { time, told, words } from "./words.js";

/** sellers: by connection whose note it is, where there are several. */
export function noteList(notes, sellers = {}) {
  const of = (one) => [sellers[one.connectionId], words(one.stream), one.scope && `in ${wordsOf("marketplace", one.scope)}`];
  return h("ul.plain", {}, gathered(notes).map((one) => h("li", {},
    h("b", {}, `${of(one).filter(Boolean).join(" ")}: `), told(one.message),
    h("div.muted.small", {}, `${wordsOf("note", one.code)}${one.since ? `, since ${time(one.since)}` : ""}`))));
}

/** Notes that differ in nothing but the name in quotes, as those of several claim rules that wait for the
    same, are one with all the names. */
export function gathered(notes) {
  const found = new Map();
  for (const one of notes) {
    const [, before, name, after] = /^([^"]*)("[^"]+")(.*)$/s.exec(one.message) ?? [null, one.message, null, ""];
    const key = JSON.stringify([one.connectionId, one.stream, one.scope, one.code, before, after]);
    const same = found.get(key);
    if (same && name) same.names.push(name);
    else found.set(same ? `${key} ${found.size}` : key, { ...one, before, after, names: name ? [name] : [] });
  }
  return [...found.values()].map((one) => ({ ...one, message: `${one.before}${one.names.join(", ")}${one.after}` }));
}
