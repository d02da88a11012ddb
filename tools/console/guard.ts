/**
 * Who may talk to the server. It listens on this computer only, but so do the browser's other pages: any of them can send
 * requests here, and a name of theirs can be made to lead here (DNS rebinding). The board's console executes code, so only
 * a page that came from this very server may reach it.
 */
import type { IncomingHttpHeaders } from "node:http";

/** Names under which a browser on this computer finds the server. */
const NAMES = ["127.0.0.1", "localhost", "[::1]"];

/** Whether `Host` is one of this server's own names, with its port. */
export function isOwnHost(headers: IncomingHttpHeaders, port: number): boolean {
  return NAMES.some((name) => headers.host?.toLowerCase() === `${name}:${port}`);
}

/**
 * Whether a WebSocket may be opened. Browsers let every page open one to anywhere and say in `Origin` which page it is;
 * what is no browser sends none, and has other ways to do harm on this computer.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  return origin === undefined || origin.toLowerCase() === `http://${host?.toLowerCase() ?? ""}`;
}

/** Whether another page asks: what holds keys is for this page alone. Older browsers do not say. */
export function isOtherSite(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** A bucket of `burst` tokens that fills at `perSecond`. */
export function createLimiter(
  perSecond: number,
  burst: number,
  now: () => number = () => performance.now(),
): () => boolean {
  let tokens = burst;
  let last = now();
  return () => {
    const time = now();
    tokens = Math.min(burst, tokens + ((time - last) / 1000) * perSecond);
    last = time;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
