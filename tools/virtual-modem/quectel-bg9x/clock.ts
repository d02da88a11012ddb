/** The modem's clock and where its time comes from: CCLK, CTZU, CTZR, NITZ, QLTS, QNTP. Sources: BG96 AT and
 *  TCP/IP manuals [D], NuModem reports and logs [H]; single behaviours carry their own grade. */
import { createSocket } from "node:dgram";
import { cme, ERROR, type Io, OK, type Result } from "../answer.ts";
import type { EventBody } from "../types.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { CME, IP_ERROR } from "./errors.ts";
import { LATENCY, LIMIT } from "./latency.ts";
import { formatTime, formatZone, localTime, parseTime } from "./rtc.ts";

/** RFC 4330: seconds from 1900 to 1970. */
const NTP_EPOCH_S = 2_208_988_800;
const NTP_PORT = 123;
/** [R] Default zone: UTC+2, so that a client that mixes local time and UTC is seen to. */
export const DEFAULT_ZONE = 8;

type RtcSource = Extract<EventBody, { type: "rtc" }>["source"];

export interface ModemClock extends Part {
  /** Registered: the network will tell its time. */
  registered(): void;
  jump(utcMs: number): void;
}

export function createClockPart(boot: Boot): ModemClock {
  const { machine, rtc, nvm, quirks, network } = boot;
  /** Last time the network told: [D] AT+QLTS without an argument. */
  let nitz: { utcMs: number; at: number; zone: number } | undefined;
  let ntp: { server: string; port: number; stop(): void } | undefined;

  function set(source: RtcSource, utcMs: number, zone: number, shows: "local" | "gmt"): void {
    const beforeMs = rtc.now();
    rtc.set(utcMs, zone, shows);
    machine.emit({ type: "rtc", source, utcMs, beforeMs, text: rtc.text(2) });
  }

  const shown = (): "local" | "gmt" => (nvm.ctzu === 3 || quirks.ctzu1 === "local" ? "local" : "gmt");

  function applyNitz(): void {
    if (nitz === undefined || nvm.ctzu === 0) return;
    set("nitz", nitz.utcMs + (machine.clock.now() - nitz.at), nitz.zone, shown());
  }

  function registered(): void {
    if (network.nitz === false) return;
    machine.after(network.nitzMs ?? LATENCY.nitz, () => {
      const zone = network.zone ?? DEFAULT_ZONE;
      nitz = { utcMs: boot.wallClock(), at: machine.clock.now(), zone };
      machine.emit({ type: "nitz", utcMs: nitz.utcMs, zone, applied: nvm.ctzu !== 0 });
      applyNitz();
      if (nvm.ctzr === 1) machine.urc(`+CTZV: "${formatZone(zone)}"`);
      else if (nvm.ctzr === 2) {
        const local = formatTime(localTime(nitz.utcMs, zone), zone, 4).slice(0, -3);
        machine.urc(`+CTZE: "${formatZone(zone)}",0,"${local}"`);
      }
    });
  }

  function clock(call: Call, io: Io): Result {
    if (call.kind === "test") return OK;
    if (call.kind === "read") {
      io.lines(`+CCLK: "${rtc.text(2)}"`);
      return OK;
    }
    const time = parseTime(string(call.args[0], 20) ?? "");
    if (call.kind !== "write" || time === undefined) return cme(CME.incorrectParameters);
    // 27.007 8.15: the digits are local time, the zone tells how far from GMT.
    set("host", time.utcMs, time.zone, "local");
    return OK;
  }

  function networkTime(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QLTS: (0-2)");
      return OK;
    }
    const mode = integer(call.args[0], 0, 2, 0);
    if (mode === undefined) return cme(CME.incorrectParameters);
    if (nitz === undefined) {
      // [D] A vendor's test script expects an empty string before the first time message.
      io.lines('+QLTS: ""');
      return OK;
    }
    const passed = mode === 0 ? 0 : machine.clock.now() - nitz.at;
    const shift = mode === 1 ? 0 : localTime(0, nitz.zone);
    io.lines(`+QLTS: "${formatTime(nitz.utcMs + passed + shift, nitz.zone, 4)},0"`);
    return OK;
  }

  function startNtp(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QNTP: (1-16),<server>,(1-65535),(0,1)");
      return OK;
    }
    if (call.kind === "read") {
      if (ntp !== undefined) io.lines(`+QNTP: "${ntp.server}",${ntp.port}`);
      return OK;
    }
    const cid = integer(call.args[0], 1, 16);
    const server = string(call.args[1], 150);
    const port = integer(call.args[2], 1, 65_535, NTP_PORT);
    const setTime = integer(call.args[3], 0, 1, 1);
    const wrong = cid === undefined || server === undefined || port === undefined || setTime === undefined;
    if (call.kind !== "write" || wrong || server === "") return ERROR;
    // [D] The context has to be active, and there is one exchange at a time.
    if (ntp !== undefined || boot.bearer.address(cid) === undefined) {
      boot.lastError.code = ntp === undefined ? IP_ERROR.pdpOpen : IP_ERROR.busy;
      return ERROR;
    }
    const exchange = { server, port, stop: (): void => undefined };
    ntp = exchange;
    // Behind the OK of this command.
    machine.after(LATENCY.roundTrip, () => {
      exchange.stop = askSntp(boot, server, port, (code, utcMs) => {
        ntp = undefined;
        finishNtp(code, utcMs, setTime === 1);
      });
    });
    return OK;
  }

  function finishNtp(code: number, utcMs: number, setTime: boolean): void {
    boot.lastError.code = code;
    // [H] A failure has no second field.
    if (code !== 0) {
      machine.urc(`+QNTP: ${code}`);
      return;
    }
    // NTP knows no zone: the network's stays, if it told one.
    const zone = nitz?.zone ?? rtc.zone;
    if (setTime) set("ntp", utcMs, zone, shown());
    const digits = shown() === "local" ? localTime(utcMs, zone) : utcMs;
    machine.urc(`+QNTP: 0,"${formatTime(digits, zone, quirks.ntpYearDigits)}"`);
  }

  return {
    registered,
    jump: (utcMs) => set("fault", utcMs, rtc.zone, shown()),
    dispose: () => ntp?.stop(),
    commands: {
      "+CCLK": clock,
      "+CTZU": (call, io) => {
        if (call.kind === "test") io.lines("+CTZU: (0,1,3)");
        else if (call.kind === "read") io.lines(`+CTZU: ${nvm.ctzu}`);
        else {
          const mode = integer(call.args[0], 0, 3);
          if (mode === undefined || mode === 2) return cme(CME.incorrectParameters);
          nvm.ctzu = mode as 0 | 1 | 3;
          // [R] Time that the network has told already is taken at once.
          applyNitz();
        }
        return OK;
      },
      "+CTZR": (call, io) => {
        if (call.kind === "test") io.lines("+CTZR: (0-2)");
        else if (call.kind === "read") io.lines(`+CTZR: ${nvm.ctzr}`);
        else {
          const mode = integer(call.args[0], 0, 2);
          if (mode === undefined) return cme(CME.incorrectParameters);
          nvm.ctzr = mode;
        }
        return OK;
      },
      "+QLTS": networkTime,
      "+QNTP": startNtp,
    },
  };
}

/** An SNTP exchange (RFC 4330) on the real network; `done` is called once, unless stopped. */
function askSntp(boot: Boot, server: string, port: number, done: (code: number, utcMs: number) => void): () => void {
  const { machine } = boot;
  let stopped = false;
  let socket: ReturnType<typeof createSocket> | undefined;
  let timer: ReturnType<typeof machine.timeout> | undefined;
  let tries = 0;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    machine.cancel(timer);
    socket?.close();
  };
  const finish = (code: number, utcMs = 0): void => {
    if (stopped) return;
    stop();
    done(code, utcMs);
  };
  void boot.resolve(server).then((address) => {
    if (stopped) return;
    if (address === undefined) return finish(IP_ERROR.dnsFailed);
    socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("error", () => finish(IP_ERROR.connectFailed));
    socket.on("message", (packet) => {
      const utcMs = readSntp(packet);
      if (utcMs !== undefined) finish(0, utcMs);
    });
    const send = (): void => {
      if (tries++ >= LIMIT.ntpTries) {
        finish(IP_ERROR.timeout);
        return;
      }
      // LI 0, version 4, mode 3 (client).
      const request = Buffer.alloc(48);
      request[0] = 0x23;
      socket?.send(request, port, address);
      timer = machine.timeout(LIMIT.ntpTryMs, send);
    };
    send();
  });
  return stop;
}

/** The server's transmit time, or undefined when the packet tells none. */
function readSntp(packet: Buffer): number | undefined {
  if (packet.length < 48 || ((packet[0] ?? 0) & 7) !== 4 || packet[1] === 0) return undefined;
  const seconds = packet.readUInt32BE(40);
  if (seconds === 0) return undefined;
  // RFC 4330 section 3: a clear top bit means the era that begins in 2036.
  const era = seconds >= 0x8000_0000 ? 0 : 0x1_0000_0000;
  return (seconds + era - NTP_EPOCH_S) * 1000 + Math.floor((packet.readUInt32BE(44) / 0x1_0000_0000) * 1000);
}
