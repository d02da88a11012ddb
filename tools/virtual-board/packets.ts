import { BoardError, type Outcome, type RealmObject } from "./realm.ts";
import { fileName } from "./storage.ts";

const ACK = "\x06";
const NAK = "\x15";
const HEADER = "\x10\x01";

/** jsinteractive.c, PacketLengthFlags: three bits of type above thirteen of length. */
const TYPE = {
  response: 0x0000,
  eval: 0x2000,
  event: 0x4000,
  fileSend: 0x6000,
  data: 0x8000,
  fileReceive: 0xa000,
} as const;
const TYPE_MASK = 0xe000;
const SIZE_MASK = 0x1fff;

/** jsiPacketStart and jsiPacketFileSetTimeout. */
const PACKET_TIMEOUT_MS = 5000;
const FILE_TIMEOUT_MS = 10_000;
/** A file is sent back in pieces of this. */
const PIECE_BYTES = 1024;

export interface PacketHost {
  put(text: string): void;
  /** Runs one expression. */
  evaluate(code: string): Outcome;
  /** The exception is new: what was thrown takes the input line off the terminal before the NAK. */
  failed(thrown: unknown, answer: () => void): void;
  toJS(value: unknown): string;
  /** `jswrap_json_parse_liberal`: throws what is no JSON. */
  parse(text: string): unknown;
  /** Calls the listeners of `E`; false when there are none. */
  emit(event: string, value: unknown): boolean;
  object(fields: RealmObject): RealmObject;
  /** An exception that nobody hears of: it has taken the input line off the terminal nevertheless. */
  caught(): void;
  /** An exception that is reported when the loop comes round. */
  escaped(error: BoardError): void;
  readFile(name: string): string | undefined;
  writeFile(name: string, data: string, offset: number, size: number): void;
  decompress(data: string): string;
  /** In the interpreter's own list of timers, where `clearTimeout()` does not see it. */
  setTimer(run: () => void, ms: number): number;
  clearTimer(id: number): void;
}

interface OpenFile {
  readonly name: unknown;
  readonly size: number;
  readonly compressed: boolean;
  offset: number;
}

const truthy = (value: unknown): boolean => value !== undefined && value !== null && Boolean(value);
const integer = (value: unknown): number => Math.trunc(Number(value)) || 0;

/**
 * The packets of the console: `10 01 hi lo data`, answered by ACK or NAK (README_Protocol.md; jsinteractive.c,
 * jsiPacketProcess). Its faults are here too: DATA is acknowledged when the file could not be written, and a line feed in
 * what is sent back has a carriage return in front that the length does not count.
 */
export class Packets {
  /** What has come of the header: 0, 1 or, with its data under way, 2 bytes; undefined when there is no packet. */
  private stage: 0 | 1 | 2 | undefined;
  private length = 0;
  private buffer: string[] = [];
  private filled = 0;
  private timer: number | undefined;
  private file: OpenFile | undefined;
  private fileTimer: number | undefined;

  private readonly host: PacketHost;

  constructor(host: PacketHost) {
    this.host = host;
  }

  get active(): boolean {
    return this.stage !== undefined;
  }

  /** What stands in the input line's place meanwhile: zeros where nothing has come yet. */
  get content(): string {
    return this.stage === 2 ? this.buffer.join("") : "";
  }

  start(): void {
    this.stage = 0;
    this.timer = this.host.setTimer(() => {
      this.timer = undefined;
      this.host.put(NAK);
      this.exit();
    }, PACKET_TIMEOUT_MS);
  }

  receive(char: string): void {
    if (this.stage === 0) {
      this.length = char.charCodeAt(0) << 8;
      this.stage = 1;
    } else if (this.stage === 1) this.begin(char.charCodeAt(0));
    else {
      this.buffer[this.filled++] = char;
      if (this.filled >= this.buffer.length) this.process();
    }
  }

  private begin(low: number): void {
    this.length |= low;
    const size = this.length & SIZE_MASK;
    this.filled = 0;
    this.buffer = new Array<string>(size).fill("\0");
    if (size === 0) this.process();
    else this.stage = 2;
  }

  /** load(), reset() and the like: nothing is left of what was under way. */
  stop(): void {
    this.endFile();
    if (this.active) this.exit();
  }

  private exit(): void {
    this.stage = undefined;
    if (this.timer !== undefined) this.host.clearTimer(this.timer);
    this.timer = undefined;
  }

  private process(): void {
    const data = this.buffer.join("");
    const { host } = this;
    // The stage stays on while code runs: what is printed meanwhile shows the packet in place of the line.
    this.stage = 2;
    const type = this.length & TYPE_MASK;
    if (type === TYPE.eval) this.evaluate(data);
    else if (type === TYPE.event) {
      const event = this.parseObject(data);
      host.put(event !== undefined && host.emit("packet", event) ? ACK : NAK);
    } else if (type === TYPE.fileSend) host.put(this.openFile(data) ? ACK : NAK);
    else if (type === TYPE.data) host.put(this.writeData(data) ? ACK : NAK);
    else if (type === TYPE.fileReceive) this.sendFile(data);
    else host.put(NAK);
    this.exit();
  }

  private evaluate(data: string): void {
    const { host } = this;
    const outcome = host.evaluate(data);
    if (outcome[0] === 0) {
      host.put(ACK);
      this.reply(TYPE.response, host.toJS(outcome[1]));
    } else host.failed(outcome[1], () => host.put(NAK));
  }

  private reply(type: number, data: string): void {
    // Longer text than 13 bits can say spoils the type, as on the chip.
    const length = (type | data.length) & 0xffff;
    this.host.put(HEADER + String.fromCharCode(length >> 8, length & 255) + data.replaceAll("\n", "\r\n"));
  }

  private parseObject(text: string): RealmObject | undefined {
    let value: unknown;
    try {
      value = this.host.parse(text);
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      this.host.caught();
      return undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as RealmObject;
  }

  private sendFile(data: string): void {
    const name = this.parseObject(data)?.fn;
    const content = typeof name === "string" ? this.host.readFile(fileName(name)) : undefined;
    if (content === undefined) {
      this.host.put(NAK);
      return;
    }
    this.host.put(ACK);
    for (let at = 0; at < content.length; at += PIECE_BYTES) this.reply(TYPE.data, content.slice(at, at + PIECE_BYTES));
    this.reply(TYPE.data, "");
  }

  private openFile(data: string): boolean {
    this.endFile();
    const info = this.parseObject(data);
    // These boards have no file system, which `fs` asks for.
    if (info === undefined || typeof info.fn !== "string" || integer(info.s) === 0 || truthy(info.fs)) return false;
    this.file = { name: info.fn, size: integer(info.s), compressed: truthy(info.c), offset: integer(info.offs) };
    this.armFileTimer();
    return true;
  }

  private writeData(data: string): boolean {
    const { file, host } = this;
    if (file === undefined) return false;
    const bytes = file.compressed ? host.decompress(data) : data;
    try {
      if (bytes !== "") host.writeFile(fileName(file.name), bytes, file.offset, file.size);
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      host.escaped(error);
    }
    file.offset += bytes.length;
    if (file.offset >= file.size) this.endFile();
    else this.armFileTimer();
    host.emit("packetUpload", host.object({ l: data.length, o: file.offset, s: file.size, fn: file.name }));
    return true;
  }

  private armFileTimer(): void {
    if (this.fileTimer !== undefined) this.host.clearTimer(this.fileTimer);
    this.fileTimer = this.host.setTimer(() => {
      this.fileTimer = undefined;
      this.file = undefined;
    }, FILE_TIMEOUT_MS);
  }

  private endFile(): void {
    this.file = undefined;
    if (this.fileTimer !== undefined) this.host.clearTimer(this.fileTimer);
    this.fileTimer = undefined;
  }
}
