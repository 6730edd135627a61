// Where a page was scrolled to is part of the entry in the browser's history.

let left = null;

/** Note the place as it changes, on the entry that is shown. */
export function keepPlace() {
  history.scrollRestoration = "manual";
  let timer = null;
  window.addEventListener("scroll", () => {
    clearTimeout(timer);
    const address = location.href;
    timer = setTimeout(() => {
      if (location.href === address) note({ scroll: Math.round(window.scrollY) });
    }, 100);
  });
  window.addEventListener("hashchange", (event) => {
    left = new URL(event.oldURL).hash;
  });
}

/** The place of an entry; 0 for a new one. */
export function restorePlace(state) {
  return state?.scroll ?? 0;
}

/** Change the address of this entry: a filter is no step to go back from. */
export function setAddress(hash) {
  history.replaceState(history.state, "", hash);
}

/** Whether the entry before this one is at that address. */
export function cameFrom(hash) {
  return left === hash;
}

function note(change) {
  history.replaceState({ ...history.state, ...change }, "");
}
