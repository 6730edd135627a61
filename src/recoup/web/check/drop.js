// The card that takes files: dropped or chosen, loaded one after another, each with its own result.

import { addressOf, send } from "../shared/api.js";
import { failure, field, h, put, select } from "../shared/dom.js";
import { choicesOf } from "../shared/states.js";
import { plural } from "../shared/words.js";

/** account: that of the files loaded so far, or null. finish: called with the account's id when all are loaded. */
export function dropCard(account, finish) {
  const progress = h("ul.plain.spaced", { "aria-live": "polite" });
  const problem = h("div");
  const name = h("input", { name: "account", value: account?.sellingPartnerId ?? "My reports", maxlength: 100 });
  const marketplace = select("marketplace", [["", "As stated in the files"], ...choicesOf("marketplace")], account?.marketplaceIds[0] ?? "");
  const first = h("input", { type: "date", name: "firstOn" });
  const last = h("input", { type: "date", name: "lastOn" });
  const days = select("days", [["", "As the file shows"], ["day-first", "Day first"], ["month-first", "Month first"]], "");
  const file = h("input", { type: "file", name: "files", multiple: true, accept: ".csv,.txt,.tsv,.zip,.gz", onchange: () => load([...file.files]) });

  const told = () => ({ account: name.value.trim(), marketplace: marketplace.value, firstOn: first.value, lastOn: last.value, days: days.value });
  let isLoading = false;
  const load = async (files) => {
    if (!files.length || isLoading) return;
    isLoading = true;
    put(problem);
    const lines = files.map((one) => ({ one, part: h("li", {}, h("b", {}, one.name), " is waiting") }));
    put(progress, lines.map((line) => line.part));
    let found = null;
    const failed = [];
    for (const line of lines) {
      const answer = await loadOne(line, told());
      if (answer) found = answer;
      else failed.push(line);
    }
    // A file that does not say where it belongs can be loaded once another one has.
    if (found) for (const line of failed) await loadOne(line, told());
    try {
      if (found) await finish(found.connectionId);
    } catch (error) {
      put(problem, failure(error));
    }
    file.value = "";
    isLoading = false;
  };
  const zone = h("label.drop", {}, h("b", {}, "Drop files here, or choose them"), file,
    h("span.muted.small", {}, "CSV or text as downloaded, also .zip or .gz. recoup recognises each report by its headings, in six languages."));
  const mark = (isOver) => zone.classList.toggle("over", isOver);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); mark(true); });
  zone.addEventListener("dragleave", () => mark(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    load([...event.dataTransfer.files]);
  });
  return h("section.card", { "aria-label": "Load reports" }, 
    h("form.form.columns", { onsubmit: (event) => event.preventDefault() },
      field("First day chosen in Seller Central", first), field("Last day", last)),
    h("p.muted.small", {}, "Enter the days that you chose for the reports. Without them, a report counts only for the days from its first row to its last one."),
    zone,
    h("details", {}, h("summary", {}, "More about these files"),
      h("form.form.columns", { onsubmit: (event) => event.preventDefault() }, field("Name of the account", name), field("Where you sell", marketplace),
        field("Days such as 03/04/2026", days))),
    problem, progress);
}

/** Loads one file and shows how it went; null if it was not loaded. */
async function loadOne({ one, part }, query) {
  put(part, h("b", {}, one.name), " is loading ...");
  try {
    const answer = await send("POST", addressOf("/api/files", { ...query, name: one.name }), one, "application/octet-stream");
    put(part, h("b", {}, one.name), " ", h("span.badge.good", {}, "Loaded"),
      answer.files.map((loaded) => h("div.small", {}, resultOf(loaded))), answer.refused.map((line) => h("div.error.small", {}, line)));
    return answer;
  } catch (error) {
    put(part, h("b", {}, one.name), " ", h("span.badge.bad", {}, "Not loaded"), failure(error));
    return null;
  }
}

function resultOf(loaded) {
  if (loaded.alreadyLoaded) return `${loaded.title}: this file is loaded already, so nothing changed.`;
  const unreadable = loaded.rowsQuarantined ? `, ${plural(loaded.rowsQuarantined, "row")} unreadable` : "";
  return `${loaded.title}: ${plural(loaded.rowsRead, "row")}${unreadable}.`;
}
