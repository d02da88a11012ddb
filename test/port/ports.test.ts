import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { bytesOf, makePort, textOf } from "../../tools/port/make-port.ts";
import { openPort } from "../../tools/port/open.ts";
import { NORDIC_UART, type Port, PortError } from "../../tools/port/port.ts";
import { bluetoothSource, type CharacteristicLike, type GattServerLike } from "../../tools/port/web-bluetooth.ts";
import { type SerialPortLike, webSerialSource } from "../../tools/port/web-serial.ts";
import { openWebSocket, type WebSocketLike } from "../../tools/port/web-socket.ts";

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof PortError ? error.code : String(error)),
  );
const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a port", () => {
  it("cuts into chunks, in the order of the calls, one at a time", async () => {
    const sent: string[] = [];
    let underWay = 0;
    const { port } = makePort({
      name: "x",
      chunkBytes: 3,
      async send(chunk) {
        assert.equal(++underWay, 1);
        await nextTick();
        underWay--;
        sent.push(textOf(chunk));
      },
      close: async () => undefined,
    });
    await Promise.all([port.write("abcdefg"), port.write("1234"), port.write("")]);
    assert.deepEqual(sent, ["abc", "def", "g", "123", "4"]);
  });

  it("hands over at once what came before anybody listened, and the end, too", () => {
    const end = makePort({ name: "x", chunkBytes: 3, send: async () => undefined, close: async () => undefined });
    const got: unknown[] = [];
    end.receive(bytesOf("a\xff"));
    end.receive(bytesOf("b"));
    end.port.onData = (bytes) => got.push(bytes);
    end.receive(bytesOf("c"));
    end.lost(new PortError("PORT_LOST", "gone"));
    end.lost(new PortError("PORT_LOST", "twice"));
    end.receive(bytesOf("late"));
    end.port.onClose = (cause) => got.push(cause?.message);
    assert.deepEqual(got, ["a\xffb", "c", "gone"]);
  });

  it("ends by a write that fails, and refuses those behind it", async () => {
    const { port } = makePort({
      name: "x",
      chunkBytes: 3,
      send: () => Promise.reject(new Error("GATT Server is disconnected")),
      close: async () => undefined,
    });
    const causes: unknown[] = [];
    port.onClose = (cause) => causes.push(cause?.code);
    assert.deepEqual(await Promise.all([code(port.write("a")), code(port.write("b"))]), ["PORT_LOST", "PORT_LOST"]);
    assert.deepEqual(causes, ["PORT_LOST"]);
  });

  it("tells onClose of close(), and writes no more", async () => {
    const { port } = makePort({ name: "x", chunkBytes: 3, send: async () => undefined, close: async () => undefined });
    const causes: unknown[] = [];
    port.onClose = (cause) => causes.push(cause);
    await port.close();
    await port.close();
    assert.deepEqual(causes, [undefined]);
    assert.equal(await code(port.write("a")), "PORT_CLOSED");
    assert.throws(() => bytesOf("€"), RangeError);
  });
});

class FakeDevice extends EventTarget {
  readonly name = "Godwit 42";
  readonly written: string[] = [];
  readonly transmit = new FakeCharacteristic();
  connects = 0;
  fails: Error | undefined;
  isSubscribedBeforeListening = false;
  readonly gatt: GattServerLike & { connected: boolean };

  constructor() {
    super();
    const { written, transmit } = this;
    const receive: CharacteristicLike = Object.assign(new FakeCharacteristic(), {
      writeValueWithoutResponse: async (value: Uint8Array) => void written.push(textOf(value)),
    });
    const gatt: GattServerLike & { connected: boolean } = {
      connected: false,
      connect: async () => {
        this.connects++;
        if (this.fails !== undefined) throw this.fails;
        gatt.connected = true;
        return gatt;
      },
      disconnect: () => {
        gatt.connected = false;
        this.dispatchEvent(new Event("gattserverdisconnected"));
      },
      getPrimaryService: async (service) => {
        assert.equal(service, NORDIC_UART.service);
        return { getCharacteristic: async (uuid) => (uuid === NORDIC_UART.receive ? receive : transmit) };
      },
    };
    this.gatt = gatt;
  }
}

class FakeCharacteristic extends EventTarget {
  value: DataView | undefined;
  isNotifying = false;
  async startNotifications(): Promise<void> {
    this.isNotifying = true;
  }
  async writeValueWithoutResponse(): Promise<void> {
    throw new Error("not writable");
  }
  notify(text: string): void {
    // With bytes around it, as of a buffer that is shared.
    const bytes = bytesOf(`..${text}..`);
    this.value = new DataView(bytes.buffer, 2, text.length);
    this.dispatchEvent(new Event("characteristicvaluechanged"));
  }
}

describe("Bluetooth", () => {
  const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

  it("connects, notifies, writes chunks of 20, and opens the same device again", async () => {
    const device = new FakeDevice();
    const asked: unknown[] = [];
    const source = bluetoothSource(
      {
        requestDevice: async (options) => {
          asked.push(options.filters);
          return device;
        },
      },
      { name: "Godwit 42" },
    );
    const port = await source.open();
    assert.ok(port !== undefined && device.transmit.isNotifying);
    assert.equal(port.name, "ble:Godwit 42");
    const got: string[] = [];
    port.onData = (bytes) => got.push(bytes);
    device.transmit.notify("hi\xff");
    await port.write("x".repeat(45));
    assert.deepEqual(got, ["hi\xff"]);
    assert.deepEqual(
      device.written.map((text) => text.length),
      [20, 20, 5],
    );
    const causes: unknown[] = [];
    port.onClose = (cause) => causes.push(cause?.code);
    device.gatt.disconnect();
    assert.deepEqual(causes, ["PORT_LOST"]);
    assert.equal(await code(port.write("y")), "PORT_LOST");
    const again = await source.open();
    assert.ok(again !== undefined);
    device.transmit.notify("again");
    assert.deepEqual(got, ["hi\xff"], "the old port hears nothing any more");
    assert.deepEqual([device.connects, asked.length], [2, 1]);
    assert.deepEqual(asked, [[{ services: [NORDIC_UART.service], name: "Godwit 42" }]]);
    await again.close();
    assert.equal(device.gatt.connected, false);
  });

  it("says why it cannot", async () => {
    const refused = (error: Error): Promise<Port | undefined> =>
      bluetoothSource({ requestDevice: () => Promise.reject(error) }).open();
    assert.equal(await refused(named("NotFoundError", "User cancelled the requestDevice() chooser.")), undefined);
    assert.equal(await code(refused(named("NotFoundError", "Bluetooth adapter not available."))), "PORT_ABSENT");
    assert.equal(await code(refused(named("SecurityError", "no gesture"))), "PORT_REFUSED");
    const device = new FakeDevice();
    device.fails = named("NetworkError", "Connection attempt failed.");
    assert.equal(await code(bluetoothSource({ requestDevice: async () => device }).open()), "PORT_ABSENT");
    assert.throws(() => bluetoothSource({ requestDevice: async () => device }, { chunkBytes: 0 }), RangeError);
  });

  it("gives up a device that does not answer", async () => {
    const device = new FakeDevice();
    device.gatt.connect = () => new Promise(() => undefined);
    const source = bluetoothSource({ requestDevice: async () => device }, { connectTimeoutMs: 5 });
    assert.equal(await code(source.open()), "PORT_ABSENT");
  });
});

describe("Web Serial", () => {
  function fakeSerial(): { serial: SerialPortLike; say(text: string): void; pull(): void; written: string[] } {
    const written: string[] = [];
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const serial = {
      readable: new ReadableStream<Uint8Array>({
        start(started) {
          controller = started;
        },
      }),
      writable: new WritableStream<Uint8Array>({ write: (chunk) => void written.push(textOf(chunk)) }),
      open: async () => undefined,
      close: async () => undefined,
    };
    return {
      serial,
      written,
      say: (text) => controller?.enqueue(bytesOf(text)),
      pull: () => controller?.error(new Error("The device has been lost.")),
    };
  }

  it("reads and writes, and sees the plug being pulled", async () => {
    const { serial, say, pull, written } = fakeSerial();
    const port = await webSerialSource({ requestPort: async () => serial }).open();
    assert.ok(port !== undefined);
    const heard = new Promise<string>((resolve) => {
      port.onData = resolve;
    });
    say("hi\xff");
    assert.equal(await heard, "hi\xff");
    await port.write("x".repeat(100));
    assert.equal(written.join(""), "x".repeat(100));
    const closed = new Promise<unknown>((resolve) => {
      port.onClose = (cause) => resolve(cause?.code);
    });
    pull();
    assert.equal(await closed, "PORT_LOST");
  });

  it("closes, and takes a closed dialog for a changed mind", async () => {
    const { serial } = fakeSerial();
    const port = await webSerialSource({ requestPort: async () => serial }).open();
    assert.ok(port !== undefined);
    await port.close();
    assert.equal(serial.readable !== null && "locked" in serial.readable && serial.readable.locked, false);
    const cancelled = Object.assign(new Error("No port selected by the user."), { name: "NotFoundError" });
    assert.equal(await webSerialSource({ requestPort: () => Promise.reject(cancelled) }).open(), undefined);
    const busy: SerialPortLike = { ...serial, open: () => Promise.reject(new Error("Failed to open serial port.")) };
    assert.equal(await code(webSerialSource({ requestPort: async () => busy }).open()), "PORT_REFUSED");
  });
});

describe("a WebSocket", () => {
  const openSocket = (url: string): WebSocketLike => new WebSocket(url);

  async function withServer(run: (server: WebSocketServer, url: string) => Promise<void>): Promise<void> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    try {
      await run(server, `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/board`);
    } finally {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("greets, carries bytes, and lets one frame go at a time", () =>
    withServer(async (server, url) => {
      const frames: string[] = [];
      let take: () => void = () => undefined;
      server.on("connection", (socket) => {
        socket.send('{"chunkBytes":4,"name":"virtual rak5010"}');
        socket.send(Buffer.from("hi\xff", "latin1"));
        socket.on("message", (data: Buffer) => {
          frames.push(data.toString("latin1"));
          take = () => socket.send(`{"taken":${data.length}}`);
          if (frames.length === 1) take();
        });
      });
      const port = await openWebSocket(url, openSocket);
      assert.deepEqual([port.name, port.chunkBytes], ["virtual rak5010", 4]);
      const heard = new Promise<string>((resolve) => {
        port.onData = resolve;
      });
      assert.equal(await heard, "hi\xff");
      let isWritten = false;
      const written = port.write("abcdefgh").then(() => {
        isWritten = true;
      });
      while (frames.length < 2) await nextTick();
      assert.deepEqual([frames, isWritten], [["abcd", "efgh"], false]);
      take();
      await written;
      const closed = new Promise<unknown>((resolve) => {
        port.onClose = (cause) => resolve(cause?.code);
      });
      const stuck = code(port.write("ij"));
      while (frames.length < 3) await nextTick();
      for (const client of server.clients) client.terminate();
      assert.deepEqual(await Promise.all([closed, stuck]), ["PORT_LOST", "PORT_LOST"]);
    }));

  it("is refused when in use, and when it is no console", () =>
    withServer(async (server, url) => {
      const answers: ((socket: WebSocket) => void)[] = [
        (socket) => socket.close(4409, "in use"),
        (socket) => socket.send('{"chunkBytes":0}'),
        (socket) => socket.send("[]"),
        (socket) => socket.close(),
      ];
      server.on("connection", (socket) => answers.shift()?.(socket));
      assert.equal(await code(openWebSocket(url, openSocket)), "PORT_REFUSED");
      assert.equal(await code(openWebSocket(url, openSocket)), "PORT_REFUSED");
      assert.equal(await code(openWebSocket(url, openSocket)), "PORT_REFUSED");
      assert.equal(await code(openWebSocket(url, openSocket)), "PORT_ABSENT");
      assert.equal(await code(openWebSocket("ws://127.0.0.1:1/board", openSocket)), "PORT_ABSENT");
    }));
});

describe("openPort", () => {
  it("opens a TCP port", async () => {
    const server = createServer((socket) => socket.on("data", (bytes) => socket.end(bytes)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const number = typeof address === "object" && address !== null ? address.port : 0;
    const port = await openPort(`tcp:127.0.0.1:${number}`).open();
    assert.ok(port !== undefined);
    const heard = new Promise<string>((resolve) => {
      port.onData = resolve;
    });
    const closed = new Promise<unknown>((resolve) => {
      port.onClose = (cause) => resolve(cause?.code);
    });
    await port.write("hi\xff");
    assert.deepEqual([await heard, await closed], ["hi\xff", "PORT_LOST"]);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await code(openPort(`tcp:127.0.0.1:${number}`).open()), "PORT_ABSENT");
  });

  const good = [
    "ble:",
    "ble:Godwit 42",
    "serial:/dev/ttyACM0",
    "/dev/ttyACM0",
    "./pty",
    "COM3",
    "tcp:host:4400",
    "tcp:[::1]:4400",
    "ws://127.0.0.1:8080/board",
  ];
  for (const name of good) it(`knows ${name}`, () => void openPort(name));

  const bad = [
    "",
    "nonsense",
    "tcp:host",
    "tcp:host:0",
    "tcp:host:99999",
    "tcp:a b:1",
    "serial:",
    "ws:",
    "http://x",
    "ble:a\nb",
    "COM",
    "x".repeat(300),
  ];
  for (const name of bad) {
    it(`refuses ${JSON.stringify(name.slice(0, 20))}`, () =>
      assert.throws(() => openPort(name), { code: "PORT_UNSUPPORTED" }));
  }

  it("says that a serial port is not there", async () => {
    assert.equal(await code(openPort("/dev/tty-of-nobody").open()), "PORT_ABSENT");
  });
});
