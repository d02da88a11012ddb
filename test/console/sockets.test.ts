import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { CLOSE } from "../../tools/console/messages.ts";
import { Client, entry, type FakeLink, type Rig, startRig, until } from "./rig.ts";

let rig: Rig;

before(async () => {
  rig = await startRig();
});

after(() => rig.close());

/** Everything of the test before has ended. */
beforeEach(async () => {
  await until("the board is free", () => rig.links.every(({ closed }) => closed));
  rig.links.length = 0;
  rig.asked.length = 0;
  rig.story.length = 0;
  rig.refusal = undefined;
});

const panel = (): Promise<Client> => new Client(rig.server.port, "/panel").open();

async function board(): Promise<{ client: Client; link: FakeLink }> {
  const client = await new Client(rig.server.port, "/board").open();
  await until("the first frame", () => client.texts.length > 0);
  const link = rig.links.at(-1);
  assert.ok(link);
  return { client, link };
}

async function end(client: Client): Promise<void> {
  client.socket.close();
  await client.closed();
}

describe("/board", () => {
  test("says what it carries, then bytes pass both ways, each write answered", async () => {
    const { client, link } = await board();
    assert.deepEqual(client.messages(), [{ chunkBytes: 20, name: "virtual rak5010" }]);
    client.socket.send(Buffer.from("\x10print(1)\n"));
    client.socket.send(Buffer.from([0, 255, 128]));
    await until("both are taken", () => client.texts.length === 3);
    assert.deepEqual(link.written, ["\x10print(1)\n", "\0\xff\x80"]);
    assert.deepEqual(client.messages().slice(1), [{ taken: 10 }, { taken: 3 }]);
    link.say("x".repeat(45));
    await until("45 bytes", () => Buffer.concat(client.frames).length === 45);
    assert.deepEqual(
      client.frames.map(({ length }) => length),
      [20, 20, 5],
    );
    await end(client);
    await until("the link is closed with it", () => link.closed);
  });

  test("a write is answered when the board has taken it, not before", async () => {
    const { client, link } = await board();
    link.holds = true;
    client.socket.send(Buffer.from("abc"));
    await until("it was written", () => link.written.length === 1);
    // A round trip of the socket: an answer that was sent would have arrived.
    await new Promise((resolve) => client.socket.once("pong", resolve).ping());
    assert.equal(client.texts.length, 1);
    link.take();
    await until("it is taken", () => client.texts.length === 2);
    await end(client);
  });

  test("whoever floods is held back: the board is not sent more than it takes", async () => {
    const { client, link } = await board();
    link.holds = true;
    for (let i = 0; i < 5000; i++) client.socket.send(Buffer.alloc(20, 0x61));
    await until("some are written", () => link.written.length >= 32);
    // Time for more to come, if it would: what one read of the socket had in it does.
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(link.written.length < 5000, `${link.written.length} were written`);
    link.holds = false;
    link.take();
    await until("all arrive in the end", () => link.written.length === 5000);
    await until("and all are answered", () => client.texts.length === 5001);
    await end(client);
  });

  test("one at a time", async () => {
    const { client } = await board();
    assert.equal(await new Client(rig.server.port, "/board").closed(), CLOSE.inUse);
    await end(client);
  });

  test("a page that is loaded anew gets the board, though its former self has not quite gone", async () => {
    const former = await board();
    const client = new Client(rig.server.port, "/board");
    await until("it asks", () => client.socket.readyState === client.socket.OPEN);
    former.client.socket.close();
    await until("the first frame", () => client.texts.length > 0);
    assert.equal(rig.links.length, 2);
    await end(client);
  });

  test("a board without a supply is told from one that is in use", async () => {
    rig.refusal = "off";
    assert.equal(await new Client(rig.server.port, "/board").closed(), CLOSE.boardOff);
  });

  test("a link that ends closes the socket; so does a page that cuts it", async () => {
    const first = await board();
    first.link.close();
    assert.equal(await first.client.closed(), CLOSE.linkLost);
    const second = await board();
    const page = await panel();
    page.socket.send('{"type":"cut-link"}');
    assert.equal(await second.client.closed(), CLOSE.linkLost);
    assert.ok(second.link.closed);
    await end(page);
  });

  test("a service that is locked says so", async () => {
    const { client, link } = await board();
    link.fails = new Error("the Nordic UART Service wants a bonded peer");
    client.socket.send(Buffer.from("abc"));
    assert.equal(await client.closed(), CLOSE.locked);
    await until("the link is closed", () => link.closed);
  });

  test("a board that says more than is taken costs the connection, not the server", async () => {
    const { client, link } = await board();
    client.socket.pause();
    // More than the buffers of both ends of the socket hold.
    for (let i = 0; i < 400 && !link.closed; i++) {
      link.say("x".repeat(65_536));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.socket.resume();
    assert.equal(await client.closed(), CLOSE.tooSlow);
    await until("the link is closed", () => link.closed);
  });

  const wrong: [string, string | Buffer, number][] = [
    ["text in place of bytes", "print(1)", CLOSE.misunderstood],
    ["nothing at all", Buffer.alloc(0), CLOSE.misunderstood],
    ["more than a write carries", Buffer.alloc(21), CLOSE.tooLong],
    ["more than any write carries", Buffer.alloc(100_000), 1009],
  ];
  for (const [what, frame, code] of wrong) {
    test(`${what} closes with ${code}, and nothing of it reaches the board`, async () => {
      const { client, link } = await board();
      client.socket.send(frame);
      assert.equal(await client.closed(), code);
      assert.deepEqual(link.written, []);
      await until("the link is closed", () => link.closed);
    });
  }
});

describe("/panel", () => {
  test("tells who it is, the state, the story so far, and then what happens", async () => {
    rig.story.push(entry("one"), entry("two"));
    const page = await panel();
    rig.tell({ type: "entry", entry: entry("three") });
    rig.tell({ type: "faults", active: ["expired"] });
    rig.tell({ type: "board", state: "rebooting" });
    await until("seven messages", () => page.texts.length === 7);
    assert.deepEqual(page.messages(), [
      { type: "hello", board: "rak5010", model: "BG96", faults: [] },
      { type: "board", state: "on" },
      { type: "entry", entry: entry("one") },
      { type: "entry", entry: entry("two") },
      { type: "entry", entry: entry("three") },
      { type: "faults", active: ["expired"] },
      { type: "board", state: "rebooting" },
    ]);
    await end(page);
    await until("it is followed no more", () => rig.followers() === 0);
  });

  test("passes on what is asked for", async () => {
    const page = await panel();
    const requests = [
      { type: "fault", name: "expired", on: true },
      { type: "power", on: false },
      { type: "command", command: { cmd: "interval", seconds: 4 } },
    ];
    for (const request of requests) page.socket.send(JSON.stringify(request));
    await until("all three", () => rig.asked.length === 3);
    assert.deepEqual(rig.asked, requests);
    await end(page);
  });

  const wrong: [string, string | Buffer, number][] = [
    ["bytes in place of text", Buffer.from('{"type":"cut-link"}'), CLOSE.misunderstood],
    ["no JSON", "fault", CLOSE.misunderstood],
    ["a message that does not exist", '{"type":"reboot"}', CLOSE.misunderstood],
    [
      "a command that is no object of plain values",
      '{"type":"command","command":{"cmd":"x","y":{}}}',
      CLOSE.misunderstood,
    ],
    ["more than any message has", JSON.stringify({ type: "fault", name: "x".repeat(2000), on: true }), 1009],
  ];
  for (const [what, frame, code] of wrong) {
    test(`${what} closes with ${code}`, async () => {
      const page = await panel();
      page.socket.send(frame);
      assert.equal(await page.closed(), code);
      assert.deepEqual(rig.asked, []);
    });
  }

  test("what cannot be carried out costs the connection, not the server", async () => {
    const page = await panel();
    page.socket.send('{"type":"fault","name":"defect","on":true}');
    assert.equal(await page.closed(), 1011);
    await end(await panel());
  });

  test("more requests than a person makes close it", async () => {
    const page = await panel();
    for (let i = 0; i < 200; i++) page.socket.send('{"type":"power","on":true}');
    assert.equal(await page.closed(), CLOSE.tooMany);
    assert.ok(rig.asked.length < 100);
  });

  test("more pages than anybody opens are refused; those there are stay", async () => {
    const pages = await Promise.all(Array.from({ length: 16 }, panel));
    assert.equal(await new Client(rig.server.port, "/panel").closed(), CLOSE.tooMany);
    for (const page of pages) assert.equal(page.code, undefined);
    await Promise.all(pages.map(end));
    await until("all are gone", () => rig.followers() === 0);
  });
});
