// What units cost: which costs are missing and what waits for them, those entered, and entering them.

import { get, send } from "../shared/api.js";
import { amazonCosts } from "./amazon_costs.js";
import { claimsAddress } from "../shared/claims_link.js";
import { singleForm, tableForm } from "./cost_forms.js";
import { announce, drawAgain, failure, field, h, listed, once, put, select, table } from "../shared/dom.js";
import { setAddress } from "../shared/places.js";
import { whoMay } from "../shared/rights.js";
import { day, money, nameOf, number, plural } from "../shared/words.js";

const COSTS = "/api/sourcing-costs";
const PER_PAGE = 50;

export async function showCosts() {
  const asked = Object.fromEntries(new URLSearchParams(location.hash.split("?")[1]));
  const [{ connections }, { may }] = await Promise.all([get("/api/v1/integrations/amazon/status"), whoMay()]);
  const mayEnter = may("member", "sync");
  const usable = connections.filter((one) => one.status !== "disconnected");
  if (!usable.length) return { title: "Sourcing costs", content: [h("h1", {}, "Sourcing costs"), introduction(),
    h("p", {}, h("a", { href: "#/accounts" }, "Connect an Amazon account first"), ".")] };
  const named = usable.find((one) => one.connectionId === asked.connectionId) ?? usable[0];
  const view = { connectionId: named.connectionId, search: asked.search ?? "", turn: 0 };
  const parts = { missing: h("div"), list: h("div.results"), trouble: h("div"), done: h("div") };
  const form = singleForm((body) => save(body));
  const workbook = amazonCosts(view, mayEnter, () => refresh());

  const refresh = async () => {
    await Promise.all([workbook.fill(), fillMissing(parts.missing, view, mayEnter && ((one) => form.take(one))), fillList(parts, view, remove)]);
  };
  const note = () => setAddress(`#/costs?${new URLSearchParams({ connectionId: view.connectionId, ...(view.search ? { search: view.search } : {}) })}`);
  const remove = mayEnter && (async (one) => {
    const what = `the cost of ${one.sku ?? one.fnsku} from ${day(one.validFrom)} on`;
    if (!confirm(`Delete ${what}?`)) return;
    try {
      const entry = { connectionId: view.connectionId, validFrom: one.validFrom, ...(one.sku ? { sku: one.sku } : { fnsku: one.fnsku }) };
      await send("DELETE", `${COSTS}?${new URLSearchParams(entry)}`);
      put(parts.trouble);
      await refresh();
      announce(`Deleted ${what}.`);
    } catch (error) {
      put(parts.trouble, failure(error));
    }
  });
  const save = async (body, type, whole = {}) => {
    const { saved, unknown } = await send("PUT", `${COSTS}?${new URLSearchParams({ connectionId: view.connectionId, ...whole })}`, body, type);
    await refresh();
    put(parts.done, savedNote(saved, unknown, recalculate));
    announce(`${plural(saved, "cost")} saved.`);
  };
  const recalculate = once(async () => {
    try {
      await send("POST", "/api/recoveries/detect", { connectionId: view.connectionId });
      await refresh();
      put(parts.done, h("p.notice.saved", { role: "status" }, "The amounts of all claims are up to date. ", h("a", { href: "#/claims" }, "See the claims")));
    } catch (error) {
      put(parts.done, failure(error));
    }
  });

  const account = select("connectionId", usable.map((one) => [one.connectionId, nameOf(one)]), view.connectionId, {
    onchange: (event) => {
      view.connectionId = event.target.value;
      put(parts.done);
      note();
      // No row of the account before stays under the name of this one.
      return refresh().catch((error) => {
        for (const part of [parts.missing, parts.list, workbook.part]) put(part);
        put(parts.done, failure(error));
      });
    },
  });
  const search = h("input", { type: "search", name: "search", value: view.search, placeholder: "SKU, FNSKU or invoice", "aria-label": "Search the entered costs", oninput: () => {
    view.search = search.value.trim();
    note();
    return fillList(parts, view, remove);
  } });
  await refresh();
  return {
    title: "Sourcing costs",
    content: [
      h("div.row.spread", {}, h("h1", {}, "Sourcing costs"),
        mayEnter ? h("button.quiet", { type: "button", onclick: recalculate }, "Recalculate now") : null),
      introduction(),
      usable.length > 1 ? h("section.card", {}, field("Amazon account", account)) : null,
      parts.done,
      h("div.split", {},
        h("div", {}, parts.missing, h("section.card", { "aria-label": "Entered costs" }, h("h2", {}, "Entered"), search, parts.trouble, parts.list), workbook.part),
        mayEnter ? h("div", {}, form.part, tableForm(save)) : null),
    ],
  };
}

function introduction() {
  return h("p.muted", {}, "For units lost before an order, Amazon pays what a unit cost you: the product alone, without freight, duties, packaging and labels. A cost applies from its day until the next entry.");
}

function savedNote(saved, unknown, recalculate) {
  const few = unknown.slice(0, 5).join(", ");
  return [
    h("div.notice.saved.row.spread", {}, `${plural(saved, "cost")} saved. The next sync updates the amounts of claims.`,
      h("button", { type: "button", onclick: recalculate }, "Recalculate now")),
    unknown.length ? h("p.notice", { role: "alert" }, `No loaded product has ${unknown.length === 1 ? "this code" : "these codes"}, so check the spelling: ${few}${unknown.length > 5 ? ` and ${number(unknown.length - 5)} others` : ""}.`) : null,
  ];
}

/** Which products lack a cost, and what waits for it. */
async function fillMissing(part, view, take) {
  const query = { connectionId: view.connectionId, limit: PER_PAGE };
  const { items, productCount } = await get(`${COSTS}/missing`, query);
  if (query.connectionId !== view.connectionId) return;
  const worth = (one) => [one.estimate ? `about ${money(one.estimate)}` : plural(one.quantity, "unit"),
    h("div.muted.small", {}, listed([one.estimate && plural(one.quantity, "unit"), plural(one.claimCount, "claim"), one.deadline && `file by ${day(one.deadline)}`]), " ",
      h("a", { href: claimsAddress({ q: one.fnsku ?? one.sku, connectionId: view.connectionId }), "aria-label": `All claims of ${one.sku ?? one.fnsku}` }, "All its claims"))];
  const enter = (one) => h("button.quiet", { type: "button", "aria-label": `Enter the cost of ${one.sku ?? one.fnsku}`, onclick: () => take(one) }, "Enter");
  const list = (some) => table("Products without a cost", [
    ["Product", (one) => [one.sku ?? one.fnsku, one.sku && one.fnsku ? h("div.muted.small", {}, one.fnsku) : null], "wrap lead"],
    ["Waiting", worth],
    ...(take ? [["Cost", enter]] : []),
  ], some);
  const rows = list(items);
  const body = rows.querySelector("tbody");
  const trouble = h("div");
  const more = h("button.quiet", { type: "button", onclick: once(async () => {
    put(trouble);
    const next = await get(`${COSTS}/missing`, { ...query, offset: body.children.length }).catch((error) => put(trouble, failure(error)));
    if (!next) return;
    const added = [...list(next.items).querySelectorAll("tbody tr")];
    body.append(...added);
    added[0]?.querySelector("button")?.focus({ preventScroll: true });
    if (!added.length || body.children.length >= next.productCount) more.remove();
    announce(`${plural(added.length, "more product")} shown.`);
  }) }, "Show more");
  drawAgain(part, () => put(part, productCount ? h("section.card", { "aria-label": "Missing costs" },
    h("h2", {}, `${plural(productCount, "product")} without a cost`),
    h("p.muted.small", {}, "Their claims have no amount until you enter the cost. The estimates are what Amazon paid for such units before."),
    rows, productCount > items.length ? [more, trouble] : null) : null));
}

/** Of several searches the one that was asked for last counts. */
async function fillList(parts, view, remove) {
  const turn = ++view.turn;
  parts.list.setAttribute("aria-busy", "true");
  const query = { connectionId: view.connectionId, search: view.search, limit: PER_PAGE };
  try {
    const page = await get(COSTS, query);
    if (turn !== view.turn) return;
    drawAgain(parts.list, () => draw(parts, view, page, query, remove));
  } catch (error) {
    if (turn === view.turn) put(parts.list, failure(error));
  }
  if (turn === view.turn) parts.list.removeAttribute("aria-busy");
}

function draw(parts, view, page, query, remove) {
  if (!page.items.length) {
    put(parts.list, h("p.muted", {}, query.search ? "No entered cost matches." : "None yet."));
    return;
  }
  const rows = costsTable(page.items, remove);
  const button = h("button.quiet", { type: "button" }, "Show more");
  const trouble = h("div");
  let { nextCursor } = page;
  button.addEventListener("click", once(async () => {
    const turn = view.turn;
    put(trouble);
    const next = await get(COSTS, { ...query, cursor: nextCursor }).catch((error) => put(trouble, failure(error)));
    if (!next || turn !== view.turn) return;
    const added = [...costsTable(next.items, remove).querySelectorAll("tbody tr")];
    rows.querySelector("tbody").append(...added);
    added[0]?.querySelector("button")?.focus({ preventScroll: true });
    nextCursor = next.nextCursor;
    if (!nextCursor) button.remove();
  }));
  put(parts.list, rows, nextCursor ? [button, trouble] : null);
}

function costsTable(items, remove) {
  const code = (one) => [one.sku ?? one.fnsku, one.isKnown ? null : h("div", {}, h("span.badge.warn", {}, "No such product loaded"))];
  return table("Sourcing costs", [
    ["SKU or FNSKU", code, "wrap lead"],
    ["Cost of a unit", (one) => money({ amount: one.cost, currency: one.currency }, 6), "number"],
    ["From", (one) => day(one.validFrom), "date"],
    ["Invoice", (one) => one.invoiceReference ?? "", "wrap"],
    ...(remove ? [["Delete", (one) => h("button.quiet", {
      type: "button", "aria-label": `Delete the cost of ${one.sku ?? one.fnsku} from ${day(one.validFrom)} on`, onclick: () => remove(one),
    }, "Delete")]] : []),
  ], items);
}
