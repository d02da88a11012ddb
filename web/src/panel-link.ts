/** The WebSocket to `npm start`, where there is one: what its board tells, and what is asked of it. */
import type { PanelRequest } from "../../tools/console/messages.ts";
import { serverUrl } from "./server-url.ts";
import { heard, NO_PANEL } from "./state/board-panel.ts";
import { createStore } from "./state/store.ts";

export const panel = createStore(NO_PANEL);
/** Served by `npm start`, whose server marks the page, and not by a host of static files. */
export const isVirtual = document.querySelector('meta[name="godwit-board"]') !== null;

const AGAIN_MS = 1500;
let socket: WebSocket | undefined;

export function joinPanel(): void {
  if (isVirtual) open();
}

function open(): void {
  const next = new WebSocket(serverUrl("panel"));
  socket = next;
  next.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") panel.update((before) => heard(before, data));
  };
  next.onclose = () => {
    panel.update((before) => ({ ...before, link: "closed" }));
    setTimeout(open, AGAIN_MS);
  };
}

export function tellPanel(request: PanelRequest): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}
