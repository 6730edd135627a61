// The Amazon accounts: connect, authorize again, disconnect.

import { get, send } from "../shared/api.js";
import { announce, drawAgain, facts, failure, field, h, once, put, select } from "../shared/dom.js";
import { follow } from "../shared/feed.js";
import { whoMay } from "../shared/rights.js";
import { choicesOf, kindOf, wordsOf } from "../shared/states.js";
import { day, time, told } from "../shared/words.js";

const BASE = "/api/v1/integrations/amazon";
const REGIONS = [["NA", "North America"], ["EU", "Europe, Middle East, India"], ["FE", "Far East"]];

export async function showAccounts() {
  const { may } = await whoMay();
  // What an action met stays until the page is left; what loading met, until it is loaded.
  const problem = h("div");
  const trouble = h("div");
  const list = h("div");
  const load = async () => {
    const { connections } = await get(`${BASE}/status`);
    drawAgain(list, () => put(list, connections.length ? connections.map((one) => accountCard(one, problem, may))
      : h("p.muted", {}, "No account is connected yet.")));
    put(trouble);
    return connections;
  };
  const [connections, { environments }, { activities }] = await Promise.all([
    load(),
    get(`${BASE}/environments`),
    get("/api/sync/activity", { limit: 5 }),
  ]);
  let isKnown = false;
  const stop = follow(({ type, data }) => {
    const isNews = type === "open" ? isKnown : type === "event" && (data.type === "connection" || data.sync?.completedAt);
    isKnown ||= type === "open";
    if (isNews) load().catch((error) => error.status && put(trouble, failure(error)));
  });
  const byToken = may("member", "admin") ? tokenCard(environments) : null;
  return {
    title: "Amazon accounts",
    leave: stop,
    first: asked("with") === "token" ? byToken?.token : null,
    content: [
      h("h1", {}, "Amazon accounts"),
      arrival(connections, activities),
      problem,
      trouble,
      list,
      h("p", {}, h("a", { href: "#/check" }, "Load downloaded reports"), " instead, without connecting an account."),
      may("member", "admin") ? [consentCard(environments, problem), byToken.part] : null,
    ],
  };
}

const asked = (name) => new URLSearchParams(location.hash.split("?")[1]).get(name);

/** What has just been connected, for who comes back from Amazon's page. */
function arrival(connections, activities) {
  const id = asked("connected");
  if (!connections.some((one) => one.connectionId === id)) return null;
  const told = activities.find((one) => one.type === "connection_active");
  const text = told ? `${told.message}.` : "The account is connected.";
  announce(text);
  return h("p.notice.saved", {}, text);
}

/** Goes to Amazon's consent page of a place, an account's for one. problem: the element that shows why
    that is not possible. */
export function authorizeButton(place, title, problem, { kind = "button", draft = () => false } = {}) {
  const start = once(async () => {
    try {
      const { region, environment } = place;
      const { authorizationUrl } = await get(`${BASE}/auth/start`, { region, environment, draft: draft() });
      location.assign(authorizationUrl);
    } catch (error) {
      put(problem, failure(error));
    }
  });
  return h(kind, { type: "button", onclick: start }, title);
}

/** Why an account is not active, and what about it ends soon. */
export function troubles(account) {
  const lines = [account.reason, ...account.notes.map((note) => note.message)].filter(Boolean);
  return lines.map((line) => h("p.notice.small", {}, told(line)));
}

/** Whether the seller should authorize recoup again now. */
export function needsConsent(account) {
  return account.status !== "active" || account.notes.some((note) => note.code === "authorization_expires");
}

function accountCard(account, problem, may) {
  const path = `${BASE}/connections/${encodeURIComponent(account.connectionId)}`;
  const remove = (query, question) => async () => {
    if (!confirm(question)) return;
    try {
      await send("DELETE", `${path}${query}`);
      announce("The account was removed.");
      window.dispatchEvent(new Event("redraw"));
    } catch (error) {
      put(problem, failure(error));
    }
  };
  const name = account.sellingPartnerId;
  const isFiles = account.environment === "files";
  const disconnect = remove("", `Disconnect ${name}? Its data is kept, and it can be connected again.`);
  const purge = remove("?purge=true", `Delete ${name} with all its orders, claims and other data for good?`);
  return h("section.card", { "aria-label": `Account ${name}` },
    h("div.row.spread", {},
      h("h2", {}, name),
      h(`span.badge.${kindOf("connection", account.status)}`, {}, wordsOf("connection", account.status))),
    troubles(account),
    isFiles ? h("p", {}, h("a", { href: `#/check/${encodeURIComponent(account.connectionId)}` }, "Reports and what is missing")) : null,
    facts([
      ["Region", `${account.region}, ${wordsOf("environment", account.environment)}`],
      ["Marketplaces", account.marketplaceIds.map((id) => wordsOf("marketplace", id)).join(", ")],
      [isFiles ? "Created" : "Authorized", time(account.authorizedAt)],
      ["Authorize again by", account.expiresAt && day(account.expiresAt)],
      ["Last sync", isFiles ? null : time(account.lastSyncAt)],
    ]),
    may("member", "admin") ? h("div.row.actions", {},
      isFiles ? null : needsConsent(account) ? authorizeButton(account, "Authorize again", problem)
        : authorizeButton(account, "Renew authorization", problem, { kind: "button.quiet" }),
      account.status === "disconnected" || isFiles ? null
        : h("button.quiet", { type: "button", onclick: disconnect }, "Disconnect"),
      may("owner", "admin") ? h("button.quiet", { type: "button", onclick: purge }, "Delete data") : null) : null);
}

function places(environments, usable) {
  const ready = new Set(environments.filter(usable).map((one) => one.environment));
  const environment = select("environment", choicesOf("environment").filter(([word]) => ready.has(word)).reverse());
  return { region: select("region", REGIONS), environment, any: ready.size > 0 };
}

function consentCard(environments, problem) {
  const { region, environment, any } = places(environments, (one) => one.hasConsentPage);
  const draft = h("input", { type: "checkbox", name: "draft" });
  const place = { get region() { return region.value; }, get environment() { return environment.value; } };
  return h("section.card", { "aria-label": "Connect with Amazon" },
    h("h2", {}, "Connect with Amazon"),
    h("p", {}, "Amazon asks the seller for permission and sends the browser back here."),
    any ? h("form.form.columns", {}, field("Region", region), field("Environment", environment),
        h("label.check", {}, draft, "Application is a draft"),
        authorizeButton(place, "Connect with Amazon", problem, { draft: () => draft.checked }))
      : h("p.notice", {}, "Set RECOUP_LWA_CLIENT_ID, RECOUP_LWA_CLIENT_SECRET and RECOUP_APPLICATION_ID, and restart recoup."));
}

function tokenCard(environments) {
  const { region, environment, any } = places(environments, (one) => one.isReady);
  const token = h("input", { name: "refreshToken", type: "password", autocomplete: "off", required: true });
  const seller = h("input", { name: "sellingPartnerId", placeholder: "requested from Amazon" });
  const marketplaces = h("input", { name: "marketplaceIds", placeholder: "all marketplaces of the seller" });
  const answer = h("div");
  const submit = async (event) => {
    event.preventDefault();
    const body = {
      refreshToken: token.value.trim(),
      sellingPartnerId: seller.value.trim() || null,
      region: region.value,
      environment: environment.value,
      marketplaceIds: marketplaces.value.split(/[\s,]+/).filter(Boolean),
    };
    try {
      const { connectionId } = await send("POST", `${BASE}/connections`, body);
      token.value = "";
      location.hash = `#/accounts?connected=${encodeURIComponent(connectionId)}`;
    } catch (error) {
      put(answer, failure(error));
    }
  };
  const missing = environments.find((one) => one.environment === "production")?.problem;
  const part = h("section.card", { "aria-label": "Connect with a refresh token" },
    h("h2", {}, "Connect with a refresh token"),
    h("p", {}, "For your own application: generate the token in Seller Central, under your application, Authorize. If the seller is connected already, its data is kept."),
    missing ? h("p.muted.small", {}, missing) : null,
    answer,
    any ? h("form.form.columns.broad-fields", { onsubmit: submit }, field("Refresh token", token), field("Seller id", seller),
      field("Region", region), field("Environment", environment), field("Marketplaces", marketplaces),
      h("button", {}, "Connect")) : null);
  return { part, token };
}
