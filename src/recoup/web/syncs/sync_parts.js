// What is shown of a sync, on its card and on its page.

import { send } from "../shared/api.js";
import { h, listed, table } from "../shared/dom.js";
import { kindOf, wordsOf } from "../shared/states.js";
import { day, lasting, nameOf, number, plural, sentence, time, told, words } from "../shared/words.js";

export function syncBadge(sync) {
  return h(`span.badge.${kindOf("sync", sync.status)}`, {}, wordsOf("sync", sync.status));
}

/** Asks first; true once it is cancelled. */
export async function cancelSync(sync, connection) {
  if (!confirm(`Cancel the sync of ${nameOf(connection)}? Data that is loaded already is kept.`)) return false;
  await send("POST", `/api/sync/cancel/${encodeURIComponent(sync.syncId)}`);
  return true;
}

/** The id of the sync that it starts. */
export async function startSync(connection) {
  const { syncId } = await send("POST", "/api/sync/start", { connectionId: connection.connectionId });
  return syncId;
}

/** How far it is, or how it ended. */
export function outcome(sync, plan = null) {
  if (sync.status !== "in_progress") return ended(sync, plan);
  return [
    h("p", {}, told(sync.message)),
    h("progress", { value: sync.progress, max: 100, "aria-label": "Progress of the sync" }),
    h("p.muted.small", {}, listed([`${sync.progress} %`, `started ${time(sync.startedAt)}`,
      sync.estimatedCompletion && `expected to end ${time(sync.estimatedCompletion)}`,
      plan && `planned for ${lasting(plan.predictedSeconds)}`])),
  ];
}

function ended(sync, plan) {
  const found = plural(sync.claimsDetected, "new claim");
  return h("p.muted.small", {}, listed([`Ended ${time(sync.completedAt)} after ${lasting(sync.duration)}`,
    plan && `planned for ${lasting(plan.predictedSeconds)}`, plural(sync.ordersProcessed, "new or changed order"),
    sync.claimsDetected ? h("a", { href: `#/claims?${new URLSearchParams({ syncId: sync.syncId })}` }, found) : found]));
}

/** Why streams brought nothing: each reason once, however many streams it hit. remedy: what to do. */
export function causes(sync, remedy = null) {
  const byReason = new Map();
  for (const { name, status, reason } of sync.streams) {
    if (!reason) continue;
    const { cause, call } = causeOf(reason);
    const known = byReason.get(cause) ?? { names: [], calls: [], isFailure: false };
    byReason.set(cause, { names: [...known.names, words(name)], calls: call ? [...known.calls, call] : known.calls,
      isFailure: known.isFailure || status === "failed" });
  }
  const lines = (isFailure) => [...byReason].filter(([, one]) => one.isFailure === isFailure)
    .map(([cause, { names, calls }]) => h("li", {}, told(sentence(cause)), h("div.muted.small", {}, shortened(names)),
      calls.length ? h("details.small", {}, h("summary", {}, "For Amazon's support"), h("ul.plain", {}, calls.map((call) => h("li", {}, call)))) : null));
  const [failed, missing] = [lines(true), lines(false)];
  if (sync.status === "failed" && !failed.length) failed.push(h("li", {}, told(sentence(sync.error ?? sync.message))));
  return [
    failed.length ? h("div.error", {}, h("b", {}, plural(failed.length, "problem")), h("ul.plain", {}, failed),
      sync.status === "failed" ? h("p", {}, "Everything else was kept. ", goesOn(sync)) : null,
      remedy) : null,
    missing.length ? h("details", {}, h("summary", {}, "Not available for this account"), h("ul.plain.small", {}, missing)) : null,
  ];
}

function goesOn({ retryAt }) {
  if (retryAt && Date.parse(retryAt) > Date.now()) return `recoup tries again at ${time(retryAt)} and continues from there. You do not have to do anything.`;
  return "Once this is solved, start the sync again: it continues from there.";
}

/** A reason without the call that met it, which is another one for each kind of data. */
function causeOf(reason) {
  const [, operation, cause, request] = /^(?:([a-z]+[A-Z]\w*): )?(.*?)(?: \(request ([^()]+)\))?\.?$/s.exec(reason);
  return { cause, call: request ? `${operation ?? "A call"}, request ${request}` : operation };
}

function shortened(names) {
  return names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${number(names.length - 3)} others` : names.join(", ");
}

const NAME = ["Data", (one) => words(one.name), "lead"];
const STATE = ["State", (one) => [h(`span.badge.${kindOf("stream", one.status)}`, {}, wordsOf("stream", one.status)),
  one.waitingUntil ? h("div.muted.small", {}, `waiting for Amazon's limit or report until about ${time(one.waitingUntil)}`) : null]];

/** A running sync, or one of the past: what came in, of how much, and how the plan went. */
export function progressTable(sync, plan = null) {
  const steps = plan && stepsByStream(plan);
  const quarantined = sync.streams.some((one) => one.rowsQuarantined);
  return table("The sync, by kind of data", [NAME, STATE,
    ["Rows", (one) => (one.status === "pending" ? null : number(one.rows)), "number"],
    ["Expected rows", (one) => one.expectedRows === null ? null : number(one.expectedRows), "number"],
    ...(quarantined ? [["Unreadable", (one) => (one.rowsQuarantined ? h("a", { href: `#/syncs/quarantine?${new URLSearchParams({ connectionId: sync.connectionId, stream: one.name })}` }, number(one.rowsQuarantined)) : null), "number"]] : []),
    ...(steps ? [["Plan", (one) => stepsOf(steps.get(one.name)), "nowrap"]] : []),
  ], sync.streams);
}

/** After a sync what is held, what of it is new and up to when it is loaded. */
export function loadedTable(sync, loaded) {
  const of = (one) => loaded?.get(one.name);
  return table("Loaded data, by kind", [NAME,
    ["Stored", (one) => number(of(one)?.rows), "number"],
    ["New or changed", (one) => number(one.rows), "number"],
    ["Loaded up to", (one) => (of(one)?.to ? day(of(one).to) : "-"), "date"],
    STATE,
  ], sync.streams);
}

function stepsByStream({ steps }) {
  const found = new Map();
  for (const one of steps) found.set(one.stream, [...(found.get(one.stream) ?? []), one]);
  return found;
}

function stepsOf(steps) {
  if (!steps) return null;
  const done = steps.filter((one) => one.actualSeconds !== null).length;
  const by = [...new Set(steps.map((one) => SOURCES[one.source] ?? one.source))].join(" and ");
  return `${number(done)} of ${plural(steps.length, "step")}, by ${by}`;
}

const SOURCES = { api: "pages", report: "report" };

/** The steps of a plan, those of a stream and source in one row; then how the plan changed. */
export function planDetails(plan) {
  const rows = [...stepsByStream(plan)].flatMap(([, steps]) => Object.keys(SOURCES)
    .map((source) => steps.filter((one) => one.source === source)).filter((one) => one.length));
  const ends = (steps, end, pick) => steps.map((one) => one[end]).filter(Boolean).reduce(pick, null);
  const first = (steps) => ends(steps, "from", (known, one) => (known && known < one ? known : one));
  const last = (steps) => ends(steps, "to", (known, one) => (known && known > one ? known : one));
  const calls = (steps) => steps.flatMap((one) => Object.values(one.calls)).reduce((sum, one) => sum + one, 0);
  return [
    table("Plan of the sync", [
      ["Data", ([one]) => words(one.stream), "lead"],
      ["Steps", stepsOf, "nowrap"],
      ["Period", (steps) => (first(steps) ? `${day(first(steps))} to ${day(last(steps))}` : "current state")],
      ["Calls", (steps) => number(calls(steps)), "number"],
      ["Rows", (steps) => number(steps.reduce((sum, one) => sum + one.rows, 0)), "number"],
      ["Why", (steps) => told(sentence(steps[0].reason)), "wrap wide small"],
    ], rows),
    plan.revisions.length ? [h("h3", {}, "Changes of the plan"), h("ul.plain.small", {}, plan.revisions.map((one) =>
      h("li", {}, one.stream ? h("b", {}, `${words(one.stream)}: `) : null, told(sentence(one.reason)),
        h("div.muted", {}, `${time(one.at)}, whole sync now ${lasting(one.predictedSeconds)}`))))] : null,
  ];
}
