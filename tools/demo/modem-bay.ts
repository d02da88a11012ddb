/**
 * The place on the board where the modem sits: what is soldered is the bay, and the modem in it can be exchanged, which
 * is how a SIM goes missing. Its wires can be made to damage bytes.
 */
import { Duplex } from "node:stream";
import type { ModemInput, WiredModem } from "../virtual-board/connect.ts";
import type { Level } from "../virtual-board/pins.ts";
import type { VirtualModem } from "../virtual-modem/index.ts";

export interface ModemBay extends WiredModem {
  readonly modem: VirtualModem;
  /** Takes the modem out, which cuts its power, and puts this one in, which starts if the other one was on. */
  fit(modem: VirtualModem): void;
  isNoisy: boolean;
}

/** One byte in so many arrives as another: no exchange of AT and its answer gets through. */
const DAMAGED_ONE_IN = 12;

/** Random bytes in place of some. `random` gives 0 to 1. */
export function damage(bytes: Buffer, random: () => number): Buffer {
  return Buffer.from(bytes.map((byte) => (random() * DAMAGED_ONE_IN < 1 ? Math.floor(random() * 256) : byte)));
}

export function createModemBay(first: VirtualModem, random: () => number = Math.random): ModemBay {
  const levels = new Map<ModemInput, Level>();
  const statusListeners: ((level: Level) => void)[] = [];
  let modem = first;
  let status: Level = 0;
  let isNoisy = false;

  const pass = (bytes: Buffer): Buffer => (isNoisy ? damage(bytes, random) : bytes);

  const uart = new Duplex({
    read: () => modem.uart.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      modem.uart.write(pass(chunk));
      done();
    },
  });

  function join(): void {
    const mine = modem;
    const isIn = (): boolean => mine === modem;
    mine.uart.on("data", (bytes: Buffer) => {
      if (isIn() && !uart.push(pass(bytes))) mine.uart.pause();
    });
    for (const [pin, level] of levels) mine.setPin(pin, level);
    // Tells the present level at once, and so that of a modem that has just been put in.
    mine.onPin("status", (level) => {
      if (!isIn() || level === status) return;
      status = level;
      for (const listener of statusListeners) listener(level);
    });
  }

  join();
  return {
    uart,
    get modem() {
      return modem;
    },
    fit(next) {
      const { powered } = modem;
      modem.powerCut();
      modem = next;
      join();
      if (powered) modem.powerOn();
    },
    get isNoisy() {
      return isNoisy;
    },
    set isNoisy(noisy) {
      isNoisy = noisy;
    },
    setPin(pin, level) {
      levels.set(pin, level);
      modem.setPin(pin, level);
    },
    onPin(_pin, listener) {
      statusListeners.push(listener);
      listener(status);
    },
  };
}
