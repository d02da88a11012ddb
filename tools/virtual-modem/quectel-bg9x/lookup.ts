/** Names and reachability: AT+QIDNSGIP, AT+QIDNSCFG, AT+QPING. Source: BG96 TCP/IP manual V1.1, 2.1.11 to 2.1.14 [D]. */
import { type Commands, ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot } from "./context.ts";
import { IP_ERROR } from "./errors.ts";
import { LATENCY } from "./latency.ts";
import { ping } from "./ping.ts";

/** [D] TCP/IP manual: longest address. */
export const MAX_HOST = 150;
const PING_BYTES = 32;

export function createLookup(boot: Boot): Commands {
  const { machine } = boot;
  const servers = new Map<number, string>();
  let pinging = false;

  const refused = (code: number): Result => {
    boot.lastError.code = code;
    return ERROR;
  };

  function lookUp(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QIDNSGIP: (1-16),<hostname>");
      return OK;
    }
    const cid = integer(call.args[0], 1, 16);
    const host = string(call.args[1], MAX_HOST);
    if (call.kind !== "write" || cid === undefined || host === undefined || host === "")
      return refused(IP_ERROR.invalidParameter);
    if (boot.bearer.address(cid) === undefined) return refused(IP_ERROR.pdpOpen);
    void boot.resolve(host).then((address) =>
      machine.after(LATENCY.roundTrip, () => {
        if (address === undefined) return machine.urc(`+QIURC: "dnsgip",${IP_ERROR.dnsFailed}`);
        machine.urc('+QIURC: "dnsgip",0,1,600');
        machine.urc(`+QIURC: "dnsgip","${address}"`);
      }),
    );
    return OK;
  }

  function configure(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QIDNSCFG: (1-16),<pridnsaddr>,<secdnsaddr>");
      return OK;
    }
    const cid = integer(call.args[0], 1, 16);
    if (call.kind !== "write" || cid === undefined) return refused(IP_ERROR.invalidParameter);
    if (call.args.length === 1) {
      io.lines(`+QIDNSCFG: ${cid},${servers.get(cid) ?? '"10.187.7.1","10.187.7.2"'}`);
      return OK;
    }
    const addresses = call.args.slice(1, 3).map((arg) => string(arg, MAX_HOST, ""));
    if (addresses.some((address) => address === undefined)) return refused(IP_ERROR.invalidParameter);
    servers.set(cid, addresses.map((address) => `"${address}"`).join(","));
    return OK;
  }

  function startPing(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QPING: (1-16),<host>,(1-255),(1-10)");
      return OK;
    }
    const cid = integer(call.args[0], 1, 16);
    const host = string(call.args[1], MAX_HOST);
    const timeoutS = integer(call.args[2], 1, 255, 4);
    const count = integer(call.args[3], 1, 10, 4);
    const wrong = cid === undefined || host === undefined || host === "";
    if (call.kind !== "write" || wrong || timeoutS === undefined || count === undefined)
      return refused(IP_ERROR.invalidParameter);
    if (boot.bearer.address(cid) === undefined) return refused(IP_ERROR.pdpOpen);
    if (pinging) return refused(IP_ERROR.busy);
    pinging = true;
    // Behind the OK of this command.
    machine.after(LATENCY.roundTrip, () => void pingAll(host, timeoutS, count));
    return OK;
  }

  async function pingAll(host: string, timeoutS: number, count: number): Promise<void> {
    const address = await boot.resolve(host);
    const times: number[] = [];
    for (let left = address === undefined ? 0 : count; left > 0 && address !== undefined; left--) {
      const reply = await (boot.options.ping ?? ping)(address, timeoutS);
      const ms = Math.round(reply?.ms ?? 0);
      if (reply !== undefined) times.push(ms);
      machine.urc(
        reply === undefined
          ? `+QPING: ${IP_ERROR.timeout}`
          : `+QPING: 0,"${address}",${PING_BYTES},${ms},${reply.hops}`,
      );
    }
    pinging = false;
    boot.lastError.code = address === undefined ? IP_ERROR.dnsFailed : 0;
    if (address === undefined) return machine.urc(`+QPING: ${IP_ERROR.dnsFailed}`);
    const [min, max] = times.length === 0 ? [0, 0] : [Math.min(...times), Math.max(...times)];
    const average = times.length === 0 ? 0 : Math.round(times.reduce((sum, ms) => sum + ms, 0) / times.length);
    machine.urc(`+QPING: 0,${count},${times.length},${count - times.length},${min},${max},${average}`);
  }

  return { "+QIDNSGIP": lookUp, "+QIDNSCFG": configure, "+QPING": startPing };
}
