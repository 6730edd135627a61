// Where the money is: what is owed by type, what was found and came back month by month, and lately.
// Each currency by itself, as currencies are never added.

import { columnsOfBars, rowsOfBars } from "./bars.js";
import { claimsAddress, claimsLink } from "../shared/claims_link.js";
import { comparison } from "./comparison.js";
import { h } from "../shared/dom.js";
import { wordsOf } from "../shared/states.js";
import { monthOf, plural } from "../shared/words.js";

const MONTHS = 12;
// So few kinds leave room below them.
const SHORT = 6;

export function charts(metrics) {
  const months = lastMonths(metrics);
  const sums = [...metrics.owedByType, ...months.flatMap((one) => [one.detected, one.recovered])].flatMap((one) => one.byCurrency);
  const counts = new Map();
  for (const one of sums) counts.set(one.currency, (counts.get(one.currency) ?? 0) + one.claimCount);
  const currencies = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  if (!currencies.length) return withoutAmount(metrics, months);
  const [first, ...others] = currencies.map((currency) => pair(metrics, months, currency));
  return h("div", {}, currencies.length > 1 ? h("h2", {}, `In ${currencies[0]}`) : null, first,
    others.map((one, n) => h("details.card", {}, h("summary", {}, h("h2", {}, `In ${currencies[n + 1]}`)), one)),
    withoutAmount(metrics, months));
}

function pair(metrics, months, currency) {
  const of = (totals) => totals?.byCurrency.find((one) => one.currency === currency);
  const types = metrics.owedByType.filter(of)
    .map((one) => ({ name: wordsOf("claimType", one.type), value: of(one), href: claimsAddress({ standing: "owed", type: one.type, currency }) }))
    .sort((one, other) => other.value.amount - one.value.amount);
  const bar = (value, query) => (value ? { value, href: claimsAddress(query) } : null);
  const groups = months.map((one) => ({
    name: monthOf(one.month, { month: "long", year: "numeric" }),
    short: monthOf(one.month, { month: "narrow" }),
    first: bar(of(one.detected), { currency, discarded: false, detectedFrom: one.from, detectedTo: one.to }),
    // A month in which more was taken back than paid has no bar.
    second: bar(positive(of(one.recovered)), { recovered: true, paidCurrency: currency, paidFrom: one.from, paidTo: one.to }),
  }));
  const lately = comparison(metrics, currency);
  const isShort = types.length > 0 && types.length <= SHORT;
  return h("div.pair", {},
    types.length ? h("div", {},
      h("section.card", {}, h("h3", {}, "Owed, by kind of claim"), rowsOfBars(`Owed by kind of claim, in ${currency}`, types)),
      isShort ? lately : null) : null,
    h("div", {},
      h("section.card", {}, h("h3", {}, "Found and recovered, by month"),
        columnsOfBars(`Found and recovered by month, in ${currency}`, groups, ["Found", "Recovered"])),
      isShort ? null : lately));
}

function positive(value) {
  return value && Number(value.amount) > 0 ? value : null;
}

/** The oldest first, also those in which nothing happened. */
function lastMonths({ byMonth, periods }) {
  const known = new Map(byMonth.map((one) => [one.month, one]));
  const [year, month] = periods[0].to.split("-").map(Number);
  return Array.from({ length: MONTHS }, (_, back) => {
    const name = new Date(Date.UTC(year, month - MONTHS + back, 1)).toISOString().slice(0, 7);
    return known.get(name) ?? { month: name, detected: { byCurrency: [] }, recovered: { byCurrency: [] } };
  });
}

/** What no bar shows. */
function withoutAmount(metrics, months) {
  const owed = metrics.owed.unvaluedCount;
  const found = months.reduce((sum, one) => sum + (one.detected.unvaluedCount ?? 0), 0);
  const begin = months.find((one) => one.from)?.from;
  if (!owed && !found) return null;
  return h("p.muted.small", {}, "Not in the chart, as their amount is not known: ",
    owed ? [claimsLink({ standing: "owed", valued: false }, plural(owed, "owed claim")), found ? " and " : ""] : null,
    found ? [claimsLink({ discarded: false, valued: false, detectedFrom: begin }, plural(found, "claim")), " found in these months"] : null, ".");
}
