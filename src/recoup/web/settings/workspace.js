// The workspace: its name, when it syncs, what is kept, and all of it as a file.

import { send } from "../shared/api.js";
import { field, h, select } from "../shared/dom.js";
import { retention } from "./retention.js";
import { schedules } from "./schedules.js";

export async function showWorkspace({ me, may, isOwner, act }) {
  const run = act(async () => {});
  return h("div.split", {},
    h("div", {}, nameCard(me, isOwner, run), await schedules(may("member", "admin"), act), reportsCard(may("member", "admin"))),
    h("div", {}, await retention(isOwner, act), isOwner ? exportCard() : null));
}

function nameCard(me, isOwner, run) {
  const name = h("input", { name: "name", value: me.workspace.name, required: true, maxlength: 100 });
  const submit = async (event) => {
    event.preventDefault();
    const renamed = await run("The workspace was renamed.", () => send("PATCH", "/api/workspace", { name: name.value }));
    if (renamed !== undefined) window.dispatchEvent(new Event("redraw"));
  };
  const choice = select("workspaceId", me.workspaces.map((one) => [one.workspaceId, one.name]), me.workspace.workspaceId, {
    onchange: async () => {
      const chosen = await run("", () => send("PUT", "/api/me/workspace", { workspaceId: choice.value }));
      if (chosen) location.replace("/");
    },
  });
  return h("section.card", { "aria-label": "Workspace" }, h("h2", {}, me.workspace.name),
    me.workspaces.length > 1 ? h("div.form", {}, field("Show another workspace", choice)) : null,
    isOwner ? h("form.form.columns.actions", { onsubmit: submit }, field("Name", name), h("button.quiet", {}, "Rename")) : null);
}

function reportsCard(mayLoad) {
  return h("section.card", { "aria-label": "Downloaded reports" }, h("h2", {}, "Downloaded reports"),
    h("p", {}, "Claims without a connection to Amazon: load reports that you have downloaded in Seller Central."),
    h("p", {}, h(mayLoad ? "a.button.quiet" : "a", { href: "#/check" }, mayLoad ? "Drop your reports" : "Show the files")));
}

function exportCard() {
  return h("section.card", { "aria-label": "Export" }, h("h2", {}, "Export"),
    h("p", {}, "All data of the workspace, one JSON object per line. A file is complete if its last line begins with ", h("code", {}, '{"end"'), "."),
    h("p", {}, h("a.button.quiet", { href: "/api/export", download: "" }, "Download everything")));
}
