/** `/panel`: what happens to the device, as it happens, and what the page wants to happen. JSON in text frames. */
import type { WebSocket } from "ws";
import type { Entry } from "../demo/entry.ts";
import { createLimiter } from "./guard.ts";
import { CLOSE, type PanelMessage, type PanelRequest, parseRequest } from "./messages.ts";

/** What the page steers. */
export interface Panel {
  hello(): Extract<PanelMessage, { type: "hello" }>;
  boardState(): Extract<PanelMessage, { type: "board" }>["state"];
  readonly story: readonly Entry[];
  /** Called with everything that is for the pages from now on; returns what ends that. */
  follow(listener: (message: PanelMessage) => void): () => void;
  /** Carries out what was asked for; a name that does not exist is nobody's. */
  ask(request: Exclude<PanelRequest, { type: "cut-link" }>): void;
}

/** A person's clicks, with room for impatience. */
const REQUESTS_PER_S = 20;
const BURST = 40;
const MOST_UNSENT = 4 * 1024 * 1024;

export function joinPanel(socket: WebSocket, panel: Panel, cutLink: () => void): void {
  const isAllowed = createLimiter(REQUESTS_PER_S, BURST);

  function send(message: PanelMessage): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(message));
    if (socket.bufferedAmount > MOST_UNSENT) socket.close(CLOSE.tooSlow, "more happens than is taken");
  }

  send(panel.hello());
  send({ type: "board", state: panel.boardState() });
  for (const entry of panel.story) send({ type: "entry", entry });
  const unfollow = panel.follow(send);
  socket.on("close", unfollow);

  socket.on("message", (data, isBinary) => {
    if (socket.readyState !== socket.OPEN) return;
    if (!isAllowed()) {
      socket.close(CLOSE.tooMany, "too many requests");
      return;
    }
    const request = isBinary ? undefined : parseRequest(data.toString());
    if (request === undefined) socket.close(CLOSE.misunderstood, "no such request");
    else {
      try {
        if (request.type === "cut-link") cutLink();
        else panel.ask(request);
      } catch (error) {
        // A reason may have 123 bytes (RFC 6455, 5.5).
        socket.close(1011, (error instanceof Error ? error.message : "it could not be done").slice(0, 60));
      }
    }
  });
}
