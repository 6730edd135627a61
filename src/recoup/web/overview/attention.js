// What needs a person: accounts to authorize again, costs that are missing, notes of syncs.

import { authorizeButton, needsConsent, troubles } from "../accounts/accounts.js";
import { claimsLink } from "../shared/claims_link.js";
import { h } from "../shared/dom.js";
import { gathered, noteList } from "../shared/notes.js";
import { kindOf, wordsOf } from "../shared/states.js";
import { nameOf, plural } from "../shared/words.js";

/** Null where there is nothing to do. problem: the element that shows why an action is not possible. */
export function attention({ connections, notes, missing, refused, metrics, problem, mayConnect }) {
  const several = connections.length > 1;
  const lines = connections.filter((one) => one.status !== "disconnected" && needsConsent(one)).map((one) => h("li", {},
    h("b", {}, nameOf(one)), " ", h(`span.badge.${kindOf("connection", one.status)}`, {}, wordsOf("connection", one.status)),
    troubles(one), mayConnect ? h("div.actions", {}, authorizeButton(one, "Authorize again", problem)) : null));
  if (missing.productCount) {
    const waiting = metrics.owed.unvaluedCount;
    lines.push(h("li", {}, h("a", { href: "#/costs" }, `${plural(missing.productCount, "product")} without a sourcing cost`),
      waiting ? h("div.muted.small", {}, claimsLink({ standing: "owed", valued: false }, `${plural(waiting, "owed claim")} without a known amount`)) : null));
  }
  if (refused) lines.push(h("li", {}, h("a", { href: "#/costs" }, `${plural(refused, "refused cost")} can be sent to Amazon again`)));
  if (notes.length) {
    const sellers = several ? Object.fromEntries(connections.map((one) => [one.connectionId, nameOf(one)])) : {};
    lines.push(h("li", {}, h("details", {}, h("summary", {}, `${plural(gathered(notes).length, "thing")} to look at in the data`), noteList(notes, sellers))));
  }
  return lines.length ? h("section.card.attention", { "aria-label": "Needs attention" }, h("h2", {}, "Needs attention"), h("ul.plain.spaced", {}, lines)) : null;
}

/** How an account is, in one badge. */
export function healthOf(connection, sync, notes) {
  const badge = (kind, text) => h(`span.badge.${kind || "none"}`, {}, text);
  if (connection.status !== "active") return badge(kindOf("connection", connection.status), wordsOf("connection", connection.status));
  if (connection.environment === "files") return badge("", "Files");
  if (!sync) return badge("", "Not synced yet");
  if (sync.status === "failed") return badge("bad", "Last sync failed");
  if (needsConsent(connection) || notes.some((one) => one.connectionId === connection.connectionId)) return badge("warn", "Needs attention");
  return sync.status === "complete" ? badge("good", "Healthy") : badge(kindOf("sync", sync.status), wordsOf("sync", sync.status));
}
