// Which page is shown: the part of the address behind #.

import { showAccounts } from "./accounts/accounts.js";
import { SIGNED_OUT } from "./shared/api.js";
import { watchConnection } from "./shared/banner.js";
import { showCheck } from "./check/check.js";
import { showClaim } from "./claims/claim.js";
import { showClaims } from "./claims/claims.js";
import { showCosts } from "./costs/costs.js";
import { showData } from "./data/data.js";
import { failure, h, once, put } from "./shared/dom.js";
import { follow } from "./shared/feed.js";
import { keepPlace, restorePlace } from "./shared/places.js";
import { showDocuments } from "./packs/documents.js";
import { showPack } from "./packs/pack.js";
import { showPacks } from "./packs/packs.js";
import { showOverview } from "./overview/overview.js";
import { showSettings } from "./settings/settings.js";
import { chooseWorkspace, isSignInPage, showSignIn, signOut } from "./signin.js";
import { showSyncs } from "./syncs/sync_page.js";

const main = document.getElementById("main");
document.getElementById("not-started").remove();
const navigation = document.getElementById("nav");
const menu = document.getElementById("menu");
const exit = document.getElementById("sign-out");
const banner = document.getElementById("banner");
const problem = document.getElementById("problem");
// Pages that the navigation does not name are parts of one that it does.
const PART_OF = { packs: "claims", documents: "claims" };
// Where to go from an address at which nothing is.
const LISTS = { claims: "All claims", packs: "All packs", syncs: "All syncs" };
let leave = () => {};
let shown = 0;
let isBroken = false;
let isFollowing = false;
let isAsking = false;

async function show({ focus = false, scroll = 0 } = {}) {
  const turn = ++shown;
  leave();
  leave = () => {};
  closeMenu();
  put(problem);
  if (isSignInPage()) {
    await drawSignIn();
    return;
  }
  const [page, id] = location.hash.replace(/^#\/?/, "").replace(/^account$/, "settings").split("?")[0].split("/");
  mark(page);
  main.setAttribute("aria-busy", "true");
  let first = null;
  const held = main.contains(document.activeElement);
  try {
    const opened = await open(page, id && decodeURIComponent(id));
    if (turn !== shown) return opened.leave?.();
    put(main, opened.content);
    leave = opened.leave ?? leave;
    first = opened.first;
    document.title = `${opened.title} - recoup`;
    isBroken = isAsking = false;
    signedIn(true);
  } catch (error) {
    if (turn !== shown) return;
    await explain(error);
  }
  main.removeAttribute("aria-busy");
  window.scrollTo(0, scroll);
  // What the address asks for, or the page as a whole.
  if (first) first.focus();
  else if (focus || (held && !main.contains(document.activeElement))) main.focus({ preventScroll: true });
}

async function explain(error) {
  if (error.status === 401) {
    await askToSignIn();
  } else if (error.workspaces) {
    put(main, chooseWorkspace(error.workspaces));
  } else if (error.status === 404) {
    const [page] = location.hash.replace(/^#\/?/, "").split("/");
    const [href, title] = LISTS[page] ? [`#/${page}`, LISTS[page]] : ["#/", "Overview"];
    put(main, h("h1", {}, "Not found"), failure(error), h("p", {}, h("a", { href }, title)));
    document.title = "Not found - recoup";
    isBroken = false;
    signedIn(true);
  } else {
    isBroken = true;
    put(main, h("h1", {}, "This page could not be loaded"), failure(error));
    // It is loaded as soon as the server answers again.
    listen();
  }
}

/** Whoever comes here types: the first empty field has the focus. */
async function drawSignIn() {
  put(main, await showSignIn());
  [...main.querySelectorAll("input")].find((one) => !one.value)?.focus();
}

/** The address stays, so that the person comes back to this page. */
async function askToSignIn() {
  // What is typed already stays, however many calls were refused.
  if (isAsking) return;
  isAsking = true;
  shown++;
  leave();
  leave = () => {};
  signedIn(false);
  document.title = "Sign in - recoup";
  await drawSignIn();
  main.removeAttribute("aria-busy");
}

function open(page, id) {
  if (page === "syncs") return showSyncs(id);
  if (page === "claims") return id ? showClaim(id) : showClaims();
  if (page === "packs") return id ? showPack(id) : showPacks();
  if (page === "documents") return showDocuments();
  if (page === "accounts") return showAccounts();
  if (page === "check") return showCheck(id);
  if (page === "data") return showData(id);
  if (page === "settings") return showSettings(id);
  return page === "costs" ? showCosts() : showOverview();
}

function mark(page) {
  for (const link of navigation.querySelectorAll("a")) {
    const own = link.getAttribute("href") === `#/${PART_OF[page] ?? page}`;
    if (own) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function signedIn(yes) {
  navigation.hidden = !yes;
  menu.hidden = !yes;
  if (yes) listen();
}

function listen() {
  if (isFollowing) return;
  isFollowing = true;
  watchConnection(banner);
  follow(({ type }) => {
    if (type === "signed-out") askToSignIn();
    if (type === "event") return;
    if (isBroken && type !== "down") show();
  });
}

function closeMenu() {
  navigation.classList.remove("open");
  menu.setAttribute("aria-expanded", "false");
}

menu.addEventListener("click", () => {
  const isOpen = navigation.classList.toggle("open");
  menu.setAttribute("aria-expanded", String(isOpen));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && navigation.classList.contains("open")) {
    closeMenu();
    menu.focus();
  }
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
exit.addEventListener("click", once(async () => {
  put(problem);
  closeMenu();
  try {
    await signOut();
  } catch (error) {
    put(problem, failure(new Error(`You are still signed in. ${error.message}`)));
    problem.scrollIntoView({ block: "nearest" });
  }
}));
window.addEventListener(SIGNED_OUT, askToSignIn);
window.addEventListener("popstate", (event) => show({ focus: true, scroll: restorePlace(event.state) }));
window.addEventListener("redraw", () => show({ scroll: window.scrollY }));
keepPlace();
show({ scroll: restorePlace(history.state) });
