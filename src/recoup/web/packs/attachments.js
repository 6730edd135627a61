// What Amazon demands with a pack, what the store holds of it, and adding what is missing.

import { addressOf, send } from "../shared/api.js";
import { announce, failure, field, h, once, put } from "../shared/dom.js";

const MOST_BYTES = 5 * 1024 * 1024;

/** reload: draws the pack again; null for a person who may not add documents. */
export function attachments(pack, reload) {
  const list = pack.needsList ? h("li", {}, "The CSV of the claims: not all of them fit into the text.") : null;
  return h("section.card", { "aria-label": "Attach" }, h("h2", {}, "Attach"),
    pack.attachments.length || list ? h("ul.plain.spaced", {}, list, pack.attachments.map((one) => attachment(pack, one, reload)))
      : h("p.muted", {}, "Nothing, unless Amazon asks for more."));
}

function attachment(pack, one, reload) {
  const badge = one.proofs.length ? ["good", "Stored"] : one.need === "required" ? ["warn", "Missing"] : ["none", "Only if asked"];
  return h("li", {}, h("div.row.spread", {}, h("b", {}, one.about.code), h(`span.badge.${badge[0]}`, {}, badge[1])),
    h("div", {}, one.title),
    one.proofs.map((proof) => h("div.small", {}, h("a", { href: `/api/proofs/${encodeURIComponent(proof.proofId)}`, download: proof.fileName }, proof.fileName))),
    reload ? adding(pack, one, reload) : null);
}

/** A whole purchase order is named by the costs of its products, so its invoice is stored once. */
function adding(pack, one, reload) {
  const problem = h("div");
  const order = h("input", { name: "order", maxlength: 200 });
  const about = () => (order.value.trim() ? { subjectKind: "purchase_order", subject: order.value.trim() } : { subjectKind: one.about.kind, subject: one.about.code });
  const store = async (file) => {
    put(problem);
    if (!file) return;
    try {
      await storeProof({ connectionId: pack.connectionId, kind: one.kind, ...about() }, file);
      await reload();
    } catch (error) {
      put(problem, failure(error));
    }
  };
  const name = `${one.title}, ${one.about.code}`;
  return h("details.screen", {}, h("summary.small", {}, one.proofs.length ? "Add another file" : "Add a file"), problem,
    h("div.form", {},
      one.about.kind === "product" && one.kind === "invoice" ? field("Purchase order, if the file covers all of it and sourcing costs name it as their invoice", order) : null,
      fileInput(`File: ${name}`, store)));
}

export function fileInput(label, store) {
  return h("input", { type: "file", accept: ".pdf,.png,.jpg,.jpeg", "aria-label": label, onchange: once(async (event) => {
    const input = event.target;
    await store(input.files[0]);
    input.value = "";
  }) });
}

/** The file goes as it is. Refused here, before it is sent: what the server would refuse for its size. */
export async function storeProof(query, file) {
  if (file.size > MOST_BYTES) throw new Error("The file is too large: at most 5 MB are stored.");
  const stored = await send("POST", addressOf("/api/proofs", { ...query, fileName: file.name.slice(0, 200) }), file, "application/octet-stream");
  announce(`Stored: ${stored.fileName}.`);
  return stored;
}
