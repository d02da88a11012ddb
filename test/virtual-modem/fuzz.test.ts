/** Whatever comes over the wire, the modem neither breaks nor hangs nor grows. */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { createClock } from "../../tools/clock.ts";
import { createConnectedHost, createReadyHost, type Host } from "./host.ts";

/** Every command that the modem answers otherwise than with ERROR, and one that it does not know. */
const NAMES = (
  "I E Q V X H O D A &C &D &F &V &W Z S0 S3 S4 S5 S6 S7 S8 S10 +NONE " +
  "+GMI +CGMI +GMM +CGMM +GMR +CGMR +QGMR +GSN +CGSN +CBC +QTEMP +CPAS +GCAP +CMEE +IFC +ICF +CSCS +CFUN " +
  "+CPIN +QPINC +CLCK +CPWD +CIMI +QCCID +CCID +ICCID +CRSM +QINISTAT +QSIMDET +QSIMSTAT " +
  "+CREG +CGREG +CEREG +COPS +CGATT +CSQ +QCSQ +QNWINFO +QSPN " +
  "+QICSGP +QIACT +QIDEACT +CGDCONT +CGPADDR +CGACT +CGEREP +CCLK +CTZU +CTZR +QLTS +QNTP " +
  "+QFUPL +QFDWL +QFLST +QFDEL +QFLDS +QFCRC +QFCPY +QFOPEN +QFREAD +QFWRITE +QFSEEK +QFPOSITION +QFTUCAT +QFCLOSE " +
  "+QIOPEN +QISEND +QISENDEX +QIRD +QICLOSE +QISTATE +QISWTMD +QIDNSGIP +QIDNSCFG +QICFG +QISDE +QIGETERROR +QPING " +
  "+QSSLCFG +QSSLOPEN +QSSLSEND +QSSLRECV +QSSLCLOSE +QSSLSTATE " +
  "+QCFG +QURCCFG +QINDCFG +CPSMS +QPSMS +QPSMCFG +CEDRXS +CEDRXRDP +QSCLK +QCSCON +CMGF +CNMI " +
  "+QGPS +QGPSEND +QGPSLOC +QGPSCFG +QGPSGNMEA"
).split(" ");

const argument = fc.oneof(
  fc.integer({ min: -2, max: 70_000 }).map(String),
  fc.integer({ min: 0, max: 11 }).map(String),
  fc.constantFrom(
    ...['""', '"*"', '"UFS:a"', '"RAM:b"', '"seclevel"', '"recvind"', '"band"', '"urcport"', '"outport"', '"SC"'],
    ...['"TCP"', '"UDP"', '"TCP LISTENER"', '"UDP SERVICE"', '"127.0.0.1"', '"::"', '"__proto__"', '"constructor"'],
    ...['"26/01/01,00:00:00+00"', '"00ff"', "1", "0", "", '"', '""""', "\x7f"],
  ),
  fc.string({ maxLength: 12 }),
);
const command = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom("", "?", "=?", "=", "="), fc.array(argument, { maxLength: 8 }))
  .map(([name, sign, args]) => `AT${name}${sign}${sign === "=" ? args.join(",") : ""}\r`);
const chained = fc
  .array(command, { minLength: 2, maxLength: 6 })
  .map((lines) => `AT${lines.map((line) => line.slice(2, -1)).join(";")}\r`);
const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const bad = fc.oneof(
  fc.integer({ min: 900, max: 3000 }).map((count) => `AT+CGDCONT=1,"IP","${"x".repeat(count)}"\r`),
  fc.integer({ min: 1, max: 400 }).map((count) => `AT${"+CSQ;".repeat(count)}\r`),
  fc.constantFrom(
    "\0".repeat(64),
    "AT\0+\0CSQ\r",
    "A/",
    "A/A/A/",
    "\x1a",
    "\x1b",
    "+++",
    "AT+QISEND=0,1460\rhalf of it",
    "\r\n",
  ),
);

let warnings: string[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning.message);
let echoPort = 0;
const echo = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => socket.write(bytes));
});

before(async () => {
  process.on("warning", onWarning);
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  echoPort = (echo.address() as AddressInfo).port;
});
after(() => {
  process.off("warning", onWarning);
  echo.close();
});

/** Names and pings are answered here, so that nothing leaves this computer. */
const sealed = { resolve: () => "127.0.0.1", ping: async () => ({ ms: 1, hops: 64 }) };

/** Out of any data mode that is still open, then as new. */
async function stillAlive(host: Host): Promise<void> {
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/RDY[\s\S]*SMS DONE\r\n/);
  // Results as numbers, or none at all, may have been kept in the chip's flash.
  host.write("AT&F\r");
  await host.expect(/OK\r\n/);
  assert.deepEqual(warnings, []);
  host.end();
}

test("the list of names is complete", async () => {
  const host = await createReadyHost({ model: "EG800K" });
  const unknown: string[] = [];
  for (const name of NAMES.filter((name) => name.startsWith("+") && name !== "+NONE")) {
    if (/^\r\nERROR/.test(await host.at(`AT${name}=?`))) unknown.push(name);
  }
  assert.deepEqual(unknown, []);
  host.end();
});

test("no input breaks it", async () => {
  warnings = [];
  const host = await createReadyHost({ clock: createClock(1000), ...sealed });
  await host.at("AT+QIACT=1");
  host.write(`AT+QIOPEN=1,0,"TCP","127.0.0.1",${echoPort},0,0\r`);
  await host.expect(/QIOPEN: 0,0\r\n/);
  const seed = 20_261_126;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 6, arbitrary: command }, chained, noise, bad), { maxLength: 12 }),
      async (inputs) => {
        for (const input of inputs) {
          host.write(Buffer.from(input, "latin1"));
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.deepEqual(warnings, []);
      },
    ),
    { numRuns: 400, seed },
  );
  await stillAlive(host);
});

test("each command alone answers anything within moments, and the next one is heard", async () => {
  warnings = [];
  const host = await createReadyHost({ clock: createClock(1000), ...sealed });
  // What asks for data or goes silent is met above; here is what must always end in a result.
  const quiet = /^(?:\+Q(?:ISEND|SSLSEND|FUPL|FWRITE|IOPEN|SSLOPEN|POWD|SIMDET)|\+CFUN|Q|V|S[345]|&F|Z|E)$/;
  const answering = NAMES.filter((name) => !quiet.test(name));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...answering), fc.array(argument, { maxLength: 6 }), async (name, args) => {
      // Backspace would eat the line, CR would end it, and behind a semicolon stands another command.
      const line = [...`AT${name}=${args.join(",")}`].filter((char) => char >= " " && char !== ";").join("");
      host.write(Buffer.from(`${line}\r`, "latin1"));
      await host.expect(/\r\n(?:OK|ERROR|NO CARRIER|SEND OK|SEND FAIL|\+CME ERROR: [^\r]+)\r\n/);
    }),
    { numRuns: 400, seed: 7 },
  );
  await stillAlive(host);
});

test("a prompt left open: what is pushed meanwhile is bounded, and the peer is stopped", async () => {
  warnings = [];
  const sockets: Socket[] = [];
  const far = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => far.listen(0, "127.0.0.1", resolve));
  const { port } = far.address() as AddressInfo;
  const host = await createConnectedHost(sealed);
  host.write(`AT+QIOPEN=1,1,"TCP","127.0.0.1",${port},0,1\r`);
  await host.expect(/QIOPEN: 1,0\r\n/);
  host.write("AT+QISEND=1,5\r");
  await host.expect(/> $/);
  const [socket] = sockets;
  assert.ok(socket !== undefined);
  const chunk = Buffer.alloc(64 * 1024, 120);
  for (let sent = 0; socket.writableLength < 16_000_000 && sent < 2000; sent++) socket.write(chunk);
  let waiting = 0;
  for (let tries = 0; tries < 200 && (tries < 20 || waiting !== socket.writableLength); tries++) {
    waiting = socket.writableLength;
    await host.silence(10);
  }
  // The kernel holds some megabytes; the rest stays where it came from.
  assert.ok(waiting > 4_000_000, `${waiting} bytes wait at the peer`);
  assert.equal(host.pending, "", "nothing is said before the data");
  const lost = host.events.filter((event) => event.type === "swallowed");
  assert.deepEqual([lost, warnings], [[], []], "and nothing of the stream is lost");
  host.end();
  far.close();
});

test("ten thousand settings keep no more than there are keys", async () => {
  const host = await createReadyHost();
  const keys = [
    '+QCFG="psm/urc"',
    '+QINDCFG="csq"',
    '+QURCCFG="urcport"',
    '+QICFG="transwaittm"',
    '+QGPSCFG="nmeasrc"',
  ];
  for (let round = 0; round < 250; round++) {
    const line = keys.map((key) => `${key},${key.includes("urcport") ? '"uart1"' : round % 2}`).join(";");
    assert.equal(await host.at(`AT${Array(8).fill(line).join(";")}`), "\r\nOK\r\n");
  }
  for (let round = 0; round < 200; round++) await host.at(`AT+QCFG="no${round}",1;+QICFG="no${round}",1`);
  assert.equal(
    await host.at('AT+QCFG="psm/urc";+QICFG="transwaittm"'),
    '\r\n+QCFG: "psm/urc",1\r\n\r\n+QICFG: "transwaittm",1\r\n\r\nOK\r\n',
  );
  host.end();
});
