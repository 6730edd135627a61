// The account: password, sessions and tokens, and the people of the workspace.

import { get, send } from "./api.js";
import { announce, failure, field, h, put, select, table } from "./dom.js";
import { time, words } from "./words.js";

const ROLES = ["viewer", "member", "owner"].map((role) => [role, words(role)]);

export async function showAccount() {
  const me = await get("/api/me");
  const problem = h("div");
  const parts = { credentials: h("div"), people: h("div") };
  const isOwner = me.workspace?.role === "owner" && me.scope === "admin";
  const refresh = async () => {
    put(parts.credentials, await credentials(act));
    put(parts.people, await people(me, isOwner, act));
  };
  const act = async (done, work) => {
    try {
      const result = await work();
      put(problem);
      announce(done);
      await refresh();
      return result;
    } catch (error) {
      put(problem, failure(error));
      return undefined;
    }
  };
  await refresh();
  return {
    title: "Account",
    content: [
      h("h1", {}, me.name ?? me.email ?? "Account"), problem,
      me.workspaces.length > 1 ? h("section.card", {}, switcher(me)) : null,
      h("div.split", {},
        h("div", {}, parts.people, parts.credentials),
        h("div", {}, password(act), isOwner ? invite(act) : null)),
    ],
  };
}

function switcher(me) {
  const choice = select("workspaceId", me.workspaces.map((one) => [one.workspaceId, one.name]), me.workspace?.workspaceId);
  choice.addEventListener("change", async () => {
    await send("PUT", "/api/me/workspace", { workspaceId: choice.value });
    location.replace("/");
  });
  return field("Workspace", choice);
}

async function credentials(act) {
  const found = (await get("/api/me/credentials")).credentials;
  const end = (one) => act("Ended.", () => send("DELETE", `/api/me/credentials/${encodeURIComponent(one.credentialId)}`));
  return h("section.card", {}, h("h2", {}, "Sessions and tokens"),
    table("Sessions and tokens", [
      ["What", (one) => one.label ?? one.userAgent ?? words(one.kind), "wrap"],
      ["May", (one) => words(one.scope)],
      ["Used", (one) => time(one.lastUsedAt)],
      ["Until", (one) => time(one.expiresAt)],
      ["End", (one) => (one.isCurrent ? "this one" : h("button.quiet", { type: "button", onclick: () => end(one) }, "End"))],
    ], found));
}

async function people(me, isOwner, act) {
  const { members } = await get("/api/workspace/members");
  if (members.length < 2 && !isOwner) return null;
  const at = (one) => `/api/workspace/members/${encodeURIComponent(one.userId)}`;
  const role = (one) => {
    if (!isOwner) return words(one.role);
    const choice = select("role", ROLES, one.role, { "aria-label": `Role of ${one.email ?? one.name}` });
    choice.addEventListener("change", () => act("Role changed.", () => send("PATCH", at(one), { role: choice.value })));
    return choice;
  };
  const remove = (one) => h("button.quiet", { type: "button", onclick: () => act("Removed.", () => send("DELETE", at(one))) }, "Remove");
  return h("section.card", {}, h("h2", {}, "People"), table("People", [
    ["Who", (one) => one.email ?? one.name ?? one.userId, "wrap"],
    ["Role", role],
    ["Since", (one) => time(one.since)],
    ...(isOwner ? [["Remove", (one) => (one.userId === me.userId ? "you" : remove(one))]] : []),
  ], members));
}

function password(act) {
  const input = (name, kind) => h("input", { name, type: "password", autocomplete: kind, maxlength: 256 });
  const [current, wanted] = [input("current", "current-password"), input("new", "new-password")];
  const submit = async (event) => {
    event.preventDefault();
    await act("Password changed.", () => send("POST", "/api/me/password", { currentPassword: current.value, newPassword: wanted.value }));
  };
  return h("section.card", {}, h("h2", {}, "Password"),
    h("form.form", { onsubmit: submit }, field("Current password, if you have one", current),
      field("New password, at least 12 characters", wanted), h("button", {}, "Change password")));
}

function invite(act) {
  const email = h("input", { name: "email", type: "email", required: true });
  const role = select("role", ROLES, "viewer");
  const result = h("div");
  const submit = async (event) => {
    event.preventDefault();
    const body = { email: email.value, role: role.value };
    const made = await act("Invitation made.", () => send("POST", "/api/workspace/invitations", body));
    if (made) put(result, h("p.notice.saved", {}, "Give this link to the person. It works once, for seven days:"), h("input", { readonly: true, "aria-label": "Link", value: made.link }));
  };
  return h("section.card", {}, h("h2", {}, "Invite a person"), result,
    h("form.form", { onsubmit: submit }, field("Email address", email), field("Role", role), h("button", {}, "Make a link")));
}
