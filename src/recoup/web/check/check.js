// Reports that people download in Seller Central: drop them here, see the claims, and what is missing.

import { get, send } from "../shared/api.js";
import { claimsLink } from "../shared/claims_link.js";
import { announce, failure, field, h, put, select, table } from "../shared/dom.js";
import { setAddress } from "../shared/places.js";
import { whoMay } from "../shared/rights.js";
import { dropCard } from "./drop.js";
import { missingCard, searchedCard } from "./rules.js";
import { day, nameOf, number, plural } from "../shared/words.js";

/** id: of an account that consists of files. */
export async function showCheck(id) {
  const [{ connections }, { may }] = await Promise.all([get("/api/v1/integrations/amazon/status"), whoMay()]);
  const accounts = connections.filter((one) => one.environment === "files" && one.status !== "disconnected");
  const chosen = accounts.find((one) => one.connectionId === id) ?? accounts[0] ?? null;
  const result = h("div");
  let shown = null;
  const show = async (connectionId, claims) => {
    setAddress(`#/check/${encodeURIComponent(connectionId)}`);
    shown = connectionId;
    const { items: [check] } = await get("/api/files", { connectionId });
    const counted = claims ?? (await countClaims(connectionId));
    if (shown === connectionId) put(result, claimsCard(check, counted), filesCard(check), searchedCard(check), missingCard(check));
  };
  const finish = async (connectionId) => {
    await send("POST", "/api/recoveries/detect", { connectionId });
    const claims = await countClaims(connectionId);
    await show(connectionId, claims);
    announce(`${plural(claims.count, "claim")} found.`);
  };
  if (chosen) await show(chosen.connectionId);
  const choice = accounts.length > 1 ? h("section.card", {}, field("Account", select("connectionId",
    accounts.map((one) => [one.connectionId, nameOf(one)]), chosen.connectionId,
    { onchange: (event) => show(event.target.value).catch((error) => put(result, failure(error))) }))) : null;
  return {
    title: "Drop your reports",
    content: [
      h("h1", {}, "Drop your reports here"),
      h("p.muted", {}, "recoup reads reports that you download in Seller Central and shows what Amazon owes you. No account is needed, and nothing leaves this computer."),
      may("member", "admin") ? dropCard(chosen, finish)
        : h("p.notice", {}, "Your role lets you see reports, but not load them."),
      choice, result,
    ],
  };
}

async function countClaims(connectionId) {
  const { totals } = await get("/api/recoveries", { connectionId, limit: 1 });
  return { count: totals.claimCount, owed: totals.owed };
}

/** That nothing was found is news only where something was searched. */
function claimsCard({ connectionId, rules }, { count, owed }) {
  const none = rules.some((one) => one.isSearched) ? "No claims found" : "Nothing could be searched yet";
  return h("section.card", { "aria-label": "Claims" }, h("h2", {}, count ? `${plural(count, "claim")} found` : none),
    count ? h("p", {}, claimsLink({ connectionId }, "See the claims"), owed ? `: ${number(owed.claimCount)} owed now` : "") : null,
    h("p.muted.small", {}, "Amounts of units lost before an order need your ", h("a", { href: `#/costs?${new URLSearchParams({ connectionId })}` }, "sourcing costs"), "."));
}

function filesCard({ files }) {
  if (!files.length) return null;
  return h("section.card", { "aria-label": "Loaded reports" }, h("h2", {}, "Loaded reports"),
    table("Loaded reports", [
      ["Report", (one) => [one.title, h("div.muted.small", {}, one.name), one.remark ? h("div.notice.small", {}, one.remark) : null], "wrap lead"],
      ["Days", (one) => (one.firstOn ? `${day(one.firstOn)} to ${day(one.lastOn)}` : "As of the download"), "wrap"],
      ["Rows", (one) => number(one.rowsRead), "number"],
      ["Unreadable", (one) => (one.rowsQuarantined ? h("a", { href: "#/syncs/quarantine" }, number(one.rowsQuarantined)) : "0"), "number"],
    ], files));
}
