// One card per connection: how its sync goes, or how the last one ended and what is loaded.

import { get, send } from "./api.js";
import { announce, failure, h, keepFocus, listed, once, put, table } from "./dom.js";
import { holesList, loadedByStream } from "./coverage.js";
import { kindOf, wordsOf } from "./states.js";
import { day, nameOf, number, plural, time, words } from "./words.js";

/** The part of the page with its `update(sync)` and `setConnections(list, syncs)`. */
export function syncCards() {
  const part = h("div");
  const cards = new Map();
  const setConnections = (connections, syncs) => {
    const newest = new Map(syncs.map((sync) => [sync.connectionId, sync]));
    const listed = connections.filter((one) => one.status !== "disconnected" || newest.has(one.connectionId));
    for (const id of [...cards.keys()]) if (!listed.some((one) => one.connectionId === id)) cards.delete(id);
    for (const one of listed) {
      const card = cards.get(one.connectionId) ?? syncCard(listed.length === 1 && isWide());
      cards.set(one.connectionId, card);
      card.set(one, newest.get(one.connectionId) ?? null);
    }
    const wanted = listed.map((one) => cards.get(one.connectionId).part);
    if (wanted.length !== part.children.length || wanted.some((one, n) => part.children[n] !== one)) put(part, wanted);
  };
  return { part, setConnections, update: (sync) => cards.get(sync.connectionId)?.set(null, sync) };
}

/** On a phone the long table is opened by who wants it. */
function isWide() {
  return window.matchMedia("(min-width: 46rem)").matches;
}

function syncCard(isOpen) {
  const part = h("section.card");
  const problem = h("div");
  let connection = null;
  let sync;
  let said = "";
  let loaded = null;
  let details = isOpen;

  const set = (account, state) => {
    // Of two syncs the newer one counts, whichever is told last.
    if (sync && state && state.startedAt < sync.startedAt) return;
    const now = JSON.stringify([account ?? connection, state]);
    if (now === said) return;
    said = now;
    if (sync?.syncId !== state?.syncId || state?.status !== "in_progress") loaded = null;
    if (account) connection = account;
    sync = state;
    draw();
    if (details) look();
  };
  const draw = () => keepFocus(part, () => {
    part.setAttribute("aria-label", `Sync of ${nameOf(connection)}`);
    put(part, head(), problem, body());
  });
  const look = async () => {
    if (!sync || loaded || sync.status === "in_progress") return;
    const asked = loaded = {};
    try {
      const coverage = await get("/api/coverage", { connectionId: connection.connectionId });
      if (loaded !== asked) return;
      loaded = { streams: loadedByStream(coverage), holes: holesList(coverage) };
      draw();
    } catch (error) {
      put(problem, failure(error));
    }
  };

  const act = (work) => once(async () => {
    put(problem);
    try {
      await work();
    } catch (error) {
      put(problem, failure(error));
    }
  });
  const start = act(async () => {
    const { syncId } = await send("POST", "/api/sync/start", { connectionId: connection.connectionId });
    announce(`The sync of ${nameOf(connection)} has started.`);
    set(null, await get(`/api/sync/status/${encodeURIComponent(syncId)}`));
  });
  const cancel = act(async () => {
    const { syncId } = sync;
    if (!confirm(`Cancel the sync of ${nameOf(connection)}? What is loaded stays.`)) return;
    await send("POST", `/api/sync/cancel/${encodeURIComponent(syncId)}`);
    set(null, await get(`/api/sync/status/${encodeURIComponent(syncId)}`));
  });

  const head = () => h("div.row.spread", {},
    h("h2", {}, nameOf(connection), " ",
      sync ? h(`span.badge.${kindOf("sync", sync.status)}`, {}, wordsOf("sync", sync.status)) : null),
    sync?.status === "in_progress"
      ? h("button.quiet", { type: "button", onclick: cancel, "aria-label": `Cancel the sync of ${nameOf(connection)}` }, "Cancel")
      : connection.status === "active"
        ? h("button", { type: "button", onclick: start, "aria-label": `Sync ${nameOf(connection)} now` }, "Sync now") : null);

  const body = () => {
    if (!sync) return h("p.muted", {}, "No data has been loaded yet.");
    const more = h("details", { open: details }, h("summary", {}, "By kind of data"), streams(sync, loaded), loaded?.holes);
    more.addEventListener("toggle", () => {
      details = more.open;
      if (details) look();
    });
    return [sync.status === "in_progress" ? running(sync) : ended(sync), causes(sync), more];
  };
  return { part, set };
}

function running(sync) {
  return [
    h("p", {}, sync.message),
    h("progress", { value: sync.progress, max: 100, "aria-label": "Progress of the sync" }),
    h("p.muted.small", {}, listed([`${sync.progress} %`, `started ${time(sync.startedAt)}`,
      sync.estimatedCompletion && `expected to end ${time(sync.estimatedCompletion)}`])),
  ];
}

function ended(sync) {
  const found = plural(sync.claimsDetected, "new claim");
  return h("p.muted.small", {}, listed([`Ended ${time(sync.completedAt)}`, plural(sync.ordersProcessed, "new or changed order"),
    sync.claimsDetected ? h("a", { href: `#/claims?${new URLSearchParams({ syncId: sync.syncId })}` }, found) : found]));
}

/** Why streams brought nothing: each reason once, however many streams it hit. */
function causes(sync) {
  const byReason = new Map();
  for (const { name, status, reason } of sync.streams) {
    if (!reason) continue;
    const known = byReason.get(reason) ?? { names: [], isFailure: false };
    byReason.set(reason, { names: [...known.names, words(name)], isFailure: known.isFailure || status === "failed" });
  }
  const lines = (isFailure) => [...byReason].filter(([, one]) => one.isFailure === isFailure)
    .map(([reason, { names }]) => h("li", {}, sentence(reason), h("div.muted.small", {}, shortened(names))));
  const [failed, missing] = [lines(true), lines(false)];
  if (sync.status === "failed" && !failed.length) failed.push(h("li", {}, sentence(sync.error ?? sync.message)));
  return [
    failed.length ? h("div.error", {}, h("b", {}, plural(failed.length, "problem")), h("ul.plain", {}, failed),
      sync.status === "failed" ? h("p", {}, "Everything else was kept. When this is solved, start the sync again: it goes on from there.") : null) : null,
    missing.length ? h("details", {}, h("summary", {}, "What Amazon does not give this account"), h("ul.plain.small", {}, missing)) : null,
  ];
}

function shortened(names) {
  return names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${number(names.length - 3)} others` : names.join(", ");
}

function sentence(text) {
  const said = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** While it runs what comes in; afterwards what is held, what of it is new and up to when it is loaded. */
function streams(sync, loaded) {
  const state = ["State", (one) => [h(`span.badge.${kindOf("stream", one.status)}`, {}, wordsOf("stream", one.status)),
    one.waitingUntil ? h("div.muted.small", {}, `waiting for Amazon until about ${time(one.waitingUntil)}`) : null]];
  const name = ["Data", (one) => words(one.name), "lead"];
  if (sync.status === "in_progress") {
    const expected = (one) => (one.expectedRows ? `${number(one.rows)} of ${number(one.expectedRows)}` : number(one.rows));
    return table("The running sync, by kind of data", [name, ["Rows", expected, "number"], state], sync.streams);
  }
  const of = (one) => loaded?.streams?.get(one.name);
  return table("Loaded data, by kind", [
    name,
    ["Stored", (one) => number(of(one)?.rows), "number"],
    ["New or changed", (one) => number(one.rows), "number"],
    ["Loaded up to", (one) => (of(one)?.to ? day(of(one).to) : "-"), "date"],
    state,
  ], sync.streams);
}
