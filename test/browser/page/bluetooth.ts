/**
 * The one thing that Chromium's emulation of Bluetooth lacks: notifications. The page's own characteristic gets them here,
 * with the value and the event that it would get from the air.
 */
declare global {
  /**
   * To the test: a new document begins, the page listens to a characteristic, no longer listens to it, or has left its
   * device.
   */
  function emulatedBluetoothHeard(kind: "begins" | "listens" | "ignores" | "leaves", uuid: string): Promise<void>;
  /** From the test: one notification for each of the strings, in order. The number of those that found a listener. */
  var emulatedBluetoothNotify: (uuid: string, values: readonly string[]) => Promise<number>;
  // @types/web-bluetooth has these as types only.
  var BluetoothRemoteGATTCharacteristic: { readonly prototype: BluetoothRemoteGATTCharacteristic };
  var BluetoothRemoteGATTServer: { readonly prototype: BluetoothRemoteGATTServer };
}

const listening = new Map<string, BluetoothRemoteGATTCharacteristic>();

if ("bluetooth" in navigator) {
  void emulatedBluetoothHeard("begins", "");
  const characteristic = BluetoothRemoteGATTCharacteristic.prototype;
  const { startNotifications, stopNotifications } = characteristic;
  characteristic.startNotifications = async function (this: BluetoothRemoteGATTCharacteristic) {
    const same = await startNotifications.call(this);
    listening.set(this.uuid, this);
    void emulatedBluetoothHeard("listens", this.uuid);
    return same;
  };
  characteristic.stopNotifications = async function (this: BluetoothRemoteGATTCharacteristic) {
    const same = await stopNotifications.call(this);
    listening.delete(this.uuid);
    void emulatedBluetoothHeard("ignores", this.uuid);
    return same;
  };
  // The emulation tells the test of a connection, but not of its end when the page ends it.
  const server = BluetoothRemoteGATTServer.prototype;
  const { connect, disconnect } = server;
  let leaving: Promise<void> | undefined;
  server.disconnect = function (this: BluetoothRemoteGATTServer) {
    const wasConnected = this.connected;
    disconnect.call(this);
    if (wasConnected) leaving = emulatedBluetoothHeard("leaves", "");
  };
  server.connect = async function (this: BluetoothRemoteGATTServer) {
    await leaving;
    return connect.call(this);
  };
}

globalThis.emulatedBluetoothNotify = async (uuid, values) => {
  let heard = 0;
  for (const value of values) {
    const characteristic = listening.get(uuid);
    if (characteristic?.service.device.gatt?.connected !== true) continue;
    const bytes = Uint8Array.from(value, (char) => char.charCodeAt(0));
    Object.defineProperty(characteristic, "value", { configurable: true, value: new DataView(bytes.buffer) });
    characteristic.dispatchEvent(new Event("characteristicvaluechanged"));
    heard++;
    // Each is a task of its own, as from the air: what the page promised itself at one is done before the next.
    await nextTask();
  }
  return heard;
};

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });
}

export {};
