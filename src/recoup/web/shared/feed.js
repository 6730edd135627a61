// What the server tells, for all that is on the page.

import { openStream } from "./stream.js";

// Another name for another form of the messages: an old tab may keep an old worker alive.
const WORKER = "recoup 1";
const listeners = new Set();
let state = null;

/** listener: takes the messages of stream.js. Returns what ends it. */
export function follow(listener) {
  state ??= start();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(message) {
  for (const listener of [...listeners]) listener(message);
}

function start() {
  if (typeof SharedWorker === "undefined") return alone();
  const worker = new SharedWorker("/static/shared/stream_worker.js", { type: "module", name: WORKER });
  let say = (text) => worker.port.postMessage(text);
  worker.port.onmessage = ({ data }) => tell(data);
  worker.onerror = () => {
    say = () => {};
    alone();
  };
  const look = () => say(document.visibilityState);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", look);
  window.addEventListener("pagehide", () => say("gone"));
  look();
  return "shared";
}

/** A browser without shared workers: the page has a stream of its own while it can be seen. */
function alone() {
  let close = null;
  const look = () => {
    if (document.visibilityState === "visible") close ??= openStream(tell);
    else close = close?.() ?? null;
  };
  document.addEventListener("visibilitychange", look);
  look();
  return "own";
}
