// The list of claims. Its filters and how many pages of it are shown are in the address, so that a
// list can be kept, and come back to.

import { get } from "./api.js";
import { announce, failure, field, h, once, put, select, table } from "./dom.js";
import { follow } from "./feed.js";
import { noteList } from "./notes.js";
import { setAddress } from "./places.js";
import { choicesOf, kindOf, wordsOf } from "./states.js";
import { daysLeft, day, money, nameOf, number, plural, standingOf, time, urgency } from "./words.js";

const ANY = ["", "Any"];
const CHOICES = {
  standing: [ANY, ...choicesOf("standing")],
  windowState: [ANY, ...choicesOf("window")],
  type: [ANY, ...choicesOf("claimType")],
  review: [ANY, ...choicesOf("review")],
  sort: [["deadline", "Most urgent first"], ["-detectedAt", "Newest first"], ["-amount", "Largest amount first"], ["-confidence", "Most confident first"]],
};
const TITLES = { standing: "Standing", windowState: "Window", type: "Claim", review: "Confidence", sort: "Order" };
const OTHERS = {
  valued: (value) => `${value === "false" ? "without" : "with"} a known amount`,
  currency: (value) => `in ${value}`,
  syncId: () => "first found by one sync",
  expiringWithinDays: (value) => `to be filed within ${value} days`,
  discarded: (value) => `${value === "true" ? "" : "not "}dismissed or withdrawn`,
  detectedFrom: (value) => `found since ${time(value)}`, detectedTo: (value) => `found before ${time(value)}`,
  filedFrom: (value) => `filed since ${time(value)}`, filedTo: (value) => `filed before ${time(value)}`,
  statusFrom: (value) => `in this state since ${time(value)} or later`, statusTo: (value) => `in this state since before ${time(value)}`,
};
const PER_PAGE = 50;
const MOST_AT_ONCE = 500;
const LIST = "claims-list";

/** The address of the list that was looked at last. */
export function lastList() {
  return sessionStorage.getItem(LIST) ?? "#/claims";
}

/** The filters are exactly those of the address, so that a number's link shows the rows it counts. */
export async function showClaims() {
  const address = location.hash.split("?")[1];
  const { pages, ...asked } = Object.fromEntries(new URLSearchParams(address ?? "standing=owed"));
  const view = { query: { sort: "deadline", ...asked }, pages: Math.max(1, Number(pages) || 1), turn: 0, notes: h("div") };
  const list = h("div.results");
  const note = () => {
    const kept = { ...view.query, ...(view.pages > 1 ? { pages: view.pages } : {}) };
    setAddress(`#/claims?${new URLSearchParams(kept)}`);
    sessionStorage.setItem(LIST, location.hash);
  };
  const { connections } = await get("/api/v1/integrations/amazon/status");
  view.sellers = connections.length > 1 ? Object.fromEntries(connections.map((one) => [one.connectionId, nameOf(one)])) : null;
  await fill(list, view, note);
  sessionStorage.setItem(LIST, location.hash || "#/claims");

  const change = (event) => {
    view.query = { ...view.query, [event.target.name]: event.target.value };
    view.pages = 1;
    note();
    return fill(list, view, note);
  };
  const choices = { ...CHOICES, ...(view.sellers ? { connectionId: [ANY, ...Object.entries(view.sellers)] } : {}) };
  const filters = Object.keys(choices).map((name) =>
    field(TITLES[name] ?? "Amazon account", select(name, choices[name], view.query[name], { onchange: change })));
  const others = Object.entries(view.query).filter(([name, value]) => !(name in choices) && value !== "");
  const news = h("div");
  const stop = follow(({ type, data }) => {
    if (type !== "event" || data.type !== "detection") return;
    // Rows do not move while somebody looks at them.
    put(news, h("p.notice.row.spread", {}, "Claims have changed since this list was loaded.",
      h("button.quiet", { type: "button", onclick: async () => {
        await fill(list, view, note);
        put(news);
        list.querySelector("a")?.focus();
      } }, "Show them")));
  });
  return {
    title: "Claims",
    leave: stop,
    content: [
      h("h1", {}, "Claims"), news, view.notes,
      h("section.card", {}, h("form.filters", { onsubmit: (event) => event.preventDefault() }, filters),
        others.length ? h("p.muted", {}, `Only those ${others.map(([name, value]) => OTHERS[name]?.(value) ?? `with ${name} ${value}`).join(", ")}. `,
          h("a", { href: "#/claims" }, "Show what is owed")) : null,
        list),
    ],
  };
}

/** Of several fills the one that was asked for last counts, whichever is answered last. */
async function fill(list, view, note) {
  const turn = ++view.turn;
  list.setAttribute("aria-busy", "true");
  let page = null;
  let problem = null;
  try {
    page = await read(view);
  } catch (error) {
    problem = error;
  }
  if (turn !== view.turn) return;
  list.removeAttribute("aria-busy");
  if (problem) return put(list, failure(problem));
  put(view.notes, page.notes.length ? h("details.notice", {},
    h("summary", {}, `${plural(page.notes.length, "claim rule")} waiting for data`), noteList(page.notes, view.sellers ?? {})) : null);
  draw(list, view, page, note);
}

/** As many pages as were shown. */
async function read({ query, pages }) {
  let left = pages * PER_PAGE;
  let page = await get("/api/recoveries", { evidence: false, ...query, limit: Math.min(left, MOST_AT_ONCE) });
  const items = [...page.items];
  while (page.nextCursor && (left = pages * PER_PAGE - items.length) > 0) {
    page = await get("/api/recoveries", { evidence: false, ...query, limit: Math.min(left, MOST_AT_ONCE), cursor: page.nextCursor });
    items.push(...page.items);
  }
  return { ...page, items };
}

function draw(list, view, page, note) {
  const { totals } = page;
  announce(plural(totals.claimCount, "claim"));
  if (!totals.claimCount) {
    put(list, h("p.muted", {}, "No matching claims. Claims are detected at the end of each sync."));
    return;
  }
  const rows = claimsTable(page.items, view.sellers);
  put(list,
    h("p", {}, h("b", {}, plural(totals.claimCount, "claim")),
      totals.byCurrency.length ? `: ${totals.byCurrency.map((one) => money(one)).join(" and ")}` : null,
      totals.unvaluedCount ? h("span.muted", {}, `, ${number(totals.unvaluedCount)} without a known amount (`,
        h("a", { href: "#/costs" }, "enter sourcing costs"), ")") : null),
    rows, more(rows, view, page.nextCursor, note));
}

function more(rows, view, cursor, note) {
  if (!cursor) return null;
  const turn = view.turn;
  const button = h("button.quiet", { type: "button" }, "Show more");
  button.addEventListener("click", once(async () => {
    try {
      const page = await get("/api/recoveries", { evidence: false, ...view.query, limit: PER_PAGE, cursor });
      if (turn !== view.turn) return;
      view.pages += 1;
      note();
      const added = [...claimsTable(page.items, view.sellers).querySelectorAll("tbody tr")];
      rows.querySelector("tbody").append(...added);
      const next = more(rows, view, page.nextCursor, note);
      if (next) button.replaceWith(next);
      else button.remove();
      added[0]?.querySelector("a")?.focus({ preventScroll: true });
      announce(`${plural(added.length, "more claim")} shown.`);
    } catch (error) {
      button.after(failure(error));
    }
  }));
  return button;
}

function claimsTable(items, sellers) {
  const product = (one) => [h("div", {}, one.orderId ?? one.sku ?? one.fnsku ?? "-"),
    h("div.muted.small", {}, one.orderId ? one.sku ?? "" : one.fnsku ?? "")];
  const standing = (one) => h(`span.badge.${kindOf("standing", standingOf(one))}`, {}, wordsOf("standing", standingOf(one)));
  return table("Claims", [
    ["Claim", (one) => h("a", { href: `#/claims/${encodeURIComponent(one.claimId)}` }, one.title), "lead"],
    ["Amount", (one) => h("span", { title: one.amountMissing ?? one.amountBasis ?? "" }, money(one.amount)), "number"],
    ["Window", (one) => h(`span.badge.${urgency(one) || "none"}`, {}, daysLeft(one))],
    ["Product or order", product, "wrap"],
    ...(sellers ? [["Amazon account", (one) => sellers[one.connectionId]]] : []),
    ["Event", (one) => day(one.eventDate), "date"],
    ["Units", (one) => number(one.quantity), "number"],
    ["Confidence", (one) => wordsOf("review", one.review)],
    ["Standing", standing],
  ], items);
}
