// One card per connection: how its sync goes, or how the last one ended and what is loaded.

import { get } from "../shared/api.js";
import { announce, drawAgain, failure, h, once, put } from "../shared/dom.js";
import { holesList, loadedByStream } from "../shared/coverage.js";
import { lastSyncs } from "./sync_bar.js";
import { cancelSync, causes, loadedTable, outcome, progressTable, startSync, syncBadge } from "./sync_parts.js";
import { nextPlan, planOf } from "./sync_plan.js";
import { nameOf } from "../shared/words.js";

/** The part of the page with its `update(sync)` and `setConnections(list, syncs)`. isDetailed: with the
    plan of a running sync and the syncs before it. mayWork: with buttons. */
export function syncCards({ isDetailed = false, mayWork }) {
  const part = h("div");
  const cards = new Map();
  const setConnections = (connections, syncs) => {
    const newest = new Map(syncs.map((sync) => [sync.connectionId, sync]));
    const listed = connections.filter((one) => one.environment !== "files").filter((one) => one.status !== "disconnected" || newest.has(one.connectionId));
    for (const id of [...cards.keys()]) if (!listed.some((one) => one.connectionId === id)) cards.delete(id);
    for (const one of listed) {
      const isShort = listed.length === 1 && (isDetailed || newest.get(one.connectionId)?.status === "in_progress");
      const card = cards.get(one.connectionId) ?? syncCard({ isOpen: isShort && isWide(), isDetailed, mayWork });
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

function syncCard({ isOpen, isDetailed, mayWork }) {
  const part = h("section.card");
  const problem = h("div");
  const trouble = h("div");
  const past = isDetailed ? lastSyncs() : null;
  const plan = isDetailed ? planOf(() => draw()) : null;
  const upcoming = isDetailed ? nextPlan(() => connection) : null;
  let connection = null;
  let sync;
  let said = "";
  let loaded = null;
  let details = isOpen;
  let more = null;

  const set = (account, state) => {
    // Of two syncs the newer one counts, whichever is told last.
    if (sync && state && state.startedAt < sync.startedAt) return;
    const now = JSON.stringify([account ?? connection, state]);
    if (now === said) return;
    said = now;
    if (sync?.syncId !== state?.syncId || state?.status !== "in_progress") loaded = null;
    if (account) connection = account;
    sync = state;
    past?.show(connection, sync);
    draw();
    if (details) look();
  };
  const draw = () => drawAgain(part, () => {
    part.setAttribute("aria-label", `Sync of ${nameOf(connection)}`);
    const isIdle = connection.status === "active" && sync?.status !== "in_progress";
    put(part, head(), problem, trouble, body(), isIdle ? upcoming : null, past?.part);
  });
  const look = async () => {
    if (sync?.status === "in_progress") return plan?.look(sync);
    if (!sync || loaded) return;
    const asked = loaded = {};
    try {
      const coverage = await get("/api/coverage", { connectionId: connection.connectionId });
      if (loaded !== asked) return;
      loaded = { streams: loadedByStream(coverage), holes: holesList(coverage) };
      put(trouble);
      draw();
    } catch (error) {
      // Whoever opens it again asks again.
      if (loaded === asked) loaded = null;
      put(trouble, failure(error));
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
    const syncId = await startSync(connection);
    announce(`The sync of ${nameOf(connection)} has started.`);
    set(null, await get(`/api/sync/status/${encodeURIComponent(syncId)}`));
  });
  const cancel = act(async () => {
    const { syncId } = sync;
    if (!await cancelSync(sync, connection)) return;
    set(null, await get(`/api/sync/status/${encodeURIComponent(syncId)}`));
  });

  const head = () => h("div.row.spread", {},
    h("h2", {}, nameOf(connection), " ", sync ? syncBadge(sync) : null),
    !mayWork ? null : sync?.status === "in_progress"
      ? h("button.quiet", { type: "button", onclick: cancel, "aria-label": `Cancel the sync of ${nameOf(connection)}` }, "Cancel")
      : connection.status === "active"
        ? h("button", { type: "button", onclick: start, "aria-label": `Sync ${nameOf(connection)} now` }, "Sync now") : null);

  const body = () => {
    if (!sync) return h("p.muted", {}, "No data has been loaded yet.");
    const known = plan?.of(sync) ?? null;
    const streams = sync.status === "in_progress" ? progressTable(sync, known) : loadedTable(sync, loaded?.streams);
    // Whoever has opened it a moment ago was not told of yet.
    more = h("details", { open: more?.open ?? details }, h("summary", {}, "By kind of data"), streams, loaded?.holes);
    more.addEventListener("toggle", ({ target }) => {
      if (target !== more) return;
      details = more.open;
      if (details) look();
    });
    return [outcome(sync, known), causes(sync), more,
      h("p.small", {}, h("a", { href: `#/syncs/${encodeURIComponent(sync.syncId)}` }, "Details of this sync"))];
  };
  return { part, set };
}
