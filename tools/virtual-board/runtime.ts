import type { Clock } from "../clock.ts";
import { firstExpression } from "./brackets.ts";
import { Console, type ConsoleState } from "./console.ts";
import { describeThrown } from "./errors.ts";
import { installEspruino, type Sensors } from "./espruino.ts";
import { installEvents } from "./events.ts";
import { type FlashMemory, flashModule } from "./flash.ts";
import { installGlobals, VERSION } from "./globals.ts";
import { decompress } from "./heatshrink.ts";
import { InputQueue } from "./input-queue.ts";
import { installLanguage, type LanguageTools } from "./language.ts";
import { Loop, type LoopHost } from "./loop.ts";
import { Memory } from "./memory.ts";
import { ModuleTable } from "./modules.ts";
import { type PinBank, Pins } from "./pins.ts";
import type { BoardProfile, ConsoleDevice } from "./profile.ts";
import { installPromise } from "./promise.ts";
import { installRadio, type Radio } from "./radio.ts";
import { type Outcome, Realm, type RealmObject } from "./realm.ts";
import { SerialPorts } from "./serial.ts";
import { type Storage, storageModule } from "./storage.ts";
import { completion, replScript } from "./syntax.ts";
import { completionsOf } from "./tab-complete.ts";
import type { DeviceTime } from "./time.ts";
import { installTimers, Timers } from "./timers.ts";
import type { Uart } from "./uart.ts";
import type { Watchdog } from "./watchdog.ts";

/** What outlives a run of the interpreter: the hardware, and who listens outside. */
export interface RuntimeHost extends LoopHost {
  readonly profile: BoardProfile;
  readonly clock: Clock;
  readonly time: DeviceTime;
  readonly storage: Storage;
  readonly flash: FlashMemory;
  readonly bank: PinBank;
  readonly uarts: ReadonlyMap<string, Uart>;
  readonly watchdog: Watchdog;
  readonly sensors: Sensors;
  readonly radio: Radio;
  readonly random: () => number;
  readonly serialNumber: string;
  consoleText(text: string): void;
  takeover(device: string, executed: string | undefined): void;
  defect(error: unknown): void;
  reboot(): void;
  restart(options: BootOptions): void;
}

export interface BootOptions {
  readonly autoload: boolean;
  readonly file?: string;
}

/** One run of the interpreter, from boot to the next reset: its realm, its loop and everything it has started. */
export class Runtime {
  readonly realm = new Realm();
  readonly loop: Loop;
  readonly timers: Timers;
  readonly queue: InputQueue;
  readonly pins: Pins;
  readonly console: Console;
  readonly serial: SerialPorts;
  readonly modules: ModuleTable;
  readonly memory: Memory;
  private readonly host: RuntimeHost;
  private readonly text: LanguageTools;
  private todo: (() => void) | undefined;

  constructor(host: RuntimeHost) {
    this.host = host;
    const { realm } = this;
    const { clock, profile, uarts, time, storage, random } = host;
    realm.onDefect = (error) => host.defect(error);
    this.loop = new Loop(realm, host);
    const { loop } = this;
    this.queue = new InputQueue(profile.maxEventBytes, {
      overflow: () => loop.raise("FIFO_FULL"),
      arrived: (device, bytes) => this.console.arrived(device, bytes),
    });
    this.timers = new Timers(clock, loop);
    this.pins = new Pins({
      realm,
      loop,
      clock,
      timers: this.timers,
      queue: this.queue,
      bank: host.bank,
      profile,
      time: () => time.nowMs() / 1000,
    });
    this.console = this.createConsole();
    realm.onException = () => this.console.takeLineOff();
    this.serial = new SerialPorts({ realm, loop, pins: this.pins, console: this.console, uarts });
    this.serial.input = (name, bytes, atOnce) => {
      if (atOnce) this.queue.pushBytes(name, bytes);
      else for (const byte of bytes) this.queue.pushBytes(name, [byte]);
      loop.schedule();
    };
    this.memory = new Memory(this);
    this.modules = new ModuleTable(realm, storage, profile);
    const json = installLanguage({ realm, loop, random, time, deviceName: (value) => this.serial.nameIf(value) });
    this.text = json;
    installEvents(realm, loop, { listenerAdded: (target, event) => this.serial.listenerAdded(target, event) });
    installTimers(realm, this.timers);
    installPromise(realm, loop);
    this.pins.install();
    this.serial.install();
    installRadio({ realm, radio: host.radio, sensors: host.sensors, console: this.console });
    installEspruino({
      realm,
      loop,
      console: this.console,
      serial: this.serial,
      time,
      watchdog: host.watchdog,
      sensors: host.sensors,
      random,
      reboot: () => host.reboot(),
      sizeOf: (value) => this.memory.sizeOf(value),
      toJS: json.toJS,
      setBootCode: (code, always) => this.setBootCode(code, always),
    });
    this.installGlobals(json.show);
    this.modules.add("Storage", storageModule(realm, storage, json));
    this.modules.add(
      "Flash",
      flashModule(realm, host.flash, profile, (ms) => loop.stall(ms)),
    );
    loop.handleInput = () => this.handleInput();
    loop.handleTimers = () => this.timers.runDue();
    loop.afterPass = () => this.doLater();
    loop.onPassEnd = () => {
      this.console.endPass();
      this.armTimers();
    };
    for (const uart of uarts.values()) uart.attach({ loop, queue: this.queue });
  }

  private createConsole(): Console {
    const { host, loop } = this;
    const { profile, storage } = host;
    return new Console({
      text: (text) => host.consoleText(text),
      transmit: (device, text) => this.transmit(device, text),
      opened: (device) => this.openPort(device),
      preferred: () => this.preferredConsole(),
      takeover: (device) => host.takeover(device, undefined),
      execute: (line, device) => this.executeLine(line, device),
      wake: () => loop.schedule(),
      outOfMemory: () => {
        // Once for each time that the flags are read, as every char would raise them again.
        if (!loop.hasFlag("MEMORY")) loop.raise("MEMORY");
      },
      completions: (line) => completionsOf(this.realm, line),
      identity: `Espruino ${VERSION} ${profile.id}`,
      evaluate: (code) => this.evaluatePacket(code),
      failed: (thrown, answer) => this.packetFailed(thrown, answer),
      toJS: (value) => this.text.toJS(value),
      parse: (text) => this.text.parse(text),
      emit: (event, value) => this.emitOnE(event, value),
      object: (fields) => this.realm.object(fields),
      caught: () => this.console.takeLineOff(),
      escaped: (error) => {
        this.console.takeLineOff();
        loop.escaped(this.realm.error(error.kind, error.message), "packet");
      },
      readFile: (name) => storage.read(name),
      writeFile: (name, data, offset, size) => storage.write(name, data, offset, size),
      decompress,
      setTimer: (run, ms) => this.timers.addWatch(run, host.clock.now() + ms),
      clearTimer: (id) => this.timers.remove(id),
    });
  }

  /** A serial port that becomes the console is set up by the interpreter, if nothing has. */
  private openPort(device: string | null): void {
    const uart = device === null ? undefined : this.host.uarts.get(device);
    if (uart?.wired) uart.enabled = true;
  }

  private preferredConsole(): ConsoleDevice {
    for (const device of ["Bluetooth", "USB"] as const) if (this.host.uarts.get(device)?.enabled) return device;
    return this.host.profile.defaultConsole;
  }

  private emitOnE(event: string, value: unknown): boolean {
    const e = this.realm.global.E as RealmObject;
    const listeners = e[`#on${event}`];
    if (listeners === undefined) return false;
    this.loop.execute(listeners, e, [value], event);
    return true;
  }

  private evaluatePacket(data: string): Outcome {
    const code = firstExpression(data);
    // Brackets make an expression of it; an empty one is an error here too.
    return this.loop.attempt(`(${code}\n)`, undefined, [], "packet");
  }

  private packetFailed(thrown: unknown, answer: () => void): void {
    // What the interpreter itself throws takes the input line away at once, what the code throws when it is reported.
    if (/^(Reference|Syntax|Type)Error/.test(describeThrown(this.realm, thrown))) this.console.takeLineOff();
    answer();
    this.loop.escaped(thrown, "packet");
    this.loop.checkErrors();
  }

  private installGlobals(show: (value: unknown) => string): void {
    const { realm, host } = this;
    const { profile } = host;
    installGlobals({
      realm,
      time: host.time,
      print: (text) => this.console.print(text),
      require: (name) => this.modules.require(name),
      show,
      load: (file) => this.later({ autoload: file === undefined, ...(file === undefined ? {} : { file }) }),
      save: () => this.console.print("virtual board: save() is not simulated\n"),
      reset: (clear) => {
        if (clear) {
          for (const name of BOOT_FILES) host.storage.erase(name);
          this.console.put("Erasing saved code.\r\nDone!\r\n");
        }
        this.later({ autoload: false });
      },
      setEcho: (on) => {
        this.console.echo = on;
      },
      serialNumber: host.serialNumber,
      memory: () => this.memory.report(),
      env: () =>
        realm.object({
          VERSION,
          BOARD: profile.id,
          RAM: 262144,
          FLASH: 1048576,
          STORAGE: host.storage.totalBytes,
          SERIAL: host.serialNumber,
          CONSOLE: this.console.device,
          MODULES: this.modules.names.join(","),
        }),
    });
  }

  /** Objects of the interpreter itself, on which device code may have hung things. */
  nativeObjects(): object[] {
    const { global } = this.realm;
    const own = ["E", "process", "console", "NRF", "Serial1", "Serial2", "USB", "Bluetooth", "LoopbackA", "LoopbackB"];
    return [...own.map((name) => global[name] as object), ...this.modules.builtIn];
  }

  /** What `process.memory()` tells of the hardware. */
  hardware(): { readonly total: number; readonly unsent: number } {
    let unsent = 0;
    for (const uart of this.host.uarts.values()) unsent += uart.unsent;
    return { total: this.host.profile.jsVars, unsent };
  }

  private setBootCode(code: string, always: boolean): void {
    const name = always ? ".bootrst" : ".bootcde";
    if (code === "") this.host.storage.erase(name);
    else this.host.storage.write(name, code, 0, 0);
  }

  /** load() and reset() only take effect when the interpreter is idle again. */
  private later(options: BootOptions): void {
    this.todo = () => this.host.restart(options);
    this.loop.schedule();
  }

  /** `NRF.on("connect")` and `NRF.on("disconnect")`. */
  radioEvent(name: "connect" | "disconnect", value: unknown): void {
    const nrf = this.realm.global.NRF as RealmObject;
    const listeners = nrf[`#on${name}`];
    if (listeners !== undefined) this.loop.queueEvent(listeners, nrf, [value]);
  }

  /** What the next run of the interpreter finds of this one's console. */
  get consoleState(): ConsoleState {
    return this.console.state;
  }

  private doLater(): void {
    const { todo } = this;
    this.todo = undefined;
    todo?.();
  }

  /**
   * Runs boot code as jsfLoadBootCodeFromFlash does, then `init` and onInit. Only `load()` without a file is no start of
   * the interpreter, and greets nobody.
   */
  boot(options: BootOptions, before?: ConsoleState): void {
    const isLoad = before !== undefined && options.autoload;
    if (before !== undefined) this.console.resume(before, isLoad);
    for (const name of [".boot0", ".boot1", ".boot2", ".boot3"]) this.runFile(name);
    const isSafe = before === undefined && this.pins.isSafeBoot;
    if (isSafe || !options.autoload) this.runFile(".bootrst");
    else this.runFile(".bootcde");
    const { realm, loop } = this;
    const e = realm.global.E as Record<string, unknown>;
    loop.execute(e["#oninit"], e, [], "init");
    if (realm.isFunction(realm.global.onInit)) {
      if (this.console.echo) this.console.put("Running onInit()...\r\n");
      loop.execute(realm.global.onInit, undefined, [], "onInit");
    }
    loop.checkErrors();
    if (!isLoad) this.console.greet();
    if (options.file !== undefined) this.runFile(options.file);
    this.armTimers();
    loop.schedule();
  }

  private runFile(name: string): void {
    const code = this.host.storage.read(name);
    if (code !== undefined) this.loop.run(code, name);
  }

  /** The REPL: runs a line and prints what escapes. */
  evaluate(expression: string): unknown {
    return this.loop.run(replScript(expression), "REPL")?.value;
  }

  private executeLine(line: string, device: ConsoleDevice): string | undefined {
    if ((device === "Serial1" || device === "Serial2") && line !== "") this.host.takeover(device, line);
    const done = this.loop.run(replScript(line), "REPL");
    return done === undefined || line === "" ? undefined : this.text.showResult(this.valueOf(line, done.value));
  }

  /** A declaration has a value here, a block has none. */
  private valueOf(line: string, value: unknown): unknown {
    const how = completion(line);
    if (how === "same") return value;
    if (how === "none") return undefined;
    const named = this.realm.attemptEvaluate(how.name, "REPL");
    return named[0] === 0 ? named[1] : undefined;
  }

  private transmit(device: string, text: string): void {
    const uart = this.host.uarts.get(device);
    if (uart === undefined) return;
    if (uart.wired) uart.enabled = true;
    this.loop.wait(uart.write(Buffer.from(text, "latin1")));
  }

  private handleInput(): void {
    // Only what was there at the start, so that a flood of input cannot keep timers from running.
    let budget = this.queue.bytesUsed;
    for (let event = this.queue.shift(); event !== undefined; event = budget > 0 ? this.queue.shift() : undefined) {
      if (event.kind === "watch") {
        budget -= 1;
        this.pins.handleEdge(event.pin, event.state, event.timeMs);
        continue;
      }
      budget -= event.bytes.length + 2;
      const text = String.fromCharCode(...event.bytes);
      if (event.device === this.console.device) this.console.receive(text);
      else this.serial.deliver(event.device, text);
    }
    for (const uart of this.host.uarts.values()) uart.drained();
    if (!this.queue.isEmpty) this.loop.schedule();
  }

  private armTimers(): void {
    const due = this.timers.nextDue();
    if (due !== undefined) this.loop.schedule(due);
    if (!this.queue.isEmpty) this.loop.schedule();
  }

  /** `kill` listeners run on reset(), load() and E.reboot(), not on power loss or watchdog. */
  kill(): void {
    const e = this.realm.global.E as Record<string, unknown>;
    this.loop.execute(e["#onkill"], e, [], "kill");
    this.loop.checkErrors();
  }

  stop(): void {
    this.console.stop();
    this.realm.kill();
    this.loop.stop();
    this.timers.stop();
    this.pins.stop();
    this.queue.clear();
    for (const uart of this.host.uarts.values()) uart.attach(undefined);
  }
}

const BOOT_FILES = [".bootcde", ".bootrst", ".boot0", ".boot1", ".boot2", ".boot3"];
