/**
 * Time, proved before TLS: the modem judges certificates by its own clock, so that clock and the device's must come from
 * a trusted source, agree, and not be before the firmware was built.
 */
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after } from "../guard.ts";
import { CID, type Modem } from "../modem/modem.ts";
import type { Sockets } from "../modem/sockets.ts";
import type { Transport } from "../mqtt/transport.ts";
import { decodeSntpReply, encodeSntpRequest } from "./sntp.ts";
import { formatTime, parseTime, zoneOf } from "./time-text.ts";

/** @public */
export interface ClockOptions {
  /** Servers for the modem's own NTP client and for SNTP, tried in this order. */
  ntpHost: string;
  ntpPort: number;
  /** Seconds between synchronisations. */
  resyncS: number;
  /** No source may say less: when the firmware was built, seconds since 1970. */
  floorS: number;
}

/** @public */
export type ClockSource = "none" | "nitz" | "modem-ntp" | "sntp";

/** @public */
export interface ClockStatus {
  /** Where the time came from; `none`: it is not known. */
  source: ClockSource;
  /** When it was last set, seconds since 1970. */
  syncedS: number;
  /** Modem RTC minus device clock when last compared, s. */
  rtcErrorS: number;
  /** How far the device's clock ran off between the last two synchronisations, parts per million. */
  driftPpm: number;
  /** When the device started, by the clock as it is now set; what `getTime()` is ahead of it is the time it has run. */
  startedS: number;
  /** Why sources were passed over in the last round, e.g. `nitz:CLOCK_NONE`. */
  refused: string;
}

export interface Clock {
  status: ClockStatus;
  /** Both clocks are set, agree, and the next synchronisation is not due. */
  valid(): boolean;
  /** Tries the sources in order, then sets and compares the modem's RTC. */
  synchronise(done: Done): void;
  /** After the modem lost power or the device its memory: nothing is known any more. */
  invalidate(): void;
}

/** `unixS` is the time at the moment of the call. */
type TimeDone = (error: Failure | undefined, unixS: number) => void;

interface Source {
  name: ClockSource;
  read(done: TimeDone): void;
}

/** DESIGN.md, clock gate. */
const AGREE_S = 2;
const COMMAND_MS = 5000;
const SNTP_MS = 5000;
const SNTP_TRIES = 2;

export function createClock(modem: Modem, sockets: Sockets, options: ClockOptions): Clock {
  const driver = modem.driver;
  const status: ClockStatus = {
    source: "none",
    syncedS: 0,
    rtcErrorS: 0,
    driftPpm: 0,
    startedS: getTime(),
    refused: "",
  };
  let rtcKnown = false;

  // ---- sources

  function readNitz(done: TimeDone): void {
    modem.script([driver.networkTime], COMMAND_MS, (error, lines) => {
      const text = error ? "" : driver.readNetworkTime(lines);
      done(text ? undefined : error || failure("CLOCK_NONE"), (text && parseTime(text)) || 0);
    });
  }

  function readModemNtp(done: TimeDone): void {
    const command = driver.ntp(CID, options.ntpHost, options.ntpPort);
    modem.result(command, driver.ntpResult, driver.ntpMs, (error, line) => {
      const answer = error ? 0 : driver.readNtp(line);
      if (error || !(answer as string).length) done(error || failure("CLOCK_NTP", answer), 0);
      // Whether the text is local time or UTC beside a zone, no source says: with a zone it proves nothing.
      else if (zoneOf(answer as string)) done(failure("CLOCK_ZONE", answer), 0);
      else done(undefined, parseTime(answer as string) || 0);
    });
  }

  function readSntp(done: TimeDone): void {
    sockets.open("udp", options.ntpHost, options.ntpPort, (error, socket) => {
      if (!socket) done(error, 0);
      else askSntp(socket, SNTP_TRIES, done);
    });
  }

  function askSntp(socket: Transport, tries: number, done: TimeDone): void {
    let nonce = "";
    while (nonce.length < 8) nonce += String.fromCharCode(E.hwRand() & 255);
    const sentS = getTime();
    let timer = after(SNTP_MS, over);
    function over(): void {
      timer = 0;
      if (tries > 1) askSntp(socket, tries - 1, done);
      else finish(failure("SNTP_TIMEOUT"), 0);
    }
    function finish(error: Failure | undefined, unixS: number): void {
      if (timer) clearTimeout(timer);
      socket.onData = socket.onClose = undefined;
      socket.close();
      done(error, unixS);
    }
    socket.onClose = (cause) => finish(cause || failure("SOCKET_CLOSED"), 0);
    socket.onData = (bytes) => {
      const reply = decodeSntpReply(bytes, nonce);
      // Not the answer to this request: it may still come.
      if (reply == "SNTP_ORIGIN") return;
      if (typeof reply == "string") finish(failure(reply), 0);
      // RFC 4330, section 5: the reply is old by half of what the way there and back took.
      else finish(undefined, reply.transmitS + (getTime() - sentS - (reply.transmitS - reply.receiveS)) / 2);
    };
    socket.write(encodeSntpRequest(nonce), (error) => {
      if (error) finish(error, 0);
    });
  }

  const sources: Source[] = [
    { name: "nitz", read: readNitz },
    { name: "modem-ntp", read: readModemNtp },
    { name: "sntp", read: readSntp },
  ];

  // ---- the gate

  function synchronise(done: Done): void {
    status.refused = "";
    trySource(0, done);
  }

  function trySource(index: number, done: Done): void {
    const source = sources[index];
    if (!source) {
      done(failure("CLOCK_UNPROVED", status.refused));
      return;
    }
    source.read((error, unixS) => {
      if (!error && unixS >= options.floorS) accept(source.name, unixS, done);
      else {
        status.refused += `${source.name}:${error ? error.code : "CLOCK_FLOOR"} `;
        trySource(index + 1, done);
      }
    });
  }

  function accept(name: ClockSource, unixS: number, done: Done): void {
    const ranOff = getTime() - unixS;
    // Only a clock that was set before can drift.
    if (status.syncedS) status.driftPpm = Math.round((ranOff / (unixS - status.syncedS)) * 1e6);
    status.startedS -= ranOff;
    setTime(unixS);
    status.syncedS = unixS;
    checkRtc(true, (error) => {
      status.source = error ? "none" : name;
      rtcKnown = !error;
      done(error);
    });
  }

  /** Reads the RTC; when it is off, sets it, in UTC, and reads it once more. */
  function checkRtc(mayWrite: boolean, done: Done): void {
    modem.script(["+CCLK?"], COMMAND_MS, (error, lines) => {
      const unixS = parseTime((lines.join("").split('"')[1] as string) || "") || 0;
      status.rtcErrorS = Math.round(unixS - getTime());
      if (!error && Math.abs(status.rtcErrorS) <= AGREE_S) done();
      else if (!mayWrite) done(failure("CLOCK_RTC", error ? error.cause : status.rtcErrorS));
      else modem.script([`+CCLK="${formatTime(getTime())}"`], COMMAND_MS, () => checkRtc(false, done));
    });
  }

  return {
    status,
    valid() {
      const age = getTime() - status.syncedS;
      return rtcKnown && age >= 0 && age < options.resyncS;
    },
    synchronise,
    invalidate() {
      rtcKnown = false;
    },
  };
}
