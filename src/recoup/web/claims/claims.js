// The list of claims.

import { get } from "../shared/api.js";
import { bulkBar } from "./bulk.js";
import { stageBadge } from "./stage.js";
import { csvButton } from "../shared/csv.js";
import { field, h, put, select, table } from "../shared/dom.js";
import { filteredList, staleClaims } from "../shared/list.js";
import { noAccount } from "../shared/no_account.js";
import { noteList } from "../shared/notes.js";
import { mayAct } from "../shared/rights.js";
import { choicesOf, kindOf, wordsOf } from "../shared/states.js";
import { day, daysLeft, money, nameOf, number, plural, standingOf, time, told, urgency } from "../shared/words.js";

const PATH = "/api/recoveries";
const ANY = ["", "Any"];
const CHOICES = {
  standing: [ANY, ...choicesOf("standing")],
  stage: [ANY, ...choicesOf("stage")],
  windowState: [ANY, ...choicesOf("window")],
  review: [ANY, ...choicesOf("review")],
  type: [ANY, ...choicesOf("claimType")],
  sort: [["deadline", "Most urgent first"], ["-detectedAt", "Newest first"], ["-amount", "Largest amount first"], ["-confidence", "Most confident first"]],
};
const TITLES = { standing: "Standing", stage: "Stage", windowState: "Window", type: "Claim", review: "Confidence", sort: "Sort by", connectionId: "Amazon account" };
const OTHERS = {
  valued: (value) => `${value === "false" ? "without" : "with"} a known amount`,
  currency: (value) => `in ${value}`,
  syncId: () => "first found by one sync",
  expiringWithinDays: (value) => `to be filed within ${value} days`,
  discarded: (value) => `${value === "true" ? "" : "not "}dismissed or withdrawn`,
  detectedFrom: (value) => `found since ${time(value)}`, detectedTo: (value) => `found before ${time(value)}`,
  recovered: (value) => `${value === "true" ? "" : "not "}paid for a case, by the reimbursements report`,
  paidByItself: (value) => `${value === "true" ? "" : "not "}paid by Amazon without a case`,
  paidCurrency: (value) => `paid in ${value}`,
  paidFrom: (value) => `paid since ${time(value)}`, paidTo: (value) => `paid before ${time(value)}`,
  filedFrom: (value) => `filed since ${time(value)}`, filedTo: (value) => `filed before ${time(value)}`,
  statusFrom: (value) => `in this state since ${time(value)} or later`, statusTo: (value) => `in this state since before ${time(value)}`,
};
const LIST = "claims-list";
// While somebody types, the list follows once they pause.
const PAUSE_MS = 300;

/** The address of the list that was looked at last. */
export function lastList() {
  return sessionStorage.getItem(LIST) ?? "#/claims";
}

/** The filters are exactly those of the address, so that a number's link shows the rows it counts. */
export async function showClaims() {
  const notes = h("div");
  const problem = h("div");
  const { connections } = await get("/api/v1/integrations/amazon/status");
  const sellers = connections.length > 1 ? Object.fromEntries(connections.map((one) => [one.connectionId, nameOf(one)])) : null;
  const { mayWork } = await mayAct();
  const bulk = mayWork ? bulkBar(() => list.fill()) : null;
  const list = filteredList({
    base: "#/claims", titles: { ...TITLES, ...Object.fromEntries(Object.keys(OTHERS).map((name) => [name, ""])), q: "Search" }, bare: "standing=owed", always: { sort: "deadline" }, most: 500, noun: "claim",
    read: async (query, limit, cursor) => {
      const page = await get(PATH, { evidence: false, ...query, limit, cursor });
      return { ...page, count: page.totals.claimCount };
    },
    rows: (items) => claimsTable(items, sellers, bulk),
    summary: ({ totals }) => summary(totals, list.query),
    empty: (query) => (connections.length ? nothing(query) : noAccount("Claims are found in the data of an Amazon account, or in reports that you download.")),
    filled: (page) => {
      bulk?.keep(page.items);
      put(notes, page.notes.length ? h("details.notice", {},
        h("summary", {}, `${plural(page.notes.length, "claim rule")} waiting for data`), noteList(page.notes, sellers ?? {})) : null);
    },
    noted: () => sessionStorage.setItem(LIST, location.hash),
  });
  await list.fill();
  sessionStorage.setItem(LIST, location.hash || "#/claims");

  const choices = { ...CHOICES, ...(sellers ? { connectionId: [ANY, ...Object.entries(sellers)] } : {}) };
  const filters = Object.keys(choices).map((name) =>
    field(TITLES[name], select(name, choices[name], list.query[name], { onchange: list.change })));
  const others = Object.entries(list.query).filter(([name, value]) => name in OTHERS && value !== "" && !list.strange.includes(name));
  const news = staleClaims("Claims have changed since this list was loaded.", "Show them", async () => {
    await list.fill();
    list.part.querySelector("a")?.focus();
  });
  return {
    title: "Claims",
    leave: news.stop,
    content: [
      h("div.row.spread.head", {}, h("h1", {}, "Claims"),
        h("div.row", {}, h("a.button.quiet", { href: "#/packs" }, "Filing packs"), csvButton(PATH, () => list.query, "recoup-claims.csv", problem))),
      problem, news.part, notes,
      h("section.card", {},
        h("form.filters", { onsubmit: (event) => event.preventDefault() }, searchField(list), filters),
        others.length ? h("p.muted", {}, `Only those ${others.map(([name, value]) => OTHERS[name](value)).join(", ")}. `,
          h("a", { href: "#/claims" }, "Show what is owed")) : null,
        list.part, bulk?.part),
    ],
  };
}

function searchField(list) {
  let timer = null;
  const follow = (event) => {
    const { target } = event;
    clearTimeout(timer);
    timer = setTimeout(() => target.value.trim() !== (list.query.q ?? "") && list.change({ target }), event.type === "input" ? PAUSE_MS : 0);
  };
  return field("Search", h("input", { name: "q", type: "search", value: list.query.q ?? "", maxlength: 200,
    placeholder: "Order, SKU, FNSKU, ASIN or case", autocomplete: "off", spellcheck: "false", oninput: follow, onchange: follow }));
}

/** A list of what was paid adds up the payments, any other the claims. */
function summary(totals, query) {
  if (query.recovered === "true" || query.paidByItself === "true") {
    const paid = totals.paid.byCurrency.map((one) => `${money(one)} paid`);
    return h("p", {}, h("b", {}, plural(totals.claimCount, "claim")), paid.length ? `: ${paid.join(" and ")}` : null);
  }
  return h("p", {}, h("b", {}, plural(totals.claimCount, "claim")),
    totals.byCurrency.length ? `: ${totals.byCurrency.map((one) => money(one)).join(" and ")}` : null,
    totals.unvaluedCount ? h("span.muted", {}, `, ${number(totals.unvaluedCount)} without a known amount (`,
      h("a", { href: "#/costs" }, "enter sourcing costs"), ")") : null);
}

/** What was searched may be there, and filed or too late. */
function nothing({ q, sort, ...filters }) {
  if (!q) return h("p.muted", {}, "No matching claims. Claims are detected at the end of each sync.");
  const isFiltered = Object.values(filters).some(Boolean);
  return h("p.muted", {}, `No matching claim has a code that begins with ${q}. `,
    isFiltered ? h("a", { href: `#/claims?${new URLSearchParams({ q, sort })}` }, "Search all claims") : null);
}

function claimsTable(items, sellers, bulk) {
  const product = (one) => [h("div", {}, one.orderId ?? one.sku ?? one.fnsku ?? "-"),
    h("div.muted.small", {}, one.orderId ? one.sku ?? "" : one.fnsku ?? "")];
  const standing = (one) => h(`span.badge.${kindOf("standing", standingOf(one))}`, {}, wordsOf("standing", standingOf(one)));
  return table("Claims", [
    ...(bulk ? [["Select", bulk.box, "select"]] : []),
    ["Claim", (one) => h("a", { href: `#/claims/${encodeURIComponent(one.claimId)}` }, one.title), "lead"],
    ["Amount", (one) => h("span", { title: told(one.amountMissing ?? one.amountBasis) ?? "" }, money(one.amount)), "number"],
    // Of what is decided no day runs out any more.
    ["Window", (one) => (one.status === "detected" ? h(`span.badge.${urgency(one) || "none"}`, {}, daysLeft(one)) : "-")],
    ["Product or order", product, "wrap"],
    ...(sellers ? [["Amazon account", (one) => sellers[one.connectionId]]] : []),
    ["Event", (one) => day(one.eventDate), "date"],
    ["Units", (one) => number(one.quantity), "number"],
    ["Confidence", (one) => wordsOf("review", one.review)],
    ["Standing", standing],
    ["Stage", stageBadge],
  ], items);
}
