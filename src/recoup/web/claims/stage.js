// The stage of a claim: the one thing to do next, the steps that record it, and what a step needs.

import { send } from "../shared/api.js";
import { announce, failure, field, h, once, put, select } from "../shared/dom.js";
import { choicesOf, kindOf, wordsOf } from "../shared/states.js";
import { day } from "../shared/words.js";

const ANSWERS = ["paid", "paid_in_part", "denied", "info_requested"];
const REASONED = ["denied", "info_requested"];
const PAID = ["paid", "paid_in_part"];
const REMOVALS = ["removal_lost", "removal_discrepancy"];
// Before filing, and after it by the stage that the claim is in.
const TITLES = {
  found: "Reopen claim", ready: "It is ready to file", filed: "I have filed it", appealed: "I have appealed",
  paid_by_itself: "Amazon paid without a case", closed: "Close claim",
};
const TITLES_IN = {
  on_hold: { found: "Take off hold" },
  waiting: { filed: "I have asked again" }, info_requested: { filed: "I have replied" },
  paid_in_part: { filed: "I have asked for the rest" }, paid: { filed: "It is still open" },
  closed: { filed: "It is still open" },
};

export function stageBadge({ stage }) {
  return h(`span.badge.${kindOf("stage", stage)}`, {}, wordsOf("stage", stage));
}

/** What to do next, in words, with its day. */
export function nextStep(claim) {
  const { action, text, on } = claim.nextAction;
  const due = !on ? null : ["wait_for_answer", "wait_for_window"].includes(action) ? ` Until ${day(on)}.` : null;
  return h("p", {}, h("b", {}, "Next: "), text, due,
    claim.holdReason ? h("span.muted", {}, ` On hold: ${claim.holdReason}`) : null);
}

/** Case id, note and the steps; below them the form of a step that needs more. besides: other buttons. */
export function stageControls(claim, path, draw, besides) {
  const caseId = h("input", { name: "caseId", value: claim.caseId ?? "", maxlength: 200 });
  const note = h("input", { name: "note", maxlength: 2000 });
  const problem = h("div");
  const form = h("div");
  const steps = h("div.row.actions");
  const filled = () => ({ caseId: caseId.value.trim() || null, note: note.value.trim() || null });

  // What is recorded draws the page again: a form opened meanwhile would lose what is typed into it.
  let recording = false;
  const record = (said) => once(async () => {
    recording = true;
    try {
      const changed = await send("PATCH", path, { ...filled(), ...said() });
      await draw();
      announce(`The claim is now ${wordsOf("stage", changed.stage).toLowerCase()}.`);
    } catch (error) {
      put(problem, failure(error));
    } finally {
      recording = false;
    }
  });
  const opened = (make) => () => {
    if (recording) return;
    const close = () => {
      put(form);
      steps.hidden = false;
      steps.querySelector("button")?.focus();
    };
    put(form, make(close));
    steps.hidden = true;
    form.querySelector("input, select, textarea").focus();
  };
  const button = (text, kind, onclick) => h(`button${kind}`, { type: "button", onclick }, text);
  const kindFor = (isNext) => (isNext ? "" : ".quiet");
  const { action, stage: next } = claim.nextAction;
  const answers = ANSWERS.filter((one) => claim.allowedStages.includes(one));
  const direct = claim.allowedStages.filter((one) => !ANSWERS.includes(one) && one !== "on_hold");

  put(steps,
    direct.map((one) => button(titleOf(claim, one), kindFor(one === next), record(() => ({ stage: one })))),
    answers.length ? button("Enter Amazon's answer", kindFor(action === "wait_for_answer"),
      opened((close) => answerForm(claim, answers, record, close))) : null,
    claim.allowedStages.includes("on_hold") ? button("Put on hold", ".quiet", opened((close) => holdForm(record, close))) : null,
    besides,
    REMOVALS.includes(claim.type) ? [
      button("It arrived", ".quiet", record(() => ({ arrived: true }))),
      button("It did not arrive", ".quiet", record(() => ({ arrived: false })))] : null,
    button("Save case id and note", ".quiet", record(() => ({}))));
  return [problem, h("div.form.columns", {}, field("Case id", caseId), field("Note", note)), steps, form];
}

function titleOf(claim, stage) {
  if (stage === "closed" && claim.status === "detected") return "Dismiss";
  return TITLES_IN[claim.stage]?.[stage] ?? TITLES[stage] ?? wordsOf("stage", stage);
}

function holdForm(record, close) {
  const reason = h("input", { name: "holdReason", maxlength: 500, required: true });
  return h("form.form", { "aria-label": "Put on hold", onsubmit: record(() => ({ stage: "on_hold", holdReason: reason.value.trim() })) },
    field("What the claim is waiting for", reason),
    h("div.row.actions", {}, h("button", { type: "submit" }, "Put on hold"), cancel(close)));
}

/** The fields of the outcome that is chosen: an amount for money, a reason for a denial. */
function answerForm(claim, answers, record, close) {
  const today = new Date().toISOString().slice(0, 10);
  const outcome = select("outcome", answers.map((one) => [one, wordsOf("stage", one)]), answers[0]);
  const on = h("input", { name: "receivedOn", type: "date", value: today, max: today });
  const text = h("textarea", { name: "answer", maxlength: 20000 });
  const reason = select("reason", [["", "Not stated"], ...choicesOf("answerReason")], "");
  const amount = h("input", { name: "amount", inputmode: "decimal", pattern: "\\d{1,12}(\\.\\d{1,4})?", placeholder: "12.34" });
  const currency = h("input", { name: "currency", maxlength: 3, pattern: "[A-Za-z]{3}", value: claim.amount?.currency ?? "USD" });
  const units = h("input", { name: "units", type: "number", min: 1, step: 1 });
  const reasoned = field("Amazon's reason", reason);
  const paid = h("div.form.columns", {}, field("Amount paid", amount), field("Currency", currency), field("Units paid", units));
  const follow = () => {
    reasoned.hidden = !REASONED.includes(outcome.value);
    paid.hidden = !PAID.includes(outcome.value);
  };
  outcome.addEventListener("change", follow);
  follow();
  const said = () => {
    const isPaid = PAID.includes(outcome.value);
    const response = {
      text: text.value.trim() || null, receivedOn: on.value || null,
      reason: (REASONED.includes(outcome.value) && reason.value) || null,
      amount: isPaid && amount.value.trim() ? { amount: amount.value.trim(), currency: currency.value.trim().toUpperCase() } : null,
      units: isPaid && units.value ? Number(units.value) : null,
    };
    const isSaid = response.text || response.amount || response.units;
    return { stage: outcome.value, ...(isSaid ? { response } : {}) };
  };
  return h("form.form", { "aria-label": "Amazon's answer", onsubmit: record(said) },
    h("div.form.columns", {}, field("Outcome", outcome), field("Received on", on), reasoned), paid,
    h("p.muted.small", {}, "Only what the reimbursements report shows counts as recovered."),
    field("Amazon's answer, word for word", text),
    h("div.row.actions", {}, h("button", { type: "submit" }, "Save answer"), cancel(close)));
}

function cancel(close) {
  return h("button.quiet", { type: "button", onclick: close }, "Cancel");
}
