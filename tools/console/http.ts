/** The HTTP half: the page's files and a few documents, GET only, with the headers that keep other pages out. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { contentType, findFile } from "./files.ts";
import { isOtherSite, isOwnHost } from "./guard.ts";

export interface HttpOptions {
  /** Folder of the built page. */
  readonly web: string;
  /** By path, e.g. `/image.json`; undefined answers 404. */
  readonly documents: Readonly<Record<string, () => string | undefined>>;
  readonly port: () => number;
  /** There is a board behind this server: the page is told so, and need not ask where a host of static files has no answer. */
  readonly hasBoard?: boolean;
}

const MAX_TARGET = 2048;
/** The page (web/src/panel-link.ts) looks for it; its policy allows no script in here. */
const BOARD_MARK = '<meta name="godwit-board" content="virtual" />';

/** Only what this server sends is loaded and reached; `style-src`: xterm and lit write style elements. */
function contentSecurityPolicy(host: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    // Not every browser counts a WebSocket of the same host as 'self'.
    `connect-src 'self' ws://${host}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const FIXED: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "serial=(self), camera=(), microphone=(), geolocation=()",
};

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: Buffer | string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...FIXED, "Content-Length": String(bytes.length), ...headers });
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

function refuse(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  // What was refused for its form is not worth another request on the same connection.
  send(
    response,
    status,
    { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "Connection": "close", ...headers },
    `${text}\n`,
  );
}

function marked(html: Buffer): string {
  return html.toString("utf8").replace("<title>", `${BOARD_MARK}<title>`);
}

export function createListener(options: HttpOptions): RequestListener {
  function document(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (isOtherSite(request.headers)) {
      refuse(response, 403, "this is for the page of this server only");
      return;
    }
    const text = options.documents[path]?.();
    if (text === undefined) refuse(response, 404, "not found");
    else send(response, 200, { "Content-Type": contentType(path), "Cache-Control": "no-store" }, text);
  }

  async function file(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
    const found = await findFile(options.web, target);
    if (found === undefined) {
      refuse(response, 404, "not found");
      return;
    }
    const isMarked = options.hasBoard === true && found.type.startsWith("text/html");
    const etag = isMarked ? found.etag.replace(/"$/, '-board"') : found.etag;
    const headers: Record<string, string> = {
      "Content-Type": found.type,
      "Cache-Control": found.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
      "ETag": etag,
      "Content-Security-Policy": contentSecurityPolicy(request.headers.host ?? ""),
    };
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, { ...FIXED, ...headers });
      response.end();
    } else send(response, 200, headers, isMarked ? marked(found.bytes) : found.bytes);
  }

  return (request, response) => {
    const target = request.url ?? "";
    // A client that goes away in the middle is no error of the server.
    response.on("error", () => undefined);
    if (!isOwnHost(request.headers, options.port())) {
      refuse(response, 421, "this server has the names 127.0.0.1 and localhost only");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, 405, "GET only", { Allow: "GET, HEAD" });
    } else if (target.length > MAX_TARGET) refuse(response, 414, "the path is too long");
    else {
      const [path = ""] = target.split("?");
      if (Object.hasOwn(options.documents, path)) document(request, response, path);
      else {
        file(request, response, target).catch(() => {
          if (response.headersSent) response.destroy();
          else refuse(response, 500, "the file could not be sent");
        });
      }
    }
  };
}
