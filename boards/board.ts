import type { ModemPort } from "../modules/modem/modem.ts";

/**
 * One board: what is soldered, and what it may cost. A file in this folder exports one as default, and the modem's family as
 * `driver`, the only one in the image; docs/adding-a-board.md.
 */
export interface Board {
  /** The file's name, e.g. `rak5010`. */
  id: string;
  /**
   * Where the REPL goes, by force, before anything else runs: a modem on the console's UART would be executed.
   * `null`: nowhere (production).
   */
  console: "Bluetooth" | "USB" | null;
  /** The modem's UART and pins. */
  port: ModemPort;
  /** Battery voltage, V; absent where the board cannot measure it. */
  batteryV?(): number;
}
