/** What a trace is given of sockets, and of files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transport } from "../../modules/mqtt/transport.ts";
import { codeOf, startScripted } from "../support/engine-rig.ts";
import type { Script } from "../support/scripted-modem.ts";

const LIMIT = { timeout: 20_000 };

/** Opens, takes what is sent (or fails so often before), gives `hello`, and stores a file. */
function modem(failures = 0): Script {
  let left = failures;
  return (part) => {
    if (part.startsWith("+QSSLOPEN=")) return { behind: ["+QSSLOPEN: 0,0"] };
    if (part.startsWith("+QSSLRECV=")) return { lines: ["+QSSLRECV: 5"], raw: "hello" };
    const length = /^\+QSSLSEND=\d+,(\d+)/.exec(part)?.[1];
    if (length !== undefined)
      return { prompt: ">", bytes: Number(length), result: left-- > 0 ? "SEND FAIL" : "SEND OK" };
    const stored = /^\+QFUPL="[^"]*",(\d+)/.exec(part)?.[1];
    return stored === undefined ? undefined : { prompt: "CONNECT", bytes: Number(stored), lines: ["+QFUPL: 4,0"] };
  };
}

async function trace(
  script: Script,
  run: (transport: Transport, rig: Awaited<ReturnType<typeof startScripted>>) => Promise<void>,
): Promise<string[]> {
  const rig = await startScripted(script);
  const seen: string[] = [];
  try {
    rig.modem.channel.onTrace = (direction, text) =>
      void seen.push(direction.length > 1 ? `${direction} ${text}` : direction + text);
    const transport = await new Promise<Transport | undefined>((resolve) =>
      rig.sockets.open("tls", "broker.test", 8883, (_, socket) => resolve(socket)),
    );
    assert.ok(transport);
    transport.onData = () => {};
    await run(transport, rig);
  } finally {
    rig.stop();
  }
  return seen;
}

test("what is written comes whole and in front of its command, what is read behind its answer", LIMIT, async () => {
  const long = "x".repeat(3000);
  const seen = await trace(modem(), async (transport, rig) => {
    assert.equal(await codeOf((done) => transport.write(long, done)), "");
    transport.poll();
    await rig.wait(100);
  });
  const from = seen.indexOf(`>tls0 ${long}`);
  assert.deepEqual(
    seen.slice(from + 1).map((line) => (line.length > 100 ? "long" : line)),
    [
      ">AT+QSSLSEND=0,1460",
      "><1460 bytes>",
      "<SEND OK",
      ">AT+QSSLSEND=0,1460",
      "><1460 bytes>",
      "<SEND OK",
      ">AT+QSSLSEND=0,80",
      "><80 bytes>",
      "<SEND OK",
      ">AT+QSSLRECV=0,768",
      "<+QSSLRECV: 5",
      "<<5 bytes>",
      "<OK",
      "<tls0 hello",
    ],
  );
});

test("what is tried again is shown once", LIMIT, async () => {
  const seen = await trace(modem(2), async (transport) => {
    assert.equal(await codeOf((done) => transport.write("\xc0\0", done)), "");
  });
  assert.equal(seen.filter((line) => line === ">tls0 \xc0\0").length, 1);
  assert.equal(seen.filter((line) => line === "><2 bytes>").length, 3);
});

test("of a file only the length: not a byte of a private key", LIMIT, async () => {
  const seen = await trace(modem(), async (_, rig) => {
    await codeOf((done) => rig.files.put("a.key", "s3crets3cret", done));
  });
  assert.ok(seen.includes("><12 bytes>"), seen.join("\n"));
  assert.ok(!seen.join("\n").includes("s3cret"));
});

test("without a listener sockets work as with one", LIMIT, async () => {
  const rig = await startScripted(modem());
  const { channel } = rig.modem;
  delete channel.onTrace;
  const transport = await new Promise<Transport | undefined>((resolve) =>
    rig.sockets.open("tls", "broker.test", 8883, (_, socket) => resolve(socket)),
  );
  const data: string[] = [];
  assert.ok(transport);
  transport.onData = (bytes) => void data.push(bytes);
  assert.equal(await codeOf((done) => transport.write("ping", done)), "");
  transport.poll();
  await rig.wait(100);
  assert.deepEqual(data, ["hello"]);
  rig.stop();
});
