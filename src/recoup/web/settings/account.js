// A person's own account: password, sessions, and tokens for programs.

import { get, send } from "../shared/api.js";
import { drawAgain, field, h, listed, once, put, select, table } from "../shared/dom.js";
import { programOf } from "./program.js";
import { shownOnce } from "../shared/secret.js";
import { choicesOf, wordsOf } from "../shared/states.js";
import { time } from "../shared/words.js";

const CREDENTIALS = "/api/me/credentials";
const LIFETIMES = [["30", "30 days"], ["90", "90 days"], ["365", "a year"]];

export async function showAccount({ me, act }) {
  if (me.scope !== "admin") return h("p.notice", {}, "This session has the rights of a token: it may not see or change an account.");
  const list = h("div");
  const refresh = async () => {
    const { credentials } = await get(CREDENTIALS);
    drawAgain(list, () => put(list, h("section.card", { "aria-label": "Sessions and tokens" }, h("h2", {}, "Sessions and tokens"),
      credentialsTable(credentials, end))));
  };
  const run = act(refresh);
  const end = (one) => confirmEnd(one) && run("Ended.", () => send("DELETE", `${CREDENTIALS}/${encodeURIComponent(one.credentialId)}`));
  await refresh();
  return h("div.split", {},
    h("div", {}, h("section.card", { "aria-label": "Account" }, h("h2", {}, me.name ?? me.email ?? "You"),
      h("p.muted", {}, me.name && me.email ? `${me.email}, ` : "",
        me.workspace ? `${wordsOf("role", me.workspace.role).toLowerCase()} of ${me.workspace.name}` : "no workspace chosen")), list),
    h("div", {}, me.workspace ? newToken(run) : null, password(run)));
}

/** Whoever ends a token is asked: a program may need it. */
export function confirmEnd(one) {
  return one.kind !== "token" || confirm(`Revoke the token ${one.label ?? one.credentialId}? Programs that use it are refused from now on.`);
}

/** end: what the button of an entry does. */
export function credentialsTable(found, end, { withPerson = false } = {}) {
  const title = (one) => one.label ?? (one.userAgent && programOf(one.userAgent)) ?? wordsOf("credential", one.kind);
  const kind = (one) => (one.label || one.userAgent ? wordsOf("credential", one.kind) : null);
  const what = (one) => [h("div", { title: one.userAgent }, title(one)), h("div.muted.small", {}, listed([kind(one), one.address && `from ${one.address}`]))];
  const button = (one) => (one.isCurrent ? h("span.muted", {}, "This one")
    : h("button.quiet", { type: "button", "aria-label": `${one.kind === "token" ? "Revoke" : "End"} ${title(one)} of ${time(one.createdAt)}`, onclick: () => end(one) },
      one.kind === "token" ? "Revoke" : "End"));
  return table("Sessions and tokens", [
    ["What", what, "wrap lead"],
    ...(withPerson ? [["Who", (one) => one.email ?? "-", "wrap"]] : []),
    ["Rights", (one) => wordsOf("scope", one.scope)],
    ["Last used", (one) => (one.lastUsedAt ? time(one.lastUsedAt) : "never")],
    ["Until", (one) => time(one.expiresAt)],
    ["End", button, "nowrap"],
  ], found);
}

function newToken(run) {
  const label = h("input", { name: "label", maxlength: 100, placeholder: "nightly export" });
  const scope = select("scope", choicesOf("scope"), "read");
  const days = select("days", LIFETIMES, "90");
  const result = h("div");
  const submit = once(async () => {
    const body = { scope: scope.value, days: Number(days.value), label: label.value.trim() || null };
    const made = await run("The token was created.", () => send("POST", CREDENTIALS, body));
    if (!made) return;
    label.value = "";
    put(result, shownOnce("Token", made.token, "Copy the token now: it is not shown again."));
  });
  return h("section.card", { "aria-label": "Create a token" }, h("h2", {}, "Create a token"),
    h("p.muted.small", {}, "For a program that uses the API. It works in this workspace only, and never has more rights than you."), result,
    h("form.form", { onsubmit: submit }, field("What it is for", label), field("Rights", scope), field("Valid for", days), h("button", {}, "Create token")));
}

function password(run) {
  const input = (name, kind, least) => h("input", { name, type: "password", autocomplete: kind, minlength: least, maxlength: 256 });
  const [current, wanted] = [input("current", "current-password"), input("new", "new-password", 12)];
  const submit = async (event) => {
    event.preventDefault();
    const changed = await run("Password changed.", () => send("POST", "/api/me/password", { currentPassword: current.value, newPassword: wanted.value }));
    if (changed !== undefined) event.target.reset();
  };
  return h("section.card", { "aria-label": "Password" }, h("h2", {}, "Password"),
    h("p.muted.small", {}, "A change ends all your other sessions. Tokens stay valid."),
    h("form.form", { onsubmit: submit }, field("Current password, if you have one", current),
      field("New password, at least 12 characters", wanted), h("button", {}, "Change password")));
}
