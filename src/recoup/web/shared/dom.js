// Elements are made, never parsed: whatever stands in a text stays a text.

/** h("a.button", {href: "#/"}, "text", child): an element with classes, attributes and children. */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** Replace what is in an element; children that are null are left out. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
}

// More columns than these do not fit beside each other on a tablet.
const BROAD = 6;

/** A table; a column is [title, row => content, class]. On a narrow screen each row is a card, which
    the roles keep a table for those who hear it. */
export function table(caption, columns, rows) {
  const head = columns.map(([title, , kind]) => h(kind ? `th.${kind}` : "th", { scope: "col", role: "columnheader" }, title));
  const line = (row) =>
    h("tr", { role: "row" }, columns.map(([title, cell, kind]) =>
      h(kind ? `td.${kind}` : "td", { role: "cell", "data-title": title }, h("div", {}, cell(row) ?? ""))));
  return h(columns.length > BROAD ? "table.broad" : "table", { role: "table" },
    h("caption.visually-hidden", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, rows.map(line)));
}

/** A list of facts; those without a value are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", {}, known.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

export function field(title, input) {
  return h("label", {}, title, input);
}

export function select(name, choices, chosen, attributes = {}) {
  const options = choices.map(([value, title]) =>
    h("option", { value, selected: value === chosen }, title));
  return h("select", { name, ...attributes }, options);
}

export function failure(error) {
  const lines = (error.fields ?? []).map(({ field, message }) => h("li", {}, `${field}: ${message}`));
  return h("div.error", { role: "alert" }, error.message, lines.length ? h("ul", {}, lines) : null);
}

/** Tell those who do not see the page what changed. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Draw again without taking away what a person has: the focus goes to the control of the same name, or
    to the first heading of the part where that is gone, and what was opened stays open. typed: what was
    filled in stays too; not after it was sent. */
export function drawAgain(part, draw, { typed = false } = {}) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const name = focused && nameOf(focused);
  const opened = new Set([...part.querySelectorAll("details[open]")].map(titleOf));
  const filled = typed ? controlsOf(part).filter(([one]) => isFilled(one)) : [];
  draw();
  for (const details of part.querySelectorAll("details")) if (opened.has(titleOf(details))) details.open = true;
  fillAgain(part, filled);
  if (!focused || document.activeElement === focused) return;
  const same = [...part.querySelectorAll("a, button, input, select, summary, textarea")].find((one) => nameOf(one) === name);
  const target = same ?? part.querySelector("h1, h2") ?? part;
  if (!same) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
  if (same?.value && same.value === focused.value && focused.selectionStart !== null) same.setSelectionRange?.(focused.selectionStart, focused.selectionEnd);
}

function nameOf(element) {
  const called = element.getAttribute("aria-label") ?? (element.matches("input, textarea") ? element.closest("label")?.textContent : element.textContent);
  return [element.tagName, element.name ?? "", called ?? ""].join(" ");
}

/** Where it is and what it is about: the numbers in it may have changed meanwhile. */
function titleOf(details) {
  const place = details.parentElement.closest("[aria-label]")?.getAttribute("aria-label") ?? "";
  return `${place} ${details.querySelector("summary").textContent.replace(/[\d.,]+ (\w+?)s?\b/, "$1")}`;
}

/** Each with its name; of several with one name with its number too. */
function controlsOf(part) {
  const seen = new Map();
  return [...part.querySelectorAll("input:not([type=file]), select, textarea")].map((one) => {
    const name = nameOf(one);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return [one, `${name} ${seen.get(name)}`];
  });
}

/** Otherwise than it was drawn. */
function isFilled(control) {
  if (control.matches("select")) return [...control.options].some((one) => one.selected !== one.defaultSelected);
  return control.type === "checkbox" ? control.checked !== control.defaultChecked : control.value !== control.defaultValue;
}

function fillAgain(part, filled) {
  const controls = new Map(controlsOf(part).map(([one, name]) => [name, one]));
  for (const [old, name] of filled) {
    const control = controls.get(name);
    const what = old.type === "checkbox" ? "checked" : "value";
    if (control) control[what] = old[what];
  }
}

/** A handler for a button or a form that does nothing while its work is under way. The button is not disabled
    meanwhile, which would throw the focus away. */
export function once(work) {
  return async (event) => {
    // A second Enter must not have the browser send the form itself.
    if (event.type === "submit") event.preventDefault();
    const button = event.currentTarget;
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await work(event);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  };
}

/** Texts of a list, with a comma between them. */
export function listed(parts) {
  return parts.filter(Boolean).flatMap((part, n) => (n ? [", ", part] : [part]));
}

/** Addresses in a text of the server as links: https ones and those without a scheme. */
export function linked(text) {
  const pieces = text.split(/((?:https:\/\/)?(?:[a-z0-9-]+\.)+(?:com|org|net|gov|eu|de|co\.uk)(?:\/[^\s,;)]*)?)/i);
  return pieces.map((piece, n) => (n % 2 === 0 ? piece
    : h("a", { href: piece.startsWith("https://") ? piece : `https://${piece}`, target: "_blank", rel: "noopener noreferrer" }, piece)));
}
