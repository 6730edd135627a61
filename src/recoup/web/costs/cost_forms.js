// Entering one cost, or many as a table.

import { failure, field, h, put, select } from "../shared/dom.js";

const HEADER = "sku,fnsku,cost,currency,validFrom,invoiceReference";

/** save: takes the body. `take(product)` of the form fills in what is missing. */
export function singleForm(save) {
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
    await attempt(problem, () => save({ items: [{
      [kind.value]: code.value.trim(), cost: cost.value.trim(), currency: currency.value.trim(),
      validFrom: validFrom.value, invoiceReference: invoice.value.trim() || null,
    }] }));
  };
  const take = (product) => {
    kind.value = product.sku ? "sku" : "fnsku";
    code.value = product.sku ?? product.fnsku;
    if (product.estimate) currency.value = product.estimate.currency;
    cost.value = "";
    cost.focus();
    cost.scrollIntoView({ block: "center" });
  };
  const part = h("section.card", { "aria-label": "Enter a cost" }, h("h2", {}, "Enter a cost"), problem,
    h("form.form.columns", { onsubmit: submit },
      field("Kind of code", kind), field("Code", code), field("Cost of one unit", cost), field("Currency", currency),
      field("Valid from", validFrom), field("Invoice", invoice), h("button", {}, "Save")));
  return { part, take };
}

/** save: takes the text, its media type, and what holds for lines that do not say it. */
export function tableForm(save) {
  const problem = h("div");
  const text = h("textarea", { name: "csv", spellcheck: "false", "aria-label": "CSV", placeholder: `${HEADER}\nRC-00001,,4.20,USD,2026-01-01,INV-17` });
  const file = h("input", { type: "file", accept: ".csv,.txt,.tsv,text/csv", "aria-label": "CSV file", onchange: async () => {
    if (file.files[0]) text.value = await file.files[0].text();
  } });
  const currency = h("input", { name: "currencyOfAll", maxlength: 3, placeholder: "USD" });
  const validFrom = h("input", { name: "validFromOfAll", type: "date" });
  const submit = async (event) => {
    event.preventDefault();
    await attempt(problem, () => save(text.value, "text/csv", { currency: currency.value.trim(), validFrom: validFrom.value }));
  };
  return h("section.card", { "aria-label": "Enter several costs" }, h("h2", {}, "Enter several costs"), problem,
    h("p.muted.small", {}, "One header line, then one line per cost, with commas, semicolons, tabs or vertical bars between the cells; paste the text or choose a file. Either all lines are saved, or none. If you enter currency and day here once, the lines may leave them out."),
    h("form.form", { onsubmit: submit }, text, file, h("div.form.columns", {},
      field("Currency for lines without one", currency), field("Valid from, for lines without it", validFrom)), h("button", {}, "Save all")));
}

async function attempt(problem, work) {
  put(problem);
  try {
    await work();
  } catch (error) {
    put(problem, failure(error));
  }
}
