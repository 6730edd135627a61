// What units cost: one by one, or many as CSV.

import { get, send } from "./api.js";
import { announce, failure, field, h, put, select, table } from "./dom.js";
import { plural } from "./words.js";

const HEADER = "sku,fnsku,cost,currency,validFrom,invoiceReference";

export async function showCosts() {
  const { connections } = await get("/api/v1/integrations/amazon/status");
  const usable = connections.filter((one) => one.status !== "disconnected");
  const accounts = usable.map((one) => [one.connectionId, `${one.sellingPartnerId} ${one.region}`]);
  const account = select("connectionId", accounts, accounts[0]?.[0]);
  const list = h("div");
  const trouble = h("div");
  const remove = async (one) => {
    try {
      const entry = { connectionId: account.value, validFrom: one.validFrom, ...(one.sku ? { sku: one.sku } : { fnsku: one.fnsku }) };
      await send("DELETE", `/api/sourcing-costs?${new URLSearchParams(entry)}`);
      put(trouble);
      announce(`The cost of ${one.sku ?? one.fnsku} from ${one.validFrom} on is deleted.`);
      await refresh();
    } catch (error) {
      put(trouble, failure(error));
    }
  };
  const refresh = () => fill(list, account.value, remove);
  account.addEventListener("change", refresh);
  await refresh();
  const save = async (problem, body, type) => {
    try {
      const path = `/api/sourcing-costs?${new URLSearchParams({ connectionId: account.value })}`;
      const { saved } = await send("PUT", path, body, type);
      const text = `${plural(saved, "cost")} saved. Amounts of claims follow with the next sync.`;
      put(problem, h("p.notice.saved", {}, text));
      announce(text);
      await refresh();
    } catch (error) {
      put(problem, failure(error));
    }
  };
  return {
    title: "Sourcing costs",
    content: [
      h("h1", {}, "Sourcing costs"),
      h("p.muted", {}, "For units lost before an order Amazon pays what a unit cost you: the product alone, without freight, duties, packaging and labels. A cost counts from its day on, until the next entry."),
      accounts.length > 1 ? h("section.card", {}, field("Amazon account", account)) : null,
      h("div.split", {},
        h("section.card", {}, h("h2", {}, "Entered"), trouble, list),
        h("div", {}, single(save), many(save))),
    ],
  };
}

async function fill(list, connectionId, remove) {
  const page = await get("/api/sourcing-costs", { connectionId, limit: 200 });
  put(list, page.items.length ? table("Sourcing costs", [
    ["SKU or FNSKU", (one) => one.sku ?? one.fnsku, "wrap"],
    ["Cost", (one) => `${one.cost} ${one.currency}`, "number"],
    ["From", (one) => one.validFrom],
    ["Invoice", (one) => one.invoiceReference ?? "", "wrap"],
    ["Delete", (one) => h("button.quiet", {
      type: "button", "aria-label": `Delete the cost of ${one.sku ?? one.fnsku} from ${one.validFrom} on`, onclick: () => remove(one),
    }, "Delete")],
  ], page.items) : h("p.muted", {}, "None yet."));
  if (page.nextCursor) list.append(h("p.muted.small", {}, "The first 200 are shown; the API gives all as CSV."));
}

function single(save) {
  const problem = h("div");
  const input = (name, attributes) => h("input", { name, ...attributes });
  const kind = select("kind", [["sku", "SKU"], ["fnsku", "FNSKU"]], "sku", { "aria-label": "Kind of product code" });
  const code = input("code", { required: true, maxlength: 200 });
  const cost = input("cost", { required: true, inputmode: "decimal", placeholder: "4.20" });
  const currency = input("currency", { required: true, maxlength: 3, value: "USD" });
  const validFrom = input("validFrom", { required: true, type: "date" });
  const invoice = input("invoiceReference", { maxlength: 200 });
  const submit = async (event) => {
    event.preventDefault();
    await save(problem, { items: [{
      [kind.value]: code.value.trim(), cost: cost.value.trim(), currency: currency.value.trim(),
      validFrom: validFrom.value, invoiceReference: invoice.value.trim() || null,
    }] });
  };
  return h("section.card", {}, h("h2", {}, "Enter one"), problem,
    h("form.form.columns", { onsubmit: submit },
      field("Code of", kind), field("Code", code), field("Cost of one unit", cost), field("Currency", currency),
      field("Counts from", validFrom), field("Invoice", invoice), h("button", {}, "Save")));
}

function many(save) {
  const problem = h("div");
  const text = h("textarea", { name: "csv", spellcheck: "false", "aria-label": "CSV", placeholder: `${HEADER}\nRC-00001,,4.20,USD,2026-01-01,INV-17` });
  const file = h("input", { type: "file", accept: ".csv,text/csv", "aria-label": "CSV file", onchange: async () => {
    if (file.files[0]) text.value = await file.files[0].text();
  } });
  const submit = async (event) => {
    event.preventDefault();
    await save(problem, text.value, "text/csv");
  };
  return h("section.card", {}, h("h2", {}, "Enter many"), problem,
    h("p.muted.small", {}, "A header line, then a line per cost; paste it or choose a file. All lines are taken, or none."),
    h("form.form", { onsubmit: submit }, text, file, h("button", {}, "Save all")));
}
