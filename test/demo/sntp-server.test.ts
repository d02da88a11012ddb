import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { replyTo, type SntpBehaviour, startSntpServer } from "../../tools/demo/sntp-server.ts";

const NONCE = Buffer.from("0102030405060708", "hex");

function request(version = 4, mode = 3): Buffer {
  const packet = Buffer.alloc(48);
  packet[0] = (version << 3) | mode;
  NONCE.copy(packet, 40);
  return packet;
}

/** Timestamp in Unix milliseconds. */
function stamp(packet: Buffer, offset: number): number {
  return (packet.readUInt32BE(offset) - 2_208_988_800) * 1000 + (packet.readUInt32BE(offset + 4) / 2 ** 32) * 1000;
}

function reply(behaviour: SntpBehaviour, received = 1_750_000_000_250, sent = 1_750_000_000_251): Buffer {
  const packet = replyTo(request(), received, sent, behaviour);
  assert.ok(packet);
  return packet;
}

test("a good reply: server mode, stratum 2, the client's own number back, both times", () => {
  const packet = reply("good");
  assert.equal(packet.length, 48);
  assert.equal(packet[0], 0x24);
  assert.equal(packet[1], 2);
  assert.deepEqual(packet.subarray(24, 32), NONCE);
  assert.ok(Math.abs(stamp(packet, 32) - 1_750_000_000_250) < 0.001);
  assert.ok(Math.abs(stamp(packet, 40) - 1_750_000_000_251) < 0.001);
  assert.ok(stamp(packet, 16) < stamp(packet, 32));
});

test("each wrong behaviour is wrong in one way", () => {
  assert.equal(reply("kiss")[1], 0);
  assert.equal(reply("kiss").toString("latin1", 12, 16), "RATE");
  assert.notDeepEqual(reply("wrong-origin").subarray(24, 32), NONCE);
  assert.equal(reply("unsynchronised")[0], 0xe4);
  assert.deepEqual(reply("wrong-origin").subarray(32), reply("good").subarray(32));
});

test("the era after 2036 wraps", () => {
  const after2036 = Date.UTC(2040, 0, 1);
  const packet = reply("good", after2036, after2036);
  assert.ok(packet.readUInt32BE(40) < 0x80000000);
});

test("what is not a client's request gets no answer", () => {
  assert.equal(replyTo(request(4, 4), 0, 0, "good"), undefined);
  assert.equal(replyTo(request(0), 0, 0, "good"), undefined);
  assert.equal(replyTo(request().subarray(0, 47), 0, 0, "good"), undefined);
  assert.equal(replyTo(Buffer.alloc(0), 0, 0, "good"), undefined);
});

test("answers on real UDP, survives rubbish, and closes", async () => {
  const seen: number[] = [];
  const server = await startSntpServer({ now: () => 1_750_000_000_000, onRequest: (r) => seen.push(r.version) });
  const client = createSocket("udp4");
  client.send(Buffer.from("rubbish"), server.port, server.host);
  client.send(request(3), server.port, server.host);
  const [answer] = (await once(client, "message")) as [Buffer];
  client.close();
  await server.close();
  await server.close();
  assert.equal(answer[0], 0x1c);
  assert.equal(stamp(answer, 40), 1_750_000_000_000);
  assert.deepEqual(seen, [3]);
});
