// One claim: what it is worth, until when, what to do next; below it what it rests on.

import { get } from "../shared/api.js";
import { answers, payments, readyTexts } from "./answers.js";
import { arithmetic } from "./arithmetic.js";
import { lastList } from "./claims.js";
import { nextStep, stageBadge, stageControls } from "./stage.js";
import { copyable, copyButton } from "../shared/copy.js";
import { drawAgain, facts, h, linked, put } from "../shared/dom.js";
import { evidence } from "../shared/evidence.js";
import { staleClaims } from "../shared/list.js";
import { cameFrom } from "../shared/places.js";
import { mayAct } from "../shared/rights.js";
import { wordsOf } from "../shared/states.js";
import { day, daysLeft, money, number, percent, plural, time, told, urgency, words } from "../shared/words.js";

export async function showClaim(id) {
  const path = `/api/recoveries/${encodeURIComponent(id)}`;
  const body = h("div");
  const { mayWork } = await mayAct();
  const draw = async (kept) => {
    const packet = await get(`${path}/packet`);
    drawAgain(body, () => put(body, claimPage(packet, path, mayWork && draw)), kept);
    return packet;
  };
  const packet = await draw();
  const news = staleClaims("Claims have changed since this one was loaded.", "Load it again", () => draw({ typed: true }));
  return { title: packet.claim.title, leave: news.stop, content: [back(), news.part, body] };
}

/** To the list as it was: with its filters, and by going back also to the same place in it. */
function back() {
  const list = lastList();
  return h("p", {}, h("a", { href: list, onclick: (event) => {
    if (!cameFrom(list)) return;
    event.preventDefault();
    history.back();
  } }, "All claims"));
}

function claimPage(packet, path, draw) {
  const { claim } = packet;
  return [
    h("h1", {}, claim.title),
    decision(packet, path, draw),
    h("div.split", {},
      h("div", {}, readyTexts(claim), answers(claim), payments(claim), explanation(packet), evidence(packet.rows, claim.amount?.currency)),
      h("div", {}, summary(claim), documents(packet), past(claim))),
  ];
}

/** draw: null for a person who may not decide. */
function decision(packet, path, draw) {
  const { claim } = packet;
  const settled = claim.allocation.reduce((units, one) => units + one.units, 0);
  const texts = [
    h("a.button.quiet", { href: `${path}/packet`, target: "_blank", rel: "noopener" }, "Filing packet"),
    copyButton(packet.text, "text for the case", "Copy text for the case"),
  ];
  return h("section.card", { "aria-label": "Decision" },
    h("div.top-facts", {},
      h("span.money", {}, claim.amount ? money(claim.amount) : "Amount not known"),
      stageBadge(claim),
      claim.paidAmount ? h("span", {}, `${money(claim.paidAmount)} paid`) : null,
      claim.waitingDays ? h("span", {}, `${plural(claim.waitingDays, "day")} without an answer`) : null,
      claim.status === "detected" ? h("span", {}, h(`span.badge.${urgency(claim) || "none"}`, {}, daysLeft(claim)),
        claim.deadline ? ` ${claim.windowState === "expired" ? "The last safe day was" : "File by"} ${day(claim.deadline)}` : " Check Seller Central for the last day") : null),
    nextStep(claim),
    settled ? h("p.muted.small", {}, `For ${plural(claim.quantity, "unit")}; ${plural(settled, "unit")} of the same event ${settled === 1 ? "is" : "are"} settled already.`) : null,
    claim.amountMissing ? h("p", {}, told(claim.amountMissing), " ", h("a", { href: "#/costs" }, "Sourcing costs")) : null,
    draw && claim.possibleSteps.includes("filed") ? h("p.muted.small", {}, "recoup submits nothing: a person files the claim and records it here.") : null,
    draw ? stageControls(claim, path, draw, texts) : h("div.row.actions", {}, texts));
}

function summary(claim) {
  return h("section.card", { "aria-label": "Facts" }, facts([
    ["Units", number(claim.quantity)],
    ["Order", copyable("order id", claim.orderId)], ["SKU", copyable("SKU", claim.sku)],
    ["FNSKU", copyable("FNSKU", claim.fnsku)], ["ASIN", copyable("ASIN", claim.asin)],
    ["Marketplace", claim.marketplaceId && wordsOf("marketplace", claim.marketplaceId)],
    ["Event", day(claim.eventDate)],
    ["Can be filed from", claim.fileableFrom && day(claim.fileableFrom)],
    ["Last safe day", claim.deadline ? day(claim.deadline) : "not known: check Seller Central"],
    ["Confidence", `${wordsOf("review", claim.review)} (${percent(claim.confidence)})`],
    ["Case id", copyable("case id", claim.caseId)], ["Filed on", claim.filedOn && day(claim.filedOn)], ["Note", claim.note],
    ["Policy", claim.policyVersion && policyOf(claim.policyVersion)],
  ]));
}

function explanation(packet) {
  const { policy } = packet;
  const lines = (texts) => h("ul", {}, texts.map((text) => h("li", {}, text)));
  const settled = packet.claim.allocation.map((one) => `${plural(one.units, "unit")} of the event by ${one.by} ${reference(one.reference)}`);
  return h("section.card", {},
    h("h2", {}, "How the numbers were calculated"), lines(arithmetic(packet.claim)),
    settled.length ? [h("h2", {}, "Already settled"), lines(settled)] : [],
    policy.sources.length ? h("details", {}, h("summary", {}, "The policy behind this claim"),
      h("p.small", {}, `${policyOf(policy.version)}: ${span(policy)} after the ${policy.clock}. Confidence in this policy: ${policy.confidence}.`),
      h("ul.small", {}, policy.sources.map((one) => h("li", {}, linked(one)))))
      : h("p.muted.small", {}, `Policy of ${policyOf(policy.version)}: no window is known for this marketplace.`));
}

/** The day on which the policy was read, and the digest of its table. */
function policyOf(version) {
  return version.replace(/^(\d{4}-\d\d-\d\d)(?:\+(.+))?$/, (_, on, digest) => (digest ? `${day(on)} (${digest})` : day(on)));
}

/** The key of a source row as text. */
function reference(value) {
  if (value === null || typeof value !== "object") return value ?? "";
  return Object.entries(value).map(([name, part]) => `${words(name).toLowerCase()} ${part}`).join(", ");
}

function span(policy) {
  const end = policy.closesAfterDays !== null ? plural(policy.closesAfterDays, "day")
    : policy.closesAfterMonths !== null ? plural(policy.closesAfterMonths, "month") : "an unknown end,";
  return policy.opensAfterDays === null ? `until ${end}` : `from ${plural(policy.opensAfterDays, "day")} to ${end}`;
}

function documents(packet) {
  return packet.documents.length
    ? h("section.card", {}, h("h2", {}, "Documents to attach"),
        h("ul", {}, packet.documents.map((text) => h("li", {}, text))))
    : null;
}

function past(claim) {
  const lines = claim.history.map((one) => h("li", {},
    `${one.changes.stage ? wordsOf("stage", one.changes.stage[1]) : wordsOf("claim", one.toStatus)}: ${told(one.why)}`, h("div.muted.small", {}, `${time(one.at)}, ${one.who}`)));
  return h("section.card", {}, h("h2", {}, "History"),
    lines.length ? h("ul.plain.spaced", {}, lines) : h("p.muted", {}, `Found ${time(claim.detectedAt)}.`));
}
