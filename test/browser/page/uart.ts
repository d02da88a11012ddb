/** The least of a page that has a Nordic UART, to test the emulation itself. */
interface Uart {
  device: BluetoothDevice | undefined;
  /** What the board has said. */
  heard: string;
  /** Ends of the connection that the browser told. */
  losses: number;
  /** With the browser's dialog, the first time. */
  connect(): Promise<string>;
  /** Resolves with the number of writes that were taken, and why there were not more. */
  write(values: readonly string[], kind: "with" | "without"): Promise<string>;
}

declare global {
  var uart: Uart;
}

const SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e";
const RECEIVE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e";
const TRANSMIT = "6e400003-b5a3-f393-e0a9-e50e24dcca9e";
let receive: BluetoothRemoteGATTCharacteristic | undefined;

async function choose(): Promise<BluetoothDevice> {
  const device = await navigator.bluetooth.requestDevice({ filters: [{ services: [SERVICE] }] });
  device.addEventListener("gattserverdisconnected", () => {
    globalThis.uart.losses++;
  });
  return device;
}

globalThis.uart = {
  device: undefined,
  heard: "",
  losses: 0,
  async connect() {
    try {
      this.device ??= await choose();
      const server = await this.device.gatt?.connect();
      const service = await server?.getPrimaryService(SERVICE);
      receive = await service?.getCharacteristic(RECEIVE);
      const transmit = await service?.getCharacteristic(TRANSMIT);
      transmit?.addEventListener("characteristicvaluechanged", () => {
        const { value } = transmit;
        if (!value) return;
        for (let at = 0; at < value.byteLength; at++) this.heard += String.fromCharCode(value.getUint8(at));
      });
      await transmit?.startNotifications();
      return `connected to ${this.device.name}`;
    } catch (error) {
      return error instanceof DOMException ? error.name : String(error);
    }
  },
  async write(values, kind) {
    let taken = 0;
    try {
      for (const value of values) {
        const bytes = Uint8Array.from(value, (char) => char.charCodeAt(0));
        if (kind === "with") await receive?.writeValueWithResponse(bytes);
        else await receive?.writeValueWithoutResponse(bytes);
        taken++;
      }
      return `${taken}`;
    } catch (error) {
      return `${taken}, then ${error instanceof DOMException ? error.name : String(error)}`;
    }
  },
};

document.querySelector("button")?.addEventListener("click", () => void uart.connect().then(show));

function show(text: string): void {
  const output = document.querySelector("output");
  if (output) output.textContent = text;
}

export {};
