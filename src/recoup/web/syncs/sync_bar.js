// The last syncs of a connection, the newest on the right: each a link, told by sign and name too.

import { get } from "../shared/api.js";
import { failure, h, put } from "../shared/dom.js";
import { kindOf, wordsOf } from "../shared/states.js";
import { lasting, plural, time } from "../shared/words.js";

const SHOWN = 30;
const SIGNS = { good: "✓", bad: "✕", accent: "…" };

/** show(connection, sync): as of its newest sync. */
export function lastSyncs() {
  const part = h("div.last-syncs");
  let shown = "";

  const show = async (connection, sync) => {
    const now = `${sync?.syncId} ${sync?.status}`;
    if (!sync || now === shown) return;
    shown = now;
    let found;
    try {
      found = await get("/api/sync/history", { connectionId: connection.connectionId, limit: SHOWN });
    } catch (error) {
      // What went before is no reason to hide the card; the next news of it asks again.
      if (now !== shown) return;
      shown = "";
      put(part, failure(error));
      return;
    }
    if (now !== shown) return;
    put(part, h("h3", {}, found.syncs.length === 1 ? "The last sync" : `The last ${found.syncs.length} syncs`),
      h("ol.bar-of-syncs", {}, found.syncs.reverse().map((one) => h("li", {}, link(one)))));
  };
  return { part, show };
}

function link(sync) {
  const kind = kindOf("sync", sync.status);
  const title = [`${wordsOf("sync", sync.status)}, ${time(sync.startedAt)}`, sync.duration && lasting(sync.duration),
    sync.claimsDetected && plural(sync.claimsDetected, "new claim")].filter(Boolean).join(", ");
  return h(`a.${kind}`, { href: `#/syncs/${encodeURIComponent(sync.syncId)}`, title, "aria-label": title }, SIGNS[kind] ?? "–");
}
