/** Sockets in the modem, over real TCP, UDP and TLS of this computer. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Failure } from "../../modules/failure.ts";
import type { SocketKind } from "../../modules/modem/driver.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";
import { bringUp, codeOf, type EngineRig, REAL_SOCKETS, type RigOptions, startEngine } from "../support/engine-rig.ts";
import { resolveTest, startTcp, startTls, startUdp, type TestServer, type TestTlsServer } from "../support/servers.ts";

const LIMIT = { timeout: 20_000 };
const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
const PROFILE = {
  ca: "ca.pem",
  cert: "client.pem",
  key: "client.key",
  verify: true,

  sni: true,
} as const;

let tcp: TestServer;
let tls: TestTlsServer;
let udp: { readonly port: number; close(): void };

before(async () => {
  tcp = await startTcp();
  tls = await startTls();
  udp = await startUdp();
});
after(() => {
  for (const server of [tcp, tls, udp]) server.close();
});

async function withSockets(run: (rig: EngineRig) => Promise<void>, options: RigOptions = {}): Promise<void> {
  const modem = { files: tls.files, resolve: resolveTest, latency: 0, network: { nitzMs: 0 }, ...options.modem };
  const rig = await startEngine({ speed: REAL_SOCKETS, ...options, modem });
  try {
    assert.equal(await bringUp(rig.modem), "");
    await run(rig);
  } finally {
    rig.stop();
  }
}

/** TLS as the firmware does it: the clock and the settings first. */
async function secure(rig: EngineRig): Promise<void> {
  await new Promise((resolve) => rig.modem.script(["+CTZU=1"], resolve));
  rig.virtual.fault("rtc-wrong", { utcMs: Date.now() });
  const profile = { host: "broker.test", port: tls.port, ...PROFILE };
  assert.equal(await codeOf((done) => rig.device.configureTls(rig.modem, profile, done)), "");
}

interface Stream {
  readonly transport: Transport;
  received(): string;
  /** Waits until so many bytes have come. */
  bytes(count: number): Promise<string>;
  closed: Promise<Failure | undefined>;
  write(bytes: string): Promise<string>;
}

function listen(transport: Transport): Stream {
  let data = "";
  let wake = (): void => undefined;
  transport.onData = (bytes) => {
    data += bytes;
    wake();
  };
  const closed = new Promise<Failure | undefined>((resolve) => {
    transport.onClose = (cause) => resolve(cause && { ...cause });
  });
  return {
    transport,
    received: () => data,
    bytes: (count) =>
      new Promise((resolve) => {
        wake = () => {
          if (data.length >= count) resolve(data);
        };
        wake();
      }),
    closed,
    write: (bytes) => codeOf((done) => transport.write(bytes, done)),
  };
}

function open(rig: EngineRig, kind: SocketKind, host: string, port: number): Promise<Stream | Failure> {
  return new Promise((resolve) =>
    rig.sockets.open(kind, host, port, (error, socket) => resolve(socket ? listen(socket) : { ...(error as Failure) })),
  );
}

async function opened(rig: EngineRig, kind: SocketKind, port: number, host = "127.0.0.1"): Promise<Stream> {
  const stream = await open(rig, kind, host, port);
  assert.ok("transport" in stream, JSON.stringify(stream));
  return stream;
}

const ids = (rig: EngineRig): number[] =>
  rig.events.flatMap((event) => (event.type === "socket" && event.action === "connected" ? [event.id] : []));

test("TCP, UDP and TLS at once, each with its own data", LIMIT, () =>
  withSockets(async (rig) => {
    await secure(rig);
    const streams = [
      await opened(rig, "tcp", tcp.port),
      await opened(rig, "udp", udp.port),
      await opened(rig, "tls", tls.port, "broker.test"),
      await opened(rig, "tcp", tcp.port),
    ];
    assert.equal(new Set(ids(rig)).size, 4, "an id each");
    const texts = ["tcp", "udp", "tls", "tcp again"];
    const codes = await Promise.all(streams.map((stream, index) => stream.write(texts[index] ?? "")));
    assert.deepEqual(codes, ["", "", "", ""]);
    for (const [index, stream] of streams.entries()) {
      const text = texts[index] ?? "";
      assert.equal(await stream.bytes(text.length), text);
      stream.transport.close();
    }
  }),
);

for (const kind of ["tcp", "tls"] as const) {
  test(`${kind}: 5 KB both ways, every byte as it was`, LIMIT, () =>
    withSockets(async (rig) => {
      if (kind === "tls") await secure(rig);
      const stream = await opened(
        rig,
        kind,
        kind === "tls" ? tls.port : tcp.port,
        kind === "tls" ? "broker.test" : undefined,
      );
      const bytes = `\r\nOK\r\n> ERROR\r\n+CME ERROR: 3\r\n\0\x1a\x1b"${ALL_BYTES.repeat(20)}`;
      assert.equal(await stream.write(bytes), "");
      assert.equal(await stream.bytes(bytes.length), bytes);
      const sends = rig.commands().filter((line) => /^\+Q(SSL|I)SEND=/.test(line));
      assert.equal(sends.length, Math.ceil(bytes.length / 1460));
    }),
  );
}

test("what came before the peer closed is read, then the end is told once", LIMIT, async () => {
  const server = await startTcp((socket) => socket.end(Buffer.from(ALL_BYTES.repeat(12), "latin1")));
  await withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", server.port);
    const cause = await stream.closed;
    assert.equal(cause?.code, "SOCKET_CLOSED");
    assert.equal(stream.received(), ALL_BYTES.repeat(12));
    assert.equal(await stream.write("x"), "SOCKET_CLOSED");
    await rig.wait(500);
    assert.ok(
      rig.commands().some((line) => line.startsWith("+QICLOSE=")),
      "the modem's id is given back",
    );
  });
  server.close();
});

test("a peer that closes at once, and one that says a word and closes", LIMIT, async () => {
  for (const word of ["", "bye"]) {
    const server = await startTcp((socket) => void socket.end(word));
    await withSockets(async (rig) => {
      const stream = await opened(rig, "tcp", server.port);
      assert.equal((await stream.closed)?.code, "SOCKET_CLOSED");
      assert.equal(stream.received(), word);
    });
    server.close();
  }
});

test("an id that was given back is used again", LIMIT, () =>
  withSockets(async (rig) => {
    for (let round = 0; round < 3; round++) {
      const stream = await opened(rig, "tcp", tcp.port);
      stream.transport.close();
      stream.transport.close();
      await rig.wait(500);
    }
    assert.deepEqual(ids(rig), [0, 0, 0]);
  }),
);

test("SEND FAIL is tried again, and the bytes arrive once", LIMIT, () =>
  withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", tcp.port);
    rig.virtual.fault("send-fail", { times: 2 });
    assert.equal(await stream.write("hello"), "");
    assert.equal(await stream.bytes(5), "hello");
    await rig.wait(500);
    assert.equal(stream.received(), "hello");
  }),
);

test("SEND FAIL for ever ends the socket, and says so to both", LIMIT, () =>
  withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", tcp.port);
    rig.virtual.fault("send-fail", { times: 100 });
    assert.equal(await stream.write("hello"), "SOCKET_CLOSED");
    assert.deepEqual([(await stream.closed)?.code, (await stream.closed)?.cause], ["SOCKET_CLOSED", "SEND FAIL"]);
  }),
);

for (const mode of ["swallow", "hang"] as const) {
  test(`no prompt (${mode}): the write fails, the bytes never run as commands, the modem goes on`, LIMIT, () =>
    withSockets(async (rig) => {
      const stream = await opened(rig, "tcp", tcp.port);
      rig.virtual.fault("no-prompt", { mode });
      assert.match(await stream.write("AT+CFUN=0\r"), /^AT_/);
      assert.ok(!rig.commands().includes("+CFUN=0"));
      await stream.closed;
      const next = await opened(rig, "tcp", tcp.port);
      assert.equal(await next.write("again"), "");
      assert.equal(await next.bytes(5), "again");
      assert.deepEqual(rig.down, []);
    }),
  );
}

for (const where of ["before", "inside"] as const) {
  test(`a URC ${where} the answer to a read takes no byte of the data`, LIMIT, () =>
    withSockets(async (rig) => {
      const stream = await opened(rig, "tcp", tcp.port);
      rig.virtual.fault("urc", { where, on: "+QIRD", text: '+QIURC: "recv",0', times: 4 });
      assert.equal(await stream.write(ALL_BYTES.repeat(6)), "");
      assert.equal(await stream.bytes(256 * 6), ALL_BYTES.repeat(6));
    }),
  );
}

test("a URC in the middle of a header: what was garbled is noticed, and no wrong byte is handed on", LIMIT, () =>
  withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", tcp.port);
    rig.virtual.fault("urc", { where: "header", on: "+QIRD", text: '+QIURC: "recv",0' });
    assert.equal(await stream.write(ALL_BYTES), "");
    const cause = await Promise.race([stream.closed, stream.bytes(256).then(() => undefined)]);
    assert.ok(ALL_BYTES.startsWith(stream.received()));
    if (cause !== undefined) assert.match(cause.code, /^AT_/);
    const next = await opened(rig, "tcp", tcp.port);
    assert.equal(await next.write("again"), "");
    assert.equal(await next.bytes(5), "again");
  }),
);

test("garbage between two commands harms neither", LIMIT, () =>
  withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", tcp.port);
    rig.virtual.fault("garbage", { bytes: 200 });
    await rig.wait(50);
    assert.equal(await stream.write(ALL_BYTES), "");
    assert.equal(await stream.bytes(256), ALL_BYTES);
  }),
);

test("the connection dies: the end is told", LIMIT, () =>
  withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", tcp.port);
    rig.virtual.fault("drop");
    assert.equal((await stream.closed)?.code, "SOCKET_CLOSED");
  }),
);

test("the context is lost: every socket ends with that cause", LIMIT, () =>
  withSockets(async (rig) => {
    const streams = [await opened(rig, "tcp", tcp.port), await opened(rig, "udp", udp.port)];
    rig.virtual.fault("pdp-lost");
    for (const stream of streams) assert.equal((await stream.closed)?.code, "NET_PDP");
    assert.equal(await codeOf((done) => rig.modem.activate(done)), "");
    const again = await opened(rig, "tcp", tcp.port);
    assert.equal(await again.write("x"), "");
    assert.equal(await again.bytes(1), "x");
  }),
);

test("the modem reboots: every socket ends, a write under way too", LIMIT, () =>
  withSockets(async (rig) => {
    const stream = await opened(rig, "tcp", tcp.port);
    rig.virtual.fault("reset", { on: "+QISEND" });
    const written = stream.write("x");
    assert.equal((await stream.closed)?.code, "MODEM_RESET");
    assert.equal(await written, "MODEM_RESET");
  }),
);

test("causes of a refused open: port, name, worn-out stack", LIMIT, async () => {
  const closed = await startTcp();
  closed.close();
  const errors = async (rig: EngineRig, kind: SocketKind, host: string): Promise<unknown[]> => {
    const failed = await open(rig, kind, host, closed.port);
    assert.ok("code" in failed);
    return [failed.code, failed.cause];
  };
  await withSockets(async (rig) => {
    assert.deepEqual(await errors(rig, "tcp", "127.0.0.1"), ["NET_CONNECT", 566]);
    assert.deepEqual(await errors(rig, "tcp", "no-such-host.invalid"), ["NET_DNS", 565]);
    rig.virtual.fault("wear-552");
    assert.deepEqual(await errors(rig, "tcp", "127.0.0.1"), ["SOCKET_WORN", 552]);
    assert.deepEqual(await errors(rig, "tls", "127.0.0.1"), ["SOCKET_WORN", 552]);
    assert.equal(await codeOf((done) => rig.modem.powerOff(done)), "");
    assert.equal(await bringUp(rig.modem), "");
    assert.deepEqual(await errors(rig, "tcp", "127.0.0.1"), ["NET_CONNECT", 566], "a power cycle cures it");
  });
});

test("a host name that would be a command is AT_TEXT", LIMIT, () =>
  withSockets(async (rig) => {
    const failed = await open(rig, "tcp", 'h",1;+QPOWD=1;+X="', 80);
    assert.equal("code" in failed && failed.code, "AT_TEXT");
    assert.equal(rig.virtual.powered, true);
  }),
);
