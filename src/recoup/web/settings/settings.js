// Settings: one's own account, and what the workspace is set to. What a person may not do has no button.

import { showAccount } from "./account.js";
import { showAudit } from "./audit.js";
import { announce, failure, h, put } from "../shared/dom.js";
import { showPeople } from "./people.js";
import { setAddress } from "../shared/places.js";
import { whoMay } from "../shared/rights.js";
import { showWorkspace } from "./workspace.js";

const PARTS = {
  account: ["Account", showAccount],
  people: ["People", showPeople],
  workspace: ["Workspace", showWorkspace],
  audit: ["Audit log", showAudit],
};

export async function showSettings(name) {
  const { me, may } = await whoMay();
  const isOwner = may("owner", "admin");
  const open = Object.keys(PARTS).filter((one) => one !== "audit" || isOwner);
  const chosen = open.includes(name) ? name : "account";
  if (chosen !== name) setAddress("#/settings/account");
  const [title, show] = PARTS[chosen];
  const problem = h("div");
  const parts = await show({ me, may, isOwner, act: (refresh) => acting(problem, refresh) });
  const link = (one) => h("a", { href: `#/settings/${one}`, "aria-current": one === chosen ? "page" : null }, PARTS[one][0]);
  return {
    title: `${title} - Settings`,
    content: [h("h1", {}, "Settings"), h("nav.tabs", { "aria-label": "Settings" }, open.map(link)), problem, parts],
  };
}

/** What a button or a form does: says that it is done, or why it is not, and shows how things are then.
    Returns undefined if it failed. */
function acting(problem, refresh) {
  return async (done, work) => {
    let result;
    try {
      result = (await work()) ?? null;
      put(problem);
      announce(done);
    } catch (error) {
      put(problem, failure(error));
    }
    await refresh().catch((error) => put(problem, failure(error)));
    return result;
  };
}
