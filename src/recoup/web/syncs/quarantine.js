// Source rows that could not be read, and a second try after an upgrade.

import { get, send } from "../shared/api.js";
import { facts, failure, field, h, once, put, select, table } from "../shared/dom.js";
import { sourceText } from "../shared/evidence.js";
import { filteredList } from "../shared/list.js";
import { mayAct } from "../shared/rights.js";
import { nameOf, number, plural, time, words } from "../shared/words.js";

export async function showQuarantine() {
  const [{ connections }, { mayWork }] = await Promise.all([get("/api/v1/integrations/amazon/status"), mayAct()]);
  const sellers = new Map(connections.map((one) => [one.connectionId, nameOf(one)]));
  const told = h("div");
  const list = filteredList({
    base: "#/syncs/quarantine", titles: { connectionId: "Amazon account", stream: "Data" }, most: 500, noun: "row",
    read: async (query, limit, cursor) => {
      const page = await get("/api/quarantine", { ...query, limit, cursor });
      return { ...page, count: page.items.length };
    },
    rows: (items) => quarantineTable(items, sellers),
    empty: () => h("p.muted", {}, "No row is in quarantine: everything that Amazon sent could be read."),
  });
  await list.fill();

  const replay = once(async () => {
    put(told);
    try {
      const result = await send("POST", "/api/quarantine/replay", { connectionId: list.query.connectionId || null });
      put(told, outcome(result));
      await list.fill();
    } catch (error) {
      put(told, failure(error));
    }
  });
  const filter = sellers.size > 1 ? h("form.filters", {}, field("Amazon account",
    select("connectionId", [["", "Any"], ...sellers], list.query.connectionId, { onchange: list.change }))) : null;
  return {
    title: "Quarantine",
    content: [
      h("p", {}, h("a", { href: "#/syncs" }, "All syncs")),
      h("div.row.spread.head", {}, h("h1", {}, "Quarantine"), mayWork ? h("button", { type: "button", onclick: replay }, "Try all rows again") : null),
      h("p.muted", {}, "Rows that recoup could not read. A newer version of recoup may be able to: try them again after an upgrade. All other rows are loaded."),
      h("div", { role: "status" }, told),
      h("section.card", {}, filter, list.query.stream && !list.strange.length ? h("p.muted", {}, `Only ${words(list.query.stream).toLowerCase()}. `,
        h("a", { href: "#/syncs/quarantine" }, "Show all")) : null, list.part),
    ],
  };
}

function outcome({ tried, loaded, remaining }) {
  if (!tried) return h("p.notice", {}, "There were no rows to try.");
  return h(`p.notice${loaded && !remaining ? ".saved" : ""}`, {},
    `${plural(tried, "row")} tried: ${number(loaded)} loaded, ${number(remaining)} still cannot be read.`);
}

function quarantineTable(items, sellers) {
  return table("Rows in quarantine", [
    ["Why", (one) => [h("b", {}, words(one.stream)), h("div", {}, one.reason)], "lead"],
    ["Row", (one) => h("details", {}, h("summary", {}, "As Amazon sent it"),
      h("p.muted.small", {}, sourceText(one.source)), sent(one.raw)), "wrap wide"],
    ...(sellers.size > 1 ? [["Amazon account", (one) => sellers.get(one.connectionId) ?? "-"]] : []),
    ["Since", (one) => h("a", { href: `#/syncs/${encodeURIComponent(one.syncId)}` }, time(one.createdAt)), "date"],
  ], items);
}

/** Each value as it came, not as people write it. */
function sent(raw) {
  const text = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  return raw && typeof raw === "object" ? facts(Object.entries(raw).map(([name, value]) => [name, text(value)])) : text(raw);
}
