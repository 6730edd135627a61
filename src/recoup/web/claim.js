// One claim: what it rests on, and what a person makes of it.

import { get, send } from "./api.js";
import { announce, facts, failure, field, h, put, table } from "./dom.js";
import { STATUS_KINDS, daysLeft, money, time, urgency, words } from "./words.js";

const STEPS = {
  filed: "I have filed it", approved: "Amazon approved it", rejected: "Amazon rejected it",
  dismissed: "Dismiss", detected: "Take the dismissal back",
};
const REMOVALS = ["removal_lost", "removal_discrepancy"];

export async function showClaim(id) {
  const path = `/api/recoveries/${encodeURIComponent(id)}`;
  const body = h("div");
  const draw = async () => {
    const packet = await get(`${path}/packet`);
    put(body, claimPage(packet, path, draw));
    return packet;
  };
  const packet = await draw();
  return { title: packet.claim.title, content: [body] };
}

function claimPage(packet, path, draw) {
  const { claim } = packet;
  return [
    h("p", {}, h("a", { href: "#/claims" }, "All claims")),
    h("div.row.spread", {}, h("h1", {}, claim.title),
      h("a.button", { href: `${path}/packet`, target: "_blank", rel: "noopener" }, "Filing packet")),
    h("div.split", {},
      h("div", {}, explanation(packet), evidence(packet.rows)),
      h("div", {}, summary(claim), decision(claim, path, draw), documents(packet), past(claim))),
  ];
}

function summary(claim) {
  const badge = (kind, text) => h(`span.badge.${kind || "none"}`, {}, text);
  return h("section.card", { "aria-label": "Facts" }, facts([
    ["Status", badge(STATUS_KINDS[claim.status], words(claim.status))],
    ["Amount", money(claim.amount)],
    ["Days left", badge(urgency(claim), daysLeft(claim))],
    ["Last safe day", claim.deadline ?? "not known: check Seller Central"],
    ["Units", String(claim.quantity)],
    ["Order", claim.orderId], ["SKU", claim.sku], ["FNSKU", claim.fnsku], ["ASIN", claim.asin],
    ["Event", claim.eventDate],
    ["Confidence", `${claim.confidence.toFixed(2)} (${claim.review})`],
    ["Case id", claim.caseId], ["Note", claim.note],
    ["Policy", claim.policyVersion],
  ]));
}

function explanation(packet) {
  const { policy } = packet;
  const lines = (texts) => h("ul", {}, texts.map((text) => h("li", {}, text)));
  const settled = packet.claim.allocation.map((one) =>
    `${one.units} of the event's units by ${one.by} ${JSON.stringify(one.reference)}`);
  return h("section.card", {},
    h("h2", {}, "How the numbers come about"), lines(packet.arithmetic),
    settled.length ? [h("h2", {}, "Settled already"), lines(settled)] : [],
    h("p.muted.small", {}, policy.sources.length
      ? `Policy ${policy.version}: ${span(policy)} after the ${policy.clock}. Confidence in this text: ${policy.confidence}. ${policy.sources.join("; ")}`
      : `Policy ${policy.version}: no window is known for this marketplace.`));
}

function span(policy) {
  const end = policy.closesAfterDays !== null ? `${policy.closesAfterDays} days`
    : policy.closesAfterMonths !== null ? `${policy.closesAfterMonths} months` : "an end that is not known,";
  return policy.opensAfterDays === null ? `until ${end}` : `from ${policy.opensAfterDays} days to ${end}`;
}

function evidence(rows) {
  return h("section.card", {}, h("h2", {}, "Source rows"),
    rows.length
      ? table("Source rows", [["Where it stands", place, "wrap"], ["What it says", values, "wrap"]], rows)
      : h("p.muted", {}, "None is stored with this claim."));
}

/** File and line, or the call that brought the row. */
function place(row) {
  const parts = (row.source ?? row.table ?? "").split(" ");
  const from = parts.length === 3 ? [h("b", {}, parts[0]), ` report ${parts[1]}, document ${parts[2]}`]
    : parts.length === 2 ? [h("b", {}, parts[0]), ` request ${parts[1]}`] : [parts.join(" ")];
  return [...from, row.source_line === undefined || row.source_line === null ? "" : `, line ${row.source_line}`];
}

function values(row) {
  const text = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const known = Object.entries(row).filter(([name, value]) =>
    !["table", "source", "source_line"].includes(name) && value !== null && value !== "");
  return known.map(([name, value]) => h("div", {}, h("span.muted", {}, `${words(name)} `), text(value)));
}

function decision(claim, path, draw) {
  const problem = h("div");
  const caseId = h("input", { name: "caseId", value: claim.caseId ?? "", maxlength: 200 });
  const note = h("input", { name: "note", maxlength: 2000 });
  const decide = (body) => async () => {
    try {
      const said = { caseId: caseId.value.trim() || null, note: note.value.trim() || null };
      const changed = await send("PATCH", path, { ...said, ...body });
      announce(`The claim is ${changed.status} now.`);
      await draw();
    } catch (error) {
      put(problem, failure(error));
    }
  };
  const button = (text, body, kind) => h(`button${kind}`, { type: "button", onclick: decide(body) }, text);
  const steps = claim.possibleSteps.map((status, n) => button(STEPS[status], { status }, n ? ".quiet" : ""));
  const parcel = REMOVALS.includes(claim.type)
    ? [button("It arrived", { arrived: true }, ".quiet"), button("It did not arrive", { arrived: false }, ".quiet")]
    : [];
  return h("section.card", {}, h("h2", {}, "What became of it"), problem,
    h("p.muted.small", {}, "recoup submits nothing: file it in Seller Central with the packet, then say so here."),
    h("div.form", {}, field("Case id", caseId), field("Note", note),
      h("div.row", {}, steps, parcel, button("Save case id and note", {}, ".quiet"))));
}

function documents(packet) {
  return packet.documents.length
    ? h("section.card", {}, h("h2", {}, "Documents to attach"),
        h("ul", {}, packet.documents.map((text) => h("li", {}, text))))
    : null;
}

function past(claim) {
  const lines = claim.history.map((one) => h("li", {},
    `${words(one.toStatus)}: ${one.why}`, h("div.muted.small", {}, `${time(one.at)}, ${one.who}`)));
  return h("section.card", {}, h("h2", {}, "History"),
    lines.length ? h("ul.plain", {}, lines) : h("p.muted", {}, `Found ${time(claim.detectedAt)}.`));
}
