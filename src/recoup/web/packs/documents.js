// All documents of the proof store: what they prove, adding one, deleting one.

import { get, send } from "../shared/api.js";
import { announce, drawAgain, failure, field, h, once, put, select, table } from "../shared/dom.js";
import { mayAct } from "../shared/rights.js";
import { nameOf, number, plural, time, words } from "../shared/words.js";
import { fileInput, storeProof } from "./attachments.js";

const PATH = "/api/proofs";
const KINDS = ["invoice", "proof_of_delivery", "packing_slip", "carrier_document", "photos", "measurements", "cost_approval", "screenshot", "other"];
const SUBJECTS = ["product", "purchase_order", "shipment", "removal_order", "order", "marketplace"];

export async function showDocuments() {
  const { connections } = await get("/api/v1/integrations/amazon/status");
  const { mayWork } = await mayAct();
  const body = h("div.results");
  const problem = h("div");
  const draw = async () => {
    const items = await readAll();
    drawAgain(body, () => put(body, items.length ? [h("p", {}, h("b", {}, plural(items.length, "document"))), documentsTable(items, mayWork ? remove : null)]
      : h("p.muted", {}, "No documents yet.")));
  };
  const remove = (one) => once(async () => {
    if (!confirm(`Delete ${one.fileName}?`)) return;
    put(problem);
    try {
      await send("DELETE", `${PATH}/${encodeURIComponent(one.proofId)}`);
      announce(`Deleted: ${one.fileName}.`);
      await draw();
    } catch (error) {
      put(problem, failure(error));
    }
  });
  await draw();
  return {
    title: "Documents",
    content: [
      h("div.row.spread.head", {}, h("h1", {}, "Documents"), h("a.button.quiet", { href: "#/packs" }, "Filing packs")),
      h("p.muted", {}, "Invoices, proofs of delivery and other documents that Amazon requires. Each is kept once and appears in every pack that needs it."),
      problem,
      mayWork && connections.length ? addForm(connections, draw) : null,
      h("section.card", {}, body),
    ],
  };
}

async function readAll() {
  const items = [];
  let cursor = null;
  do {
    const page = await get(PATH, { limit: 500, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

function addForm(connections, draw) {
  const problem = h("div");
  const account = connections.length > 1 ? select("connectionId", connections.map((one) => [one.connectionId, nameOf(one)]), connections[0].connectionId) : null;
  const kind = select("kind", KINDS.map((one) => [one, words(one)]), "invoice");
  const subjectKind = select("subjectKind", SUBJECTS.map((one) => [one, words(one)]), "product");
  const subject = h("input", { name: "subject", maxlength: 200, autocomplete: "off", spellcheck: "false" });
  const store = async (file) => {
    put(problem);
    if (!file) return;
    if (!subject.value.trim()) {
      put(problem, failure(new Error("Enter the code that the document is about, then choose the file.")));
      return subject.focus();
    }
    try {
      await storeProof({ connectionId: account?.value ?? connections[0].connectionId, kind: kind.value, subjectKind: subjectKind.value, subject: subject.value.trim() }, file);
      await draw();
    } catch (error) {
      put(problem, failure(error));
    }
  };
  return h("section.card", { "aria-label": "Add a document" }, h("h2", {}, "Add a document"), problem,
    h("div.form.columns", {}, account ? field("Amazon account", account) : null, field("Document", kind), field("About a", subjectKind),
      field("Its code", subject), fileInput("File: PDF, PNG or JPEG, at most 5 MB", store)),
    h("p.muted.small", {}, "PDF, PNG or JPEG, at most 5 MB. The invoice of a purchase order counts for each product whose sourcing cost names it as its invoice."));
}

function documentsTable(items, remove) {
  return table("Documents", [
    ["File", (one) => h("a", { href: `${PATH}/${encodeURIComponent(one.proofId)}`, download: one.fileName }, one.fileName), "wrap lead"],
    ["Document", (one) => words(one.kind)],
    ["About", (one) => `${words(one.subjectKind)} ${one.subject}`, "wrap"],
    ["Size", (one) => `${number(Math.max(1, Math.round(one.sizeBytes / 1024)))} KB`, "number"],
    ["Added", (one) => time(one.addedAt), "date"],
    ...(remove ? [["Delete", (one) => h("button.quiet", { type: "button", "aria-label": `Delete ${one.fileName} of ${one.subject}`, onclick: remove(one) }, "Delete")]] : []),
  ], items);
}
