// When each Amazon account syncs by itself.

import { get, send } from "../shared/api.js";
import { drawAgain, h, put, select, table } from "../shared/dom.js";
import { nameOf, time } from "../shared/words.js";

const BASE = "/api/v1/integrations/amazon";
// By what is left out of a day: the API takes any hour, and hours are in UTC.
const CHOICES = [
  ["server", "Server default"], ["", "Manual only"], ["0 * * * *", "Every hour"], ["0 */6 * * *", "Every 6 hours"],
  ...Array.from({ length: 24 }, (_, hour) => [`0 ${hour} * * *`, `Daily at ${String(hour).padStart(2, "0")}:00 UTC`]),
];

/** mayChange: whether the person may. act: as of the settings page. */
export async function schedules(mayChange, act) {
  const part = h("section.card", { "aria-label": "Schedule" });
  const refresh = async () => {
    const { connections } = await get(`${BASE}/status`);
    drawAgain(part, () => put(part, h("h2", {}, "Schedule"), body(connections, mayChange && change)));
  };
  const run = act(refresh);
  const change = (one, schedule) => run(`The schedule of ${nameOf(one)} was changed.`, () =>
    send("PATCH", `${BASE}/connections/${encodeURIComponent(one.connectionId)}`, { schedule: schedule === "server" ? null : schedule }));
  await refresh();
  return part;
}

function body(connections, change) {
  const usable = connections.filter((one) => one.status !== "disconnected" && one.environment !== "files");
  if (!usable.length) return h("p.muted", {}, "No account is connected yet.");
  return [
    h("p.muted.small", {}, "The server's default schedule is the setting ", h("code", {}, "RECOUP_SYNC_SCHEDULE"), "."),
    table("Schedule", [
      ["Amazon account", nameOf, "wrap lead"],
      ["Syncs", (one) => (change ? choice(one, change) : called(one.schedule))],
      ["Next", (one) => (one.nextSyncAt ? time(one.nextSyncAt) : "not scheduled"), "date"],
    ], usable),
  ];
}

function choice(one, change) {
  const chosen = one.schedule ?? "server";
  const others = CHOICES.some(([value]) => value === chosen) ? [] : [[chosen, chosen]];
  return select("schedule", [...CHOICES, ...others], chosen, {
    "aria-label": `Schedule of ${nameOf(one)}`, onchange: (event) => change(one, event.target.value),
  });
}

function called(schedule) {
  const known = CHOICES.find(([value]) => value === (schedule ?? "server"));
  return known ? known[1] : `by ${schedule} (cron, UTC)`;
}
