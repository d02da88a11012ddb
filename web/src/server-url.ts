/** A WebSocket of `npm start`, which serves this page. */
export function serverUrl(path: "board" | "panel"): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/${path}`;
}
