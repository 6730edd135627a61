// One sync: how far it is or why it failed and what to do, by kind of data, and how it was planned.

import { authorizeButton, needsConsent, troubles } from "../accounts/accounts.js";
import { get } from "../shared/api.js";
import { announce, drawAgain, failure, h, once, put } from "../shared/dom.js";
import { follow } from "../shared/feed.js";
import { gathered, noteList } from "../shared/notes.js";
import { mayAct } from "../shared/rights.js";
import { cancelSync, causes, outcome, planDetails, progressTable, startSync, syncBadge } from "./sync_parts.js";
import { planOf } from "./sync_plan.js";
import { lasting, nameOf, number, plural, time } from "../shared/words.js";

export async function showSync(id) {
  const path = `/api/sync/status/${encodeURIComponent(id)}`;
  const [first, accounts, { mayWork, mayConnect }] = await Promise.all([get(path), get("/api/v1/integrations/amazon/status"), mayAct()]);
  const connection = accounts.connections.find((one) => one.connectionId === first.connectionId);
  const part = h("div");
  const problem = h("div");
  let sync = first;
  let planPart = null;
  const plan = planOf(() => draw());

  const draw = () => drawAgain(part, () => put(part, content()));
  const set = (state) => {
    if (sync.status === "in_progress" && state.status !== "in_progress") announce(state.message);
    // Events carry no plan; the last one that was told stays.
    sync = { plan: sync.plan, ...state };
    draw();
    if (sync.status === "in_progress") plan.look(sync);
  };
  const load = async () => set(await get(path));
  const act = (work) => once(async () => {
    put(problem);
    try {
      await work();
    } catch (error) {
      put(problem, failure(error));
    }
  });
  const cancel = act(async () => await cancelSync(sync, connection) && load());
  const again = act(async () => {
    const syncId = await startSync(connection);
    location.hash = `#/syncs/${encodeURIComponent(syncId)}`;
  });

  /** Who has to act: the seller at Amazon, or whoever starts it again. */
  const remedy = () => [
    connection && needsConsent(connection) ? [troubles(connection), mayConnect ? authorizeButton(connection, "Authorize again", problem) : null] : null,
    mayWork && sync.status !== "in_progress" && connection?.status === "active" ? h("button.quiet", { type: "button", onclick: again }, "Start the sync again") : null,
  ];
  const content = () => {
    const known = plan.of(sync) ?? sync.plan;
    return [
      h("section.card", { "aria-label": "Outcome" },
        h("div.row.spread", {}, h("h2", {}, syncBadge(sync)),
          mayWork && sync.status === "in_progress" ? h("button.quiet", { type: "button", onclick: cancel }, "Cancel") : null),
        problem, outcome(sync, known), causes(sync, h("div.row.actions", {}, remedy())),
        sync.attempt > 1 ? h("p.muted.small", {}, `Attempt ${number(sync.attempt)}: a worker stopped in between, and another one continued.`) : null),
      h("section.card", {}, h("h2", {}, "By kind of data"), progressTable(sync, known)),
      known ? planCard(known) : null,
      sync.notes.length ? h("section.card", {}, h("h2", {}, `${plural(gathered(sync.notes).length, "thing")} to look at`), noteList(sync.notes)) : null,
    ];
  };
  const planCard = (known) => {
    const took = known.actualSeconds === null ? "" : `, took ${lasting(known.actualSeconds)}`;
    planPart = h("details.card", { open: planPart?.open ?? false },
      h("summary", {}, h("h2", {}, "Plan"), h("span.muted", {}, ` planned for ${lasting(known.predictedSeconds)}${took}`)), planDetails(known));
    return planPart;
  };

  draw();
  const stop = follow(({ type, data }) => {
    if (type === "open" && sync.status === "in_progress") load().catch((error) => error.status && put(problem, failure(error)));
    if (type === "event" && data.type === "sync" && data.sync.syncId === id) set(data.sync);
  });
  const name = connection ? nameOf(connection) : "a removed account";
  return {
    title: `Sync of ${name}`,
    leave: stop,
    content: [h("p", {}, h("a", { href: "#/syncs" }, "All syncs")), h("h1", {}, `Sync of ${name}, ${time(sync.startedAt)}`), part],
  };
}
