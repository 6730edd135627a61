// The public API of recoup, as any program may use it. The session cookie goes along by itself.

/** The event on the window that tells that the session has ended. */
export const SIGNED_OUT = "signed-out";
/** The event on the window that tells in `detail` whether a request has waited for long. */
export const LATE = "late";

const LATE_MS = 10_000;
// A write is not given up: it may have been done all the same.
const MOST_MS = 30_000;
let late = 0;

export class ApiError extends Error {
  constructor(problem, status) {
    super(problem.detail ?? problem.title ?? `The server returned ${status}.`);
    this.status = status;
    this.fields = problem.errors;
    this.workspaces = problem.workspaces;
  }
}

/** The address of a call with the parameters that are set. */
export function addressOf(path, parameters = {}) {
  const chosen = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
  const query = new URLSearchParams(chosen).toString();
  return query ? `${path}?${query}` : path;
}

export async function get(path, parameters) {
  return send("GET", addressOf(path, parameters));
}

export async function send(method, path, body, type = "application/json") {
  const options = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.headers["content-type"] = type;
    options.body = type === "application/json" ? JSON.stringify(body) : body;
  }
  if (method === "GET") options.signal = AbortSignal.timeout(MOST_MS);
  const response = await ask(path, options);
  return response.status === 204 ? null : response.json().catch(() => ({}));
}

/** The whole selection as a file. */
export async function getFile(path, parameters, type = "text/csv") {
  const response = await ask(addressOf(path, parameters), { headers: { accept: type } });
  return response.blob();
}

async function ask(path, options) {
  let response;
  const stop = watch();
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError({ detail: "recoup does not answer. Check that it is running, then try again." }, 0);
  } finally {
    stop();
  }
  if (response.ok) return response;
  // A wrong password is an answer to the form that is open already.
  if (response.status === 401 && !path.startsWith("/signin") && path !== "/api/me/password") window.dispatchEvent(new Event(SIGNED_OUT));
  throw new ApiError(await response.json().catch(() => ({})), response.status);
}

/** Tells when an answer is late. Returns what ends that. */
function watch() {
  const tell = () => window.dispatchEvent(new CustomEvent(LATE, { detail: late > 0 }));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    late += 1;
    tell();
  }, LATE_MS);
  return () => {
    clearTimeout(timer);
    if (!isLate) return;
    late -= 1;
    tell();
  };
}
