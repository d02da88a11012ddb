/**
 * Nordic nRF52840 DK (PCA10056) with a BG95 or BG96 breakout on the Arduino header. The module speaks 1.8 V: level
 * shifters on every line, open-drain transistors on PWRKEY and RESET_N (high presses).
 */
import type { Board } from "./board.ts";

// What the interpreter calls this board, and the button that opens a locked console when it is held at the start.
export const ESPRUINO = "NRF52840DK";
export const SERVICE = "BTN1";
// What goes into the image; `npm run build -- --with mqtt5` and `--without outbox` override it.
export const MQTT5 = false;
export const OUTBOX = true;
export { driver } from "../modules/modem/drivers/quectel-bg9x.ts";

const board: Board = {
  id: "nrf52840dk",
  console: "Bluetooth",
  port: {
    uart: Serial1,
    baud: 115200,
    // Arduino D1, D0, D2: P1.02, P1.01, P1.03.
    wires: { tx: D34, rx: D33, cts: D35 },
    // Arduino D3, D4: P1.04, P1.05.
    powerKey: D36,
    powerKeyPressed: true,
    resetKey: D37,
    resetKeyPressed: true,
    // Arduino D5: P1.06.
    statusPin: D38,
    receiveBytes: 768,
  },
};
export default board;
