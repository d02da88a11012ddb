import type { Duplex } from "node:stream";
import type { VirtualBoard } from "./board.ts";
import type { Level } from "./pins.ts";
import type { Line, ModemWiring } from "./profile.ts";

export type ModemInput = "pwrkey" | "reset" | "dtr";

/** What the board needs of a modem: tools/virtual-modem has one. Levels are those at the module's own pins. */
export interface WiredModem {
  readonly uart: Duplex;
  setPin(pin: ModemInput, level: Level): void;
  onPin(pin: "status", listener: (level: Level) => void): void;
}

/** PWRKEY and RESET rest high and are active low at the module; DTR rests high. A floating line rests. */
const RESTING: Level = 1;

const turn = (level: Level, line: Line): Level => (line.inverted === true ? ((1 - level) as Level) : level);

/** Solders a modem to a board: UART to UART, control lines to pins. Once for the life of both. */
export function wire(board: VirtualBoard, modem: WiredModem, wiring: ModemWiring = board.profile.modem): void {
  const port = board.serial(wiring.serial);
  // Neither end ends the other: a modem without power is silent, not unsoldered.
  port.pipe(modem.uart, { end: false });
  modem.uart.pipe(port, { end: false });
  const inputs: readonly [ModemInput, Line | undefined][] = [
    ["pwrkey", wiring.pwrkey],
    ["reset", wiring.reset],
    ["dtr", wiring.dtr],
  ];
  for (const [name, line] of inputs) {
    if (line === undefined) continue;
    board.onPin(line.pin, (level) => modem.setPin(name, level === undefined ? RESTING : turn(level, line)));
  }
  const { status } = wiring;
  if (status !== undefined) modem.onPin("status", (level) => board.setPin(status.pin, turn(level, status)));
}
