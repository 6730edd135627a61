// Which mails a person receives of this workspace, and when of any.

import { get, send } from "../shared/api.js";
import { drawAgain, field, h, put, select } from "../shared/dom.js";
import { choicesOf } from "../shared/states.js";
import { day, time } from "../shared/words.js";

const PATH = "/api/me/notifications";

/** mayChange: whether the session may change the account. act: as of the settings page. */
export async function mails(mayChange, act) {
  const part = h("section.card", { "aria-label": "Mails" });
  const draw = async (kept) => {
    const chosen = await get(PATH);
    drawAgain(part, () => put(part, h("h2", {}, "Mails"), says(chosen), last(chosen.lastMail), mayChange && chosen.email ? [form(chosen), test(chosen)] : null, tested), kept);
  };
  const tested = h("p", { role: "status" });
  const run = act(draw);
  const test = ({ email, canSend }) => !canSend ? null : h("button.quiet", {
    onclick: async () => {
      put(tested, `Sending a test mail to ${email} ...`);
      const answer = await run("The test has ended.", () => send("POST", `${PATH}/test`));
      put(tested, !answer ? null : answer.isSent ? `The mail server accepted a test mail for ${answer.email}.`
        : `The test mail was not sent: ${answer.error}`);
    },
  }, "Send a test mail");
  const form = (chosen) => {
    const boxes = choicesOf("notification").map(([kind, called]) =>
      [kind, called, h("input", { type: "checkbox", name: kind, checked: chosen.kinds.includes(kind) })]);
    const clock = (name, value) => h("input", { type: "time", name, value });
    const [sendAt, from, to] = [clock("sendAt", chosen.sendAt), clock("quietFrom", chosen.quietFrom), clock("quietTo", chosen.quietTo)];
    sendAt.required = true;
    const zone = select("timeZone", zones(chosen.timeZone).map((one) => [one, one]), chosen.timeZone);
    const submit = (event) => {
      event.preventDefault();
      run("Your mails were changed.", () => send("PUT", PATH, {
        kinds: boxes.filter(([, , box]) => box.checked).map(([kind]) => kind),
        sendAt: sendAt.value.slice(0, 5), timeZone: zone.value,
        quietFrom: from.value.slice(0, 5) || null, quietTo: to.value.slice(0, 5) || null,
      }));
    };
    return h("form.form", { onsubmit: submit },
      h("fieldset.plain", {}, h("legend", {}, "Notify me of"), boxes.map(([, called, box]) => h("label.check", {}, box, called))),
      field("Daily mail at", sendAt), field("Time zone", zone),
      field("Quiet from (optional)", from), field("Quiet until", to), h("button", {}, "Save"));
  };
  await draw();
  return part;
}

function says({ email, canSend }) {
  if (!email) return h("p.muted", {}, "Your account has no email address, so recoup cannot send you mails.");
  return [
    canSend ? null : h("p.notice", {}, "No mail server is set up yet. The operator of this server can set ", h("code", {}, "RECOUP_SMTP_URL"), "."),
    h("p.muted.small", {}, `At most one mail a day to ${email}, and none if nothing is new. Deadlines are reported 14, 7, 3 and 1 days before the last safe day. In quiet hours a mail waits until they end.`),
  ];
}

function last(mail) {
  if (!mail) return null;
  if (mail.status === "sent") return h("p.small", {}, `Last mail: ${time(mail.sentAt)}.`);
  return mail.error ? h("p.notice", {}, `The mail of ${day(mail.day)} was not sent: ${mail.error}`) : null;
}

/** The browser's own zone first where nothing was chosen yet. */
function zones(chosen) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set([chosen, "UTC", own, ...known])].filter(Boolean);
}
