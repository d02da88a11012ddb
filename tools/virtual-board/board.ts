import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { createClock, type Timer } from "../clock.ts";
import { BluetoothError, type BluetoothLink, type BluetoothOptions, Link } from "./bluetooth.ts";
import { findProfile } from "./boards/index.ts";
import { fromBinary } from "./bytes.ts";
import { CONSOLE_MOVE_MS, type ConsoleState } from "./console.ts";
import type { UncaughtError } from "./errors.ts";
import type { Sensors } from "./espruino.ts";
import { FlashMemory, installMemoryArea } from "./flash.ts";
import type { ErrorFlag } from "./loop.ts";
import { type DrivenLevel, type Level, PinBank } from "./pins.ts";
import type { BoardProfile, ConsoleDevice } from "./profile.ts";
import { Radio, REMOTE_TERMINATED } from "./radio.ts";
import { createRandom } from "./random.ts";
import type { Realm } from "./realm.ts";
import { type BootOptions, Runtime, type RuntimeHost } from "./runtime.ts";
import { createStorageState, Storage, type StorageState } from "./storage.ts";
import { DeviceTime } from "./time.ts";
import { Uart } from "./uart.ts";
import { Watchdog } from "./watchdog.ts";

export interface VirtualBoardOptions {
  /** Name of a profile in boards/. */
  readonly board: string;
  /** The bundle; written to `.bootcde` as flashing does. */
  readonly image?: string;
  readonly clock?: Clock;
  /** Files of Storage, one char = one byte; shared with the caller, outlives reboots and the board itself. */
  readonly storage?: Map<string, string>;
  /** Bytes of the internal flash; hand the same one to the next board to keep them. */
  readonly flash?: FlashMemory;
  readonly serial?: {
    /** Bytes take their time on the wire, at the baud rate of `setup`. Default true; false for tests in no time. */
    readonly paced?: boolean;
  };
  readonly seed?: number;
}

/** What `console-takeover` tells: the REPL is on the modem's UART; `executed` is a line that it ran. */
export interface ConsoleTakeover {
  readonly device: string;
  readonly executed?: string;
}

interface BoardEvents {
  console: [text: string];
  error: [error: UncaughtError];
  reboot: [];
  watchdog: [];
  overflow: [flag: ErrorFlag];
  "console-takeover": [takeover: ConsoleTakeover];
  "flash-abuse": [message: string];
  /** The power failed as `flash.powerFailsAfter` asked for; the board is off. */
  "power-cut": [];
  /** A defect of the virtual board itself. */
  defect: [error: unknown];
}

/** jsdevices.h:182: an input event holds the MTU and 3 bytes, a write the MTU less 3. */
const MTU_MARGIN = 6;
const PEER_ADDRESS = "c0:ff:ee:00:00:01 random";

/** States of one Storage map are shared by all boards that are given it. */
const storageStates = new WeakMap<Map<string, string>, StorageState>();

/** An nRF52840 board with Espruino, in this process. docs/virtual-board.md says what is true to life and what is not. */
export class VirtualBoard extends EventEmitter<BoardEvents> {
  readonly profile: BoardProfile;
  readonly clock: Clock;
  readonly flash: FlashMemory;
  readonly storage: Storage;
  readonly sensors: Sensors;
  readonly radio = new Radio();
  private readonly uarts: ReadonlyMap<string, Uart>;
  private readonly bank = new PinBank();
  private readonly time: DeviceTime;
  private readonly watchdog: Watchdog;
  private readonly random: () => number;
  private runtime: Runtime | undefined;
  private link: Link | undefined;
  private settleTimer: Timer | undefined;
  private resetTimer: Timer | undefined;

  constructor(options: VirtualBoardOptions) {
    super();
    this.profile = findProfile(options.board);
    this.clock = options.clock ?? createClock();
    this.sensors = { temperature: 21.5, supplyVoltage: this.profile.supplyV };
    this.random = createRandom(options.seed ?? 1);
    this.flash = options.flash ?? new FlashMemory();
    this.flash.onAbuse = ({ message }) => this.emit("flash-abuse", message);
    this.flash.onPowerCut = () => this.powerCut();
    this.time = new DeviceTime(this.clock);
    const paced = options.serial?.paced ?? true;
    const names = ["Serial1", "Serial2"] as const;
    this.uarts = new Map<string, Uart>([
      ...names.map((name): [string, Uart] => [name, new Uart(name, this.clock, paced, this.random)]),
      // BLE has its own flow control, so it is as a line that waits for its reader.
      ["Bluetooth", new Uart("Bluetooth", this.clock, false, this.random, false)],
      ["USB", new Uart("USB", this.clock, false, this.random, false)],
    ]);
    const files = options.storage ?? new Map<string, string>();
    const state = storageStates.get(files) ?? createStorageState(files);
    storageStates.set(files, state);
    this.storage = new Storage(state, this.profile.storagePages, (ms) => this.runtime?.loop.stall(ms));
    if (options.image !== undefined) this.install(options.image);
    this.watchdog = new Watchdog(
      this.clock,
      () => this.runtime?.loop.busy ?? false,
      () => this.watchdogReset(),
    );
  }

  /** Puts an image where flashing puts it. */
  install(image: string): void {
    const bytes = fromBinary(image).toString("latin1");
    if (this.storage.read(".bootcde") !== bytes) this.storage.write(".bootcde", bytes, 0, 0);
  }

  get running(): boolean {
    return this.runtime !== undefined;
  }

  /** Power on: RAM and the clock are blank, Storage is as it was. */
  start(): void {
    if (this.runtime !== undefined) return;
    if (!this.flash.isPowered) throw new Error("the flash has no power: call its powerOn() first");
    this.time.powerOn();
    this.boot({ autoload: true });
  }

  /** Power cut: everything that is not in flash is gone, without a word to the device code. */
  stop(): void {
    this.watchdog.stop();
    this.teardown();
    this.bank.reset();
  }

  /** In the middle of an access to the flash: what is left of the callback finds every native gone. */
  private powerCut(): void {
    if (this.runtime === undefined) return;
    this.stop();
    this.emit("power-cut");
  }

  /** A reset as `E.reboot()` does it: the clock goes on. */
  reboot(): void {
    this.runtime?.kill();
    this.reset();
  }

  private reset(): void {
    // Device code that asked for this is still on the stack: the next run begins when it has unwound.
    const unwinding = this.runtime?.loop.running ?? false;
    this.watchdog.stop();
    this.teardown();
    this.bank.reset();
    this.emit("reboot");
    const boot = (): void => {
      this.resetTimer = undefined;
      this.boot({ autoload: true });
    };
    if (unwinding) this.resetTimer = this.clock.setTimeout(boot, 0);
    else boot();
  }

  private watchdogReset(): void {
    this.emit("watchdog");
    this.reset();
  }

  private teardown(): void {
    if (this.settleTimer !== undefined) this.clock.clearTimeout(this.settleTimer);
    this.settleTimer = undefined;
    if (this.resetTimer !== undefined) this.clock.clearTimeout(this.resetTimer);
    this.resetTimer = undefined;
    this.runtime?.stop();
    this.runtime?.queue.clear();
    this.runtime = undefined;
    const { link } = this;
    this.link = undefined;
    if (link !== undefined) this.uart("Bluetooth").enabled = false;
    this.uart("Bluetooth").forgetFlow();
    this.radio.powerOn();
    link?.drop();
  }

  private boot(options: BootOptions, before?: ConsoleState): void {
    const runtime = new Runtime(this.runtimeHost());
    this.runtime = runtime;
    installMemoryArea(runtime.realm, this.flash, this.profile);
    if (before === undefined) {
      this.settleTimer = this.clock.setTimeout(() => {
        this.settleTimer = undefined;
        this.runtime?.console.settle();
      }, CONSOLE_MOVE_MS);
    }
    runtime.boot(options, before);
  }

  private runtimeHost(): RuntimeHost {
    return {
      profile: this.profile,
      clock: this.clock,
      time: this.time,
      storage: this.storage,
      flash: this.flash,
      bank: this.bank,
      uarts: this.uarts,
      watchdog: this.watchdog,
      sensors: this.sensors,
      radio: this.radio,
      random: this.random,
      serialNumber: "00000000-00000001",
      print: (text) => this.runtime?.console.print(text),
      consoleText: (text) => this.emit("console", text),
      // An "error" event without a listener would end the host process.
      uncaught: (error) => this.listenerCount("error") > 0 && this.emit("error", error),
      flagRaised: (flag) => this.emit("overflow", flag),
      takeover: (device, executed) =>
        this.emit("console-takeover", { device, ...(executed === undefined ? {} : { executed }) }),
      defect: (error) => this.emit("defect", error),
      // On the chip the call never returns; here the rest of the callback finds every native gone.
      reboot: () => this.reboot(),
      restart: (options) => this.restart(options),
    };
  }

  /** load() and reset(): the interpreter starts anew, the hardware does not. */
  private restart(options: BootOptions): void {
    // The same pass of the loop may have ended in a power cut.
    const before = this.runtime;
    if (before === undefined) return;
    const { consoleState } = before;
    before.kill();
    before.stop();
    this.runtime = undefined;
    this.bank.reset();
    this.radio.forget();
    this.boot(options, consoleState);
    this.adoptInput(before);
  }

  private adoptInput(before: Runtime): void {
    // The boot code may have rebooted already.
    this.runtime?.queue.adopt(before.queue);
    this.runtime?.loop.schedule();
  }

  /** The far end of a serial port; the same object through all reboots. */
  serial(name: string): Duplex {
    return this.uart(name).line;
  }

  /** Counters and baud rate of a serial port. */
  uart(name: string): Uart {
    const uart = this.uarts.get(name);
    if (uart === undefined) throw new Error(`the board has no ${name}; it has ${[...this.uarts.keys()].join(", ")}`);
    return uart;
  }

  private pinNumber(pin: string | number): number {
    const number = typeof pin === "number" ? pin : Number(/^D(\d+)$/.exec(pin)?.[1] ?? Number.NaN);
    if (!Number.isInteger(number) || number < 0 || number > 47) throw new Error(`no such pin: ${pin}`);
    return number;
  }

  /** Drives a pin from outside; undefined lets go of it. */
  setPin(pin: string | number, level: Level | undefined): void {
    this.bank.setExternal(this.pinNumber(pin), level);
  }

  /** The electrical level of a pin. */
  getPin(pin: string | number): Level {
    return this.bank.level(this.pinNumber(pin));
  }

  /** Called when the board begins or stops to drive a pin, or drives it to another level. */
  onPin(pin: string | number, listener: (level: DrivenLevel) => void): void {
    this.bank.onDriven(this.pinNumber(pin), listener);
  }

  /** What analogRead of a pin gives, 0 to 1. */
  setAnalog(pin: string | number, value: number): void {
    this.bank.setAnalog(this.pinNumber(pin), value);
  }

  /** The REPL: the value is one of the board's realm; undefined also when the code throws, which "error" tells. */
  evaluate(expression: string): unknown {
    return this.need().evaluate(expression);
  }

  /**
   * A BLE or USB connection comes or goes, which moves the console of an interpreter that is not told otherwise. Its bytes
   * are at `serial(device)`; `bluetooth()` is a whole link.
   */
  connect(device: "Bluetooth" | "USB"): void {
    const runtime = this.need();
    const isBluetooth = device === "Bluetooth";
    this.uart(device).enabled = !isBluetooth || this.radio.hasUart;
    if (isBluetooth) {
      this.radio.isConnected = true;
      this.radio.hangUp = () => this.disconnect("Bluetooth");
      runtime.radioEvent("connect", PEER_ADDRESS);
      if (!this.radio.hasUart) return;
    }
    runtime.console.connected(device);
  }

  disconnect(device: "Bluetooth" | "USB"): void {
    if (device === "Bluetooth" && this.link !== undefined) {
      // Comes back here.
      this.link.close();
      return;
    }
    const runtime = this.need();
    this.uart(device).enabled = false;
    if (device === "Bluetooth") {
      this.uart(device).forgetFlow();
      this.radio.isConnected = false;
      this.radio.hangUp = undefined;
      this.radio.apply();
      runtime.radioEvent("disconnect", REMOTE_TERMINATED);
    }
    runtime.console.disconnected(device);
  }

  /**
   * Connects a central to the board's Nordic UART Service: one at a time, until one of the two ends it, by `E.reboot()` or
   * a power cut, too. Throws a `BluetoothError` when another one is connected, or the board's radio is off.
   */
  bluetooth(options: BluetoothOptions = {}): BluetoothLink {
    if (this.runtime === undefined || this.radio.asleep) {
      throw new BluetoothError("unreachable", "the board does not advertise");
    }
    if (this.link !== undefined || this.radio.isConnected) {
      throw new BluetoothError("in-use", "another central is connected to the board");
    }
    const link = new Link(options, {
      clock: this.clock,
      uart: this.uart("Bluetooth"),
      mostBytes: this.profile.maxEventBytes - MTU_MARGIN,
      service: () => this.radio.serviceFor(options.passkey),
      ended: () => {
        this.link = undefined;
        this.disconnect("Bluetooth");
      },
    });
    this.link = link;
    this.connect("Bluetooth");
    this.radio.hangUp = () => link.close();
    link.connected();
    return link;
  }

  /** The processor does nothing for `ms` of the clock, while input goes on. */
  stall(ms: number): void {
    this.need().loop.stall(ms);
  }

  /** The next handler of serial data runs out of memory, which removes all of that port. */
  failNextDataHandler(): void {
    this.need().serial.failNextHandler();
  }

  /** Where the REPL is now. */
  get consoleDevice(): ConsoleDevice {
    return this.need().console.device;
  }

  /** Fill of the input queue that all interrupts share, now and at most so far. */
  get inputQueue(): { readonly used: number; readonly peak: number } {
    const { queue } = this.need();
    return { used: queue.bytesUsed, peak: queue.peak };
  }

  /** The language's world of the run that is on; another one after each reboot. */
  get realm(): Realm {
    return this.need().realm;
  }

  private need(): Runtime {
    if (this.runtime === undefined) throw new Error("the board is off: call start() first");
    return this.runtime;
  }
}
