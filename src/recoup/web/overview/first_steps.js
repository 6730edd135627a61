// What a new seller does next; it disappears when all is done.

import { get, send } from "../shared/api.js";
import { failure, h, once, put } from "../shared/dom.js";

const BASE = "/api/v1/integrations/amazon";
// What the sandbox that comes with recoup accepts from everybody.
const SANDBOX_SELLER = { refreshToken: "Atzr|test", sellingPartnerId: "SANDBOX", region: "NA", environment: "local", marketplaceIds: [] };

// Whatever Amazon answered, it was filed.
const FILED = ["filed", "approved", "rejected"];

/** Null once a claim is filed, or where a sync found none. problem: the element that shows why a step is
    not possible. */
export async function firstSteps({ connections }, { syncs }, metrics, problem) {
  const isLoaded = connections.some((one) => one.lastSyncAt)
    || syncs.some((sync) => sync.status !== "failed" && sync.status !== "cancelled" && sync.completedAt);
  if (isLoaded && (!metrics.owed.claimCount || FILED.some((standing) => metrics[standing].claimCount))) return null;
  const isConnected = isLoaded || connections.some((one) => one.status === "active" && one.environment !== "files");
  const isRunning = syncs.some((sync) => sync.status === "in_progress");
  const isLocal = !isConnected && (await get(`${BASE}/environments`)).environments
    .some((one) => one.environment === "local" && one.isReady);
  const trial = once(async () => {
    try {
      const { connectionId } = await send("POST", `${BASE}/connections`,
        SANDBOX_SELLER);
      await send("POST", "/api/sync/start", { connectionId });
      window.dispatchEvent(new Event("redraw"));
    } catch (error) {
      put(problem, failure(error));
    }
  });
  const step = (done, title, ...content) =>
    h(done ? "li.done" : "li", {}, h("b", {}, title), done ? h("span.badge.good", {}, "Done") : null, content);
  return h("section.card", { "aria-label": "First steps" }, h("h2", {}, "First steps"),
    h("ol.steps", {},
      step(isConnected, "Connect an Amazon account", isConnected ? null : h("div.row.actions", {},
        h("a.button", { href: "#/accounts" }, "Connect Amazon"),
        h("a.button.quiet", { href: "#/accounts?with=token" }, "I have a refresh token"),
        h("a.button.quiet", { href: "#/check" }, "Drop reports instead"),
        isLocal ? h("button.quiet", { type: "button", onclick: trial }, "Try with the sandbox") : null),
      isConnected ? null : h("p.muted.small", {}, "Reports that you download in Seller Central show the first claims without any account."),
        isConnected || !isLocal ? null : h("p.muted.small", {}, "The sandbox is a made-up seller on this computer: no Amazon account is needed.")),
      step(isLoaded, "Load the data", isLoaded ? null : h("p.muted.small", {}, isRunning
        ? "The first sync is running. It reads up to twelve months; you may close this page."
        : "Start the first sync. It reads up to twelve months, and later ones only what has changed.")),
      step(false, "File the first claim", isLoaded
        ? [h("div.row.actions", {}, h("a.button", { href: "#/packs" }, "Open the filing packs")),
          h("p.muted.small", {}, "The most urgent one is first. recoup submits nothing: you file it in Seller Central, and enter the case id here.")]
        : h("p.muted.small", {}, "At the end of each sync recoup looks for money that Amazon owes you."))));
}
