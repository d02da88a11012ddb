/**
 * RAK5010 WisTrio: nRF52840 and Quectel BG96 on one board; an official Espruino target. Pins from Espruino's module for
 * this board (libs/js/rak/RAK5010.js), which is in the firmware. The interpreter sets the regulator to the 1.8 V that
 * the modem's pins want.
 */
import type { Board } from "./board.ts";

// What the interpreter calls this board.
export const ESPRUINO = "RAK5010";
// What goes into the image; `npm run build -- --with mqtt5` and `--without outbox` override it.
export const MQTT5 = false;
export const OUTBOX = true;
export { driver } from "../modules/modem/drivers/quectel-bg9x.ts";

const board: Board = {
  id: "rak5010",
  console: "Bluetooth",
  port: {
    uart: Serial1,
    baud: 115200,
    // `cts` is an output of the interpreter: low while it can take more; it goes to the modem's RTS.
    wires: { tx: D6, rx: D8, cts: D7 },
    // Straight to the module: low presses.
    powerKey: D2,
    powerKeyPressed: false,
    resetKey: D28,
    resetKeyPressed: false,
    statusPin: D18,
    // The interpreter's receive queue holds 1,024 bytes with a header of 2 for up to 64: 960 of data at best.
    receiveBytes: 768,
  },
  // Divider on ADC_VBAT: 1.5 M and 1 M (schematic), reference 1.8 V on this board.
  batteryV: () => analogRead(D4) * E.getAnalogVRef() * 2.5,
};
export default board;
