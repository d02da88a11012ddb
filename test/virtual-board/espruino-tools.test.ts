/** Espruino's own tools, as they are, at the virtual board's Bluetooth: upload, read back, evaluate. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import vm from "node:vm";
import { createClock } from "../../tools/clock.ts";
import type { BluetoothLink } from "../../tools/virtual-board/bluetooth.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";

/** `Connection` of EspruinoTools' core/serial.js. */
interface Connection {
  isOpen: boolean;
  isOpening: boolean;
  received: string;
  writeLowLevel: (text: string) => Promise<void>;
  rxDataHandler(bytes: ArrayBuffer): void;
  write(text: string): Promise<void>;
  espruinoEval(expression: string): Promise<unknown>;
  espruinoSendFile(name: string, data: string, options?: { readonly noACK?: boolean }): Promise<void>;
  espruinoReceiveFile(name: string): Promise<string>;
}

/** Loads what the connection needs of EspruinoTools, which keeps everything in one global. */
function loadConnection(): Connection {
  const require = createRequire(import.meta.url);
  const folder = require.resolve("espruino/package.json").replace(/package\.json$/, "");
  const quiet = { log() {}, warn() {}, error() {} };
  const context = vm.createContext({
    Espruino: { Core: { Status: {}, Notifications: {} }, Config: {} },
    console: quiet,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    navigator: { userAgent: "" },
    ArrayBuffer,
    Uint8Array,
  });
  for (const file of ["core/utils.js", "core/serial.js"]) {
    vm.runInContext(readFileSync(folder + file, "utf8"), context, { filename: file });
  }
  return vm.runInContext("Espruino.Core.Serial.connection", context) as Connection;
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe("EspruinoTools at the virtual board", () => {
  const board = new VirtualBoard({ board: "rak5010", clock: createClock(20) });
  const connection = loadConnection();
  let link: BluetoothLink;
  before(() => {
    board.on("defect", (error) => assert.fail(String(error)));
    board.start();
    link = board.bluetooth({ intervalMs: 7.5 });
    connection.writeLowLevel = (text) => link.write(bytesOf(text));
    link.onData((bytes) => connection.rxDataHandler(Uint8Array.from(bytes).buffer));
    connection.isOpen = true;
    connection.isOpening = false;
  });
  after(() => board.stop());

  it("evaluates", async () => {
    assert.equal(await connection.espruinoEval("6*7"), 42);
    assert.equal(JSON.stringify(await connection.espruinoEval("({a:[1,'x']})")), '{"a":[1,"x"]}');
    await assert.rejects(connection.espruinoEval("nope"), (reason) => /NAK/.test(String(reason)));
  });

  it("uploads a file and reads it back", async () => {
    const data = Array.from({ length: 3000 }, (_, i) => String.fromCharCode((i * 7) & 255)).join("");
    await connection.espruinoSendFile("file", data);
    assert.equal(board.storage.read("file"), data);
    // It has no line feeds in it: the console would put a carriage return before each that the length does not count.
    const text = data.replaceAll("\n", " ");
    await connection.espruinoSendFile("text", text);
    assert.equal(await connection.espruinoReceiveFile("text"), text);
  });

  it("types lines without echo", async () => {
    connection.received = "";
    await connection.write("\x10print('one')\n\x10print('two')\n");
    assert.equal(await connection.espruinoEval("1"), 1);
    assert.match(connection.received, /one\r\n.*two\r\n>?/s);
  });
});
