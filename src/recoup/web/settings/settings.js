// Settings: one's own account, and what the workspace is set to. What a person may not do has no button.

import { showAccount } from "./account.js";
import { showAudit } from "./audit.js";
import { mails } from "./notifications.js";
import { announce, failure, h, put } from "../shared/dom.js";
import { showPeople } from "./people.js";
import { setAddress } from "../shared/places.js";
import { whoMay } from "../shared/rights.js";
import { webhooks } from "./webhooks.js";
import { showWorkspace } from "./workspace.js";

const PARTS = {
  account: ["Account", showAccount],
  people: ["People", showPeople],
  workspace: ["Workspace", showWorkspace],
  notifications: ["Notifications", showNotifications],
  audit: ["Audit log", showAudit],
};

async function showNotifications({ me, may, isOwner, act }) {
  const maySeeWebhooks = may("member", "admin");
  return h("div.split", {}, h("div", {}, maySeeWebhooks ? await webhooks(isOwner, act) : null),
    h("div", {}, await mails(me.scope === "admin", act)));
}

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
    refresh: is told whether it failed; what was typed is to stay then. Returns undefined if it failed. */
function acting(problem, refresh) {
  return async (done, work) => {
    let result;
    let isFailed = false;
    try {
      result = (await work()) ?? null;
      put(problem);
      announce(done);
    } catch (error) {
      isFailed = true;
      put(problem, failure(error));
    }
    await refresh({ typed: isFailed }).catch((error) => put(problem, failure(error)));
    return result;
  };
}
