// Packs: claims as Seller Central takes them, the most urgent first.

import { get } from "../shared/api.js";
import { claimsLink } from "../shared/claims_link.js";
import { drawAgain, failure, field, h, put, select, table } from "../shared/dom.js";
import { strangeFilters, strangeNotice } from "../shared/filters.js";
import { staleClaims } from "../shared/list.js";
import { noAccount } from "../shared/no_account.js";
import { setAddress } from "../shared/places.js";
import { kindOf, wordsOf } from "../shared/states.js";
import { daysLeft, day, money, nameOf, number, plural, urgency } from "../shared/words.js";

const PATH = "/api/packs";
const PER_PAGE = 100;
const TITLES = { standing: "Standing", connectionId: "Amazon account" };
// The standings of which there are packs.
const STANDINGS = ["owed", "toReview", "windowUnknown"];

export async function showPacks() {
  const query = { standing: "owed", ...Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] ?? "")) };
  const { connections } = await get("/api/v1/integrations/amazon/status");
  const sellers = connections.length > 1 ? Object.fromEntries(connections.map((one) => [one.connectionId, nameOf(one)])) : null;
  const body = h("div.results");
  let shown = PER_PAGE;
  let turn = 0;
  /** Of several the one that was asked for last counts, whichever is answered last. */
  const draw = async () => {
    const asked = ++turn;
    body.setAttribute("aria-busy", "true");
    try {
      const [page, later] = await Promise.all([get(PATH, { ...query, limit: Math.min(shown, 500) }), laterClaims(query)]);
      if (asked === turn) drawAgain(body, () => put(body, connections.length ? list(page, query, later, sellers, more)
        : noAccount("Claims are found in the data of an Amazon account, or in reports that you download. Then they are grouped here for filing.")));
    } catch (error) {
      if (asked === turn) throw error;
    } finally {
      if (asked === turn) body.removeAttribute("aria-busy");
    }
  };
  const refuse = (names) => put(body, strangeNotice(names, query, TITLES, "#/packs", "pack"));
  const drawOr = async (otherwise) => {
    const names = strangeFilters(query, TITLES);
    if (names.length) return refuse(names);
    return draw().catch((error) => {
      const refused = strangeFilters(query, TITLES, error);
      return refused.length ? refuse(refused) : otherwise(error);
    });
  };
  const drawOrSay = () => drawOr((error) => put(body, failure(error)));
  const more = () => {
    shown += PER_PAGE;
    return drawOrSay();
  };
  const change = (event) => {
    for (const name of Object.keys(query)) if (!(name in TITLES)) delete query[name];
    query[event.target.name] = event.target.value;
    setAddress(`#/packs?${new URLSearchParams(query)}`);
    return drawOrSay();
  };
  await drawOr((error) => { throw error; });
  const news = staleClaims("Claims have changed since these packs were loaded.", "Show them", draw);
  const standing = select("standing", STANDINGS.map((one) => [one, wordsOf("standing", one)]), query.standing, { onchange: change });
  const account = sellers && select("connectionId", [["", "Any"], ...Object.entries(sellers)], query.connectionId, { onchange: change });
  return {
    title: "Filing packs",
    leave: news.stop,
    content: [
      h("div.row.spread.head", {}, h("h1", {}, "Filing packs"),
        h("div.row", {}, h("a.button.quiet", { href: "#/documents" }, "Documents"), h("a.button.quiet", { href: "#/claims" }, "Claims"))),
      news.part,
      h("p.muted", {}, "Claims that can be filed today, grouped as Seller Central takes them: by shipment, product, order or removal order. Small ones of the same kind and month are filed together. Claims whose window opens later appear on that day."),
      h("section.card", {},
        h("form.filters", { onsubmit: (event) => event.preventDefault() }, field("Standing", standing), account ? field("Amazon account", account) : null),
        body),
    ],
  };
}

/** What is owed and in no pack yet, as its window opens later. */
async function laterClaims({ standing, connectionId }) {
  if (standing !== "owed") return null;
  const { totals } = await get("/api/recoveries", { standing, windowState: "wait", connectionId, evidence: false, limit: 1 });
  return totals;
}

function laterLine(later, { connectionId }) {
  if (!later?.claimCount) return null;
  const sums = later.byCurrency.map((one) => money(one)).join(" and ");
  return h("p.muted", {}, claimsLink({ standing: "owed", windowState: "wait", ...(connectionId ? { connectionId } : {}) },
    `${plural(later.claimCount, "owed claim")}${sums ? ` (${sums})` : ""}`), " can be filed later, when their windows open.");
}

function list(page, query, later, sellers, more) {
  if (!page.packCount) return [h("p.muted", {}, "No packs. Claims are detected at the end of each sync; weak ones are under \u201cTo review\u201d."), laterLine(later, query)];
  const { byCurrency, unvaluedCount, claimCount } = page.totals;
  return [
    h("p", {}, h("b", {}, plural(page.packCount, "pack")), ` with ${plural(claimCount, "claim")}`,
      byCurrency.length ? `: ${byCurrency.map((one) => money(one)).join(" and ")}` : null,
      unvaluedCount ? h("span.muted", {}, `, ${number(unvaluedCount)} without a known amount (`, h("a", { href: "#/costs" }, "enter sourcing costs"), ")") : null),
    laterLine(later, query),
    page.isComplete ? null : h("p.notice", {}, "There are too many claims to group at once; these are the most urgent ones."),
    packsTable(page.items, sellers),
    page.items.length < page.packCount && page.items.length < 500 ? h("button.quiet", { type: "button", onclick: more }, "Show more") : null,
  ];
}

function packsTable(items, sellers) {
  return table("Filing packs", [
    ["Pack", (one) => [h("a", { href: `#/packs/${one.packId}` }, one.title), h("div.muted.small", {}, one.routeTitle)], "lead"],
    ["Amount", amountOf, "number"],
    ["Last safe day", (one) => [h(`span.badge.${urgency(windowOf(one)) || "none"}`, {}, daysLeft(windowOf(one))),
      one.deadline ? h("div.muted.small", {}, day(one.deadline)) : null]],
    ["Claims", (one) => number(one.claimCount), "number"],
    ["Marketplace", (one) => one.marketplace ?? "not known"],
    ...(sellers ? [["Amazon account", (one) => sellers[one.connectionId]]] : []),
    ["Documents", documentsOf, "wrap"],
  ], items);
}

function amountOf(one) {
  return [one.amount ? money(one.amount) : "not known",
    one.amount && one.unvaluedCount ? h("div.muted.small", {}, `and ${number(one.unvaluedCount)} not known`) : null];
}

function documentsOf(one) {
  return one.missing.length
    ? h("span.badge.warn", { title: one.missing.join("; ") }, `${number(one.missing.length)} missing`)
    : h("span.badge.good", {}, "Complete");
}

/** A pack as the words for windows know a claim: all of its claims can be filed today. */
export function windowOf(pack) {
  return { windowState: pack.deadline ? "open" : "unknown", daysLeft: pack.daysLeft };
}

export function standingBadge(pack) {
  return h(`span.badge.${kindOf("standing", pack.standing)}`, {}, wordsOf("standing", pack.standing));
}
