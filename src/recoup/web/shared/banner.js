// Whether recoup can be reached, for whoever looks at a page that may be old.

import { LATE } from "./api.js";
import { put } from "./dom.js";
import { follow } from "./feed.js";

const DOWN = "recoup does not answer. Reconnecting ...";
const SLOW = "recoup has not answered for some time. Waiting ...";

/** Shows it in an element from now on. */
export function watchConnection(element) {
  let isDown = false;
  let isLate = false;
  const draw = () => {
    element.hidden = !(isDown || isLate);
    put(element, isDown ? DOWN : isLate ? SLOW : "");
  };
  follow(({ type }) => {
    if (type === "event") return;
    isDown = type === "down";
    draw();
  });
  window.addEventListener(LATE, ({ detail }) => {
    isLate = detail;
    draw();
  });
}
