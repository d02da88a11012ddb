import type { ConsoleDevice } from "./profile.ts";

const NAMES: ReadonlySet<string> = new Set(["Serial1", "Serial2", "USB", "Bluetooth"]);

export const isConsoleDevice = (name: unknown): name is ConsoleDevice => name === null || NAMES.has(String(name));

/** jsiOneSecondAfterStartup is called this long after boot (jsinteractive.c:995). */
export const CONSOLE_MOVE_MS = 1000;

export interface ConsoleHost {
  /** The device's text, whatever the console is on. */
  text(text: string): void;
  /** Bytes that leave the board on a serial port because it is the console. */
  transmit(device: string, text: string): void;
  /** A serial port has become the console by itself: what arrives there will be executed. */
  takeover(device: string): void;
  /** A line that arrived on the console. */
  execute(line: string, device: string): string | undefined;
}

/**
 * Where the REPL is. On a board whose default console is Serial1, it moves there one second after boot and on each
 * BLE or USB disconnect, unless the device code has forced it to stay (jsinteractive.c:229, bluetooth.c:1215).
 */
export class Console {
  device: ConsoleDevice = "Limbo";
  forced = false;
  echo = true;
  private limbo = "";
  private line = "";

  private readonly preferred: ConsoleDevice;
  private readonly host: ConsoleHost;

  constructor(preferred: ConsoleDevice, host: ConsoleHost) {
    this.preferred = preferred;
    this.host = host;
  }

  set(device: ConsoleDevice, force: boolean): void {
    this.forced = force;
    if (device === this.device) return;
    this.device = device;
    this.releaseLimbo();
  }

  /** One second after boot: only a console that is still nowhere moves. */
  settle(): void {
    if (this.device !== "Limbo") return;
    this.device = this.preferred;
    this.releaseLimbo();
    this.announceTakeover();
  }

  /** A BLE or USB connection has ended. */
  disconnected(): void {
    if (this.forced || this.device === this.preferred) return;
    this.device = this.preferred;
    this.announceTakeover();
  }

  connected(device: "USB" | "Bluetooth"): void {
    if (!this.forced) this.device = device;
  }

  private announceTakeover(): void {
    if (this.device === "Serial1" || this.device === "Serial2") this.host.takeover(this.device);
  }

  private releaseLimbo(): void {
    const text = this.limbo;
    this.limbo = "";
    if (text !== "" && this.isSerial) this.host.transmit(this.device as string, text);
  }

  private get isSerial(): boolean {
    return this.device !== null && this.device !== "Limbo";
  }

  print(text: string): void {
    this.host.text(text);
    if (this.device === "Limbo") this.limbo += text;
    else if (this.isSerial) this.host.transmit(this.device as string, text);
  }

  /** Bytes from the device that is the console: echoed, and executed at each line end. */
  receive(text: string): void {
    const device = this.device;
    if (device === null || device === "Limbo") return;
    for (const char of text) {
      if (char === "\x03") this.line = "";
      else if (char === "\r" || char === "\n") this.enter(device);
      else this.line += char;
    }
  }

  private enter(device: string): void {
    const line = this.line;
    this.line = "";
    if (line.trim() === "") return;
    // A line that starts with DLE is executed without echo.
    const silent = line.startsWith("\x10");
    const result = this.host.execute(silent ? line.slice(1) : line, device);
    if (!silent && this.echo) this.print(`${line}\r\n${result === undefined ? "" : `=${result}\r\n`}>`);
  }
}
