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
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** A table; a column is [title, row => content, class]. */
export function table(caption, columns, rows) {
  const head = columns.map(([title, , kind]) => h(kind ? `th.${kind}` : "th", { scope: "col" }, title));
  const line = (row) =>
    h("tr", {}, columns.map(([, cell, kind]) => h(kind ? `td.${kind}` : "td", {}, cell(row) ?? "")));
  return h("div.scroll", {},
    h("table", {},
      h("caption.visually-hidden", {}, caption),
      h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, rows.map(line))));
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
