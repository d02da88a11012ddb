/**
 * A board's console by Bluetooth: the Nordic UART Service through Web Bluetooth. The page gives it `navigator.bluetooth`, the
 * command line the same thing for Node (ble.ts).
 */
import { makePort, type PortEnd, portLost, within } from "./make-port.ts";
import { NORDIC_UART, type Port, PortError, type PortSource } from "./port.ts";

/** What is needed of Web Bluetooth; `navigator.bluetooth` is one. */
export interface BluetoothLike {
  requestDevice(options: {
    filters: { services: string[]; name?: string }[];
    optionalServices?: string[];
  }): Promise<BluetoothDeviceLike>;
}

export interface BluetoothDeviceLike {
  readonly name?: string | undefined;
  readonly gatt?: GattServerLike | undefined;
  addEventListener(type: "gattserverdisconnected", listener: () => void): void;
  removeEventListener(type: "gattserverdisconnected", listener: () => void): void;
}

export interface GattServerLike {
  readonly connected: boolean;
  connect(): Promise<GattServerLike>;
  disconnect(): void;
  getPrimaryService(service: string): Promise<GattServiceLike>;
}

export interface GattServiceLike {
  getCharacteristic(characteristic: string): Promise<CharacteristicLike>;
}

export interface CharacteristicLike {
  readonly value?: DataView | undefined;
  startNotifications(): Promise<unknown>;
  writeValueWithoutResponse(value: Uint8Array<ArrayBuffer>): Promise<void>;
  addEventListener(type: "characteristicvaluechanged", listener: () => void): void;
  removeEventListener(type: "characteristicvaluechanged", listener: () => void): void;
}

export interface BluetoothOptions {
  /** The device's whole name; else any with the service is offered. */
  readonly name?: string;
  /**
   * Bytes in a write, default 20, which every device takes. Web Bluetooth does not tell the MTU, and a longer write than the
   * device takes is cut without an error, so more is only for who knows the board: 128 on an nRF52840 DK.
   */
  readonly chunkBytes?: number;
  readonly connectTimeoutMs?: number;
}

const SMALLEST_MTU_CHUNK = 20;
/** Longest value of an attribute (Bluetooth Core, Vol 3, Part F, 3.2.9). */
const LONGEST_VALUE = 512;
const CONNECT_MS = 20_000;

/**
 * Asks for a device at the first `open()`, and uses the same one for the next.
 * @throws {RangeError} for a chunk that no link has.
 */
export function bluetoothSource(bluetooth: BluetoothLike, options: BluetoothOptions = {}): PortSource {
  const { chunkBytes = SMALLEST_MTU_CHUNK } = options;
  if (!Number.isInteger(chunkBytes) || chunkBytes < 1 || chunkBytes > LONGEST_VALUE) {
    throw new RangeError(`chunkBytes wants 1 to ${LONGEST_VALUE}, not ${chunkBytes}`);
  }
  let device: BluetoothDeviceLike | undefined;
  return {
    async open() {
      device ??= await choose(bluetooth, options.name);
      return device === undefined ? undefined : openBluetooth(device, options);
    },
  };
}

async function choose(bluetooth: BluetoothLike, name: string | undefined): Promise<BluetoothDeviceLike | undefined> {
  const filter = { services: [NORDIC_UART.service], ...(name === undefined ? {} : { name }) };
  try {
    return await bluetooth.requestDevice({ filters: [filter], optionalServices: [NORDIC_UART.service] });
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
    // The one way in which a browser says that its dialog was closed; its text is the same since the first version.
    if (kind === "NotFoundError" && /cancel/i.test(message)) return undefined;
    if (kind === "SecurityError" || kind === "NotAllowedError") {
      throw new PortError("PORT_REFUSED", `Bluetooth is not allowed: ${message}`);
    }
    throw new PortError("PORT_ABSENT", `no board by Bluetooth: ${message || kind}`);
  }
}

/** Connects to a device that was chosen. */
export async function openBluetooth(device: BluetoothDeviceLike, options: BluetoothOptions = {}): Promise<Port> {
  const name = `ble:${device.name ?? "?"}`;
  const { gatt } = device;
  if (gatt === undefined) throw new PortError("PORT_REFUSED", `${name} may not be connected to`);
  const { connectTimeoutMs = CONNECT_MS } = options;
  const opening = connect(device, gatt, name, options.chunkBytes ?? SMALLEST_MTU_CHUNK);
  try {
    return await within(opening, connectTimeoutMs, () => {
      return new PortError("PORT_ABSENT", `${name} does not answer: is it near, awake and not connected elsewhere?`);
    });
  } catch (error) {
    if (gatt.connected) gatt.disconnect();
    // It may still come, when nobody waits for it any more.
    opening.then((port) => port.close()).catch(() => undefined);
    if (error instanceof PortError) throw error;
    const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
    const code = kind === "NotFoundError" || kind === "SecurityError" ? "PORT_REFUSED" : "PORT_ABSENT";
    throw new PortError(code, `${name}: ${message || kind}`);
  }
}

async function connect(
  device: BluetoothDeviceLike,
  gatt: GattServerLike,
  name: string,
  chunkBytes: number,
): Promise<Port> {
  const server = await gatt.connect();
  const service = await server.getPrimaryService(NORDIC_UART.service);
  const receive = await service.getCharacteristic(NORDIC_UART.receive);
  const transmit = await service.getCharacteristic(NORDIC_UART.transmit);
  const end: PortEnd = makePort({
    name,
    chunkBytes,
    send: (chunk) => receive.writeValueWithoutResponse(chunk),
    close: async () => {
      release();
      if (gatt.connected) gatt.disconnect();
    },
  });
  const heard = (): void => {
    const { value } = transmit;
    if (value !== undefined) end.receive(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  };
  const gone = (): void => {
    release();
    end.lost(portLost(name, undefined));
  };
  function release(): void {
    transmit.removeEventListener("characteristicvaluechanged", heard);
    device.removeEventListener("gattserverdisconnected", gone);
  }
  device.addEventListener("gattserverdisconnected", gone);
  // Before notifications start, or the first ones are lost.
  transmit.addEventListener("characteristicvaluechanged", heard);
  await transmit.startNotifications();
  return end.port;
}
