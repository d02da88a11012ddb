/**
 * Time, proved before TLS: the modem judges certificates by its own clock, so that clock and the device's must come from
 * a trusted source, agree, and not be before the firmware was built.
 */
import { driver } from "godwit:driver";
import { quotedIn } from "../at/command.ts";
import type { Done, Failure } from "../failure.ts";
import { failure, isRefusal } from "../failure.ts";
import { after } from "../guard.ts";
import { CID, type Modem } from "../modem/modem.ts";
import type { Sockets } from "../modem/sockets.ts";
import type { Transport } from "../mqtt/transport.ts";
import { decodeSntpReply, encodeSntpRequest } from "./sntp.ts";
import { formatTime, parseTime, zoneOf } from "./time-text.ts";

export interface ClockOptions {
  /** Server for the modem's own NTP client and for SNTP. */
  ntpHost: string;
  ntpPort: number;
  /** Seconds between synchronisations. */
  resyncS: number;
}

/** @public */
export type ClockSource = "none" | "nitz" | "modem-ntp" | "sntp";

/** @public */
export interface ClockStatus {
  /** Where the time came from; `none`: it is not known, or not known any more. */
  source: ClockSource;
  /** When it was last set, seconds since 1970. */
  syncedS: number;
  /** Modem RTC minus device clock when last compared, s. */
  rtcErrorS: number;
  /** How far the device's clock ran off between the last two synchronisations that were an hour apart, parts per million. */
  driftPpm: number;
  /** When the device started, by the clock as it is now set; what `getTime()` is ahead of it is the time it has run. */
  startedS: number;
  /** Why sources were passed over in the last round, e.g. `nitz:CLOCK_NONE`. */
  refused: string;
}

export interface Clock {
  status: ClockStatus;
  /** Both clocks are set, agree, and the next synchronisation is not due. */
  isValid(): boolean;
  /** Tries the sources in order, then sets and compares the modem's RTC. */
  synchronise(done: Done): void;
}

/** `unixS` is the time at the moment of the call; 0 or too old a time is as good as an error. */
type TimeDone = (error: Failure | undefined, unixS: number) => void;

/** The clocks may differ by this much: one tells whole seconds, and the answer takes its time on the UART. */
const AGREE_S = 2;
const SNTP_MS = 5000;
/** Over less than this a second more or less would look like drift. */
const DRIFT_S = 3600;

/** `floorS`, seconds since 1970: no source may say less; when the firmware was built. */
export function createClock(modem: Modem, sockets: Sockets, options: ClockOptions, floorS: number): Clock {
  const host = options.ntpHost;
  const port = options.ntpPort;
  const status: ClockStatus = {
    source: "none",
    syncedS: 0,
    rtcErrorS: 0,
    driftPpm: 0,
    startedS: getTime(),
    refused: "",
  };

  /** What is needed once a day lives only while it runs. */
  function synchronise(done: Done): void {
    function readNitz(read: TimeDone): void {
      modem.script([driver.networkTime], (error, lines) => read(error, parseTime(driver.readNetworkTime(lines))));
    }

    function readModemNtp(read: TimeDone): void {
      modem.channel.send(driver.ntp(CID, host, port), (error, lines) => {
        const text = lines.join("").split('"')[1] || "";
        // Whether the text is local time or UTC beside a zone, no source says: with a zone it proves nothing.
        read(error || (zoneOf(text) ? failure("CLOCK_ZONE") : undefined), parseTime(text));
      });
    }

    function readSntp(read: TimeDone): void {
      sockets.open("udp", host, port, (error, socket) => {
        if (socket) askSntp(socket, read);
        else read(error, 0);
      });
    }

    function askSntp(socket: Transport, read: TimeDone): void {
      const sentS = getTime();
      const nonce = E.toString("8 bytes.".split("").map(E.hwRand)) as string;
      let timer = 0;
      function finish(answer: number | string): void {
        // Not the answer to this request: it may still come.
        if (answer == "SNTP_ORIGIN") return;
        clearTimeout(timer);
        socket.onData = socket.onClose = undefined;
        socket.close();
        // RFC 4330, section 5: the reply is old by half of what the way there and back took.
        if (typeof answer == "number") read(undefined, answer + (getTime() - sentS) / 2);
        else read(failure(answer), 0);
      }
      timer = after(SNTP_MS, finish, "SNTP_TIMEOUT");
      socket.onClose = () => finish("SOCKET_CLOSED");
      socket.onData = (bytes) => finish(decodeSntpReply(bytes, nonce));
      // A failure to send ends the socket, and `onClose` says so.
      socket.write(encodeSntpRequest(nonce), () => {});
    }

    function trySource(name: ClockSource, read: (read: TimeDone) => void, otherwise: () => void): void {
      read((error, unixS) => {
        if (!error && unixS >= floorS) accept(name, unixS);
        else {
          status.refused += `${name}:${error ? error.code : unixS ? "CLOCK_FLOOR" : "CLOCK_NONE"} `;
          otherwise();
        }
      });
    }

    function accept(name: ClockSource, unixS: number): void {
      const ranOffS = getTime() - unixS;
      const agoS = unixS - status.syncedS;
      // Only a clock that was set before can drift, and most sources tell whole seconds.
      if (status.syncedS && agoS > DRIFT_S) status.driftPpm = Math.round((ranOffS / agoS) * 1000000);
      status.startedS -= ranOffS;
      status.syncedS = unixS;
      setTime(unixS);
      checkRtc(name, true);
    }

    /** Reads the RTC; when it is off, sets it, in UTC, and reads it once more. */
    function checkRtc(name: ClockSource, mayWrite: boolean): void {
      modem.script(["+CCLK?"], (error, lines) => {
        const errorS = parseTime(quotedIn(lines, "+CCLK:") || "") - getTime();
        status.rtcErrorS = Math.round(errorS);
        // Silence says nothing about the RTC.
        if (error && !isRefusal(error)) done(error);
        else if (Math.abs(errorS) <= AGREE_S) {
          status.source = name;
          done();
        } else if (mayWrite) modem.script([`+CCLK="${formatTime(getTime())}+00"`], () => checkRtc(name, false));
        else done(failure("CLOCK_RTC", status.rtcErrorS));
      });
    }

    status.source = "none";
    status.refused = "";
    trySource("nitz", readNitz, () =>
      trySource("modem-ntp", readModemNtp, () =>
        trySource("sntp", readSntp, () => done(failure("CLOCK_UNPROVED", status.refused))),
      ),
    );
  }

  return {
    status,
    isValid: () => status.source != "none" && Math.abs(getTime() - status.syncedS) < options.resyncS,
    synchronise,
  };
}
