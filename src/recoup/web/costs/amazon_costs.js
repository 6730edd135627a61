// Amazon's own workbook of sourcing costs: load it, take it along with the costs to send, and what was refused.

import { addressOf, get, getFile, send } from "../shared/api.js";
import { announce, failure, field, h, once, put, table } from "../shared/dom.js";
import { saveFile } from "../shared/csv.js";
import { day, money, plural } from "../shared/words.js";

const COSTS = "/api/sourcing-costs";
const WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/** view: with the chosen account. refresh: of the whole page. Returns the part and what fills it. */
export function amazonCosts(view, mayEnter, refresh) {
  const part = h("div");
  const problem = h("div");
  const attempt = async (said, work) => {
    try {
      await work();
      put(problem);
      await refresh();
      announce(said);
    } catch (error) {
      put(problem, failure(error));
    }
  };
  const load = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    await attempt("The workbook was read.", () => send("PUT", addressOf(COSTS, { connectionId: view.connectionId }), file, WORKBOOK));
  };
  const take = once(async () => {
    try {
      saveFile(await getFile(COSTS, { connectionId: view.connectionId }, WORKBOOK), "sourcing-costs.xlsx");
    } catch (error) {
      put(problem, failure(error));
    }
  });
  const refuse = (one) => attempt(`${one.fnsku} was noted as refused.`, () => send("PUT", `${COSTS}/amazon/refusals`, {
    connectionId: view.connectionId, fnsku: one.fnsku, currency: one.currency, cost: one.costToSend, refusedOn: localToday() }));
  const forget = (one) => attempt(`${one.fnsku} is no longer noted as refused.`, () =>
    send("DELETE", addressOf(`${COSTS}/amazon/refusals`, { connectionId: view.connectionId, fnsku: one.fnsku, currency: one.currency })));
  const fill = async () => {
    const { connectionId } = view;
    const { items, productCount } = await get(`${COSTS}/amazon`, { connectionId, limit: 100 });
    if (connectionId !== view.connectionId) return;
    put(part, h("section.card", { "aria-label": "Amazon's workbook" }, h("h2", {}, "Amazon's workbook"),
      h("p.muted.small", {}, "Download the workbook in Seller Central (Manage your sourcing cost, bulk) and load it here. recoup reads the costs that Amazon has approved and fills in yours; then upload the workbook in Seller Central."),
      problem,
      mayEnter ? h("div.form", {}, field("Workbook (.xlsx)", h("input", { type: "file", name: "workbook", accept: ".xlsx", onchange: load }))) : null,
      productCount ? [h("p", {}, h("button.quiet", { type: "button", onclick: take }, "Download with your costs")), list(items, mayEnter && { refuse, forget })] : null,
      productCount > items.length ? h("p.muted.small", {}, `${plural(productCount - items.length, "more product")} in the workbook.`) : null));
  };
  return { part, fill };
}

function localToday() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((one) => String(one).padStart(2, "0")).join("-");
}

function list(items, act) {
  const amount = (one, value) => (value ? money({ amount: value, currency: one.currency }, 6) : "-");
  return table("Costs in Amazon's workbook", [
    ["FNSKU", (one) => [one.fnsku, stateOf(one)], "wrap lead"],
    ["Approved", (one) => [amount(one, one.approvedCost), one.approvedOn ? h("div.muted.small", {}, `${one.approvedSource ?? ""} ${day(one.approvedOn)}`) : null], "number"],
    ["Estimated", (one) => amount(one, one.estimatedCost), "number"],
    ["Yours", (one) => amount(one, one.ownCost), "number"],
    ...(act ? [["Change", (one) => action(one, act)]] : []),
  ], items);
}

function stateOf(one) {
  if (one.isDue) return h("div", {}, h("span.badge.warn", {}, "Refused, can be sent again"));
  if (one.refusedOn) return h("div", {}, h("span.badge", {}, `Refused, can be sent again from ${day(one.sendAgainOn)}`));
  return one.costToSend ? h("div", {}, h("span.badge.accent", {}, "To send")) : null;
}

function action(one, { refuse, forget }) {
  if (one.refusedOn && !one.isDue) return h("button.quiet", { type: "button", "aria-label": `Forget the refusal of ${one.fnsku}`, onclick: () => forget(one) }, "Not refused");
  return one.costToSend ? h("button.quiet", { type: "button", "aria-label": `Amazon refused the cost of ${one.fnsku}`, onclick: () => refuse(one) }, "Refused") : null;
}
