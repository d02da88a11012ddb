import { collectBytes, typeName } from "./bytes.ts";
import type { Console } from "./console.ts";
import type { Loop } from "./loop.ts";
import type { Pins } from "./pins.ts";
import { BoardError, type Realm, type RealmObject } from "./realm.ts";
import type { Uart } from "./uart.ts";

/** STREAM_MAX_BUFFER_SIZE: what is kept of a port that nobody listens to. */
const UNREAD_BYTES = 512;
const OPTIONS = new Set(["rx", "tx", "ck", "cts", "bytesize", "stopbits", "parity", "flow", "errors"]);
/** jsserial.c: more than 100 and at most 10,000,000. */
const MIN_BAUD = 101;
const MAX_BAUD = 10_000_000;
const DEFAULT_BAUD = 9600;

interface Port {
  readonly object: RealmObject;
  readonly uart: Uart | undefined;
  options: RealmObject | undefined;
  unread: string;
}

export interface SerialDeps {
  readonly realm: Realm;
  readonly loop: Loop;
  readonly pins: Pins;
  readonly console: Console;
  readonly uarts: ReadonlyMap<string, Uart>;
}

/** The Serial objects of one run of the interpreter. */
export class SerialPorts {
  private readonly ports = new Map<string, Port>();
  private readonly names = new Map<unknown, string>();
  private memoryFault = false;

  private readonly deps: SerialDeps;

  constructor(deps: SerialDeps) {
    this.deps = deps;
  }

  /** The next data handler runs out of memory: Espruino then removes ALL handlers of that port. */
  failNextHandler(): void {
    this.memoryFault = true;
  }

  install(): void {
    const { realm, uarts } = this.deps;
    const type = realm.constructorOf("Serial", () => {
      throw new BoardError("the virtual board has no software serial");
    });
    realm.define(realm.global, "Serial", type);
    for (const name of ["Serial1", "Serial2", "USB", "Bluetooth", "LoopbackA", "LoopbackB"]) {
      const object = realm.object();
      Object.setPrototypeOf(object, type.prototype);
      this.ports.set(name, { object, uart: uarts.get(name), options: undefined, unread: "" });
      this.names.set(object, name);
      realm.define(realm.global, name, object);
    }
    const send = (self: unknown, value: unknown, newline: boolean) =>
      this.write(self, [...collectBytes(realm, String(value)), ...(newline ? [13, 10] : [])]);
    realm.defineNatives(type.prototype, {
      setup: ([baud, options], self) => this.setup(self, baud, options),
      unsetup: (_, self) => this.unsetup(self),
      write: (args, self) => this.write(self, collectBytes(realm, args)),
      print: ([text], self) => send(self, text, false),
      println: ([text], self) => send(self, text, true),
      inject: (args, self) => this.input(this.nameOf(self), collectBytes(realm, args), true),
      available: (_, self) => this.port(self).unread.length,
      read: ([count], self) => this.read(self, Number(count) || 0),
      flush: (_, self) => this.deps.loop.wait(this.port(self).uart?.flushMs() ?? 0),
      isConnected: (_, self) => this.isConnected(self),
      setConsole: ([force], self) => this.deps.console.set(this.nameOf(self) as "Serial1", Boolean(force)),
      pipe: () => {
        throw new BoardError("the virtual board has no pipe");
      },
    });
  }

  nameOf(object: unknown): string {
    const name = this.names.get(object);
    if (name === undefined) throw new BoardError("not a Serial object");
    return name;
  }

  nameIf(object: unknown): string | undefined {
    return this.names.get(object);
  }

  has(object: unknown): boolean {
    return this.names.has(object);
  }

  private port(object: unknown): Port {
    return this.ports.get(this.nameOf(object)) as Port;
  }

  private isConnected(self: unknown): boolean {
    const port = this.port(self);
    return port.uart === undefined || port.uart.enabled;
  }

  private setup(self: unknown, baud: unknown, given: unknown): void {
    const { realm, pins } = this.deps;
    const port = this.port(self);
    const options = given === undefined ? port.options : given;
    const rate = baud === undefined ? DEFAULT_BAUD : Math.trunc(Number(baud));
    if (!(rate >= MIN_BAUD && rate <= MAX_BAUD)) throw new BoardError(`Invalid baud rate ${rate || 0}`);
    if (options !== undefined && !realm.isObject(options)) {
      throw new BoardError(`Expecting Object or undefined, got ${typeName(options)}`);
    }
    for (const name of Object.keys(options ?? {})) {
      if (!OPTIONS.has(name)) throw new BoardError(`Unknown option "${name}"`);
    }
    const flow = options?.flow ?? "none";
    if (flow !== "none" && flow !== "xon") throw new BoardError(`Invalid flow control: "${String(flow)}"`);
    const { parity } = options ?? {};
    if (typeof parity === "number" && (parity < 0 || parity > 2)) throw new BoardError(`Invalid parity ${parity}`);
    port.options = options;
    const { uart } = port;
    if (uart === undefined) return;
    uart.baud = rate;
    uart.xonXoff = flow === "xon";
    uart.enabled = true;
    const cts = options?.cts === undefined ? undefined : pins.require(options.cts);
    if (cts === undefined) uart.onFlow = undefined;
    else {
      // The "cts" pin of Espruino is an output: 0 when ready for data (jsdevices.c, jshSetFlowControlEnabled).
      pins.write(cts, false);
      uart.onFlow = (level) => pins.write(cts, level === 1);
    }
  }

  private unsetup(self: unknown): void {
    const port = this.port(self);
    port.options = undefined;
    if (port.uart === undefined) return;
    port.uart.enabled = false;
    port.uart.xonXoff = false;
    port.uart.onFlow = undefined;
  }

  private write(self: unknown, bytes: number[]): void {
    const name = this.nameOf(self);
    const { uart } = this.port(self);
    if (name === "LoopbackA") this.input("LoopbackB", bytes, false);
    else if (name === "LoopbackB") this.input("LoopbackA", bytes, false);
    if (uart === undefined) return;
    if (uart.wired) uart.enabled = true;
    this.deps.loop.wait(uart.write(Buffer.from(bytes)));
  }

  /** Puts bytes into the input queue as if they had come from outside; set by the board. */
  input: (name: string, bytes: number[], atOnce: boolean) => void = () => {};

  private read(self: unknown, count: number): string {
    const port = this.port(self);
    const length = count <= 0 ? port.unread.length : count;
    const text = port.unread.slice(0, length);
    port.unread = port.unread.slice(length);
    return text;
  }

  /** jswrap_stream_pushData: to the listeners, or into a small buffer for `read`. */
  deliver(name: string, text: string): void {
    const port = this.ports.get(name);
    if (port === undefined) return;
    const { loop } = this.deps;
    if (port.object["#ondata"] === undefined) {
      const room = UNREAD_BYTES - port.unread.length;
      if (text.length > room) loop.raise("BUFFER_FULL");
      port.unread += text.slice(0, Math.max(0, room));
      return;
    }
    if (this.memoryFault) {
      this.memoryFault = false;
      delete port.object["#ondata"];
      loop.raise("CALLBACK");
      loop.raise("MEMORY");
      return;
    }
    loop.execute(port.object["#ondata"], port.object, [text], "data");
  }

  /** A first listener gets what has been waiting (jswrap_object.c, "Special case if we're a data listener"). */
  listenerAdded(target: RealmObject, event: string): void {
    const name = this.names.get(target);
    const port = name === undefined ? undefined : this.ports.get(name);
    if (port === undefined || event !== "data" || port.unread === "") return;
    this.deps.loop.queueEvent(target["#ondata"], target, [port.unread]);
    port.unread = "";
  }
}
