// One stream for all tabs of a browser, which may have six connections to a server. It is open while
// a tab can be seen.

import { openStream } from "./stream.js";

const GRACE_MS = 1000;
const tabs = new Map();
let close = null;
let closing = null;
let last = null;

function tell(message) {
  if (message.type !== "event") last = message;
  for (const port of tabs.keys()) port.postMessage(message);
}

function decide() {
  clearTimeout(closing);
  if (![...tabs.values()].includes(true)) {
    closing = setTimeout(() => {
      close?.();
      close = last = null;
    }, GRACE_MS);
  } else if (close === null) {
    close = openStream(tell);
  }
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data === "gone") tabs.delete(port);
    else tabs.set(port, data === "visible");
    // Signed out: the tab that says something is signed in again.
    if (last?.type === "signed-out") close = last = null;
    else if (last && data === "visible") port.postMessage(last);
    decide();
  };
};
