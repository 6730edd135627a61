// What the person may do: a button that would be refused is not shown.

import { get } from "./api.js";
import { choicesOf } from "./states.js";

/** Who is signed in, and `may(role, scope)`: whether the person's role and session cover what a call
    needs (docs/security.md#people-workspaces-roles). */
export async function whoMay() {
  const me = await get("/api/me");
  return { me, may: (role, scope) => covers("role", me.workspace?.role, role) && covers("scope", me.scope, scope) };
}

/** Whether the person may start and cancel syncs and decide claims, and whether connect accounts. */
export async function mayAct() {
  const { may } = await whoMay();
  return { mayWork: may("member", "sync"), mayConnect: may("member", "admin") };
}

/** The sets begin with the smallest; a word that is unknown here covers nothing. */
function covers(set, held, needed) {
  const order = choicesOf(set).map(([word]) => word);
  return order.indexOf(held) >= order.indexOf(needed);
}
