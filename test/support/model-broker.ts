/** A broker that keeps one client's session and nothing else: what section 4.3 of the specification says, no more. */
import type { Codec, NamedPacket } from "./mqtt.ts";
import { Wire } from "./wire.ts";

type Publish = Extract<NamedPacket, { cmd: "publish" }>;

/** Asked for each packet of either side before it is on the way: "cut" loses it and all that follows. */
export type Fate = (packet: NamedPacket, from: "client" | "broker") => "pass" | "cut" | "last";

export class ModelBroker {
  /** Payloads that the client's messages had, as often as the broker took them on. */
  readonly taken: string[] = [];
  isSessionKept = true;
  private hasSession = false;
  private readonly unreleased = new Set<number>();
  private readonly outgoing: { packet: Publish; isReceived: boolean }[] = [];
  private lastId = 0;
  private wire: Wire | undefined;
  private readonly codec: Codec;
  private readonly fate: Fate;

  constructor(codec: Codec, fate: Fate) {
    this.codec = codec;
    this.fate = fate;
  }

  connect(): Wire {
    const wire = new Wire(this.codec);
    this.wire = wire;
    wire.onPacket = (packet) => {
      if (wire !== this.wire) return;
      const fate = this.fate(packet, "client");
      // In a turn of its own: a real one never answers inside the client's `write`.
      if (fate !== "cut") setImmediate(() => this.take(packet));
      if (fate !== "pass") setImmediate(() => this.cut());
    };
    return wire;
  }

  /** A message for the client. */
  publish(payload: string, qos: 0 | 1 | 2): void {
    if (qos === 0) {
      this.send({ cmd: "publish", topic: "down", payload, qos });
      return;
    }
    this.lastId++;
    const packet: Publish = { cmd: "publish", topic: "down", payload, qos, dup: false, messageId: this.lastId };
    this.outgoing.push({ packet, isReceived: false });
    this.send(packet);
  }

  get isIdle(): boolean {
    return this.outgoing.length === 0 && this.unreleased.size === 0;
  }

  forget(): void {
    this.hasSession = false;
    this.unreleased.clear();
  }

  private cut(): void {
    const wire = this.wire;
    this.wire = undefined;
    wire?.drop();
  }

  private send(packet: NamedPacket): void {
    const wire = this.wire;
    if (!wire) return;
    const fate = this.fate(packet, "broker");
    if (fate !== "cut") wire.give(packet);
    if (fate !== "pass") this.cut();
  }

  private take(packet: NamedPacket): void {
    if (!this.wire) return;
    if (packet.cmd === "connect") this.welcome(packet.clean === false);
    else if (packet.cmd === "publish") this.receive(packet);
    else if (packet.cmd === "pubrel") {
      this.unreleased.delete(packet.messageId);
      this.send({ cmd: "pubcomp", messageId: packet.messageId });
    } else if (packet.cmd === "puback" || packet.cmd === "pubcomp") {
      const index = this.outgoing.findIndex((one) => one.packet.messageId === packet.messageId);
      if (index >= 0) this.outgoing.splice(index, 1);
    } else if (packet.cmd === "pubrec") {
      const one = this.outgoing.find((entry) => entry.packet.messageId === packet.messageId);
      if (one) one.isReceived = true;
      this.send({ cmd: "pubrel", messageId: packet.messageId });
    } else if (packet.cmd === "subscribe") {
      const granted = packet.subscriptions.map((one) => one.qos);
      this.send({ cmd: "suback", messageId: packet.messageId, granted });
    }
  }

  private welcome(isKept: boolean): void {
    const sessionPresent = isKept && this.hasSession;
    if (!sessionPresent) this.unreleased.clear();
    this.hasSession = isKept && this.isSessionKept;
    this.send({ cmd: "connack", sessionPresent, returnCode: 0 });
    for (const { packet, isReceived } of [...this.outgoing]) {
      if (isReceived) this.send({ cmd: "pubrel", messageId: packet.messageId as number });
      else this.send({ ...packet, dup: true });
    }
  }

  private receive(packet: Publish): void {
    const id = packet.messageId as number;
    if (packet.qos === 2) {
      if (!this.unreleased.has(id)) this.taken.push(packet.payload);
      this.unreleased.add(id);
      this.send({ cmd: "pubrec", messageId: id });
    } else {
      this.taken.push(packet.payload);
      if (packet.qos === 1) this.send({ cmd: "puback", messageId: id });
    }
  }
}
