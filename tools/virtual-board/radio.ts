import { typeName } from "./bytes.ts";
import type { Console } from "./console.ts";
import type { Sensors } from "./espruino.ts";
import { BoardError, type Native, type Realm, type RealmObject } from "./realm.ts";

/** One call of the device code to `NRF`. */
export interface RadioCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The Nordic UART Service as a peer finds it. */
export type UartService = "open" | "locked" | "absent";

/** What `setServices` and `setSecurity` make of the Nordic UART Service (bluetooth.c, jsble_update_security). */
interface UartSettings {
  readonly isThere: boolean;
  /** Only over an encrypted link. */
  readonly encrypted: boolean;
  /** Only for a peer that has proved by a passkey that nobody stands in between. */
  readonly authenticated: boolean;
  readonly pairs: boolean;
  /** What a peer has to know; undefined when there is none that it could: no fixed one, or no display to "show" it. */
  readonly passkey: string | undefined;
}

const DEFAULTS: UartSettings = {
  isThere: true,
  encrypted: false,
  authenticated: false,
  pairs: true,
  passkey: undefined,
};

/** BLE_HCI_REMOTE_USER_TERMINATED_CONNECTION, which `NRF.on("disconnect")` gets. */
export const REMOTE_TERMINATED = 19;

/** The Bluetooth side of the board, as far as the console needs it. All else that is asked of `NRF` is recorded. */
export class Radio {
  readonly calls: RadioCall[] = [];
  /** Set while something is connected; ends the connection. */
  hangUp: (() => void) | undefined;
  isConnected = false;
  asleep = false;
  private wanted = DEFAULTS;
  private active = DEFAULTS;

  get hasUart(): boolean {
    return this.active.isThere;
  }

  /** What a peer with this passkey finds. Without a passkey it pairs as far as none is asked for. */
  serviceFor(passkey: string | undefined): UartService {
    const { isThere, encrypted, authenticated, pairs } = this.active;
    if (!isThere) return "absent";
    if (!encrypted) return "open";
    if (!pairs) return "locked";
    if (!authenticated) return "open";
    return this.active.passkey !== undefined && passkey === this.active.passkey ? "open" : "locked";
  }

  /** True when the change waits for the end of the connection. */
  change(settings: Partial<UartSettings>): boolean {
    const before = this.wanted;
    this.wanted = { ...before, ...settings };
    const isNew = Object.entries(this.wanted).some(([name, value]) => Reflect.get(this.active, name) !== value);
    this.apply();
    return isNew && this.isConnected;
  }

  /** A connection has ended, or nothing is connected: the SoftDevice can be restarted. */
  apply(): void {
    if (!this.isConnected) this.active = this.wanted;
  }

  /** `reset()`, `load()`: what the device code had set is forgotten. */
  forget(): void {
    this.wanted = DEFAULTS;
    this.apply();
  }

  /** Power or reset: nothing is connected any more. */
  powerOn(): void {
    this.isConnected = false;
    this.asleep = false;
    this.hangUp = undefined;
    this.forget();
  }
}

const RECORDED = [
  "updateServices",
  "setAdvertising",
  "setScanResponse",
  "setWhitelist",
  "setTxPower",
  "setConnectionInterval",
  "setAddress",
  "setRSSIHandler",
  "setScan",
  "eraseBonds",
  "startBonding",
  "restart",
] as const;

export interface RadioDeps {
  readonly realm: Realm;
  readonly radio: Radio;
  readonly sensors: Sensors;
  readonly console: Console;
}

/** BLE_GAP_PASSKEY_LEN: more of it is not looked at. */
const PASSKEY_CHARS = 6;

function securityOf(options: RealmObject | undefined): Partial<UartSettings> {
  const given = (name: string): boolean => Boolean(options?.[name]);
  const passkey = typeof options?.passkey === "string" ? options.passkey.slice(0, PASSKEY_CHARS) : "";
  const authenticated = given("oob") || given("mitm") || passkey !== "";
  return {
    encrypted: authenticated || given("encryptUart"),
    authenticated,
    pairs: options?.pair === undefined || given("pair"),
    passkey: passkey !== "" && given("display") ? passkey : undefined,
  };
}

export function installRadio({ realm, radio, sensors, console }: RadioDeps): void {
  const nrf = realm.object();
  const natives: Record<string, Native> = {};
  const record = (name: string, args: readonly unknown[]): void => void radio.calls.push({ name, args });
  for (const name of RECORDED) natives[name] = (args) => record(name, args);
  const needObject = (value: unknown): RealmObject | undefined => {
    if (value === undefined || (realm.isObject(value) && !Array.isArray(value))) return value;
    throw new BoardError(`Expecting Object or undefined, got ${typeName(value)}`, "TypeError");
  };
  const change = (settings: Partial<UartSettings>): void => {
    if (radio.change(settings)) console.print("BLE Connected, queueing BLE restart for later\n");
  };
  realm.defineNatives(nrf, {
    ...natives,
    setServices(args) {
      needObject(args[0]);
      const options = needObject(args[1]);
      record("setServices", args);
      change({ isThere: options?.uart === undefined || Boolean(options.uart) });
    },
    setSecurity(args) {
      const options = needObject(args[0]);
      record("setSecurity", args);
      change(securityOf(options));
    },
    disconnect(args) {
      record("disconnect", args);
      radio.hangUp?.();
    },
    sleep(args) {
      record("sleep", args);
      radio.asleep = true;
    },
    wake(args) {
      record("wake", args);
      radio.asleep = false;
    },
    getBattery: () => sensors.supplyVoltage,
    getAddress: () => "f0:0d:00:00:00:01",
    getSecurityStatus: () => realm.object({ connected: radio.isConnected }),
    getAdvertisingName: () => "virtual",
  });
  realm.define(realm.global, "NRF", nrf);
}
