/** What differs between two boards for the code that runs on them. Data only. */
export interface BoardProfile {
  /** As in `--board`. */
  readonly name: string;
  /** `process.env.BOARD`. */
  readonly id: string;
  /** Where the numbers come from. */
  readonly source: string;
  readonly jsVars: number;
  /** Supply of the nRF52840 in V: what `E.getAnalogVRef()` and `NRF.getBattery()` give until the host says otherwise. */
  readonly supplyV: number;
  readonly storagePages: number;
  /** Flash between the end of the interpreter and Storage, `Flash.getFree()`. */
  readonly freeFlash: { readonly address: number; readonly length: number };
  /** Address of Storage, which `require("Flash")` can reach too. */
  readonly storageAddress: number;
  /** Where the console goes one second after boot, and on each BLE or USB disconnect. */
  readonly defaultConsole: ConsoleDevice;
  /** Used for Serial1 until `setup` says otherwise. */
  readonly serial1: { readonly tx: string; readonly rx: string; readonly baud: number };
  /** Longest input event in bytes: 64, or BLE MTU + 3 where that is more (jsdevices.h:182). */
  readonly maxEventBytes: number;
  /** Modules that the interpreter has built in, beside Storage, Flash, heatshrink, timer, net, http, dgram. */
  readonly libraries: readonly string[];
  readonly buttons: Readonly<Record<string, string>>;
  readonly leds: Readonly<Record<string, string>>;
  /** Pins that the interpreter negates in software. */
  readonly negatedPins: readonly string[];
  /** How a modem is joined to the pins; see connect.ts. */
  readonly modem: ModemWiring;
}

export type ConsoleDevice = "Serial1" | "Serial2" | "USB" | "Bluetooth" | "Limbo" | null;

/** A line from the board to the modem: with `inverted`, a transistor turns the level round. */
export interface Line {
  readonly pin: string;
  readonly inverted?: boolean;
}

export interface ModemWiring {
  readonly serial: "Serial1" | "Serial2";
  readonly pwrkey: Line;
  readonly reset?: Line;
  readonly dtr?: Line;
  /** Level that the board reads from the modem's STATUS output. */
  readonly status?: Line;
}

/** Both boards are an nRF52840 with 48 pins, D0 to D47 (boards/*.py, get_pins). */
export const PIN_COUNT = 48;
/** boards/RAK5010.py and NRF52840DK.py, `page_size`. */
export const PAGE_BYTES = 4096;
/** scripts/build_platform_config.py:374: bufferSizeIO and bufferSizeTX of nRF52. */
export const INPUT_QUEUE_BYTES = 1024;
export const TRANSMIT_BUFFER_BYTES = 256;
/** IOBUFFER_XOFF and IOBUFFER_XON of nRF52: three and two eighths of 1023. */
export const XOFF_BYTES = 383;
export const XON_BYTES = 255;
