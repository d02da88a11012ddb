/** Events of a virtual modem as lines for a person. */
import pc from "picocolors";
import type { ModemEvent, SocketEvent } from "./types.ts";

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

function socketText(event: SocketEvent): string {
  const name = `${event.kind} ${event.id} ${event.host}:${event.port}`;
  switch (event.action) {
    case "open":
      return `${name} opening`;
    case "connected": {
      const { tls } = event;
      if (tls === undefined) return `${name} connected to ${event.address}`;
      const checked = [
        tls.seclevel > 0 ? "chain" : "nothing",
        ...(tls.datesChecked ? ["dates"] : []),
        ...(tls.hostChecked ? ["host name"] : []),
      ];
      return `${name} connected, ${tls.protocol ?? "TLS"} ${tls.cipher ?? ""}, verified: ${checked.join(", ")}`;
    }
    case "failed":
      return `${name} failed with ${event.code}: ${event.cause} (${event.detail})`;
    case "closed":
      return `${name} closed by ${event.by === "modem" ? "the modem" : `the ${event.by}`}`;
    default:
      return `${name} ${event.action} ${event.bytes} bytes`;
  }
}

/** Undefined: nothing to show. Commands, answers and URCs are shown when a trace is asked for. */
export function eventText(event: ModemEvent, trace: boolean): string | undefined {
  switch (event.type) {
    case "command":
      return trace ? pc.cyan(`> ${event.line}`) : undefined;
    case "answer":
      return trace ? pc.dim(`< ${event.line}`) : undefined;
    case "urc":
      return trace ? pc.yellow(`< ${event.line}`) : undefined;
    case "swallowed":
      return trace ? pc.red(`lost ${event.bytes} bytes: ${event.why}`) : undefined;
    case "socket":
      return event.action === "failed" ? pc.red(socketText(event)) : socketText(event);
    case "rtc":
      return `clock set to ${utc(event.utcMs)} by ${event.source}`;
    case "nitz":
      return `network time ${utc(event.utcMs)}${event.applied ? "" : ", not taken (CTZU=0)"}`;
    case "registration":
      return `registration: ${event.name}`;
    case "pdp":
      return `PDP context ${event.cid} ${event.active ? `active, ${event.address ?? ""}` : "not active"}`;
    case "power":
      return `power: ${event.state} (${event.reason})`;
    case "file":
      return `file ${event.name} ${event.action}, ${event.bytes} bytes`;
    case "fault":
      return pc.magenta(`fault ${event.name} ${event.detail}`.trimEnd());
  }
}

export function timeText(at: number): string {
  return pc.dim((at / 1000).toFixed(3).padStart(9));
}
