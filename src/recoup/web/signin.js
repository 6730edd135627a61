// Signing in with a token of the command line, where no one-time link did it.

import { send } from "./api.js";
import { failure, field, h, put } from "./dom.js";

export function showSignIn() {
  const problem = h("div");
  const token = h("input", { name: "token", type: "password", autocomplete: "off", required: true });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await send("POST", "/signin", { token: token.value.trim() });
      location.replace("/");
    } catch (error) {
      put(problem, failure(error));
    }
  };
  const used = location.pathname === "/signin";
  return [
    h("section.card.narrow", {},
      h("h1", {}, "Sign in"),
      used ? h("p.notice", {}, "That link has been used, or recoup was started again since.") : null,
      h("p", {}, "Run ", h("code", {}, "recoup user token EMAIL"), " where recoup runs, and paste what it prints."),
      problem,
      h("form.form", { onsubmit: submit }, field("Token", token), h("button", {}, "Sign in"))),
  ];
}

export async function signOut() {
  await send("POST", "/signout");
  location.replace("/");
}
