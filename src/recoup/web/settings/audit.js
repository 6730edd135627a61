// Who did what, when and from where.

import { get } from "../shared/api.js";
import { csvButton } from "../shared/csv.js";
import { h, table } from "../shared/dom.js";
import { textOf } from "../shared/evidence.js";
import { askedFor, filterForm, titlesOf } from "../shared/filters.js";
import { filteredList } from "../shared/list.js";
import { choicesOf, wordsOf } from "../shared/states.js";
import { program } from "./program.js";
import { time, words } from "../shared/words.js";

const PATH = "/api/audit";
const FILTERS = [
  { name: "action", title: "Action", choices: [["", "Any"], ...choicesOf("action")] },
  { name: "from", title: "From", kind: "day" },
  { name: "to", title: "To", kind: "day" },
];

const SETS = { stage: "stage", reason: "answerReason", role: "role", scope: "scope", environment: "environment", status: "claim" };

export async function showAudit() {
  const problem = h("div");
  const list = filteredList({
    base: "#/settings/audit", titles: titlesOf(FILTERS), most: 500, noun: "entry",
    read: async (query, limit, cursor) => {
      const page = await get(PATH, { ...askedFor(FILTERS, query), limit, cursor });
      return { ...page, count: page.items.length };
    },
    rows: entriesTable,
    empty: () => h("p.muted", {}, "No matching entries."),
  });
  await list.fill();
  return h("section.card", { "aria-label": "Audit log" },
    h("div.row.spread", {}, h("h2", {}, "Audit log"), csvButton(PATH, () => askedFor(FILTERS, list.query), "recoup-audit.csv", problem)),
    problem, h("p.muted.small", {}, "Entries cannot be changed, and are kept for 12 months."),
    filterForm(FILTERS, list), list.part);
}

/** Stages, reasons, roles and the like as everywhere else. */
function said(name, value) {
  if (name === "response") return Object.entries(value).map(([part, one]) => `${words(part).toLowerCase()} ${said(part, one)}`).join(", ");
  return typeof value === "string" && SETS[name] ? wordsOf(SETS[name], value) : textOf(value);
}

/** An account by its name, a sync by its account and time; the id stays below for those who need it. */
function subjectOf(one) {
  if (one.action === "claim_changed") return h("a", { href: `#/claims/${encodeURIComponent(one.subject)}` }, one.subject);
  if (!one.account) return one.subject ?? "-";
  const name = one.syncStartedAt
    ? h("a", { href: `#/syncs/${encodeURIComponent(one.subject)}` }, `Sync of ${one.account}, ${time(one.syncStartedAt)}`) : one.account;
  return [h("div", {}, name), h("div.muted.small", {}, one.subject)];
}

function entriesTable(entries) {
  const about = (one) => [subjectOf(one), Object.entries(one.details).map(([name, value]) =>
    h("div.muted.small", {}, `${words(name)}: ${value === null ? "-" : said(name, value)}`))];
  return table("Audit log", [
    ["Action", (one) => wordsOf("action", one.action), "lead"],
    ["When", (one) => time(one.at), "date"],
    ["Who", (one) => one.who ?? "not signed in", "person"],
    ["About", about, "wrap"],
    ["From", (one) => [h("div", {}, one.address ?? "-"), one.userAgent ? h("div.muted.small", {}, program(one.userAgent)) : null], "wrap"],
  ], entries);
}
