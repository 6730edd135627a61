// One claim: what it is worth, until when, what to do next; below it what it rests on.

import { get, send } from "../shared/api.js";
import { arithmetic } from "./arithmetic.js";
import { lastList } from "./claims.js";
import { copyable, copyButton } from "../shared/copy.js";
import { announce, facts, failure, field, h, keepFocus, linked, once, put } from "../shared/dom.js";
import { evidence } from "../shared/evidence.js";
import { staleClaims } from "../shared/list.js";
import { cameFrom } from "../shared/places.js";
import { mayAct } from "../shared/rights.js";
import { kindOf, wordsOf } from "../shared/states.js";
import { daysLeft, day, money, number, percent, plural, standingOf, time, urgency, words } from "../shared/words.js";

const STEPS = {
  filed: "I have filed it", approved: "Amazon approved it", rejected: "Amazon rejected it",
  dismissed: "Dismiss", detected: "Reopen claim",
};
const REMOVALS = ["removal_lost", "removal_discrepancy"];

export async function showClaim(id) {
  const path = `/api/recoveries/${encodeURIComponent(id)}`;
  const body = h("div");
  const { mayWork } = await mayAct();
  const draw = async () => {
    const packet = await get(`${path}/packet`);
    keepFocus(body, () => put(body, claimPage(packet, path, mayWork && draw)));
    return packet;
  };
  const packet = await draw();
  const news = staleClaims("Claims have changed since this one was loaded.", "Load it again", draw);
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
      h("div", {}, explanation(packet), evidence(packet.rows)),
      h("div", {}, summary(claim), documents(packet), past(claim))),
  ];
}

/** The one thing to do next, and the step that records it. */
function nextAction(claim) {
  switch (standingOf(claim)) {
    case "filed": return ["Wait for Amazon's answer, then record it here.", "approved"];
    case "rejected": return ["Appeal in Seller Central with more evidence, or dismiss the claim.", "filed"];
    case "approved": return ["Nothing: Amazon approved the claim."];
    case "withdrawn": return ["Nothing: the units were found or paid since."];
    case "dismissed": return ["Nothing, unless the dismissal was a mistake."];
    case "expired": return ["Dismiss it: the last safe day has passed.", "dismissed"];
    case "windowUnknown": return ["Look up the last day in Seller Central, then file there with the packet.", "filed"];
    case "toReview": return ["Check the evidence below: it is weak. Then file the claim or dismiss it."];
    default: return claim.windowState === "wait"
      ? [`Wait: Amazon accepts it from ${day(claim.fileableFrom)}.`]
      : ["File it in Seller Central with the packet, then record it here.", "filed"];
  }
}

/** draw: null for a person who may not decide. */
function decision(packet, path, draw) {
  const { claim } = packet;
  const problem = h("div");
  const caseId = h("input", { name: "caseId", value: claim.caseId ?? "", maxlength: 200 });
  const note = h("input", { name: "note", maxlength: 2000 });
  const decide = (body) => once(async () => {
    try {
      const said = { caseId: caseId.value.trim() || null, note: note.value.trim() || null };
      const changed = await send("PATCH", path, { ...said, ...body });
      await draw();
      announce(`The claim is now ${wordsOf("claim", changed.status).toLowerCase()}.`);
    } catch (error) {
      put(problem, failure(error));
    }
  });
  const button = (text, body, kind) => h(`button${kind}`, { type: "button", onclick: decide(body) }, text);
  const [todo, first] = nextAction(claim);
  const title = (status) => (claim.status === "rejected" && status === "filed" ? "I have appealed" : STEPS[status] ?? words(status));
  const steps = claim.possibleSteps.map((status) => button(title(status), { status }, status === first ? "" : ".quiet"));
  const parcel = REMOVALS.includes(claim.type)
    ? [button("It arrived", { arrived: true }, ".quiet"), button("It did not arrive", { arrived: false }, ".quiet")]
    : [];
  const standing = standingOf(claim);
  const settled = claim.allocation.reduce((units, one) => units + one.units, 0);
  return h("section.card", { "aria-label": "Decision" }, problem,
    h("div.top-facts", {},
      h("span.money", {}, claim.amount ? money(claim.amount) : "Amount not known"),
      h("span", {}, h(`span.badge.${kindOf("standing", standing)}`, {}, wordsOf("standing", standing))),
      claim.status === "detected" ? h("span", {}, h(`span.badge.${urgency(claim) || "none"}`, {}, daysLeft(claim)),
        claim.deadline ? ` File by ${day(claim.deadline)}` : " Check Seller Central for the last day") : null),
    h("p", {}, h("b", {}, "Next: "), todo),
    settled ? h("p.muted.small", {}, `For ${plural(claim.quantity, "unit")}; ${plural(settled, "unit")} of the same event ${settled === 1 ? "is" : "are"} settled already.`) : null,
    claim.amountMissing ? h("p", {}, claim.amountMissing, " ", h("a", { href: "#/costs" }, "Sourcing costs")) : null,
    draw && claim.possibleSteps.includes("filed") ? h("p.muted.small", {}, "recoup submits nothing: a person files the claim and records it here.") : null,
    draw ? h("div.form.columns", {}, field("Case id", caseId), field("Note", note)) : null,
    h("div.row.actions", {}, draw ? steps : null,
      h("a.button.quiet", { href: `${path}/packet`, target: "_blank", rel: "noopener" }, "Filing packet"),
      copyButton(packet.text, "text for the case", "Copy text for the case"),
      draw ? [parcel, button("Save case id and note", {}, ".quiet")] : null));
}

function summary(claim) {
  return h("section.card", { "aria-label": "Facts" }, facts([
    ["Units", number(claim.quantity)],
    ["Order", copyable("order id", claim.orderId)], ["SKU", copyable("SKU", claim.sku)],
    ["FNSKU", copyable("FNSKU", claim.fnsku)], ["ASIN", copyable("ASIN", claim.asin)],
    ["Marketplace", claim.marketplaceId && wordsOf("marketplace", claim.marketplaceId)],
    ["Event", day(claim.eventDate)],
    ["Fileable from", claim.fileableFrom && day(claim.fileableFrom)],
    ["Last safe day", claim.deadline ? day(claim.deadline) : "not known: check Seller Central"],
    ["Confidence", `${wordsOf("review", claim.review)} (${percent(claim.confidence)})`],
    ["Case id", copyable("case id", claim.caseId)], ["Note", claim.note],
    ["Policy", claim.policyVersion],
  ]));
}

function explanation(packet) {
  const { policy } = packet;
  const lines = (texts) => h("ul", {}, texts.map((text) => h("li", {}, text)));
  const settled = packet.claim.allocation.map((one) => `${plural(one.units, "unit")} of the event by ${one.by} ${reference(one.reference)}`);
  return h("section.card", {},
    h("h2", {}, "How the numbers were calculated"), lines(arithmetic(packet.claim)),
    settled.length ? [h("h2", {}, "Already settled"), lines(settled)] : [],
    policy.sources.length ? h("details", {}, h("summary", {}, "The policy it rests on"),
      h("p.small", {}, `Version ${policy.version}: ${span(policy)} after the ${policy.clock}. Confidence in this policy: ${policy.confidence}.`),
      h("ul.small", {}, policy.sources.map((one) => h("li", {}, linked(one)))))
      : h("p.muted.small", {}, `Policy ${policy.version}: no window is known for this marketplace.`));
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
    `${wordsOf("claim", one.toStatus)}: ${one.why}`, h("div.muted.small", {}, `${time(one.at)}, ${one.who}`)));
  return h("section.card", {}, h("h2", {}, "History"),
    lines.length ? h("ul.plain.spaced", {}, lines) : h("p.muted", {}, `Found ${time(claim.detectedAt)}.`));
}
