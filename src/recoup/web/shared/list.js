// A list that the server filters and pages. Its filters and how many pages of it are shown are in the
// address, so that a list can be kept, and come back to.

import { announce, failure, h, once, put } from "./dom.js";
import { follow } from "./feed.js";
import { strangeFilters, strangeNotice } from "./filters.js";
import { setAddress } from "./places.js";
import { plural } from "./words.js";

const PER_PAGE = 50;

/** base: the address without filters; bare: the filters that it stands for. titles: of every filter that
    the list has, by its name; any other in the address is said to be unknown, as is a value that the
    server refuses, and `strange` names them.
    read(query, limit, cursor) => {items, nextCursor, count, ...}, with at most `most` items.
    rows(items) => their table. summary(page), empty(query): what is above it, or in its place.
    filled(page): it was read anew, and is about to be drawn. noted(): the address has changed. */
export function filteredList({ base, titles, bare = "", always = {}, most, noun, read, rows, summary = () => null, empty, filled = () => {}, noted = () => {} }) {
  const { pages, ...asked } = Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] ?? bare));
  const part = h("div.results");
  const view = { part, query: { ...always, ...asked }, strange: [], fill, change };
  const known = { ...Object.fromEntries(Object.keys(always).map((name) => [name, ""])), ...titles };
  // Without a question mark it would stand for the bare filters.
  const all = bare ? `${base}?${new URLSearchParams(always)}` : base;
  let shown = Math.max(1, Number(pages) || 1);
  let turn = 0;

  const note = () => {
    const kept = Object.entries({ ...view.query, ...(shown > 1 ? { pages: shown } : {}) });
    setAddress(`${base}?${new URLSearchParams(kept)}`);
    noted();
  };

  function change(event) {
    const kept = Object.entries(view.query).filter(([name]) => name in known);
    view.query = { ...Object.fromEntries(kept), [event.target.name]: event.target.value.trim() };
    shown = 1;
    note();
    return fill();
  }

  /** Of several fills the one that was asked for last counts, whichever is answered last. */
  async function fill() {
    const asked = ++turn;
    view.strange = strangeFilters(view.query, known);
    if (view.strange.length) return refuse();
    part.setAttribute("aria-busy", "true");
    let page = null;
    let problem = null;
    try {
      page = await readPages();
    } catch (error) {
      problem = error;
    }
    if (asked !== turn) return;
    part.removeAttribute("aria-busy");
    if (problem) {
      view.strange = strangeFilters(view.query, known, problem);
      return view.strange.length ? refuse() : put(part, failure(problem));
    }
    filled(page);
    announce(plural(page.count, noun));
    if (!page.count) return put(part, empty(view.query));
    const table = rows(page.items);
    put(part, summary(page), table, more(table, page.nextCursor));
  }

  function refuse() {
    part.removeAttribute("aria-busy");
    put(part, strangeNotice(view.strange, view.query, known, all, noun));
  }

  /** As many pages as were shown. */
  async function readPages() {
    const limit = shown * PER_PAGE;
    let page = await read(view.query, Math.min(limit, most));
    const items = [...page.items];
    while (page.nextCursor && items.length < limit) {
      page = await read(view.query, Math.min(limit - items.length, most), page.nextCursor);
      items.push(...page.items);
    }
    return { ...page, items };
  }

  function more(table, cursor) {
    if (!cursor) return null;
    const begun = turn;
    const button = h("button.quiet", { type: "button" }, "Show more");
    const problem = h("div");
    button.addEventListener("click", once(async () => {
      put(problem);
      try {
        const page = await read(view.query, PER_PAGE, cursor);
        if (begun !== turn) return;
        shown += 1;
        note();
        const added = [...rows(page.items).querySelectorAll("tbody tr")];
        table.querySelector("tbody").append(...added);
        const next = more(table, page.nextCursor);
        problem.remove();
        button.replaceWith(...(next ?? []));
        added[0]?.querySelector("a, button")?.focus({ preventScroll: true });
        announce(`${plural(added.length, `more ${noun}`)} shown.`);
      } catch (error) {
        put(problem, failure(error));
      }
    }));
    return [button, problem];
  }

  return view;
}

/** Rows do not move while somebody looks at them: show() tells that they are old, with a button that
    loads them again. */
export function staleNotice(text, title, reload) {
  const part = h("div");
  const problem = h("div");
  const load = once(async () => {
    put(problem);
    try {
      await reload();
      put(part);
    } catch (error) {
      put(problem, failure(error));
    }
  });
  const show = () => part.firstChild ?? put(part, h("p.notice.row.spread", {}, text, h("button.quiet", { type: "button", onclick: load }, title)), problem);
  return { part, show };
}

/** The same for what a detection changes; stop() ends it. */
export function staleClaims(text, title, reload) {
  const { part, show } = staleNotice(text, title, reload);
  return { part, stop: follow(({ type, data }) => type === "event" && data.type === "detection" && show()) };
}
