import type { BoardProfile } from "../profile.ts";

/**
 * The wiring is that of Espruino's libs/js/rak/RAK5010.js: PWRKEY is driven low for 200 ms and then high, so low is
 * "pressed" at the board pin as at the module pin.
 */
export const rak5010: BoardProfile = {
  name: "rak5010",
  id: "RAK5010",
  source: "Espruino boards/RAK5010.py and libs/js/rak/RAK5010.js, 2v29",
  jsVars: 12500,
  // ESPR_REGOUT0_1_8V: the modem's pins want 1.8 V.
  supplyV: 1.8,
  storagePages: 20,
  // Storage starts 20 pages below page 246; the end of the interpreter depends on the build and is an estimate.
  // The first page may hold the initial values of its variables: getFree goes by __etext, which lies before them.
  freeFlash: { address: 0x93000, length: 0xe2000 - 0x93000 },
  storageAddress: 0xe2000,
  defaultConsole: "Bluetooth",
  serial1: { tx: "D6", rx: "D8", baud: 9600 },
  maxEventBytes: 64,
  libraries: ["crypto", "tls"],
  buttons: {},
  leds: { LED1: "D12" },
  negatedPins: [],
  modem: {
    serial: "Serial1",
    pwrkey: { pin: "D2" },
    reset: { pin: "D28" },
    dtr: { pin: "D26" },
    status: { pin: "D18" },
  },
};
