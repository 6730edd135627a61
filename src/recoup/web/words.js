// How values read.

/** Amounts are decimal texts; their digits are grouped, never calculated with. */
export function money(value) {
  if (!value) return "not known";
  const [whole, fraction] = value.amount.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${fraction ? `.${fraction.padEnd(2, "0")}` : ""} ${value.currency}`;
}

export function number(value) {
  return value === null || value === undefined ? "-" : value.toLocaleString("en-US");
}

export function plural(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** snake_case and camelCase as words. */
export function words(name) {
  const spaced = name.replace(/_/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function time(text) {
  return text ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "-";
}

/** Each currency on its own, as they are never added. */
export function sums(totals) {
  return totals.byCurrency.length ? totals.byCurrency.map(money).join(" and ") : "-";
}

export const STATUS_KINDS = {
  detected: "accent", filed: "warn", approved: "good", rejected: "bad", dismissed: "", withdrawn: "",
  complete: "good", failed: "bad", cancelled: "", in_progress: "accent",
};

export function daysLeft(claim) {
  switch (claim.windowState) {
    case "unknown": return "window not known";
    case "expired": return "over";
    case "wait": return `from ${claim.fileableFrom}`;
    default: return claim.daysLeft === 0 ? "last day" : plural(claim.daysLeft, "day");
  }
}

export function urgency(claim) {
  if (claim.windowState !== "open") return "";
  return claim.daysLeft <= 7 ? "bad" : claim.daysLeft <= 14 ? "warn" : "good";
}
