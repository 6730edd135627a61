// The list of claims with its filters; the filters are in the address, so a list can be kept.

import { get } from "./api.js";
import { announce, failure, field, h, put, select, table } from "./dom.js";
import { STATUS_KINDS, daysLeft, money, number, plural, sums, urgency, words } from "./words.js";

const TYPES = [
  "lost_in_warehouse", "damaged_in_warehouse", "inbound_shortage", "inbound_damage",
  "customer_return_missing", "return_not_restocked", "return_damaged_by_amazon", "refund_overpaid",
  "refund_fee_not_credited", "removal_lost", "removal_discrepancy", "disposed_without_permission",
  "fulfillment_fee_overcharge", "storage_fee_overcharge", "inbound_fee_wrong",
  "reimbursement_reversed", "reimbursement_underpaid",
];
const STATUSES = ["detected", "filed", "approved", "rejected", "dismissed", "withdrawn"];
const ANY = ["", "Any"];
const named = (names) => [ANY, ...names.map((name) => [name, words(name)])];
const CHOICES = {
  windowState: [ANY, ["open", "Can be filed now"], ["wait", "Too early"], ["expired", "Over"], ["unknown", "Window not known"]],
  status: named(STATUSES),
  type: named(TYPES),
  minConfidence: [ANY, ["0.85", "Firm (0.85)"], ["0.5", "Likely (0.50)"]],
  sort: [["deadline", "Most urgent first"], ["-detectedAt", "Newest first"], ["-amount", "Largest amount first"], ["-confidence", "Firmest first"]],
};
const TITLES = { windowState: "Window", status: "Status", type: "Type", minConfidence: "Confidence", sort: "Order" };
const DEFAULTS = { windowState: "", status: "detected", type: "", minConfidence: "0.5", sort: "deadline" };

export async function showClaims() {
  const query = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.hash.split("?")[1])) };
  const list = h("div");
  await fill(list, query);
  const change = (event) => {
    query[event.target.name] = event.target.value;
    history.replaceState(null, "", `#/claims?${new URLSearchParams(query)}`);
    fill(list, query).catch((error) => put(list, failure(error)));
  };
  const filters = Object.keys(CHOICES).map((name) =>
    field(TITLES[name], select(name, CHOICES[name], query[name], { onchange: change })));
  return {
    title: "Claims",
    content: [h("h1", {}, "Claims"), h("section.card", {}, h("form.filters", {}, filters), list)],
  };
}

async function fill(list, query) {
  const page = await get("/api/recoveries", { ...query, limit: 50 });
  const { totals } = page;
  announce(plural(totals.claimCount, "claim"));
  if (!totals.claimCount) {
    put(list, h("p.muted", {}, "No claim fits. Claims are looked for at the end of each sync."));
    return;
  }
  const rows = claimsTable(page.items);
  put(list, 
    h("p", {}, h("b", {}, plural(totals.claimCount, "claim")), `: ${sums(totals)}`,
      totals.unvaluedCount ? h("span.muted", {}, `, ${number(totals.unvaluedCount)} without a known amount (`,
        h("a", { href: "#/costs" }, "enter sourcing costs"), ")") : null),
    rows, more(rows, query, page.nextCursor));
}

function more(rows, query, cursor) {
  if (!cursor) return null;
  const button = h("button.quiet", { type: "button" }, "Show more");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const page = await get("/api/recoveries", { ...query, limit: 50, cursor });
      rows.querySelector("tbody").append(...claimsTable(page.items).querySelectorAll("tbody tr"));
      const next = more(rows, query, page.nextCursor);
      if (next) button.replaceWith(next);
      else button.remove();
    } catch (error) {
      button.replaceWith(failure(error));
    }
  });
  return button;
}

function claimsTable(items) {
  return table("Claims", [
    ["Claim", (one) => h("a", { href: `#/claims/${encodeURIComponent(one.claimId)}` }, one.title)],
    ["Product or order", (one) => [h("div", {}, one.orderId ?? one.sku ?? one.fnsku ?? "-"),
      h("div.muted.small", {}, one.orderId ? one.sku ?? "" : one.fnsku ?? "")], "wrap"],
    ["Event", (one) => one.eventDate, "date"],
    ["Units", (one) => number(one.quantity), "number"],
    ["Amount", (one) => h("span", { title: one.amountMissing ?? one.amountBasis ?? "" }, money(one.amount)), "number"],
    ["Days left", (one) => h(`span.badge.${urgency(one) || "none"}`, {}, daysLeft(one))],
    ["Confidence", (one) => `${one.confidence.toFixed(2)} ${one.review}`],
    ["Status", (one) => h(`span.badge.${STATUS_KINDS[one.status] || "none"}`, {}, words(one.status))],
  ], items);
}
