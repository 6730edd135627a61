// The one connection on which the server tells what happens. Where it fails, the state is asked for
// every three seconds until it is back; a page or the shared worker holds it. A connection can also
// hang without failing, so silence makes it ask too.

const FEED = "/api/sse/status";
const STATE = "/api/sync/status";
const PATIENCE_MS = 3000;
// The server's heartbeats are not told to a page. Together with the time that an answer may take: a
// server that hangs is noticed within half a minute.
const SILENCE_MS = 15_000;
// A server without its database opens a stream and ends it at once, so that a browser comes again.
const OPENING_MS = 500;

/** tell: takes {type: "open" | "polled" | "down" | "signed-out"} and {type: "event", data}. */
export function openStream(tell) {
  let source = null;
  let timer = null;
  let silence = null;
  let opening = null;
  let isClosed = false;
  let isDown = false;

  function heard() {
    clearTimeout(silence);
    silence = isClosed ? null : setTimeout(doubt, SILENCE_MS);
  }

  function doubt() {
    if (timer === null && !isClosed) timer = setTimeout(poll, 0);
  }

  function listen() {
    source?.close();
    source = new EventSource(FEED);
    forgetOpening();
    source.onopen = () => {
      opening = setTimeout(opened, OPENING_MS);
    };
    source.onmessage = (event) => {
      opened();
      tell({ type: "event", data: JSON.parse(event.data) });
    };
    source.onerror = () => {
      forgetOpening();
      doubt();
    };
    heard();
  }

  function forgetOpening() {
    clearTimeout(opening);
    opening = null;
  }

  function opened() {
    heard();
    if (opening === null) return;
    forgetOpening();
    clearTimeout(timer);
    timer = null;
    isDown = false;
    tell({ type: "open" });
  }

  async function poll() {
    const answer = await ask();
    if (isClosed || timer === null) return;
    if (answer.status === 401) {
      close();
      tell({ type: "signed-out" });
      return;
    }
    if (answer.syncs) {
      tell({ type: "polled" });
      for (const sync of answer.syncs) tell({ type: "event", data: { type: "sync", sync } });
    } else {
      tell({ type: "down" });
    }
    const wasDown = isDown;
    isDown = !answer.syncs;
    const isOpen = source.readyState === EventSource.OPEN;
    if (isOpen && !isDown && !wasDown) {
      // It was only quiet.
      timer = null;
      heard();
      return;
    }
    // What was refused is not tried again by itself, and what hung would hang on.
    if (source.readyState === EventSource.CLOSED || (isOpen && !isDown)) listen();
    timer = setTimeout(poll, PATIENCE_MS);
  }

  function close() {
    isClosed = true;
    clearTimeout(timer);
    clearTimeout(silence);
    forgetOpening();
    source.close();
  }

  listen();
  return close;
}

async function ask() {
  try {
    const response = await fetch(STATE, { signal: AbortSignal.timeout(3 * PATIENCE_MS) });
    return response.ok ? await response.json() : { status: response.status };
  } catch {
    return {};
  }
}
