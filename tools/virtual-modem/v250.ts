/**
 * The terminal of ITU-T V.250: what happens to each byte the host sends. Command lines with echo, editing and
 * repetition; raw data while a command asks for it; bytes nobody asked for.
 */
import type { Clock, Timer } from "../clock.ts";
import { EscapeGuard } from "./escape.ts";

/** Longest command line; more gives ERROR. [R] 1024: no manual of the family in reach names it for BG96. */
export const MAX_LINE = 1024;

/** Bytes that wait when the host types ahead of the answer; a real receive buffer is bounded as well. [R] */
const MAX_TYPE_AHEAD = 4096;

const ESC = 0x1b;
const CTRL_Z = 0x1a;

/** V.250 5.2 and 6.2: the parameters that shape lines. */
export interface LineSettings {
  echo: boolean;
  quiet: boolean;
  verbose: boolean;
  /** S3, S4, S5: codes of carriage return, line feed and backspace. */
  cr: number;
  lf: number;
  bs: number;
}

export const FACTORY_LINE: Readonly<LineSettings> = { echo: true, quiet: false, verbose: true, cr: 13, lf: 10, bs: 8 };

export interface CollectRequest {
  /** Exactly so many bytes; undefined = up to Ctrl-Z, and ESC gives up. */
  readonly size?: number | undefined;
  /** Most bytes taken when there is no size. */
  readonly limit?: number | undefined;
  readonly echo: boolean;
  /** Longest silence, in milliseconds of the clock. */
  readonly timeoutMs?: number | undefined;
  /** Tells how many bytes are there after each piece. */
  readonly onProgress?: ((total: number) => void) | undefined;
  /** `+++` between two silences gives up. */
  readonly escape?: boolean | undefined;
}

/** V.250 online data state: what the host types goes elsewhere until `+++`, or until the far end is gone. */
export interface Online {
  readonly ended: Promise<"escaped" | "closed">;
  close(): void;
}

export interface Collected {
  readonly bytes: Buffer;
  readonly end: "complete" | "cancelled" | "timeout";
}

export interface TerminalPorts {
  readonly clock: Clock;
  readonly settings: LineSettings;
  readonly typeAhead: () => "drop" | "queue";
  readonly transmit: (bytes: Buffer) => void;
  /** A line without `AT` and CR, or undefined when it was too long. */
  readonly onLine: (line: string | undefined) => void;
  readonly onSwallowed: (bytes: number, why: string) => void;
}

type Typing = "idle" | "attention" | "line";

export class Terminal {
  private readonly ports: TerminalPorts;
  private typing: Typing = "idle";
  private line: number[] = [];
  private tooLong = false;
  private last: string | undefined = "";
  private busy = false;
  private ahead: Buffer[] = [];
  private aheadBytes = 0;
  private collecting:
    | { request: CollectRequest; chunks: Buffer[]; total: number; done: (c: Collected) => void }
    | undefined;
  private silence: Timer | undefined;
  private guard: EscapeGuard | undefined;
  private online = false;

  constructor(ports: TerminalPorts) {
    this.ports = ports;
  }

  /** True while raw data is expected: nothing unsolicited may be said. */
  get inDataMode(): boolean {
    return this.collecting !== undefined || this.online;
  }

  receive(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.guard !== undefined) {
        this.guard.take(rest);
        return;
      }
      if (this.collecting !== undefined) rest = this.collectBytes(rest);
      else rest = this.busy ? this.whileBusy(rest) : this.commandBytes(rest);
    }
  }

  /** The command line is done: `say` gives its result, and a host that answers within that call is heard already. */
  finish(say: () => void): void {
    const waiting = this.takeAhead();
    this.busy = false;
    this.online = false;
    say();
    for (const chunk of waiting) this.receive(chunk);
  }

  collect(request: CollectRequest): Promise<Collected> {
    return new Promise((resolve) => {
      this.collecting = { request, chunks: [], total: 0, done: resolve };
      this.restartSilence();
      if (request.escape === true) {
        this.guard = new EscapeGuard({
          clock: this.ports.clock,
          data: (bytes) => this.collectGuarded(bytes),
          escaped: () => this.endCollect("cancelled"),
        });
      }
      if (request.size === 0) this.endCollect("complete");
      else for (const chunk of this.takeAhead()) this.receive(chunk);
    });
  }

  /** Leaves the command running and hands on what the host types. */
  goOnline(onBytes: (bytes: Buffer) => void): Online {
    let end: (how: "escaped" | "closed") => void = () => undefined;
    const ended = new Promise<"escaped" | "closed">((resolve) => {
      end = resolve;
    });
    const leave = (how: "escaped" | "closed"): void => {
      if (this.guard !== guard) return;
      guard.stop();
      this.guard = undefined;
      // Still in data mode for URCs: they come behind the result.
      end(how);
    };
    const guard = new EscapeGuard({ clock: this.ports.clock, data: onBytes, escaped: () => leave("escaped") });
    this.guard = guard;
    this.online = true;
    for (const chunk of this.takeAhead()) this.receive(chunk);
    return { ended, close: () => leave("closed") };
  }

  /** Power is gone. */
  reset(): void {
    this.guard?.stop();
    this.guard = undefined;
    this.online = false;
    this.typing = "idle";
    this.line = [];
    this.busy = false;
    this.ahead = [];
    this.aheadBytes = 0;
    this.collecting = undefined;
    this.stopSilence();
  }

  private takeAhead(): Buffer[] {
    const waiting = this.ahead;
    this.ahead = [];
    this.aheadBytes = 0;
    return waiting;
  }

  private whileBusy(bytes: Buffer): Buffer {
    const none = bytes.subarray(bytes.length);
    // A LF behind the CR that started the command is part of the line's end and is no loss.
    const lost = bytes[0] === this.ports.settings.lf ? bytes.subarray(1) : bytes;
    if (lost.length === 0) return none;
    const room = MAX_TYPE_AHEAD - this.aheadBytes;
    if (this.ports.typeAhead() === "queue" && room > 0) {
      const kept = Buffer.from(lost.subarray(0, room));
      this.ahead.push(kept);
      this.aheadBytes += kept.length;
      if (kept.length < lost.length) this.ports.onSwallowed(lost.length - kept.length, "receive buffer full");
      return none;
    }
    this.ports.onSwallowed(lost.length, "a command was running");
    return none;
  }

  /** Takes bytes in command state up to the end of a line; returns what is left. */
  private commandBytes(bytes: Buffer): Buffer {
    const echo: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte !== this.ports.settings.lf) echo.push(byte);
      if (this.commandByte(byte)) {
        this.echo(echo);
        this.enter();
        return bytes.subarray(at + 1);
      }
    }
    this.echo(echo);
    return bytes.subarray(bytes.length);
  }

  private echo(bytes: number[]): void {
    if (this.ports.settings.echo && bytes.length > 0) this.ports.transmit(Buffer.from(bytes));
  }

  /** Returns true when a command line is complete. */
  private commandByte(byte: number): boolean {
    const { cr, bs } = this.ports.settings;
    const char = String.fromCharCode(byte).toUpperCase();
    if (this.typing === "idle") {
      if (char === "A") this.typing = "attention";
      return false;
    }
    if (this.typing === "attention") {
      if (char === "/") {
        // V.250 5.2.4: repeats at once, without a CR.
        this.typing = "idle";
        return true;
      }
      if (char === "T") this.startLine();
      else this.typing = char === "A" ? "attention" : "idle";
      return false;
    }
    if (byte === cr) {
      this.typing = "idle";
      this.last = this.tooLong ? undefined : Buffer.from(this.line).toString("latin1");
      return true;
    }
    if (byte === bs) this.line.pop();
    else if (byte >= 0x20 && this.line.length < MAX_LINE) this.line.push(byte);
    else if (byte >= 0x20) this.tooLong = true;
    return false;
  }

  private startLine(): void {
    this.typing = "line";
    this.line = [];
    this.tooLong = false;
  }

  private enter(): void {
    this.busy = true;
    this.ports.onLine(this.last);
  }

  private collectBytes(bytes: Buffer): Buffer {
    const current = this.collecting;
    if (current === undefined) return bytes;
    const { size, limit, echo } = current.request;
    let taken = bytes.subarray(0, (size ?? Number.POSITIVE_INFINITY) - current.total);
    let end: Collected["end"] | undefined;
    let used = taken.length;
    if (size === undefined) {
      const stop = taken.findIndex((byte) => byte === CTRL_Z || byte === ESC);
      if (stop >= 0) {
        end = taken[stop] === ESC ? "cancelled" : "complete";
        used = stop + 1;
        taken = taken.subarray(0, stop);
      }
      taken = taken.subarray(0, Math.max(0, (limit ?? 0) - current.total));
    }
    current.chunks.push(Buffer.from(taken));
    current.total += taken.length;
    if (echo && taken.length > 0) this.ports.transmit(Buffer.from(taken));
    this.restartSilence();
    current.request.onProgress?.(current.total);
    if (size !== undefined && current.total === size) end = "complete";
    if (end !== undefined) this.endCollect(end);
    return bytes.subarray(used);
  }

  /** Data that the guard let through; what is behind the last byte asked for is typed ahead. */
  private collectGuarded(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.collecting === undefined ? this.whileBusy(rest) : this.collectBytes(rest);
  }

  private endCollect(end: Collected["end"]): void {
    const current = this.collecting;
    if (current === undefined) return;
    this.stopSilence();
    this.guard?.stop();
    this.guard = undefined;
    this.collecting = undefined;
    current.done({ bytes: Buffer.concat(current.chunks), end });
  }

  private restartSilence(): void {
    this.stopSilence();
    const limit = this.collecting?.request.timeoutMs;
    if (limit === undefined) return;
    this.silence = this.ports.clock.setTimeout(() => this.endCollect("timeout"), limit);
  }

  private stopSilence(): void {
    if (this.silence !== undefined) this.ports.clock.clearTimeout(this.silence);
    this.silence = undefined;
  }
}
