// What was found and what came back in the last 30 days, beside the 30 days before.

import { claimsLink } from "../shared/claims_link.js";
import { h, table } from "../shared/dom.js";
import { money, percent, plural } from "../shared/words.js";

const KINDS = [
  { name: "Found", of: (one) => one.detected, query: (one, currency) => ({ currency, discarded: false, detectedFrom: one.from, detectedTo: one.to }) },
  { name: "Recovered", of: (one) => one.recovered, query: (one, currency) => ({ recovered: true, paidCurrency: currency, paidFrom: one.from, paidTo: one.to }) },
];

/** In one currency. */
export function comparison({ periods: [now, before] }, currency) {
  const sum = (one, kind) => kind.of(one).byCurrency.find((sum) => sum.currency === currency);
  const cell = (one) => (kind) => {
    const found = sum(one, kind);
    return found ? [claimsLink(kind.query(one, currency), money(found)), h("div.muted.small", {}, plural(found.claimCount, "claim"))] : "-";
  };
  return h("section.card", { "aria-label": `Last 30 days, in ${currency}` }, h("h3", {}, "Last 30 days, and the 30 days before"),
    table(`Found and recovered in the last 30 days and the 30 days before, in ${currency}`, [
      ["Claims", (kind) => kind.name, "lead"],
      ["Last 30 days", cell(now), "number"],
      ["30 days before", cell(before), "number"],
      ["Change", (kind) => change(sum(now, kind), sum(before, kind)), "number"],
    ], KINDS));
}

/** Without an amount before there is nothing to compare with. */
function change(now, before) {
  if (!before || !Number(before.amount)) return "-";
  return percent(Number(now?.amount ?? 0) / Number(before.amount) - 1, { signDisplay: "exceptZero" });
}
