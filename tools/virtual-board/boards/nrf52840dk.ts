import type { BoardProfile } from "../profile.ts";

/** The kit has no modem of its own: the shield's pins are ours, with transistors on PWRKEY and RESET (high = pressed). */
export const nrf52840dk: BoardProfile = {
  name: "nrf52840dk",
  id: "NRF52840DK",
  source: "Espruino boards/NRF52840DK.py, 2v29; shield pins: boards/nrf52840dk.ts",
  jsVars: 12500,
  // The kit's regulator (VDD_nRF).
  supplyV: 3,
  storagePages: 10,
  // Storage starts 10 pages below page 246; the end of the interpreter depends on the build and is an estimate.
  // The first page may hold the initial values of its variables: getFree goes by __etext, which lies before them.
  freeFlash: { address: 0x90000, length: 0xec000 - 0x90000 },
  storageAddress: 0xec000,
  defaultConsole: "Serial1",
  serial1: { tx: "D6", rx: "D8", baud: 9600 },
  // NRF_SDH_BLE_GATT_MAX_MTU_SIZE=131
  maxEventBytes: 134,
  libraries: ["neopixel"],
  buttons: { BTN1: "D11", BTN2: "D12", BTN3: "D24", BTN4: "D25" },
  leds: { LED1: "D13", LED2: "D14", LED3: "D15", LED4: "D16" },
  negatedPins: ["D11", "D12", "D13", "D14", "D15", "D16", "D24", "D25"],
  modem: {
    serial: "Serial1",
    pwrkey: { pin: "D36", inverted: true },
    reset: { pin: "D37", inverted: true },
    status: { pin: "D38" },
  },
};
