// The fields above a list that choose its rows.

import { field, h, listed, select } from "./dom.js";
import { many, words } from "./words.js";

// Whoever types is not asked after each letter.
const PAUSE_MS = 300;

/** filters: [{name, title, choices}], or with `kind` "day" (of the reader's calendar) or "utcDay" in
    place of choices, or a text without either. list: as filteredList makes it. */
export function filterForm(filters, list) {
  return h("form.filters", { onsubmit: (event) => event.preventDefault() },
    filters.map((one) => field(one.title, control(one, list.query[one.name] ?? "", list))));
}

function control({ name, choices, kind }, value, list) {
  if (choices) return select(name, choices, value, { onchange: list.change });
  if (kind) return h("input", { type: "date", name, value, onchange: list.change });
  let timer = null;
  return h("input", { type: "search", name, value, maxlength: 200, autocomplete: "off", spellcheck: "false", oninput: ({ target }) => {
    clearTimeout(timer);
    timer = setTimeout(() => target.isConnected && list.change({ target }), PAUSE_MS);
  } });
}

/** The titles of filters by their names. */
export function titlesOf(filters) {
  return Object.fromEntries(filters.map(({ name, title }) => [name, title]));
}

/** What the API is asked for: a day as an instant, of which the last one counts whole. */
export function askedFor(filters, query) {
  const kinds = new Map(filters.map(({ name, kind }) => [name, kind]));
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, kinds.get(name) ? instant(kinds.get(name), value, name === "to") : value]));
}

function instant(kind, value, isLast) {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return value;
  const [year, month, day] = value.split("-").map(Number);
  const parts = [year, month - 1, day + (isLast ? 1 : 0)];
  return (kind === "utcDay" ? new Date(Date.UTC(...parts)) : new Date(...parts)).toISOString();
}

/** The filters of an address that mean nothing: those of a name that the list has not, and those of a
    value that the server has refused. titles: of all that the list has, by name. */
export function strangeFilters(query, titles, error) {
  const refused = error?.status === 422 ? (error.fields ?? []).map((one) => one.field.replace(/^query\./, ""))
    : error?.status === 404 ? ["connectionId"] : [];
  return Object.keys(query).filter((name) => query[name] !== "" && (!(name in titles) || refused.includes(name)));
}

/** In place of the list, which would not be what the address asks for. all: the address without filters. */
export function strangeNotice(names, query, titles, all, noun) {
  const named = names.map((name) => (name in titles ? `${titles[name] || words(name)} \u201c${query[name]}\u201d` : `\u201c${name}\u201d`));
  return h("div.notice.row.spread", { role: "alert" },
    h("span", {}, names.length === 1 ? "The address has a filter that recoup does not know: " : "The address has filters that recoup does not know: ", listed(named), "."),
    h("a.button", { href: all }, `Show all ${many(noun)}`));
}
