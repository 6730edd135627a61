// What is owed, what of it ends soon, what is filed and what came back; now, and compared with before.

import { claimsLink } from "./claims_link.js";
import { h, listed, table } from "./dom.js";
import { money, number, percent, plural } from "./words.js";

const DECIDED_RATE = "of what Amazon decided";

/** Each number is a link to exactly the claims that it counts. */
export function moneyTiles(metrics) {
  const sums = (standing) => {
    const { byCurrency, unvaluedCount } = metrics[standing];
    if (!byCurrency.length) return unvaluedCount ? "not known" : "-";
    const [first, ...others] = byCurrency.map((one) => claimsLink({ standing, currency: one.currency }, money(one)));
    return [first, others.length ? h("ul.other-sums", {}, others.map((one) => h("li", {}, one))) : null];
  };
  const count = (standing) => {
    const { claimCount, unvaluedCount } = metrics[standing];
    return [claimsLink({ standing }, plural(claimCount, "claim")),
      unvaluedCount ? claimsLink({ standing, valued: false }, `${number(unvaluedCount)} without a known amount`) : null];
  };
  const left = (standing, name) => metrics[standing].claimCount
    ? claimsLink({ standing }, `${number(metrics[standing].claimCount)} ${name}`) : null;
  const rate = metrics.successRate === null ? "nothing decided yet" : `${percent(metrics.successRate)} ${DECIDED_RATE}`;
  const besides = listed([left("toReview", "to review (weak evidence)"), left("windowUnknown", "with an unknown window"), left("expired", "too late to file")]);
  return [
    h("div.tiles", {},
      tile("Owed, to be filed", sums("owed"), listed(count("owed"))),
      tile("Of it to file soon", null, expiring(metrics)),
      tile("Filed, not answered yet", sums("filed"), [listed(count("filed")), ages(metrics)]),
      tile("Recovered", sums("approved"), listed([...count("approved"), rate, left("rejected", "rejected")]))),
    besides.length ? h("p.muted.small.besides", {}, "Not counted as owed: ", besides) : null,
  ];
}

function tile(name, value, note) {
  return h("section.card", {}, h("h2.tile-name", {}, name), value === null ? null : h("div.tile-value", {}, value), h("div.muted.small", {}, note));
}

function expiring({ expiring }) {
  return h("ul.plain.soon", {}, expiring.map((one) => {
    const query = { standing: "owed", expiringWithinDays: one.withinDays, sort: "deadline" };
    const sums = one.byCurrency.map((sum) => claimsLink({ ...query, currency: sum.currency }, money(sum)));
    return h("li", {}, h("span", {}, `within ${number(one.withinDays)} days`),
      one.claimCount ? h("b", {}, claimsLink(query, plural(one.claimCount, "claim"))) : h("span", {}, "none"),
      sums.length ? h("span", {}, listed(sums)) : null);
  }));
}

function ages({ filedByAge }) {
  const known = filedByAge.filter((one) => one.claimCount);
  if (!known.length) return null;
  const name = (one) => (one.toDays === null ? `more than ${number(one.fromDays)} days ago`
    : one.fromDays ? `${number(one.fromDays)} to ${number(one.toDays)} days ago` : `in the last ${number(one.toDays)} days`);
  const query = (one) => ({ standing: "filed", ...(one.filedFrom ? { filedFrom: one.filedFrom } : {}), ...(one.filedTo ? { filedTo: one.filedTo } : {}) });
  return h("ul.plain", {}, known.map((one) => h("li", {}, claimsLink(query(one), number(one.claimCount)), ` filed ${name(one)}`)));
}

/** Found and recovered in the last 30 days, beside the 30 days before. */
export function comparison({ periods }) {
  const [now, before] = periods;
  const kinds = [
    ["Found", "detected", (one) => ({ discarded: false, detectedFrom: one.from, detectedTo: one.to })],
    ["Recovered", "approved", (one) => ({ standing: "approved", statusFrom: one.from, statusTo: one.to })],
  ];
  const currencies = [...new Set(periods.flatMap((one) => [...one.detected.byCurrency, ...one.approved.byCurrency]).map((one) => one.currency))];
  const rows = kinds.flatMap(([name, kind, query]) => [
    ...currencies.map((currency) => ({ name: currencies.length > 1 ? `${name}, ${currency}` : name, kind, query, currency })),
    ...(periods.some((one) => one[kind].unvaluedCount) ? [{ name: `${name}, amount not known`, kind, query, currency: null }] : []),
  ]);
  if (!rows.length) return null;
  const sum = (one, row) => one[row.kind].byCurrency.find((sum) => sum.currency === row.currency);
  const cell = (one) => (row) => {
    if (row.currency === null) {
      const count = one[row.kind].unvaluedCount;
      return count ? claimsLink({ ...row.query(one), valued: false }, plural(count, "claim")) : "-";
    }
    const found = sum(one, row);
    return found ? [claimsLink({ ...row.query(one), currency: row.currency }, money(found)), h("div.muted.small", {}, plural(found.claimCount, "claim"))] : "-";
  };
  return h("section.card", { "aria-label": "Last 30 days" }, h("h2", {}, "Last 30 days, and the 30 days before"),
    table("Found and recovered in the last 30 days, and the 30 days before", [
      ["Claims", (row) => row.name, "lead"],
      ["Last 30 days", cell(now), "number"],
      ["30 days before", cell(before), "number"],
      ["Change", (row) => change(sum(now, row), sum(before, row)), "number"],
    ], rows));
}

/** Of amounts in one currency; without an amount before there is nothing to compare with. */
function change(now, before) {
  if (!now || !before || !Number(before.amount)) return "-";
  const share = Number(now.amount) / Number(before.amount) - 1;
  return percent(share, { signDisplay: "exceptZero" });
}
