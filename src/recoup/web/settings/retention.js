// How long things are kept, and the legal holds under which nothing is deleted.

import { get, send } from "../shared/api.js";
import { drawAgain, facts, field, h, put, select } from "../shared/dom.js";
import { day, nameOf } from "../shared/words.js";

const HOLD = "/api/legal-hold";

export async function retention(isOwner, act) {
  const part = h("section.card", { "aria-label": "Retention" });
  const { connections } = await get("/api/v1/integrations/amazon/status");
  const whole = ["", "Everything of the workspace"];
  const choices = [whole, ...connections.map((one) => [one.connectionId, nameOf(one)])];
  const nameOfHold = (one) => choices.find(([id]) => id === (one.connectionId ?? ""))?.[1] ?? one.connectionId;
  const draw = async (kept) => {
    const { retentionMonths, holds } = await get(HOLD);
    drawAgain(part, () => put(part, h("h2", {}, "Retention"),
      facts([["Data of sellers", `${retentionMonths} months`], ["Audit log", "12 months"]]),
      h("p.muted.small", {}, "Older data is deleted automatically, once a week. Claims, costs and their history are kept. The period is the server's setting ", h("code", {}, "RECOUP_RETENTION_MONTHS"), "."),
      h("h3", {}, "Legal hold"),
      holds.length ? h("ul.plain.spaced", {}, holds.map((one) => h("li", {},
        h("b", {}, nameOfHold(one)), ` since ${day(one.since)}: ${one.reason}`,
        isOwner ? h("div.actions", {}, h("button.quiet", { type: "button", onclick: () => end(one) }, "End")) : null)))
        : h("p.muted", {}, "None: under a legal hold nothing is deleted."),
      isOwner ? form() : null), kept);
  };
  const run = act(draw);
  const change = (done, body) => run(done, () => send("PUT", HOLD, body));
  const end = (one) => {
    const reason = window.prompt(`Why does the legal hold of ${nameOfHold(one)} end?`);
    if (reason?.trim()) change("The legal hold has ended.", { connectionId: one.connectionId, isHeld: false, reason });
  };
  const form = () => {
    const held = select("held", choices, "");
    const reason = h("input", { name: "reason", required: true, maxlength: 500 });
    const submit = (event) => {
      event.preventDefault();
      change("The legal hold is set.", { connectionId: held.value || null, isHeld: true, reason: reason.value });
    };
    return h("form.form", { onsubmit: submit }, field("What is held", held), field("Reason", reason), h("button.quiet", {}, "Set legal hold"));
  };
  await draw();
  return part;
}
