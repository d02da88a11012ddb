/** The broker's end of a transport in memory: what the client wrote as packets, and packets to give it. */
import assert from "node:assert/strict";
import type { Failure } from "../../modules/failure.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";
import type { Codec, NamedPacket } from "./mqtt.ts";

export class Wire implements Transport {
  /** Packets that the client sent and `next`/`take` have not given out yet. */
  readonly sent: NamedPacket[] = [];
  /** The bytes of each `write`. */
  readonly writes: string[] = [];
  isClosed = false;
  polls = 0;
  /** False: `write` is done only when the test calls `finish`. */
  isPrompt = true;
  onData?: (bytes: string) => void;
  onClose?: (cause?: Failure) => void;
  /** Sees each packet as soon as it is written. */
  onPacket?: (packet: NamedPacket) => void;
  private done: ((error?: Failure) => void) | undefined;
  private readonly parse: (chunk: string) => Failure | undefined;
  private readonly codec: Codec;

  constructor(codec: Codec) {
    this.codec = codec;
    this.parse = codec.createParser(
      "client",
      (packet) => {
        // Packets of the board's realm; the test compares with its own.
        const mine = structuredClone(JSON.parse(JSON.stringify(packet))) as NamedPacket;
        this.sent.push(mine);
        this.onPacket?.(mine);
      },
      2 ** 20,
    );
  }

  write(bytes: string, done: (error?: Failure) => void): void {
    assert.equal(this.done, undefined, "one write at a time");
    assert.equal(this.isClosed, false, "nothing is written to a closed transport");
    assert.ok(bytes.length > 0, "an empty write");
    this.writes.push(bytes);
    this.done = done;
    const failure = this.parse(bytes);
    assert.equal(failure, undefined, `the client sent ${Buffer.from(bytes, "latin1").toString("hex")}`);
    if (this.isPrompt) setImmediate(() => this.finish());
  }

  /** The write under way is done. */
  finish(error?: Failure): void {
    const done = this.done;
    this.done = undefined;
    done?.(error);
  }

  close(): void {
    this.isClosed = true;
  }

  poll(): void {
    this.polls++;
  }

  /** In one chunk. */
  give(...packets: NamedPacket[]): void {
    this.onData?.(packets.map((packet) => this.codec.encode(packet)).join(""));
  }

  /** The connection is gone. */
  drop(cause: Failure = { code: "SOCKET_CLOSED" }): void {
    this.isClosed = true;
    this.onClose?.(cause);
  }

  /** What was sent since the last call. */
  take(): NamedPacket[] {
    return this.sent.splice(0);
  }

  /** The only packet sent since the last call. */
  one(): NamedPacket {
    const packets = this.take();
    assert.equal(packets.length, 1, JSON.stringify(packets));
    return packets[0] as NamedPacket;
  }
}
