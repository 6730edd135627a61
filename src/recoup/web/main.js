// Which page is shown: the part of the address behind #.

import { showClaim } from "./claim.js";
import { showClaims } from "./claims.js";
import { showCosts } from "./costs.js";
import { failure, put } from "./dom.js";
import { showOverview } from "./overview.js";
import { showSignIn, signOut } from "./signin.js";

const main = document.getElementById("main");
const navigation = document.getElementById("nav");
const exit = document.getElementById("sign-out");
let leave = () => {};
let shown = 0;

async function show() {
  const turn = ++shown;
  leave();
  leave = () => {};
  const [page, id] = location.hash.replace(/^#\/?/, "").split("?")[0].split("/");
  mark(page);
  try {
    const opened = await open(page, id && decodeURIComponent(id));
    if (turn !== shown) return opened.leave?.();
    put(main, opened.content);
    leave = opened.leave ?? leave;
    document.title = `${opened.title} - recoup`;
    signedIn(true);
  } catch (error) {
    if (turn !== shown) return;
    if (error.status === 401) {
      signedIn(false);
      put(main, showSignIn());
    } else {
      put(main, failure(error));
    }
  }
}

function open(page, id) {
  if (page === "claims") return id ? showClaim(id) : showClaims();
  return page === "costs" ? showCosts() : showOverview();
}

function mark(page) {
  for (const link of navigation.querySelectorAll("a")) {
    const own = link.getAttribute("href") === `#/${page}`;
    if (own) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function signedIn(yes) {
  navigation.hidden = !yes;
  exit.hidden = !yes;
}

exit.addEventListener("click", signOut);
window.addEventListener("hashchange", async () => {
  await show();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
show();
