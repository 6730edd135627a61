// Bars, drawn as plain SVG. Each is a link to what it counts and says its numbers to who does not see
// it; the numbers also stand beside the bars, or in a table below them.

import { h, table } from "../shared/dom.js";
import { money, plural } from "../shared/words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 160;
// Of a group's width: two bars and what is left free between the groups.
const BAR = 0.38;

/** One line per entry: {name, value, href}, value as {amount, currency, claimCount}. */
export function rowsOfBars(title, entries) {
  const most = largest(entries.map((one) => one.value));
  return h("ul.plain.bars", { "aria-label": title }, entries.map(({ name, value, href }) => h("li", {},
    h("a", { href }, h("span.bar-name", {}, name),
      h("span.bar-value", {}, money(value), h("span.muted.small", {}, ` ${plural(value.claimCount, "claim")}`)),
      svg("svg", { class: "bar-line", width: "100%", height: 8, "aria-hidden": "true" },
        svg("rect", { width: part(value, most), height: 8, rx: 3 }))))));
}

/** Groups of two bars side by side: {name, short, first, second}, each of the two as {value, href} or
    null. titles: what the two are. */
export function columnsOfBars(title, groups, titles) {
  const most = largest(groups.flatMap(({ first, second }) => [first, second]).map((one) => one?.value));
  const width = 100 / groups.length;
  const column = (one, group, n, second) => {
    if (!one) return null;
    const height = Math.max(2, (Number(one.value.amount) / most) * HEIGHT);
    const left = `${(n + (second ? 0.5 : 0.5 - BAR)) * width}%`;
    return svg("a", { href: one.href, "aria-label": `${group.name}, ${titles[second ? 1 : 0]}: ${spoken(one.value)}` },
      // A small bar is as easy to hit as a large one.
      svg("rect", { class: "bar-target", x: left, y: 0, width: `${BAR * width}%`, height: HEIGHT }),
      svg("rect", { class: second ? "bar-second" : "bar-first", x: left, y: HEIGHT - height, width: `${BAR * width}%`, height, rx: 2 }),
      svg("title", {}, `${group.name}, ${titles[second ? 1 : 0]}: ${spoken(one.value)}`));
  };
  const cell = (one) => (one ? [h("a", { href: one.href }, money(one.value)), h("div.muted.small", {}, plural(one.value.claimCount, "claim"))] : "-");
  return h("div", {},
    h("p.legend.small", {}, h("span.key.first", {}, titles[0]), h("span.key.second", {}, titles[1])),
    svg("svg", { class: "columns", width: "100%", height: HEIGHT + 22, role: "group", "aria-label": title },
      svg("line", { class: "axis", x1: 0, x2: "100%", y1: HEIGHT, y2: HEIGHT }),
      ...groups.flatMap((group, n) => [
        column(group.first, group, n, false), column(group.second, group, n, true),
        svg("text", { x: `${(n + 0.5) * width}%`, y: HEIGHT + 16, "text-anchor": "middle", "aria-hidden": "true" }, group.short),
      ])),
    h("details", {}, h("summary", {}, "As a table", h("span.visually-hidden", {}, `: ${title}`)),
      table(title, [["Month", (one) => one.name, "lead"], [titles[0], (one) => cell(one.first), "number"],
        [titles[1], (one) => cell(one.second), "number"]], [...groups].reverse())));
}

function spoken(value) {
  return `${money(value)}, ${plural(value.claimCount, "claim")}`;
}

function largest(values) {
  return Math.max(...values.map((one) => Number(one?.amount ?? 0)), 0.01);
}

function part(value, most) {
  return `${Math.max(0.5, (Number(value.amount) / most) * 100)}%`;
}

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}
