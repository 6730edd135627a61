// The one connection on which the server tells what happens. Where it fails, the state is asked for
// every three seconds until it is back; a page or the shared worker holds it.

const FEED = "/api/sse/status";
const STATE = "/api/sync/status";
const PATIENCE_MS = 3000;

/** tell: takes {type: "open" | "polled" | "down" | "signed-out"} and {type: "event", data}. */
export function openStream(tell) {
  let source = null;
  let timer = null;
  let isClosed = false;

  function listen() {
    source?.close();
    source = new EventSource(FEED);
    source.onopen = () => {
      clearTimeout(timer);
      timer = null;
      tell({ type: "open" });
    };
    source.onmessage = (event) => tell({ type: "event", data: JSON.parse(event.data) });
    source.onerror = () => {
      if (timer === null && !isClosed) timer = setTimeout(poll, 0);
    };
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
    // What was refused is not tried again by itself.
    if (source.readyState === EventSource.CLOSED) listen();
    timer = setTimeout(poll, PATIENCE_MS);
  }

  function close() {
    isClosed = true;
    clearTimeout(timer);
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
