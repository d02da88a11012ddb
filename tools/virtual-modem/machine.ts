/** What every family shares: the wire, the terminal, running commands, waiting, telling. */
import { EventEmitter } from "node:events";
import type { Clock, Timer } from "../clock.ts";
import { type Commands, createFramer, ERROR, type Framer, type Io, type Result } from "./answer.ts";
import { type FaultName, type FaultOptions, Faults, type SurroundingFault } from "./faults.ts";
import { maskAnswer, maskLine } from "./mask.ts";
import type { EventBody, ModemEvent } from "./types.ts";
import { TX_HIGH_WATER, Uart } from "./uart.ts";
import { FACTORY_LINE, type LineSettings, Terminal } from "./v250.ts";
import { type Call, parseCommandLine } from "./v250-parse.ts";

/** [R] What URCs may take up while a prompt is open; a host that never answers it must not make them grow. */
const MAX_HELD = 2 * TX_HIGH_WATER;

export interface MachinePorts {
  readonly clock: Clock;
  readonly latency: number;
  readonly baud: number;
  readonly seed: number;
  readonly typeAhead: "drop" | "queue";
  /** From the end of a command line to its answer, before scaling. */
  readonly answerMs: number;
  readonly commands: () => Commands;
  readonly cmeText: (code: number) => string | undefined;
  readonly happen: (name: FaultName, options: FaultOptions) => void;
  readonly heal: (name: SurroundingFault) => void;
}

export class Machine {
  readonly events = new EventEmitter();
  readonly uart: Uart;
  readonly settings: LineSettings = { ...FACTORY_LINE };
  readonly faults: Faults;
  readonly terminal: Terminal;
  /** 27.007 AT+CMEE. */
  cmee: 0 | 1 | 2 = 1;
  /** With echo on, data behind a prompt is echoed too (AT+QISDE on Quectel). */
  echoData = true;
  /** The UART works: between RDY and the end of power. */
  listening = false;
  private readonly ports: MachinePorts;
  private readonly framer: Framer;
  private readonly timers = new Set<Timer>();
  private session = 0;
  private held: string[] = [];

  constructor(ports: MachinePorts) {
    this.ports = ports;
    this.framer = createFramer(this.settings);
    this.uart = new Uart(ports.clock, ports.baud);
    this.uart.onBytes = (bytes) => this.receive(bytes);
    this.terminal = new Terminal({
      clock: ports.clock,
      settings: this.settings,
      typeAhead: () => (this.faults.late ? "queue" : ports.typeAhead),
      transmit: (bytes) => this.transmit(bytes),
      onLine: (line) => this.start(line),
      onSwallowed: (bytes, why) => this.emit({ type: "swallowed", bytes, why }),
    });
    this.faults = new Faults(
      {
        happen: ports.happen,
        heal: ports.heal,
        transmit: (bytes) => this.transmit(bytes),
        emit: (name, detail) => this.emit({ type: "fault", name, detail }),
        frame: (text) => this.framer.urc(text),
        later: (ms, run) => void ports.clock.setTimeout(run, ms),
      },
      ports.seed,
    );
  }

  get clock(): Clock {
    return this.ports.clock;
  }

  emit(body: EventBody): void {
    const event: ModemEvent = { ...body, at: this.clock.now() };
    this.events.emit("event", event);
  }

  /** Runs after `ms`, scaled by the latency option, unless power goes before. */
  after(ms: number, run: () => void): void {
    const scaled = ms * this.ports.latency;
    const session = this.session;
    if (scaled > 0) this.timeout(scaled, run);
    else setImmediate(() => session === this.session && run());
  }

  /** Runs after `ms` of the clock whatever the latency option says, unless power goes before. */
  timeout(ms: number, run: () => void): Timer {
    const timer = this.clock.setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    if (timer === undefined) return;
    this.timers.delete(timer);
    this.clock.clearTimeout(timer);
  }

  /** Resolves after `ms` scaled by the latency option; never when power goes before. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  transmit(bytes: Buffer): void {
    if (this.listening && !this.faults.deaf) this.uart.transmit(bytes);
  }

  /** An unsolicited result code. Nothing is said between a prompt and the end of the data. */
  urc(text: string): void {
    if (!this.listening || this.faults.deaf) return;
    if (!this.terminal.inDataMode) this.sayUrc(text);
    else if (this.uart.held + text.length <= MAX_HELD) {
      this.held.push(text);
      this.uart.held += text.length;
    } else this.emit({ type: "swallowed", bytes: text.length, why: "too many URCs wait for the end of the data" });
  }

  /** A URC with raw data behind it (push mode). */
  urcWithData(text: string, data: Buffer): void {
    this.urc(text + this.framer.eol() + data.toString("latin1"));
  }

  /** The factory's settings (AT&F), or what a reboot leaves of them. */
  factorySettings(): void {
    Object.assign(this.settings, FACTORY_LINE);
    this.cmee = 1;
    this.echoData = true;
  }

  /** Power is gone or the chip restarts: everything under way is void. */
  endSession(): void {
    this.session++;
    this.listening = false;
    for (const timer of this.timers) this.clock.clearTimeout(timer);
    this.timers.clear();
    this.terminal.reset();
    this.takeHeld();
    this.faults.commandEnds();
  }

  private takeHeld(): string[] {
    const { held } = this;
    this.held = [];
    this.uart.held = 0;
    return held;
  }

  private receive(bytes: Buffer): void {
    if (!this.listening) this.emit({ type: "swallowed", bytes: bytes.length, why: "the modem is not listening" });
    else if (this.faults.deaf) this.emit({ type: "swallowed", bytes: bytes.length, why: "the modem is deaf" });
    else this.terminal.receive(bytes);
  }

  private sayUrc(text: string): void {
    this.emit({ type: "urc", line: maskAnswer(text.split(this.framer.eol())[0] ?? "") });
    this.transmit(this.framer.urc(text));
  }

  private start(line: string | undefined): void {
    this.emit({ type: "command", line: line === undefined ? "AT(line too long)" : `AT${maskLine(line)}` });
    this.faults.commandStarts(line ?? "");
    const session = this.session;
    const alive = (): boolean => session === this.session;
    if (this.faults.deaf || !this.listening) {
      this.terminal.reset();
      return;
    }
    this.run(line, alive).catch((error: unknown) => {
      // A defect of the virtual modem must not look like a broken wire: the host gets ERROR, the developer the stack.
      process.emitWarning(error instanceof Error ? (error.stack ?? error.message) : String(error), "VirtualModem");
      if (alive()) this.finish(ERROR);
    });
  }

  private async run(line: string | undefined, alive: () => boolean): Promise<void> {
    await this.wait(this.ports.answerMs);
    await this.hold(this.faults.delay("answer"));
    const noPrompt = this.faults.current("no-prompt");
    if (noPrompt !== undefined && noPrompt.mode !== "hang") {
      this.terminal.finish(() => this.faults.commandEnds());
      return;
    }
    const result = await this.execute(line, alive);
    if (!alive()) return;
    await this.hold(this.faults.delay("result"));
    if (alive()) this.finish(result);
  }

  private hold(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => void this.timeout(ms, resolve));
  }

  private async execute(line: string | undefined, alive: () => boolean): Promise<Result> {
    const calls = line === undefined ? undefined : parseCommandLine(line);
    if (calls === undefined) return ERROR;
    let result: Result = { kind: "ok" };
    for (const call of calls) {
      const handler = this.handler(call.name);
      if (handler === undefined) return ERROR;
      result = await handler(call, this.io(alive));
      // V.250 5.3: the first command that fails ends the line; so does one that has a result of its own.
      if (!alive() || result.kind !== "ok") return result;
    }
    return result;
  }

  private handler(name: string): ((call: Call, io: Io) => Result | Promise<Result>) | undefined {
    const commands = this.ports.commands();
    return Object.hasOwn(commands, name) ? commands[name] : undefined;
  }

  private io(alive: () => boolean): Io {
    const send = (piece: "info" | "open" | "prompt" | "raw", bytes: Buffer): void => {
      if (alive()) this.faults.send(piece, bytes);
    };
    const tell = (text: string): void => this.emit({ type: "answer", line: maskAnswer(text) });
    return {
      lines: (...texts) => {
        for (const text of texts) tell(text);
        if (texts.length > 0) send("info", this.framer.info(texts));
      },
      data: (header, bytes) => {
        tell(`${header} <${bytes.length} bytes>`);
        // One piece: a URC between a header and its counted data has not been seen, and nobody could survive it.
        send("info", Buffer.concat([this.framer.info([header]), bytes, Buffer.from(this.framer.eol())]));
      },
      open: (text, bytes) => {
        tell(text);
        send("open", Buffer.concat([this.framer.info([text]), bytes ?? Buffer.alloc(0)]));
      },
      prompt: () => {
        if (this.faults.current("no-prompt") !== undefined) return;
        tell(">");
        send("prompt", Buffer.from(`${this.framer.eol()}> `, "latin1"));
      },
      raw: (bytes) => send("raw", bytes),
      // A promise that power takes away stays open for ever, and the command with it.
      collect: (request) => this.terminal.collect(request),
      online: (onBytes) => {
        tell("CONNECT");
        send("open", this.framer.connect());
        return this.terminal.goOnline(onBytes);
      },
    };
  }

  private finish(result: Result): void {
    const text = this.resultText(result);
    this.terminal.finish(() => {
      this.emit({ type: "answer", line: text });
      this.faults.send("result", this.framer.result(text));
      this.faults.commandEnds();
      const held = this.takeHeld();
      for (const urc of held) this.sayUrc(urc);
    });
  }

  private resultText(result: Result): string {
    if (result.kind === "ok") return "OK";
    if (result.kind === "text") return result.text;
    if (result.kind === "error" || this.cmee === 0) return "ERROR";
    const text = this.cmee === 2 ? this.ports.cmeText(result.code) : undefined;
    return `+CME ERROR: ${text ?? result.code}`;
  }
}
