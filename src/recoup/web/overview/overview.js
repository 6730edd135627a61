// How it stands: the money, what needs a person, the syncs as they go, the accounts.

import { get } from "../shared/api.js";
import { attention, healthOf } from "./attention.js";
import { charts } from "./charts.js";
import { announce, drawAgain, failure, h, listed, put } from "../shared/dom.js";
import { follow } from "../shared/feed.js";
import { firstSteps } from "./first_steps.js";
import { moneyTiles } from "./money_tiles.js";
import { mayAct } from "../shared/rights.js";
import { wordsOf } from "../shared/states.js";
import { syncCards } from "../syncs/syncs.js";
import { nameOf, time, told } from "../shared/words.js";

const ACCOUNTS = "/api/v1/integrations/amazon/status";
// Events come in bursts; what they change is asked for once.
const SETTLE_MS = 300;

export async function showOverview() {
  const names = ["steps", "attention", "figures", "charts", "accounts", "activity"];
  const parts = Object.fromEntries(names.map((name) => [name, h("div")]));
  parts.accounts.className = "accounts";
  parts.activity.className = "lately";
  // What an action met stays until the page is left; what loading met, until it is loaded.
  const problem = h("div");
  const trouble = h("div");
  const { mayWork, mayConnect } = await mayAct();
  const syncs = syncCards({ mayWork });
  const running = new Map();

  const load = async () => {
    const [accounts, status, metrics, activity, missing, refused] = await Promise.all([
      get(ACCOUNTS),
      get("/api/sync/status"),
      get("/api/metrics/recoveries"),
      get("/api/sync/activity", { limit: 8 }),
      get("/api/sourcing-costs/missing", { limit: 1 }),
      countRefused(),
    ]);
    for (const sync of status.syncs) running.set(sync.syncId, sync.status);
    syncs.setConnections(accounts.connections, status.syncs);
    const steps = mayConnect ? await firstSteps(accounts, status, metrics, problem) : null;
    const isEmpty = steps && !metrics.owed.claimCount;
    const drawn = {
      steps,
      attention: attention({ ...accounts, notes: status.notes, missing, refused, metrics, problem, mayConnect }),
      figures: isEmpty ? null : moneyTiles(metrics),
      charts: isEmpty ? null : charts(metrics),
      accounts: accounts.connections.length ? accountsCard(accounts, status) : null,
      activity: activityCard(activity, sellersOf(accounts, status)),
    };
    for (const [name, part] of Object.entries(parts)) drawAgain(part, () => put(part, drawn[name]));
    put(trouble);
  };

  let timer = null;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => load().catch((error) => error.status && put(trouble, failure(error))), SETTLE_MS);
  };
  const stop = follow(({ type, data }) => {
    if (type === "open") soon();
    if (type !== "event") return;
    if (data.type !== "sync") return soon();
    const { sync } = data;
    syncs.update(sync);
    if (running.get(sync.syncId) === sync.status) return;
    if (running.has(sync.syncId) && sync.status !== "in_progress") announce(sync.message);
    running.set(sync.syncId, sync.status);
    soon();
  });
  const leave = () => {
    stop();
    clearTimeout(timer);
  };
  try {
    await load();
  } catch (error) {
    leave();
    throw error;
  }
  return {
    title: "Overview",
    leave,
    content: [
      h("h1", {}, "Overview"), trouble, problem, parts.steps, parts.attention, parts.figures,
      h("div.now", {}, h("section.syncs", { "aria-label": "Syncs" }, syncs.part), parts.accounts, parts.activity),
      parts.charts,
    ],
  };
}

/** Costs that Amazon has refused and that can be sent again by now, of all accounts. */
async function countRefused() {
  const { dueCount } = await get("/api/sourcing-costs/amazon/due");
  return dueCount;
}

function accountsCard({ connections }, { syncs, notes }) {
  const newest = new Map(syncs.map((sync) => [sync.connectionId, sync]));
  const lines = connections.map((one) => h("li", {},
    h("div.row.spread", {}, h("b", {}, one.sellingPartnerId), healthOf(one, newest.get(one.connectionId), notes)),
    h("div.small", {}, listed([one.region, wordsOf("environment", one.environment),
      ...one.marketplaceIds.map((id) => wordsOf("marketplace", id))])),
    one.environment === "files" ? h("div.small", {}, h("a", { href: `#/check/${encodeURIComponent(one.connectionId)}` }, "Reports and what is missing"))
      : h("div.muted.small", {}, one.lastSyncAt ? `Last sync ${time(one.lastSyncAt)}` : "Never synced"),
    one.status === "active" && one.nextSyncAt ? h("div.muted.small", {}, `Next sync ${time(one.nextSyncAt)}`) : null));
  return h("section.card", { "aria-label": "Amazon accounts" },
    h("h2", {}, "Amazon accounts"),
    h("ul.plain.spaced", {}, lines),
    h("p", {}, h("a", { href: "#/accounts" }, "Manage accounts")));
}

/** Whose a sync was, where there are several accounts. */
function sellersOf({ connections }, { syncs }) {
  if (connections.length < 2) return new Map();
  const names = new Map(connections.map((one) => [one.connectionId, nameOf(one)]));
  return new Map(syncs.map((sync) => [sync.syncId, names.get(sync.connectionId)]));
}

function activityCard({ activities }, sellers) {
  if (!activities.length) return null;
  const lines = activities.map((one) => h("li", {}, told(one.message),
    h("div.muted.small", {}, listed([time(one.timestamp), sellers.get(one.syncId)]))));
  return h("section.card", {}, h("h2", {}, "Recent activity"), h("ul.plain.spaced", {}, lines));
}
