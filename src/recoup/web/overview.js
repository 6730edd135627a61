// How the data stands: the running sync as it goes, the accounts, what is owed in sum.

import { get, send } from "./api.js";
import { announce, failure, h, put, table } from "./dom.js";
import { STATUS_KINDS, number, plural, sums, time, words } from "./words.js";

export async function showOverview() {
  const [accounts, status, metrics, activity] = await Promise.all([
    get("/api/v1/integrations/amazon/status"),
    get("/api/sync/status"),
    get("/api/metrics/recoveries"),
    get("/api/sync/activity", { limit: 8 }),
  ]);
  const sync = h("section.card", { "aria-label": "Sync" });
  const feed = new EventSource("/api/sse/status");
  const figures = h("div", {}, tiles(metrics));
  const draw = (state) => {
    const focused = sync.contains(document.activeElement);
    put(sync, syncCard(state, accounts, draw));
    // What is redrawn takes the focus away from those who use the keyboard.
    if (focused) sync.querySelector("button")?.focus();
  };
  feed.onmessage = async (event) => {
    const data = JSON.parse(event.data);
    if (data.type !== "sync") return;
    draw(data.sync);
    if (data.sync.status === "in_progress") return;
    announce(data.sync.message);
    put(figures, tiles(await get("/api/metrics/recoveries")));
  };
  draw(status.activeSync ?? status.lastSync);
  return {
    title: "Overview",
    leave: () => feed.close(),
    content: [
      h("h1", {}, "Overview"),
      figures,
      h("div.split", {}, sync, h("div", {}, accountsCard(accounts, status), activityCard(activity))),
    ],
  };
}

function tiles(metrics) {
  const tile = (name, value, note) =>
    h("section.card", {}, h("div.tile-name", {}, name), h("div.tile-value", {}, value), h("div.muted.small", {}, note));
  const { pending, toReview, filed, approved, successRate } = metrics;
  const unvalued = pending.unvaluedCount ? `, ${number(pending.unvaluedCount)} without a known amount` : "";
  const link = (text, query) => h("a", { href: `#/claims?${query}` }, text);
  return h("div.tiles", {},
    tile("Owed, to be filed", sums(pending), [link(plural(pending.claimCount, "claim"), "status=detected"), unvalued]),
    tile("Filed", sums(filed), link(plural(filed.claimCount, "claim"), "status=filed&minConfidence=")),
    tile("Approved", sums(approved), successRate === null ? "nothing decided yet"
      : `${plural(approved.claimCount, "claim")}, ${Math.round(successRate * 100)} % of what Amazon decided`),
    tile("To look at", number(toReview.claimCount), [link("thin evidence", "minConfidence="), ": not counted as owed"]));
}

function syncCard(sync, accounts, draw) {
  const problem = h("div");
  const act = (work) => async (event) => {
    event.target.disabled = true;
    try {
      await work();
    } catch (error) {
      put(problem, failure(error));
    }
    event.target.disabled = false;
  };
  const start = (connectionId) => act(async () => {
    const { syncId } = await send("POST", "/api/sync/start", { connectionId });
    draw(await get(`/api/sync/status/${encodeURIComponent(syncId)}`));
  });
  const cancel = act(() => send("POST", `/api/sync/cancel/${encodeURIComponent(sync.syncId)}`));
  const usable = accounts.connections.filter((one) => one.status === "active");
  const running = sync?.status === "in_progress";
  const buttons = running
    ? [h("button.quiet", { type: "button", onclick: cancel }, "Cancel")]
    : usable.map((one) => h("button", { type: "button", onclick: start(one.connectionId) },
        usable.length > 1 ? `Sync ${one.sellingPartnerId}` : "Sync now"));
  const head = h("div.row.spread", {}, h("h2", {}, "Sync"), h("div.row", {}, buttons));
  if (!sync) return [head, problem, h("p.muted", {}, "Nothing has been copied yet.")];
  return [
    head, problem,
    h("p", {}, h(`span.badge.${STATUS_KINDS[sync.status] || "none"}`, {}, words(sync.status)), " ", sync.message),
    h("progress", { value: sync.progress, max: 100, "aria-label": "Progress of the sync" }),
    h("p.muted.small", {}, running
      ? `${sync.progress} %, started ${time(sync.startedAt)}${sync.estimatedCompletion ? `, about done ${time(sync.estimatedCompletion)}` : ""}`
      : `Ended ${time(sync.completedAt)}, ${plural(sync.claimsDetected, "new claim")}`),
    table("What arrived, by kind of data", [
      ["Data", (one) => words(one.name)],
      ["Rows", (one) => number(one.rows), "number"],
      ["State", (one) => one.error ?? words(one.status)],
    ], sync.streams),
  ];
}

function accountsCard(accounts, status) {
  const lines = accounts.connections.map((one) => h("li", {},
    h("b", {}, one.sellingPartnerId), ` ${one.region}, ${one.environment} `,
    h(`span.badge.${one.status === "active" ? "good" : "bad"}`, {}, words(one.status)),
    h("div.muted.small", {}, `Last sync ${time(one.lastSyncAt)}`)));
  return h("section.card", {},
    h("h2", {}, "Amazon accounts"),
    lines.length ? h("ul.plain", {}, lines)
      : h("p", {}, "None yet. Connect one with ", h("code", {}, "recoup connect"), "."),
    status.nextScheduledSync ? h("p.muted.small", {}, `Next scheduled sync ${time(status.nextScheduledSync)}`) : null);
}

function activityCard({ activities }) {
  const lines = activities.map((one) => h("li", {}, one.message, h("div.muted.small", {}, time(one.timestamp))));
  return h("section.card", {}, h("h2", {}, "Lately"),
    lines.length ? h("ul.plain", {}, lines) : h("p.muted", {}, "Nothing has happened yet."));
}
