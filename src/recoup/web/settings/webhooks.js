// Where programs are told what happens, and the log of what was sent to them.

import { get, send } from "../shared/api.js";
import { drawAgain, failure, field, h, once, put, table } from "../shared/dom.js";
import { shownOnce } from "../shared/secret.js";
import { choicesOf, kindOf, wordsOf } from "../shared/states.js";
import { time } from "../shared/words.js";

const PATH = "/api/webhooks";
const TEST = "webhook.test";
// A worker looks every two seconds, and a receiver may take fifteen.
const LOOK_MS = 1000;
const MOST_LOOKS = 25;

/** isOwner: whether the person may change them. act: as of the settings page. */
export async function webhooks(isOwner, act) {
  const list = h("div");
  const secret = h("div");
  const logs = new Map();
  const refresh = async () => {
    const found = (await get(PATH)).webhooks;
    drawAgain(list, () => put(list, found.length ? found.map((one) => card(one)) : h("p.muted", {}, "No webhooks yet.")));
  };
  const run = act(refresh);
  const at = (one, more = "") => `${PATH}/${encodeURIComponent(one.webhookId)}${more}`;

  function card(one) {
    const button = (title, onclick) => h("button.quiet", { type: "button", "aria-label": `${title}: ${one.url}`, onclick }, title);
    return h("section.card", { "aria-label": one.url },
      h("h3.wrap", {}, one.url),
      h("p.small.muted", {}, one.kinds.map((kind) => wordsOf("notification", kind)).join(", ")),
      one.isEnabled ? null : h("p.notice", {}, one.disabledWhy ?? "It is turned off."),
      one.isEnabled && one.failingSince ? h("p.notice", {}, `Nothing has been accepted since ${time(one.failingSince)}.`) : null,
      isOwner ? h("div.actions.row", {},
        one.isEnabled ? button("Test", () => test(one)) : null,
        button(one.isEnabled ? "Turn off" : "Turn on", () => run(one.isEnabled ? "Turned off." : "Turned on.", () => send("PATCH", at(one), { isEnabled: !one.isEnabled }))),
        button("Replace secret", () => replace(one)),
        button("Delete", () => confirm(`Delete the webhook ${one.url} and its log?`) && run("Deleted.", () => send("DELETE", at(one))))) : null,
      logOf(one));
  }

  /** Kept while the list is drawn again, so that an open log stays open. */
  function logOf(one) {
    if (!logs.has(one.webhookId)) logs.set(one.webhookId, deliveryLog(one, at, isOwner, run));
    return logs.get(one.webhookId).part;
  }

  async function test(one) {
    const queued = await run("A test was queued.", () => send("POST", at(one, "/test")));
    if (queued) await logs.get(one.webhookId).until(queued.deliveryId).catch(() => {});
    await refresh();
  }

  async function replace(one) {
    if (!confirm("Replace the secret? For a day, messages are signed with the old one too.")) return;
    const made = await run("The secret was replaced.", () => send("POST", at(one, "/secret")));
    if (made) put(secret, shownOnce("Secret", made.secret, "Copy the secret now: it is not shown again."));
  }

  const added = (made) => put(secret, shownOnce("Secret", made.secret, "Copy the secret now, to verify signatures: it is not shown again."));
  await refresh();
  return h("section.card", { "aria-label": "Webhooks" }, h("h2", {}, "Webhooks"),
    h("p.muted.small", {}, "recoup sends your program a signed POST request when something happens. It sends messages that are not accepted again for a day."),
    secret, list, isOwner ? form(run, added) : null);
}

function form(run, added) {
  const url = h("input", { name: "url", type: "url", required: true, maxlength: 2000, placeholder: "https://example.com/hook" });
  const boxes = choicesOf("notification").map(([kind, called]) => [kind, called, h("input", { type: "checkbox", name: kind, checked: true })]);
  const submit = once(async () => {
    const kinds = boxes.filter(([, , box]) => box.checked).map(([kind]) => kind);
    const made = await run("The webhook was added.", () => send("POST", PATH, { url: url.value.trim(), kinds }));
    if (!made) return;
    url.value = "";
    added(made);
  });
  return h("form.form", { onsubmit: submit, "aria-label": "Add a webhook" }, h("h3", {}, "Add a webhook"), field("Address", url),
    h("fieldset.plain", {}, h("legend", {}, "Send"), boxes.map(([, called, box]) => h("label.check", {}, box, called))), h("button", {}, "Add webhook"));
}

function deliveryLog(one, at, isOwner, run) {
  const rows = h("div");
  const part = h("details", { ontoggle: () => part.open && fill().catch(() => {}) }, h("summary", {}, "Delivery log"), rows);

  async function fill() {
    const { deliveries } = await get(at(one, "/deliveries")).catch((error) => {
      put(rows, failure(error));
      throw error;
    });
    drawAgain(rows, () => put(rows, deliveries.length ? entries(deliveries) : h("p.muted", {}, "Nothing has been sent yet.")));
    return deliveries;
  }

  /** Shows the log until a delivery has ended, or takes too long. */
  async function until(deliveryId) {
    part.open = true;
    for (let look = 0; look < MOST_LOOKS; look += 1) {
      const entry = (await fill()).find((each) => each.deliveryId === deliveryId);
      if (!entry || entry.attempts > 0 && (entry.status !== "pending" || entry.error)) return;
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  }

  const again = (entry) => run("The message is being sent again.", async () => {
    await send("POST", at(one, `/deliveries/${encodeURIComponent(entry.deliveryId)}/redeliver`));
    await until(entry.deliveryId);
  });
  const called = (type) => (type === TEST ? "Test" : wordsOf("notification", type));
  const outcome = (entry) => [
    h(`span.badge.${kindOf("delivery", entry.status)}`, {}, wordsOf("delivery", entry.status)),
    h("div.small", {}, entry.error ?? (entry.responseStatus ? `Answer ${entry.responseStatus}` : "")),
    entry.responseExcerpt ? h("div.small.muted", {}, entry.responseExcerpt.slice(0, 200)) : null,
  ];
  const entries = (found) => table("Delivery log", [
    ["What", (entry) => called(entry.type), "lead"],
    ["When", (entry) => time(entry.createdAt), "date"],
    ["Outcome", outcome, "wrap"],
    ["Attempts", (entry) => [String(entry.attempts), entry.nextAttemptAt && entry.attempts ? h("div.muted.small", {}, `next ${time(entry.nextAttemptAt)}`) : null]],
    ...(isOwner && one.isEnabled ? [["Again", (entry) => (entry.status === "pending" ? null
      : h("button.quiet", { type: "button", "aria-label": `Send ${called(entry.type)} of ${time(entry.createdAt)} again`, onclick: () => again(entry) }, "Send again")), "nowrap"]] : []),
  ], found);
  return { part, until };
}
