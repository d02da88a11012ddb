/** One ICMP echo request, sent by this computer's own `ping`: Node has no raw sockets. */
import { execFile } from "node:child_process";
import { isIP } from "node:net";
import type { PingReply } from "../types.ts";

/** Undefined: no reply in time, or no `ping` on this computer. */
export function ping(address: string, timeoutS: number): Promise<PingReply | undefined> {
  // What goes onto a command line is an address and nothing else.
  if (isIP(address) === 0) return Promise.resolve(undefined);
  const args = ["-n", "-c", "1", "-W", String(timeoutS), address];
  return new Promise((resolve) => {
    execFile("ping", args, { timeout: (timeoutS + 1) * 1000 }, (_error, output) => {
      const [, hops] = /ttl=(\d+)/i.exec(output) ?? [];
      const [, ms] = /time[=<] ?([\d.]+)/i.exec(output) ?? [];
      resolve(ms === undefined ? undefined : { ms: Number(ms), hops: Number(hops ?? 0) });
    });
  });
}
