/** The wires between board and modem, on which bytes can be made to be damaged. */
import { Duplex } from "node:stream";
import type { WiredModem } from "../virtual-board/connect.ts";

export interface NoisyWire extends WiredModem {
  isNoisy: boolean;
}

/** One byte in so many arrives as another: no exchange of AT and its answer gets through. */
const DAMAGED_ONE_IN = 12;

/** Random bytes in place of some. `random` gives 0 to 1. */
export function damage(bytes: Buffer, random: () => number): Buffer {
  return Buffer.from(bytes.map((byte) => (random() * DAMAGED_ONE_IN < 1 ? Math.floor(random() * 256) : byte)));
}

export function noisyWire(modem: WiredModem, random: () => number = Math.random): NoisyWire {
  const pass = (bytes: Buffer): Buffer => (wire.isNoisy ? damage(bytes, random) : bytes);
  const uart = new Duplex({
    read: () => modem.uart.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      modem.uart.write(pass(chunk));
      done();
    },
  });
  modem.uart.on("data", (bytes: Buffer) => {
    if (!uart.push(pass(bytes))) modem.uart.pause();
  });
  const wire: NoisyWire = {
    uart,
    isNoisy: false,
    setPin: (pin, level) => modem.setPin(pin, level),
    onPin: (pin, listener) => modem.onPin(pin, listener),
  };
  return wire;
}
