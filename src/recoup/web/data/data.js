// What is loaded, list by list, each row with its source.

import { get } from "../shared/api.js";
import { holesList, loadedByStream } from "../shared/coverage.js";
import { csvButton } from "../shared/csv.js";
import { columnOf, LISTS, OF_DAYS } from "./data_lists.js";
import { facts, failure, field, h, put, select, table } from "../shared/dom.js";
import { sourceText, textOf } from "../shared/evidence.js";
import { askedFor, filterForm, titlesOf } from "../shared/filters.js";
import { follow } from "../shared/feed.js";
import { filteredList, staleNotice } from "../shared/list.js";
import { noAccount } from "../shared/no_account.js";
import { setAddress } from "../shared/places.js";
import { day, nameOf, number, time, words } from "../shared/words.js";

const ACCOUNTS = "/api/v1/integrations/amazon/status";
// Of more accounts than these nobody reads up to when each is loaded.
const MOST_ACCOUNTS = 5;
// Told in a section of their own.
const ORIGIN = ["connectionId", "source", "sourceLine", "loadedAt"];

export async function showData(name) {
  const { connections } = await get(ACCOUNTS);
  return LISTS[name] ? showList(name, connections) : showLists(connections);
}

const chosenAccount = () => new URLSearchParams(location.hash.split("?")[1]).get("connectionId") ?? "";

/** All lists of an account, each with how much of it is loaded. */
async function showLists(connections) {
  const body = h("div.results");
  let chosen = null;
  const fill = async (id) => {
    chosen = id;
    body.setAttribute("aria-busy", "true");
    const coverage = await get("/api/coverage", { connectionId: id }).catch((error) => ({ error }));
    if (chosen !== id) return;
    body.removeAttribute("aria-busy");
    if (coverage.error) throw coverage.error;
    const loaded = loadedByStream(coverage);
    const of = ([name, list]) => loaded.get(list.stream ?? name);
    put(body, table("Loaded data", [
      ["Data", ([name, list]) => [h("a", { href: `#/data/${name}${connections.length > 1 ? `?connectionId=${encodeURIComponent(id)}` : ""}` }, list.title),
        h("div.muted.small", {}, list.says)], "lead"],
      // Of a list that is a part of a stream the rows are not counted.
      ["Rows", (entry) => number(entry[1].isPart ? null : of(entry)?.rows), "number"],
      ["Loaded up to", (entry) => day(of(entry)?.to), "date"],
      ["Last read", (entry) => time(of(entry)?.asOf), "date"],
    ], Object.entries(LISTS)));
  };
  const named = connections.find((one) => one.connectionId === chosenAccount()) ?? connections[0];
  const choice = connections.length > 1 ? field("Amazon account", select("connectionId", connections.map((one) => [one.connectionId, nameOf(one)]), named.connectionId, {
    onchange: (event) => {
      setAddress(`#/data?${new URLSearchParams({ connectionId: event.target.value })}`);
      return fill(event.target.value).catch((error) => put(body, failure(error)));
    },
  })) : null;
  if (named) await fill(named.connectionId);
  return {
    title: "Data",
    content: [
      h("h1", {}, "Data"),
      named ? h("section.card", {}, choice ? h("div.filters", {}, choice) : null, body) : h("section.card", {}, nothingYet()),
    ],
  };
}

function nothingYet() {
  return noAccount("Orders, fees, stock movements and all other rows that recoup reads are listed here, each with the report or call that it came from.");
}

async function showList(name, connections) {
  const list = LISTS[name];
  const path = `/api/${name}`;
  const sellers = connections.length > 1 ? Object.fromEntries(connections.map((one) => [one.connectionId, nameOf(one)])) : null;
  const filters = filtersOf(list, sellers);
  const freshness = h("div.freshness");
  const problem = h("div");
  let told = null;
  let telling = null;
  const tell = async () => {
    const account = found.query.connectionId ?? "";
    if (told === account && telling) return;
    told = account;
    const shown = connections.filter((one) => !account || one.connectionId === account);
    if (shown.length > MOST_ACCOUNTS) return put(freshness, h("p.muted.small", {}, "Choose an Amazon account to see how far its data is loaded."));
    const coverages = await Promise.all(shown.map((one) => get("/api/coverage", { connectionId: one.connectionId })));
    if (told !== account) return;
    put(freshness, shown.map((one, n) => howLoaded(list.stream ?? name, coverages[n], sellers ? `${nameOf(one)}: ` : "")));
  };
  const found = filteredList({
    base: `#/data/${name}`, titles: { connectionId: "Amazon account", ...titlesOf(filters) }, most: 500, noun: list.noun,
    read: async (query, limit, cursor) => {
      const page = await get(path, { ...askedFor(filters, query), limit, cursor });
      return { ...page, count: page.items.length };
    },
    rows: (rows) => rowsTable(list, rows, sellers),
    empty: () => (connections.length ? h("p.muted", {}, "No matching rows.") : nothingYet()),
    filled: () => {
      telling = tell().catch((error) => {
        put(freshness, failure(error));
        // The next one asks again.
        telling = null;
      });
    },
  });
  await found.fill();
  await telling;
  const news = staleNotice("A sync has ended since this list was loaded.", "Load it again", () => {
    telling = null;
    return found.fill();
  });
  const stop = follow(({ type, data }) => type === "event" && data.sync?.completedAt && news.show());
  return {
    title: list.title,
    leave: stop,
    content: [
      h("p", {}, h("a", { href: "#/data" }, "All data")),
      h("div.row.spread", {}, h("h1", {}, list.title), csvButton(path, () => askedFor(filters, found.query), `recoup-${name}.csv`, problem)),
      problem, h("p.muted", {}, list.says), freshness, news.part,
      h("section.card", { "aria-label": list.title }, filterForm(filters, found), found.part),
    ],
  };
}

/** Up to when the list is true, and what is missing in it. */
function howLoaded(stream, { streams }, whose) {
  const own = { streams: streams.filter((one) => one.name === stream) };
  const loaded = loadedByStream(own).get(stream);
  const said = loaded?.from ? `Loaded from ${day(loaded.from)} to ${time(loaded.to)}. ` : "";
  return [
    h("p.muted.small", {}, whose, said, loaded?.asOf ? `Last read ${time(loaded.asOf)}.` : "Not read completely yet."),
    holesList(own),
  ];
}

function filtersOf({ at, filters }, sellers) {
  const [called, read] = columnOf(at);
  const kind = OF_DAYS.includes(read) ? "utcDay" : "day";
  return [
    ...(sellers ? [{ name: "connectionId", title: "Amazon account", choices: [["", "Any"], ...Object.entries(sellers)] }] : []),
    { name: "from", title: `${called} from`, kind },
    { name: "to", title: `${called} to`, kind },
    ...filters.map((name) => ({ name, title: columnOf(name)[0] })),
  ];
}

function rowsTable(list, rows, sellers) {
  const columns = list.columns.map((name, n) => {
    const [title, read, kind] = columnOf(name);
    if (n) return [title, (row) => read(row[name]), kind];
    const open = (row) => h("button.link", { type: "button", "aria-haspopup": "dialog", onclick: () => showRow(list, row, sellers) }, read(row[name]));
    return [title, open, "lead"];
  });
  if (sellers) columns.push(["Amazon account", (row) => sellers[row.connectionId]]);
  return table(list.title, columns, rows);
}

/** All that is known of a row, and where it came from. */
function showRow(list, row, sellers) {
  const [first] = list.columns;
  const name = `${columnOf(first)[0]}: ${columnOf(first)[1](row[first])}`;
  const close = () => dialog.close();
  const dialog = h("dialog.card", { "aria-label": name, onclose: () => dialog.remove(), onclick: (event) => event.target === dialog && close() },
    h("div.row.spread", {}, h("h2", {}, name), h("button.quiet", { type: "button", onclick: close }, "Close")),
    factsOf(row, sellers && [["Amazon account", sellers[row.connectionId]]]),
    row.items?.length ? [h("h2", {}, "Items"), row.items.map((one) => h("div.part", {}, factsOf(one)))] : null,
    h("h2", {}, "Source"),
    facts([["From", sourceText(row.source, row.sourceLine)], ["Stored", time(row.loadedAt)]]));
  document.getElementById("main").append(dialog);
  dialog.showModal();
}

function factsOf(row, others) {
  const told = Object.entries(row).filter(([name, value]) => !ORIGIN.includes(name) && name !== "items" && value !== null && value !== "");
  return facts([...(others ?? []), ...told.map(([name, value]) => {
    const [called, read] = columnOf(name) ?? [words(name), textOf];
    return [called, read(value)];
  })]);
}
