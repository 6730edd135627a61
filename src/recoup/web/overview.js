// How the data stands: the syncs as they go, the accounts, what is owed in sum.

import { authorizeButton, needsConsent, troubles } from "./accounts.js";
import { get } from "./api.js";
import { announce, failure, h, keepFocus, listed, put } from "./dom.js";
import { follow } from "./feed.js";
import { firstSteps } from "./first_steps.js";
import { noteList } from "./notes.js";
import { kindOf, wordsOf } from "./states.js";
import { syncCards } from "./syncs.js";
import { money, nameOf, number, percent, plural, time } from "./words.js";

const ACCOUNTS = "/api/v1/integrations/amazon/status";
// Events come in bursts; what they change is asked for once.
const SETTLE_MS = 300;

export async function showOverview() {
  const parts = { steps: h("div"), figures: h("div"), notes: h("div"), accounts: h("div"), activity: h("div") };
  // What an action met stays until the page is left; what loading met, until it is loaded.
  const problem = h("div");
  const trouble = h("div");
  const syncs = syncCards();
  const running = new Map();

  const load = async () => {
    const [accounts, status, metrics, activity] = await Promise.all([
      get(ACCOUNTS),
      get("/api/sync/status"),
      get("/api/metrics/recoveries"),
      get("/api/sync/activity", { limit: 8 }),
    ]);
    for (const sync of status.syncs) running.set(sync.syncId, sync.status);
    syncs.setConnections(accounts.connections, status.syncs);
    const steps = await firstSteps(accounts, status, problem);
    const drawn = {
      steps,
      figures: steps && !metrics.owed.claimCount ? null : tiles(metrics),
      notes: notesCard(status.notes, accounts),
      accounts: accounts.connections.length ? accountsCard(accounts, status, problem) : null,
      activity: activityCard(activity, sellersOf(accounts, status)),
    };
    for (const [name, part] of Object.entries(parts)) keepFocus(part, () => put(part, drawn[name]));
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
      h("h1", {}, "Overview"), trouble, problem, parts.steps, parts.figures, parts.notes,
      h("div.split", {}, h("section", { "aria-label": "Syncs" }, syncs.part), h("div", {}, parts.accounts, parts.activity)),
    ],
  };
}

/** Each number is a link to exactly the claims that it counts. */
function tiles(metrics) {
  const tile = (name, value, note) =>
    h("section.card", {}, h("h2.tile-name", {}, name), h("div.tile-value", {}, value), h("div.muted.small", {}, note));
  const link = (text, query) => h("a", { href: `#/claims?${new URLSearchParams(query)}` }, text);
  const sums = (standing) => {
    const { byCurrency, unvaluedCount } = metrics[standing];
    if (!byCurrency.length) return unvaluedCount ? "not known" : "-";
    const [first, ...others] = byCurrency.map((one) => link(money(one), { standing, currency: one.currency }));
    return [first, others.length ? h("ul.other-sums", {}, others.map((one) => h("li", {}, one))) : null];
  };
  const count = (standing) => {
    const { claimCount, unvaluedCount } = metrics[standing];
    return [link(plural(claimCount, "claim"), { standing }),
      unvaluedCount && link(`${number(unvaluedCount)} without a known amount`, { standing, valued: false })];
  };
  const left = (standing, name) => metrics[standing].claimCount
    && link(`${number(metrics[standing].claimCount)} ${name}`, { standing });
  const rate = metrics.successRate === null ? ["nothing decided yet"]
    : [`${percent(metrics.successRate)} of what Amazon decided`, left("rejected", "rejected")];
  return h("div.tiles", {},
    tile("Owed, to be filed", sums("owed"), listed(count("owed"))),
    tile("Filed", sums("filed"), listed(count("filed"))),
    tile("Approved", sums("approved"), listed([...count("approved"), ...rate])),
    tile("To review", link(number(metrics.toReview.claimCount), { standing: "toReview" }),
      listed(["weak evidence, not counted as owed", left("windowUnknown", "with an unknown window"), left("expired", "too late to file")])));
}

function notesCard(notes, { connections }) {
  if (!notes.length) return null;
  const sellers = connections.length > 1 ? Object.fromEntries(connections.map((one) => [one.connectionId, nameOf(one)])) : {};
  return h("details.card", {}, h("summary", {}, h("h2", {}, `${plural(notes.length, "thing")} to look at`)), noteList(notes, sellers));
}

function accountsCard(accounts, status, problem) {
  const lines = accounts.connections.map((one) => h("li", {},
    h("b", {}, one.sellingPartnerId), ` ${one.region}, ${wordsOf("environment", one.environment)} `,
    h(`span.badge.${kindOf("connection", one.status)}`, {}, wordsOf("connection", one.status)),
    h("div.muted.small", {}, one.lastSyncAt ? `Last sync ${time(one.lastSyncAt)}` : "Never synced"),
    troubles(one),
    one.status !== "disconnected" && needsConsent(one) ? authorizeButton(one, "Authorize again", problem) : null));
  return h("section.card", {},
    h("h2", {}, "Amazon accounts"),
    h("ul.plain.spaced", {}, lines),
    h("p", {}, h("a", { href: "#/accounts" }, "Manage accounts")),
    status.nextScheduledSync ? h("p.muted.small", {}, `Next scheduled sync ${time(status.nextScheduledSync)}`) : null);
}

/** Whose a sync was, where there are several accounts. */
function sellersOf({ connections }, { syncs }) {
  if (connections.length < 2) return new Map();
  const names = new Map(connections.map((one) => [one.connectionId, nameOf(one)]));
  return new Map(syncs.map((sync) => [sync.syncId, names.get(sync.connectionId)]));
}

function activityCard({ activities }, sellers) {
  if (!activities.length) return null;
  const lines = activities.map((one) => h("li", {}, one.message,
    h("div.muted.small", {}, listed([time(one.timestamp), sellers.get(one.syncId)]))));
  return h("section.card", {}, h("h2", {}, "Lately"), h("ul.plain.spaced", {}, lines));
}
