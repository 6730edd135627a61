// From when to when data is loaded, what is missing, and why.

import { h } from "./dom.js";
import { day, time, told, words } from "./words.js";

/** By stream: rows, the days that are loaded in all its marketplaces, and when it was last read to its
    end in all of them. */
export function loadedByStream({ streams }) {
  const found = new Map();
  for (const one of streams) {
    const known = found.get(one.name);
    const until = one.to ?? one.asOf;
    found.set(one.name, {
      rows: one.rows === null && !known ? null : (known?.rows ?? 0) + (one.rows ?? 0),
      from: known?.from && known.from > one.from ? known.from : one.from,
      to: known && until && known.to && known.to < until ? known.to : until ?? known?.to ?? null,
      asOf: known && !(known.asOf && known.asOf > one.asOf) ? known.asOf : one.asOf,
    });
  }
  return found;
}

/** What is missing, each reason once. */
export function holesList({ streams }) {
  const byReason = new Map();
  for (const one of streams)
    for (const hole of one.holes)
      byReason.set(hole.reason, [...(byReason.get(hole.reason) ?? []), `${words(one.name)}${span(hole)}`]);
  if (!byReason.size) return null;
  return h("details", {}, h("summary", {}, "What is missing"),
    h("ul.plain.small", {}, [...byReason].map(([reason, places]) => h("li", {}, told(reason), h("div.muted", {}, places.join(", "))))));
}

function span(hole) {
  if (!hole.from) return "";
  const within = day(hole.from) === day(hole.to);
  return ` from ${within ? time(hole.from) : day(hole.from)} to ${within ? time(hole.to) : day(hole.to)}`;
}
