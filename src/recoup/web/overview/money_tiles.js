// What is owed now, what of it ends soon, what is filed and what came back.

import { claimsLink } from "../shared/claims_link.js";
import { h, listed } from "../shared/dom.js";
import { money, number, percent, plural } from "../shared/words.js";

const DECIDED_RATE = "of decided claims approved";

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
      tile("Owed, to be filed", sums("owed"), [listed(count("owed")),
        metrics.owed.claimCount ? h("div", {}, h("a", { href: "#/packs" }, "File them in packs")) : null]),
      tile("To be filed soon", null, expiring(metrics)),
      tile("Filed, not answered yet", sums("filed"), [listed(count("filed")), ages(metrics)]),
      tile("Recovered", recovered(metrics), listed([claimsLink({ recovered: true }, plural(metrics.recovered.claimCount, "claim")), rate,
        left("rejected", "rejected"), byItself(metrics)]))),
    besides.length ? h("p.muted.small.besides", {}, "Not counted as owed: ", besides) : null,
  ];
}

function tile(name, value, note) {
  return h("section.card", {}, h("h2.tile-name", {}, name), value === null ? null : h("div.tile-value", {}, value), h("div.muted.small", {}, note));
}

/** What the reimbursements report shows; the links list the claims that were paid. */
function recovered({ recovered: { byCurrency } }) {
  if (!byCurrency.length) return "-";
  const [first, ...others] = byCurrency.map((one) => claimsLink({ recovered: true, paidCurrency: one.currency }, money(one)));
  return [first, others.length ? h("ul.other-sums", {}, others.map((one) => h("li", {}, one))) : null];
}

function byItself({ paidByItself }) {
  return paidByItself.claimCount ? claimsLink({ paidByItself: true }, `${number(paidByItself.claimCount)} paid by Amazon without a case`) : null;
}

function expiring({ expiring }) {
  return h("ul.plain.soon", {}, expiring.map((one) => {
    const query = { standing: "owed", expiringWithinDays: one.withinDays, sort: "deadline" };
    const sums = one.byCurrency.map((sum) => claimsLink({ ...query, currency: sum.currency }, money(sum)));
    return h("li", {}, h("span", {}, `within ${number(one.withinDays)} days`),
      one.claimCount ? h("b", {}, claimsLink(query, plural(one.claimCount, "claim"))) : h("span", {}, "none"),
      sums.length ? h("span.sums", {}, listed(sums)) : null);
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
