// What is done with several claims at once: one call for each, and the truth about those that failed.

import { send } from "../shared/api.js";
import { announce, field, h, once, put } from "../shared/dom.js";
import { number, plural } from "../shared/words.js";

const DECISIONS = [
  ["filed", "Mark as filed", (many) => `Mark ${many} as filed?`],
  ["dismissed", "Dismiss", (many) => `Dismiss ${many}? A dismissed claim can be reopened.`],
];

/** box(claim): its checkbox. keep(claims): of those that are chosen, the ones that are still listed.
    reload(): loads the list again. */
export function bulkBar(reload) {
  const chosen = new Map();
  const tools = h("div.row", { role: "group", "aria-label": "Selected claims", hidden: true });
  const count = h("b");
  const caseId = h("input", { name: "bulkCaseId", maxlength: 200 });
  const told = h("div");
  // Below the list, where its coming moves no row.
  const part = h("div.bulk", {}, told, tools);
  const boxes = () => [...part.parentElement.querySelectorAll("td.select input")];

  const draw = () => {
    tools.hidden = !chosen.size;
    put(count, `${plural(chosen.size, "claim")} selected`);
  };
  const choose = (claim, isChosen) => {
    if (isChosen) chosen.set(claim.claimId, claim);
    else chosen.delete(claim.claimId);
    draw();
  };
  const box = (claim) => {
    const input = h("input", { type: "checkbox", "aria-label": `Select ${nameOf(claim)}`, checked: chosen.has(claim.claimId) });
    input.addEventListener("change", () => choose(claim, input.checked));
    return input;
  };
  const all = (isChosen) => boxes().filter((one) => one.checked !== isChosen).forEach((one) => one.click());

  const decide = (status, question) => once(async () => {
    const many = plural(chosen.size, "claim");
    if (!confirm(question(many))) return;
    const said = { status, ...(status === "filed" && caseId.value.trim() ? { caseId: caseId.value.trim() } : {}) };
    const claims = [...chosen.values()];
    const result = await apply(claims, said, (n) => put(count, `${number(n)} of ${number(claims.length)} ...`));
    for (const { claimId } of result.done) chosen.delete(claimId);
    if (!result.failed.length) caseId.value = "";
    const sentence = `${plural(result.done.length, "claim")} ${status}.`;
    const line = report(sentence, result);
    put(told, line);
    line.focus();
    await reload();
    announce(result.failed.length ? `${sentence} ${number(claims.length - result.done.length)} could not be changed.` : sentence);
  });

  put(tools, count,
    h("button.quiet", { type: "button", "aria-label": "Select all", onclick: () => all(true) }, "All"),
    h("button.quiet", { type: "button", "aria-label": "Select none", onclick: () => all(false) }, "None"),
    field("Case id for all", caseId),
    DECISIONS.map(([status, title, question]) =>
      h(status === "filed" ? "button" : "button.quiet", { type: "button", onclick: decide(status, question) }, title)));
  const keep = (claims) => {
    const listed = new Set(claims.map((one) => one.claimId));
    for (const id of [...chosen.keys()]) if (!listed.has(id)) chosen.delete(id);
    draw();
  };
  return { part, box, keep };
}

/** One after the other. Where the server does not answer or asks to wait, the rest is not tried. */
async function apply(claims, said, tell) {
  const result = { done: [], failed: [], untried: [] };
  for (const [n, claim] of claims.entries()) {
    tell(n + 1);
    try {
      await send("PATCH", `/api/recoveries/${encodeURIComponent(claim.claimId)}`, said);
      result.done.push(claim);
    } catch (error) {
      result.failed.push([claim, error.message]);
      if (![404, 409].includes(error.status)) {
        result.untried = claims.slice(n + 1);
        break;
      }
    }
  }
  return result;
}

function report(sentence, { failed, untried }) {
  if (!failed.length) return h("p.notice.saved", { tabindex: -1 }, sentence);
  return h("div.error", { role: "alert", tabindex: -1 }, h("b", {}, `${sentence} ${plural(failed.length + untried.length, "claim")} could not be changed:`),
    h("ul", {}, failed.map(([claim, message]) => h("li", {}, h("a", { href: `#/claims/${encodeURIComponent(claim.claimId)}` }, nameOf(claim)), `: ${message}`))),
    untried.length ? h("p", {}, `${plural(untried.length, "more claim")} ${untried.length === 1 ? "was" : "were"} not tried. Try again with those that are still selected.`) : null);
}

function nameOf(claim) {
  return [claim.title, claim.orderId ?? claim.sku ?? claim.fnsku].filter(Boolean).join(", ");
}
