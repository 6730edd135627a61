// Signing in: with a password, or with a link whose secret is behind # and so stays in the browser.

import { ApiError, send } from "./shared/api.js";
import { failure, field, h, once, put } from "./shared/dom.js";

const input = (name, type, attributes = {}) => h("input", { name, type, required: true, ...attributes });
const oldPassword = () => input("password", "password", { autocomplete: "current-password" });
const newPassword = () => input("password", "password", { autocomplete: "new-password", minlength: 12, maxlength: 256 });
const nameField = () => input("name", "text", { autocomplete: "name", maxlength: 100 });
const emailField = (value = "") => input("email", "email", { autocomplete: "username", value });

/** What the address asks for: the page of a link, or that of a password. */
export async function showSignIn() {
  const token = location.pathname === "/signin" ? location.hash.slice(1) : "";
  if (!token) return passwordCard();
  try {
    return linkCard(token, await send("POST", "/signin/link/look", { token }));
  } catch (error) {
    return passwordCard("", error);
  }
}

export const isSignInPage = () => location.pathname === "/signin";

export async function signOut() {
  await send("POST", "/signout");
  location.replace("/");
}

/** For a person of several workspaces, in place of any page until one is chosen. */
export function chooseWorkspace(workspaces) {
  const problem = h("div");
  const choose = (one) => attempt(problem, () => send("PUT", "/api/me/workspace", { workspaceId: one.workspaceId }));
  return card("Choose a workspace", problem,
    h("div.form", {}, workspaces.map((one) => h("button.quiet", { type: "button", onclick: () => choose(one) }, one.name))));
}

function passwordCard(known = "", trouble = null, then = null) {
  const [problem, email, password] = [h("div", {}, trouble && failure(trouble)), emailField(known), oldPassword()];
  return form("Sign in", problem, [
    field("Email address", email), field("Password", password), h("button", {}, "Sign in"),
    h("p.muted.small", {}, "Without a password, run ", h("code", {}, "recoup open"), " on the machine that runs recoup; ",
      h("code", {}, "recoup user passwd EMAIL"), " sets one."),
  ], async () => {
    await send("POST", "/signin", { email: email.value, password: password.value });
    await then?.();
  });
}

function linkCard(token, link) {
  if (link.hasAccount) {
    const notice = new ApiError({ detail: `Sign in to join ${link.workspace}.` }, 0);
    return passwordCard(link.email, notice, () => send("POST", "/api/me/invitations", { token }));
  }
  const problem = h("div");
  if (link.kind === "user") {
    return form("Sign in", problem, [h("button", {}, `Sign in${link.email ? ` as ${link.email}` : ""}`)],
      () => send("POST", "/signin/link", { token }));
  }
  const [email, name, password] = [emailField(link.email ?? ""), nameField(), newPassword()];
  email.disabled = Boolean(link.email);
  const title = link.workspace ? `Join ${link.workspace}` : "Welcome to recoup";
  return form(title, problem, [
    field("Email address", email), field("Your name", name), field("Password, at least 12 characters", password),
    h("button", {}, link.workspace ? "Join" : "Start"),
  ], () => send("POST", "/signin/link", {
    token, name: name.value, password: password.value, ...(link.email ? {} : { email: email.value }),
  }));
}

function form(title, problem, fields, act) {
  return card(title, problem, h("form.form", { onsubmit: once(() => attempt(problem, act)) }, fields));
}

function card(title, ...content) {
  return [h("section.card.narrow", {}, h("h1", {}, title), content)];
}

async function attempt(problem, act) {
  try {
    await act();
    // Whoever was asked on some page comes back to it.
    if (isSignInPage()) location.replace("/");
    else location.reload();
  } catch (error) {
    put(problem, failure(error));
  }
}
