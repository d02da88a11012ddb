/** A board's console on a serial port of this computer: package `serialport`. */
import { makePort, type PortEnd, portLost } from "./make-port.ts";
import { optionalPackage } from "./missing.ts";
import { type Port, PortError, type PortSource } from "./port.ts";
import { DEFAULT_BAUD_RATE, SERIAL_CHUNK } from "./web-serial.ts";

export interface SerialPathOptions {
  readonly path: string;
  readonly baudRate?: number;
}

export function serialSource(options: SerialPathOptions): PortSource {
  return { open: () => openSerial(options) };
}

async function openSerial({ path, baudRate = DEFAULT_BAUD_RATE }: SerialPathOptions): Promise<Port> {
  const { SerialPort } = await optionalPackage("serialport", "a serial port", () => import("serialport"));
  const name = `serial:${path}`;
  const serial = new SerialPort({ path, baudRate, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    serial.open((error) => (error === null ? resolve() : reject(openError(name, error.message))));
  });
  const end: PortEnd = makePort({
    name,
    chunkBytes: SERIAL_CHUNK,
    send: (chunk) =>
      new Promise((resolve, reject) => {
        // Drained: what is under way is what the session counts on.
        serial.write(Buffer.from(chunk), (failed) => {
          if (failed) reject(failed);
          else serial.drain((error) => (error ? reject(error) : resolve()));
        });
      }),
    close: () => new Promise((resolve) => serial.close(() => resolve())),
  });
  serial.on("data", (bytes: Buffer) => end.receive(bytes));
  serial.on("error", (error) => end.lost(portLost(name, error)));
  serial.on("close", (error?: Error) => end.lost(portLost(name, error)));
  return end.port;
}

function openError(name: string, why: string): PortError {
  const isAbsent = /no such file|cannot find|not found/i.test(why);
  return new PortError(isAbsent ? "PORT_ABSENT" : "PORT_REFUSED", `${name}: ${why}`);
}
