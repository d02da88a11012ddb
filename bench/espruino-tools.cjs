// Uploads a file with EspruinoTools by its fastest way, packets that are each acknowledged, over 127.0.0.1:<port>. Prints JSON.
// A process of its own: EspruinoTools makes globals, and talks on the console.
const { readFileSync } = require("node:fs");
const { connect } = require("node:net");

const [port, path] = process.argv.slice(2);
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // its own talk

/** Its driver for TCP writes UTF-8, which no packet survives. Twenty bytes at a time, as its Bluetooth driver does. */
function device() {
  let socket;
  return {
    name: "bytes over TCP",
    init() {},
    getPorts: (callback) => callback([{ path: "bench", description: "bench", type: "bluetooth" }], true),
    open(_path, onOpen, onReceive, onClose) {
      socket = connect(Number(port), "127.0.0.1", () => onOpen({ ok: true }));
      socket.on("data", (bytes) => onReceive(Uint8Array.from(bytes).buffer));
      socket.on("close", onClose);
    },
    write: (text, callback) => socket.write(text, "latin1", callback),
    close: () => socket.end(),
    maxWriteLength: 20,
  };
}

require("espruino").init(() => {
  const { Serial } = globalThis.Espruino.Core;
  const code = readFileSync(path, "latin1");
  Serial.devices.splice(0, Serial.devices.length, device());
  Serial.startListening(() => undefined);
  Serial.open("bench", async () => {
    const { connection } = Serial;
    const started = performance.now();
    await connection.espruinoSendFile(".bootcde", code);
    const ms = performance.now() - started;
    const sum = await connection.espruinoEval('E.CRC32(require("Storage").read(".bootcde"))');
    say(JSON.stringify({ ms, sum: Number(sum) }), () => process.exit(0));
  });
});
