// Who belongs to the workspace, with which role; for owners also invitations, and what others are signed in with.

import { confirmEnd, credentialsTable } from "./account.js";
import { get, send } from "../shared/api.js";
import { drawAgain, field, h, once, put, select, table } from "../shared/dom.js";
import { shownOnce } from "../shared/secret.js";
import { choicesOf, wordsOf } from "../shared/states.js";
import { time } from "../shared/words.js";

const WORKSPACE = "/api/workspace";

export async function showPeople({ me, isOwner, act }) {
  const parts = { people: h("div"), invitations: h("div"), credentials: h("div") };
  const refresh = async () => {
    const asked = ["members", ...(isOwner ? ["invitations", "credentials"] : [])];
    const [{ members }, invited, others] = await Promise.all(asked.map((one) => get(`${WORKSPACE}/${one}`)));
    draw(parts.people, peopleCard(members, me, isOwner, run));
    if (!isOwner) return;
    draw(parts.invitations, invitationsCard(invited.invitations, run));
    draw(parts.credentials, credentialsCard(others.credentials.filter((one) => one.email !== me.email), run));
  };
  const run = act(refresh);
  await refresh();
  if (!isOwner) return parts.people;
  return h("div.split", {}, h("div", {}, parts.people, parts.credentials), h("div", {}, inviteCard(run), parts.invitations));
}

function draw(part, content) {
  drawAgain(part, () => put(part, content));
}

function peopleCard(members, me, isOwner, run) {
  const at = (one) => `${WORKSPACE}/members/${encodeURIComponent(one.userId)}`;
  const called = (one) => one.email ?? one.name ?? one.userId;
  const role = (one) => {
    if (!isOwner) return wordsOf("role", one.role);
    return select("role", choicesOf("role"), one.role, {
      "aria-label": `Role of ${called(one)}`,
      onchange: async (event) => {
        const body = { role: event.target.value };
        const changed = await run(`The role of ${called(one)} was changed.`, () => send("PATCH", at(one), body));
        // Whoever is no owner any more may see less.
        if (changed !== undefined && one.userId === me.userId) window.dispatchEvent(new Event("redraw"));
      },
    });
  };
  const remove = (one) => {
    if (one.userId === me.userId) return h("span.muted", {}, "You");
    return h("button.quiet", { type: "button", "aria-label": `Remove ${called(one)}`, onclick: () => confirm(`Remove ${called(one)} from the workspace?`)
      && run(`${called(one)} was removed.`, () => send("DELETE", at(one))) }, "Remove");
  };
  return h("section.card", { "aria-label": "People" }, h("h2", {}, "People"),
    h("p.muted.small", {}, "Viewers read. Members also sync, decide about claims, enter costs and connect accounts. Owners do everything."),
    table("People", [
      ["Who", (one) => [h("div", {}, called(one)), one.email && one.name ? h("div.muted.small", {}, one.name) : null], "wrap lead"],
      ["Role", role],
      ["Since", (one) => time(one.since), "date"],
      ...(isOwner ? [["Remove", remove]] : []),
    ], members));
}

function inviteCard(run) {
  const email = h("input", { name: "email", type: "email", required: true, maxlength: 254 });
  const role = select("role", choicesOf("role"), "viewer");
  const result = h("div");
  const submit = once(async () => {
    const body = { email: email.value, role: role.value };
    const made = await run("The link was created.", () => send("POST", `${WORKSPACE}/invitations`, body));
    if (!made) return;
    email.value = "";
    put(result, shownOnce("Link", made.link, `Send this link to ${made.email}. It works once, until ${time(made.expiresAt)}, and is not shown again.`));
  });
  return h("section.card", { "aria-label": "Invite a person" }, h("h2", {}, "Invite a person"), result,
    h("form.form", { onsubmit: submit }, field("Email address", email), field("Role", role), h("button", {}, "Create link")));
}

function invitationsCard(invitations, run) {
  if (!invitations.length) return null;
  const withdraw = (one) => h("button.quiet", { type: "button", "aria-label": `Withdraw the invitation of ${one.email}`,
    onclick: () => run("The invitation was withdrawn.", () => send("DELETE", `${WORKSPACE}/invitations/${encodeURIComponent(one.invitationId)}`)) }, "Withdraw");
  return h("section.card", { "aria-label": "Open invitations" }, h("h2", {}, "Open invitations"), table("Open invitations", [
    ["Who", (one) => [h("div", {}, one.email), h("div.muted.small", {}, `${wordsOf("role", one.role)}, until ${time(one.expiresAt)}`)], "wrap lead"],
    ["Withdraw", withdraw],
  ], invitations));
}

function credentialsCard(found, run) {
  if (!found.length) return null;
  const end = (one) => confirmEnd(one) && run("Ended.", () => send("DELETE", `${WORKSPACE}/credentials/${encodeURIComponent(one.credentialId)}`));
  return h("section.card", { "aria-label": "Sessions and tokens of others" }, h("h2", {}, "Sessions and tokens of others"),
    credentialsTable(found, end, { withPerson: true }));
}
