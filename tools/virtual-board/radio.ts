import type { Sensors } from "./espruino.ts";
import type { Native, Realm } from "./realm.ts";

/** One call of the device code to `NRF`. */
export interface RadioCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Bluetooth is not simulated: calls are recorded, so that tests see what the device code asked for. */
export interface Radio {
  readonly calls: RadioCall[];
}

const RECORDED = [
  "setServices",
  "updateServices",
  "setAdvertising",
  "setScanResponse",
  "setSecurity",
  "setWhitelist",
  "setTxPower",
  "setConnectionInterval",
  "setAddress",
  "setRSSIHandler",
  "setScan",
  "eraseBonds",
  "startBonding",
  "disconnect",
  "restart",
  "sleep",
  "wake",
] as const;

export function installRadio(realm: Realm, radio: Radio, sensors: Sensors): void {
  const nrf = realm.object();
  const natives: Record<string, Native> = {};
  for (const name of RECORDED) {
    natives[name] = (args) => {
      radio.calls.push({ name, args });
    };
  }
  realm.defineNatives(nrf, {
    ...natives,
    getBattery: () => sensors.supplyVoltage,
    getAddress: () => "f0:0d:00:00:00:01",
    getSecurityStatus: () => realm.object({ connected: false }),
    getAdvertisingName: () => "virtual",
  });
  realm.define(realm.global, "NRF", nrf);
}
