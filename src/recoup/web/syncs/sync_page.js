// All syncs: a card for each connection, what could not be read, and the history.

import { get } from "../shared/api.js";
import { announce, failure, field, h, put, select, table } from "../shared/dom.js";
import { follow } from "../shared/feed.js";
import { filteredList, staleNotice } from "../shared/list.js";
import { showQuarantine } from "./quarantine.js";
import { mayAct } from "../shared/rights.js";
import { choicesOf } from "../shared/states.js";
import { showSync } from "./sync.js";
import { syncBadge } from "./sync_parts.js";
import { syncCards } from "./syncs.js";
import { lasting, nameOf, number, sentence, time, told } from "../shared/words.js";

/** id: of one of them, or "quarantine". */
export async function showSyncs(id) {
  if (id) return id === "quarantine" ? showQuarantine() : showSync(id);
  const cards = syncCards({ isDetailed: true, mayWork: (await mayAct()).mayWork });
  const trouble = h("div");
  const next = h("p.muted.small");
  // The state of each sync as it is shown.
  const states = new Map();
  const load = async () => {
    const [accounts, status] = await Promise.all([get("/api/v1/integrations/amazon/status"), get("/api/sync/status")]);
    for (const sync of status.syncs) states.set(sync.syncId, sync.status);
    cards.setConnections(accounts.connections, status.syncs);
    put(next, status.nextScheduledSync ? `Next scheduled sync ${time(status.nextScheduledSync)}` : "");
    put(trouble);
    return accounts.connections;
  };
  const [connections, quarantine] = await Promise.all([load(), quarantineCard()]);
  const past = history(new Map(connections.map((one) => [one.connectionId, nameOf(one)])), states);
  await past.list.fill();

  const stop = follow(({ type, data }) => {
    if (type === "open" || (type === "event" && data.type === "connection"))
      load().catch((error) => error.status && put(trouble, failure(error)));
    if (type !== "event" || data.type !== "sync") return;
    const { sync } = data;
    cards.update(sync);
    if (states.get(sync.syncId) === "in_progress" && sync.status !== "in_progress") announce(sync.message);
    if (states.get(sync.syncId) !== sync.status) past.news.show();
    states.set(sync.syncId, sync.status);
  });
  return {
    title: "Sync",
    leave: stop,
    content: [
      h("h1", {}, "Sync"), trouble,
      connections.some((one) => one.environment !== "files") ? [cards.part, next]
        : h("section.card", {}, h("p", {}, "Nothing to sync yet: no Amazon account is connected."), h("p", {}, h("a.button", { href: "#/" }, "First steps"))),
      quarantine, past.part,
    ],
  };
}

async function quarantineCard() {
  const { items } = await get("/api/quarantine", { limit: 1 });
  return items.length ? h("p.notice.row.spread", {}, "Some rows could not be read and are in quarantine.", h("a", { href: "#/syncs/quarantine" }, "Look at them")) : null;
}

/** The filters are those of the address; its days are the reader's. */
function history(sellers, states) {
  const list = filteredList({
    base: "#/syncs", titles: { status: "State", connectionId: "Amazon account", from: "From", to: "To" }, most: 100, noun: "sync",
    read: async ({ from, to, ...query }, limit, cursor = 0) => {
      const { syncs, total } = await get("/api/sync/history", { ...query, from: midnight(from), to: midnight(to, 1), limit, offset: cursor });
      const end = cursor + syncs.length;
      return { items: syncs, count: total, nextCursor: syncs.length && end < total ? end : null };
    },
    rows: (syncs) => historyTable(syncs, sellers),
    filled: ({ items }) => items.forEach((one) => states.set(one.syncId, one.status)),
    empty: (query) => h("p.muted", {}, Object.values(query).some(Boolean) ? "No matching syncs." : "No sync has run yet."),
  });
  const news = staleNotice("The history has changed since it was loaded.", "Show them", list.fill);
  const date = (title, name) => field(title, h("input", { type: "date", name, value: list.query[name] ?? "", onchange: list.change }));
  const choices = choicesOf("sync").filter(([word]) => word !== "idle");
  return {
    list, news,
    part: h("section.card", { "aria-label": "History" }, h("h2", {}, "History"),
      h("form.filters", { onsubmit: (event) => event.preventDefault() },
        field("State", select("status", [["", "Any"], ...choices], list.query.status, { onchange: list.change })),
        sellers.size > 1 ? field("Amazon account", select("connectionId", [["", "Any"], ...sellers], list.query.connectionId, { onchange: list.change })) : null,
        date("From", "from"), date("To", "to")),
      news.part, list.part),
  };
}

/** The instant at which a day of the reader's calendar begins, or one after it. */
function midnight(day, later = 0) {
  if (!/^\d{4}-\d\d-\d\d$/.test(day ?? "")) return null;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

function historyTable(syncs, sellers) {
  return table("History of syncs", [
    ["Started", (one) => h("a", { href: `#/syncs/${encodeURIComponent(one.syncId)}` }, time(one.startedAt)), "lead nowrap"],
    ["State", (one) => [syncBadge(one), one.error ? h("div.muted.small", {}, told(sentence(one.error))) : null]],
    ...(sellers.size > 1 ? [["Amazon account", (one) => sellers.get(one.connectionId) ?? "removed"]] : []),
    ["Took", (one) => (one.duration === null ? null : lasting(one.duration)), "number"],
    ["Orders", (one) => number(one.ordersProcessed), "number"],
    ["New claims", (one) => (one.claimsDetected
      ? h("a", { href: `#/claims?${new URLSearchParams({ syncId: one.syncId })}` }, number(one.claimsDetected)) : null), "number"],
  ], syncs);
}
