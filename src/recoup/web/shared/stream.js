// The one connection on which the server tells what happens. Where it fails, the state is asked for
// every three seconds until it is back; a page or the shared worker holds it. A connection can also
// hang without failing, so silence makes it ask too.

const FEED = "/api/sse/status";
const STATE = "/api/sync/status";
const PATIENCE_MS = 3000;
// The server's heartbeats are not told to a page. Together with the time that an answer may take: a
// server that hangs is noticed within half a minute.
const SILENCE_MS = 15_000;

/** tell: takes {type: "open" | "polled" | "down" | "signed-out"} and {type: "event", data}. */
export function openStream(tell) {
  let source = null;
  let timer = null;
  let silence = null;
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
    source.onopen = () => {
      clearTimeout(timer);
      timer = null;
      isDown = false;
      heard();
      tell({ type: "open" });
    };
    source.onmessage = (event) => {
      heard();
      tell({ type: "event", data: JSON.parse(event.data) });
    };
    source.onerror = doubt;
    heard();
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
