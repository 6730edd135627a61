// One pack, in the order in which a person works: where to click, what to check, what to paste and to
// attach, and the case id at the end.

import { get, send } from "../shared/api.js";
import { copyable, copyButton } from "../shared/copy.js";
import { csvButton } from "../shared/csv.js";
import { announce, drawAgain, facts, failure, field, h, linked, once, put, table } from "../shared/dom.js";
import { staleClaims } from "../shared/list.js";
import { mayAct } from "../shared/rights.js";
import { daysLeft, day, money, number, plural, time, urgency } from "../shared/words.js";
import { attachments } from "./attachments.js";
import { standingBadge, windowOf } from "./packs.js";

export async function showPack(id) {
  const path = `/api/packs/${encodeURIComponent(id)}`;
  const body = h("div");
  const problem = h("div");
  const { mayWork } = await mayAct();
  const draw = async () => {
    const pack = await get(path);
    drawAgain(body, () => put(body, packPage(pack, path, mayWork, draw, problem)), { typed: true });
    return pack;
  };
  const pack = await draw();
  const news = staleClaims("Claims have changed since this pack was loaded.", "Load it again", draw);
  return {
    title: pack.title, leave: news.stop,
    content: [h("p.screen", {}, h("a", { href: "#/packs" }, "All packs")), news.part, problem, body],
  };
}

function packPage(pack, path, mayWork, draw, problem) {
  const head = h("div", {}, overview(pack, path, problem));
  const filed = () => put(head, overview(pack, path, problem, { isFiled: true }));
  return [
    h("h1", {}, pack.title),
    head,
    h("div.split", {},
      h("div", {}, where(pack.how), checks(pack), texts(pack), claims(pack)),
      h("div", {}, factsCard(pack), attachments(pack, mayWork ? draw : null),
        mayWork ? filedForm(pack, path, draw, filed) : null, earlier(pack), sources(pack))),
  ];
}

/** A filed pack has no page of its own any more: its claims stand in the list. */
function overview(pack, path, problem, { isFiled = false } = {}) {
  const window = windowOf(pack);
  return h("section.card", { "aria-label": "Overview" },
    h("div.top-facts", {},
      h("span.money", {}, pack.amount ? money(pack.amount) : "Amount not known"),
      h("span", {}, standingBadge(isFiled ? { standing: "filed" } : pack)),
      isFiled ? null : h("span", {}, h(`span.badge.${urgency(window) || "none"}`, {}, daysLeft(window)),
        pack.deadline ? ` File by ${day(pack.deadline)}` : " Check Seller Central for the last day")),
    h("p.muted", {}, `${plural(pack.claimCount, "claim")}, ${plural(pack.quantity, "unit")}, ${pack.marketplace ?? "marketplace not known"}.`,
      pack.unvaluedCount ? [` ${plural(pack.unvaluedCount, "claim")} without a known amount: `, h("a", { href: "#/costs" }, "enter sourcing costs"), "."] : null),
    isFiled ? null : h("div.row.actions", {},
      h("a.button.quiet", { href: path, target: "_blank", rel: "noopener" }, "Printable page"),
      csvButton(path, () => ({}), `${pack.packId}.csv`, problem)));
}

function where(how) {
  const note = how.isConfirmed ? "Amazon's page for this marketplace shows this path."
    : how.confirmedFor.length ? `This path is shown for ${how.confirmedFor.join(", ")}; it is not confirmed for this marketplace.`
      : "recoup knows no page of Amazon that shows this path: search Seller Central for it.";
  const outside = (href, text) => h("a.button.quiet", { href, target: "_blank", rel: "noopener noreferrer" }, text);
  return h("section.card", { "aria-label": "Where to click" },
    h("h2", {}, "Where to click"), h("p", {}, h("b", {}, how.title)),
    h("ol.path", {}, how.steps.map((step) => h("li", {}, step))),
    h("p.muted.small", {}, note, ` Read on ${day(how.readOn)}; Amazon may have moved it since.`),
    how.sellerCentral ? null : h("p.notice", {}, "The address of this marketplace's Seller Central is not known."),
    h("div.row.actions", {}, how.sellerCentral ? outside(how.sellerCentral, "Open Seller Central") : null,
      how.helpPage ? outside(how.helpPage, "Amazon's help page") : null));
}

function checks(pack) {
  return h("section.card", { "aria-label": "Check before you file" }, h("h2", {}, "Check before you file"),
    pack.checks.map((text) => h("label.check", {}, h("input", { type: "checkbox" }), h("span", {}, text))));
}

function texts(pack) {
  return h("section.card", { "aria-label": "Text to paste" },
    h("div.row.spread", {}, h("h2", {}, "Text to paste"), copyButton(pack.text, "text", "Copy text")),
    h("p", {}, copyable("title of the case", pack.subject)),
    h("pre.paste", { tabindex: 0, "aria-label": "Text for the case" }, pack.text),
    h("p.muted.small", {}, `${number(pack.text.length)} of 2,000 characters.`, pack.needsList ? " Not all claims fit: attach the CSV of the claims." : null));
}

function factsCard(pack) {
  return h("section.card", { "aria-label": "Facts" }, h("h2", {}, "Facts"),
    facts(pack.facts.map(({ label, value }) => [label, copyable(label, value)])),
    pack.facts.length ? null : h("p.muted", {}, "These claims have only their type in common."));
}

function claims(pack) {
  const said = (one) => one.facts.filter(({ label }) => label !== "Units").map(({ label, value }) => `${label} ${value}`).join(", ") || day(one.eventDate);
  return h("section.card", { "aria-label": "Claims" }, h("h2", {}, plural(pack.claimCount, "claim")),
    table("Claims of the pack", [
      ["Claim", (one) => h("a", { href: `#/claims/${encodeURIComponent(one.claimId)}` }, pack.items.length > 1 ? said(one) : pack.title), "wrap lead"],
      ["Units", (one) => number(one.quantity), "number"],
      ["Amount", (one) => money(one.amount), "number"],
    ], pack.items));
}

/** All claims at once, as they were read: if one has changed, none is marked. */
function filedForm(pack, path, draw, filed) {
  const told = h("div");
  const caseId = h("input", { name: "caseId", required: true, maxlength: 200, autocomplete: "off" });
  const submit = once(async () => {
    if (!caseId.value.trim()) return caseId.focus();
    put(told);
    try {
      const claims = Object.fromEntries(pack.items.map((one) => [one.claimId, one.version]));
      const done = await send("POST", `${path}/filed`, { caseId: caseId.value.trim(), claims });
      const sentence = `${plural(done.claimIds.length, "claim")} filed under case ${done.caseId}.`;
      const line = h("p.notice.saved", { tabindex: -1 }, sentence, " ", h("a", { href: "#/packs" }, "All packs"));
      put(part, h("h2", {}, "Filed"), line);
      filed();
      line.focus();
      announce(sentence);
    } catch (error) {
      put(told, failure(error), error.status === 409 ? h("button.quiet", { type: "button", onclick: again }, "Load it again") : null);
    }
  });
  const again = () => draw().catch((error) => put(told, failure(error)));
  const part = h("section.card.screen", { "aria-label": "Record the filing" }, h("h2", {}, "Filed?"), told,
    h("p.muted.small", {}, "recoup submits nothing: a person files the pack in Seller Central and records the case here."),
    h("form.form", { onsubmit: submit }, field("Case id", caseId), h("div", {}, h("button", {}, "I filed it"))));
  return part;
}

function earlier(pack) {
  return pack.filings.length ? h("section.card", { "aria-label": "Filed before" }, h("h2", {}, "Filed before"),
    h("ul.plain", {}, pack.filings.map((one) => h("li", {}, `Case ${one.caseId}, ${plural(one.claimCount, "claim")}`,
      h("div.muted.small", {}, time(one.filedAt)))))) : null;
}

function sources(pack) {
  const all = [...new Set([...pack.how.sources, ...pack.attachments.flatMap((one) => one.sources)])];
  return h("details.card", {}, h("summary", {}, h("h2", {}, "Sources of these instructions")),
    h("ul.small", {}, all.map((one) => h("li", {}, linked(one)))));
}
