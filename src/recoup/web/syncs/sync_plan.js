// What a sync will do: the plan of a running one, which its events do not carry, and of the next.

import { get } from "../shared/api.js";
import { failure, h, put } from "../shared/dom.js";
import { planDetails } from "./sync_parts.js";
import { lasting } from "../shared/words.js";

const FRESH_MS = 5000;

/** look(sync): asks for it, at most every few seconds; changed() once it is there. of(sync): the last
    one that is known of this sync. */
export function planOf(changed) {
  let known = { syncId: null, plan: null };
  let askedAt = -Infinity;
  const look = async ({ syncId }) => {
    const now = performance.now();
    if (syncId === known.syncId && now - askedAt < FRESH_MS) return;
    askedAt = now;
    try {
      const { plan } = await get(`/api/sync/status/${encodeURIComponent(syncId)}`);
      known = { syncId, plan };
    } catch {
      // The progress is shown without a plan too; what comes next asks again.
      askedAt = -Infinity;
      return;
    }
    changed();
  };
  return { look, of: ({ syncId }) => (known.syncId === syncId ? known.plan : null) };
}

/** Asked for by whoever opens it; connection(): whose it is. */
export function nextPlan(connection) {
  const body = h("div");
  const part = h("details", {}, h("summary", {}, "Plan of the next sync"), body);
  part.addEventListener("toggle", async () => {
    if (!part.open) return;
    if (!body.firstChild) put(body, h("p.muted.small", {}, "Loading ..."));
    try {
      const plan = await get("/api/sync/plan", { connectionId: connection().connectionId });
      put(body, h("p.muted.small", {}, `Expected time: ${lasting(plan.predictedSeconds)}, based on Amazon's limits and earlier syncs.`), planDetails(plan));
    } catch (error) {
      put(body, failure(error));
    }
  });
  return part;
}
