import type { Clock } from "../clock.ts";
import { Console } from "./console.ts";
import { installEspruino, type Sensors } from "./espruino.ts";
import { installEvents } from "./events.ts";
import { type FlashMemory, flashModule } from "./flash.ts";
import { installGlobals } from "./globals.ts";
import { InputQueue } from "./input-queue.ts";
import { installLanguage } from "./language.ts";
import { Loop, type LoopHost } from "./loop.ts";
import { Memory } from "./memory.ts";
import { ModuleTable } from "./modules.ts";
import { type PinBank, Pins } from "./pins.ts";
import type { BoardProfile } from "./profile.ts";
import { installPromise } from "./promise.ts";
import { installRadio, type Radio } from "./radio.ts";
import { Realm } from "./realm.ts";
import { SerialPorts } from "./serial.ts";
import { type Storage, storageModule } from "./storage.ts";
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
  restart(options: { autoload: boolean; file?: string }): void;
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
  private readonly show: (value: unknown) => string;
  private todo: (() => void) | undefined;

  constructor(host: RuntimeHost) {
    this.host = host;
    const { realm } = this;
    const { clock, profile, uarts, time, storage, random } = host;
    realm.onDefect = (error) => host.defect(error);
    this.loop = new Loop(realm, host);
    const { loop } = this;
    this.queue = new InputQueue(profile.maxEventBytes, () => loop.raise("FIFO_FULL"));
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
    this.console = new Console(profile.defaultConsole, {
      text: (text) => host.consoleText(text),
      transmit: (device, text) => this.transmit(device, text),
      takeover: (device) => host.takeover(device, undefined),
      execute: (line, device) => this.executeLine(line, device),
    });
    this.serial = new SerialPorts({ realm, loop, pins: this.pins, console: this.console, uarts });
    this.serial.input = (name, bytes, atOnce) => {
      if (atOnce) this.queue.pushBytes(name, bytes);
      else for (const byte of bytes) this.queue.pushByte(name, byte);
      loop.schedule();
    };
    this.memory = new Memory(this);
    this.modules = new ModuleTable(realm, storage, profile);
    const json = installLanguage({ realm, loop, random, time });
    installEvents(realm, loop, { listenerAdded: (target, event) => this.serial.listenerAdded(target, event) });
    installTimers(realm, this.timers);
    installPromise(realm, loop);
    this.pins.install();
    this.serial.install();
    installRadio(realm, host.radio, host.sensors);
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
    this.show = json.show;
    this.installGlobals(json.show);
    this.modules.add("Storage", storageModule(realm, storage, json));
    this.modules.add(
      "Flash",
      flashModule(realm, host.flash, profile, (ms) => loop.stall(ms)),
    );
    loop.handleInput = () => this.handleInput();
    loop.handleTimers = () => this.timers.runDue();
    loop.afterPass = () => this.doLater();
    loop.onPassEnd = () => this.armTimers();
    for (const uart of uarts.values()) uart.attach({ loop, queue: this.queue });
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
      save: () => this.console.print("virtual board: save() is not simulated\r\n"),
      reset: (clear) => {
        if (clear) for (const name of BOOT_FILES) host.storage.erase(name);
        this.later({ autoload: false });
      },
      setEcho: (on) => {
        this.console.echo = on;
      },
      serialNumber: host.serialNumber,
      memory: () => this.memory.report(),
      env: () =>
        realm.object({
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
  private later(options: { autoload: boolean; file?: string }): void {
    this.todo = () => this.host.restart(options);
    this.loop.schedule();
  }

  private doLater(): void {
    const { todo } = this;
    this.todo = undefined;
    todo?.();
  }

  /** Runs boot code as jsfLoadBootCodeFromFlash does, then `init` and onInit. */
  boot(options: { autoload: boolean; file?: string }): void {
    for (const name of [".boot0", ".boot1", ".boot2", ".boot3"]) this.runFile(name);
    if (!options.autoload) this.runFile(".bootrst");
    else this.runFile(".bootcde");
    if (options.file !== undefined) this.runFile(options.file);
    const { realm, loop } = this;
    const e = realm.global.E as Record<string, unknown>;
    loop.execute(e["#oninit"], e, [], "init");
    if (realm.isFunction(realm.global.onInit)) loop.execute(realm.global.onInit, undefined, [], "onInit");
    loop.checkErrors();
    this.armTimers();
    loop.schedule();
  }

  private runFile(name: string): void {
    const code = this.host.storage.read(name);
    if (code !== undefined) this.loop.run(code, name);
  }

  /** The REPL: runs a line and prints what escapes. */
  evaluate(expression: string): unknown {
    return this.loop.run(expression, "REPL")?.value;
  }

  private executeLine(line: string, device: string): string | undefined {
    if (device === "Serial1" || device === "Serial2") this.host.takeover(device, line);
    const done = this.loop.run(line, "REPL");
    return done === undefined ? undefined : this.show(done.value);
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
    this.realm.kill();
    this.loop.stop();
    this.timers.stop();
    this.pins.stop();
    this.queue.clear();
    for (const uart of this.host.uarts.values()) uart.attach(undefined);
  }
}

const BOOT_FILES = [".bootcde", ".bootrst", ".boot0", ".boot1", ".boot2", ".boot3"];
