// How values read: numbers and times as the browser's language writes them.

/** Amounts are decimal texts; they are rounded to the currency's digits, never calculated with. */
export function money(value, digits) {
  if (!value) return "not known";
  const options = { style: "currency", currency: value.currency, currencyDisplay: "symbol" };
  return new Intl.NumberFormat(undefined, digits ? { ...options, maximumFractionDigits: digits } : options).format(value.amount);
}

export function number(value) {
  return value === null || value === undefined ? "-" : new Intl.NumberFormat().format(value);
}

export function plural(count, noun) {
  return `${number(count)} ${count === 1 ? noun : many(noun)}`;
}

/** `claims`, `entries`. */
export function many(noun) {
  return `${noun.replace(/([^aeiou])y$/, "$1ie")}s`;
}

export function percent(share, options = {}) {
  return new Intl.NumberFormat(undefined, { style: "percent", ...options }).format(share);
}

/** snake_case and camelCase as words. */
export function words(name) {
  const spaced = name.replace(/_/g, " ").replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3 $2$4").toLowerCase();
  const said = spaced.replace(/\b(sku|fnsku|asin|id|msku|fba)\b/g, (word) => (word === "id" ? "id" : word.toUpperCase()));
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** Seconds as people say them. */
export function lasting(seconds) {
  if (seconds === null || seconds === undefined) return "-";
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const parts = hours ? [[hours, "h"], [minutes % 60, "min"]] : minutes ? [[minutes, "min"], [Math.floor(seconds % 60), "s"]] : [[Math.round(seconds), "s"]];
  return parts.filter(([count], n) => count || !n).map(([count, unit]) => `${number(count)} ${unit}`).join(" ");
}

export function time(text) {
  return text ? new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "-";
}

/** A day of a marketplace's calendar: the same wherever it is read. */
export function day(text) {
  return text ? new Date(`${text.slice(0, 10)}T00:00:00Z`).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" }) : "-";
}

const CURRENCIES = new Set(Intl.supportedValuesOf("currency"));

// What Amazon calls the state of a unit, and the reason of a reimbursement (Lost_Warehouse).
const CODES = /\b(?:(?:UN)?SELLABLE|DEFECTIVE|EXPIRED|[A-Z]+_DAMAGED|[A-Z][a-z]+(?:_[A-Z][a-z]+)+)\b/g;

/** A sentence of the server with its amounts (12.30 USD), other fractions and days (2026-11-30) as the
    reader's language writes them, and Amazon's codes as words. */
export function told(text) {
  return text
    ?.replace(/(?<![\w.])(-?\d+(?:\.\d+)?) ([A-Z]{3})\b|(?<![\w.,])-?\d+\.\d+(?![\w.,]*\d)/g, (said, amount, currency) =>
      (CURRENCIES.has(currency) ? money({ amount, currency }, 4) : currency ? said : fraction(said)))
    .replace(/(?<![\w-])\d{4}-\d\d-\d\d(?![\w-])/g, day)
    .replace(CODES, (code) => words(code).toLowerCase());
}

/** A decimal text with all its digits, but none that only fill up. */
export function fraction(text) {
  return new Intl.NumberFormat(undefined, { maximumFractionDigits: 10 }).format(text);
}

/** With a capital letter and a full stop. */
export function sentence(text) {
  const said = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** A month of the API, such as 2026-11. */
export function monthOf(text, options) {
  return new Date(`${text}-01T00:00:00Z`).toLocaleDateString(undefined, { timeZone: "UTC", ...options });
}

/** A connection as its owner knows it; the name that messages of the server use. */
export function nameOf(connection) {
  return `${connection.sellingPartnerId} (${connection.region})`;
}

export function daysLeft(claim) {
  switch (claim.windowState) {
    case "unknown": return "Window not known";
    case "expired": return "Too late to file";
    case "wait": return `From ${day(claim.fileableFrom)}`;
    default: return claim.daysLeft === 0 ? "Last day" : `${plural(claim.daysLeft, "day")} left`;
  }
}

export function urgency(claim) {
  if (claim.windowState !== "open") return "";
  return claim.daysLeft <= 7 ? "bad" : claim.daysLeft <= 14 ? "warn" : "good";
}

/** The standing of a claim, as the API's filter of this name sees it. */
export function standingOf(claim) {
  if (claim.status !== "detected") return claim.status;
  if (claim.windowState === "unknown") return "windowUnknown";
  if (claim.windowState === "expired") return "expired";
  return claim.review === "manual" ? "toReview" : "owed";
}
