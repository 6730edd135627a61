// What Amazon answered and paid, and what to write back.

import { copyButton } from "../shared/copy.js";
import { h } from "../shared/dom.js";
import { wordsOf } from "../shared/states.js";
import { day, money, plural, time } from "../shared/words.js";

/** The ready-made texts for the next step. */
export function readyTexts({ texts }) {
  return texts.map((one) => h("section.card", { "aria-label": "Text for Amazon" },
    h("h2", {}, `Text for Amazon: ${one.title}`),
    h("p.verbatim", {}, one.text),
    one.attach.length ? [h("h3", {}, "Attach before you send it"), h("ul", {}, one.attach.map((what) => h("li", {}, what)))] : null,
    h("div.row.actions", {}, copyButton(one.text, "text for Amazon", "Copy text"))));
}

export function answers({ responses }) {
  if (!responses.length) return null;
  const told = (one) => [wordsOf("stage", one.stage), one.reason && wordsOf("answerReason", one.reason),
    one.amount && `${money(one.amount)} paid`, one.units && `${plural(one.units, "unit")} paid`].filter(Boolean).join(", ");
  return h("section.card", { "aria-label": "Amazon's answers" }, h("h2", {}, "Amazon's answers"),
    h("ul.plain.spaced", {}, responses.map((one) => h("li", {},
      h("b", {}, `${day(one.receivedOn)}: ${told(one)}`),
      one.text ? h("blockquote.verbatim", {}, one.text) : null,
      h("div.muted.small", {}, `Entered ${time(one.enteredAt)}, ${one.enteredBy}`)))));
}

/** The rows of the report, and what a person entered that it does not show. */
export function payments({ payments, paidAmount, unconfirmedAmount }) {
  if (!payments.length && !unconfirmedAmount) return null;
  return h("section.card", { "aria-label": "Payments" }, h("h2", {}, "Paid, by the reimbursements report"),
    h("p", {}, h("b", {}, paidAmount ? money(paidAmount) : "Nothing yet")),
    unconfirmedAmount ? h("p.notice", {}, `${money(unconfirmedAmount)} was entered by a person and is not in the report. It does not count as recovered.`) : null,
    h("ul.plain.spaced", {}, payments.map((one) => h("li", {},
      `${money(one.amount)}, ${plural(one.units, "unit")}: reimbursement ${one.reimbursementId}`,
      h("div.muted.small", {}, [time(one.approvedAt), one.recovered ? null : "paid by Amazon without a case"].filter(Boolean).join(", "))))));
}
