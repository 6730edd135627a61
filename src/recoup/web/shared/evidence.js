// The rows of Amazon's own records that prove a claim.

import { h, table } from "./dom.js";
import { day, fraction, money, number, time, words } from "./words.js";

const PLACE = ["table", "source", "source_line"];

/** currency: of the claim, where it is known; the rows do not repeat it. */
export function evidence(rows, currency) {
  return h("section.card", {}, h("h2", {}, "Source rows"),
    rows.length
      ? table("Source rows", [["Source", place, "wrap wide"], ["Contents", (row) => values(row, currency), "wrap wide"]], rows)
      : h("p.muted", {}, "No source rows are stored with this claim."));
}

/** What it is, and where it stands. */
function place(row) {
  return [h("b", {}, row.table ? words(row.table) : "Row"), h("div.muted.small", {}, sourceText(row.source, row.source_line))];
}

/** File and line, or the call that returned the row. */
export function sourceText(source, line) {
  const parts = (source ?? "").split(" ");
  const from = parts[2] === "file" ? `Report ${parts[0]}, downloaded file ${parts[1]}`
    : parts.length === 3 ? `Report ${parts[0]} ${parts[1]}, document ${parts[2]}`
    : parts.length === 2 ? `${parts[0]}, request ${parts[1]}` : parts.join(" ");
  return `${from}${line === undefined || line === null ? "" : `, line ${number(line)}`}`;
}

function values(row, currency) {
  return Object.entries(row)
    .filter(([name, value]) => !PLACE.includes(name) && value !== null && value !== "")
    .map(([name, value]) => h("div", {}, h("span.muted", {}, `${NAMES[name] ?? words(name)}: `), valueOf(name, value, row.currency ?? currency)));
}

function valueOf(name, value, currency) {
  if (MONEY.has(name) && currency) return money({ amount: value, currency }, 4);
  return CODED.has(name) && typeof value === "string" ? words(value) : textOf(value);
}

const MONEY = new Set(["tax", "fees", "rest", "shipping", "principal", "promotion", "administration_fee", "referral_fee_credited",
  "fee", "feeTotal", "charged", "expected", "over", "givenBack", "amount"]);
// What Amazon writes as a code.
const CODED = new Set(["what", "status", "disposition", "reason", "sizeTier"]);

// Names that say little by themselves; the others are those of the columns.
const NAMES = { what: "Kind", event_on: "Day", eventOn: "Day", monthOn: "Month", over: "Too much", posted_at: "Posted", quantity: "Units" };

/** A number as the reader's language writes it, without the zeros that a division leaves; a list as a list. */
export function textOf(value) {
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (value?.amount && value.currency) return money(value);
  if (value !== null && typeof value === "object")
    return Object.entries(value).filter(([, part]) => part !== null).map(([name, part]) => `${words(name).toLowerCase()} ${textOf(part)}`).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value)) return time(value);
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return day(value);
  return typeof value === "number" || /^-?\d+\.\d+$/.test(value) ? fraction(value) : String(value);
}
