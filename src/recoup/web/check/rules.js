// Which types of claims were searched, and the reports to download for the others.

import { h } from "../shared/dom.js";
import { day, plural } from "../shared/words.js";

export function searchedCard({ rules }) {
  const searched = rules.filter((one) => one.isSearched);
  if (!searched.length) return null;
  return h("section.card", { "aria-label": "Searched" }, h("h2", {}, `${plural(searched.length, "type")} of claims searched`),
    h("ul.plain.spaced", {}, searched.map((one) => h("li", {}, h("b", {}, one.title),
      one.firstOn ? h("div.muted.small", {}, `Events from ${day(one.firstOn)}${one.lastOn ? ` to ${day(one.lastOn)}` : " on"}`) : null,
      one.why ? h("div.notice.small", {}, one.why) : null))));
}

/** Each report once, with the types that need it; what only Amazon's API has comes last. */
export function missingCard({ rules }) {
  const waiting = rules.filter((one) => !one.isSearched);
  if (!waiting.length) return null;
  const needed = new Map();
  for (const rule of waiting) for (const one of rule.missing) needed.set(one.stream, { ...one, rules: [...(needed.get(one.stream)?.rules ?? []), rule.title] });
  const reports = [...needed.values()];
  const byFile = reports.filter((one) => one.path);
  const byApi = reports.filter((one) => !one.path);
  return h("section.card", { "aria-label": "Missing" }, h("h2", {}, `${plural(waiting.length, "type")} of claims not searched yet`),
    byFile.length ? [h("h3", {}, "Reports to download"), h("ul.plain.spaced", {}, byFile.map((one) => h("li", {},
      h("b", {}, one.title), h("div", {}, one.path, one.hint ? `: ${one.hint}` : ""),
      h("div.muted.small", {}, `${one.why} For: ${one.rules.join("; ")}.`))))] : null,
    byApi.length ? [h("h3", {}, "Only with a connection to Amazon"),
      h("p", {}, `${byApi.map((one) => one.title).join(", ")}. `, h("a", { href: "#/accounts" }, "Connect your Amazon account"), "."),
      h("p.muted.small", {}, `For: ${waiting.filter((one) => one.missing.some((report) => !report.path)).map((one) => one.title).join("; ")}.`)] : null);
}
