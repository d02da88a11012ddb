/** Web Bluetooth for Node: package `webbluetooth`, which has what the page finds in `navigator.bluetooth`. */
import { optionalPackage } from "./missing.ts";
import { PortError, type PortSource } from "./port.ts";
import { type BluetoothOptions, bluetoothSource } from "./web-bluetooth.ts";

/** Boards at rest advertise every few hundred milliseconds; some drop to one in two seconds. */
const SCAN_S = 10;

/** Takes the first device of that name, or the first with a Nordic UART Service. */
export function bleSource(options: BluetoothOptions): PortSource {
  let source: PortSource | undefined;
  return {
    async open() {
      if (source === undefined) {
        const { Bluetooth } = await optionalPackage("webbluetooth", "Bluetooth", () => import("webbluetooth"));
        const bluetooth = new Bluetooth({ scanTime: SCAN_S });
        // Asked for a device without an adapter, the package never answers and throws where nobody can catch it.
        if (!(await bluetooth.getAvailability())) {
          throw new PortError("PORT_ABSENT", "Bluetooth is switched off, or this computer has none");
        }
        source = bluetoothSource(bluetooth, options);
      }
      return source.open();
    },
  };
}
