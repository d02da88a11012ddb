/** One client's session at a broker, without a clock: what section 4.3 of MQTT 3.1.1 says, no more. Nothing is thrown away. */
import assert from "node:assert/strict";
import type { NamedPacket } from "./mqtt.ts";

type Publish = Extract<NamedPacket, { cmd: "publish" }>;

interface Session {
  /** QoS 2 from the client, not yet released. */
  readonly unreleased: Set<number>;
  readonly outgoing: { packet: Publish; isReceived: boolean }[];
  lastId: number;
  /**
   * The client heard that it is a new one, and lived on. Else the next CONNACK says Session Present, and MQTT has no way to
   * tell the client that the QoS 2 identifiers it holds are of the session before.
   */
  isKnown: boolean;
}

export interface Taken {
  payload: string;
  /** How many sessions were lost before. */
  losses: number;
}

export class SessionBroker {
  /** The client's messages, as often as they were taken on. */
  readonly taken: Taken[] = [];
  /** Messages for the client that went with a session. */
  readonly lost = new Set<string>();
  losses = 0;
  /** Where packets for the client go; nothing while there is no connection. */
  send: ((packet: NamedPacket) => void) | undefined;
  private session: Session | undefined;
  private isAccepted = false;
  /** Released on this connection, or received on it. */
  private asked = new Set<number>();
  /** When the client heard of the PUBREC of an identifier. */
  private readonly heard = new Map<number, number>();
  private readonly released = new Set<number>();
  private hearings = 0;
  private lastReleased = 0;

  get isIdle(): boolean {
    return !this.session || this.session.outgoing.length + this.session.unreleased.size === 0;
  }

  /** The connection is gone. */
  disconnect(): void {
    this.send = undefined;
    this.isAccepted = false;
  }

  /** It comes up again without what it knew. */
  loseSession(): void {
    for (const { packet } of this.session?.outgoing ?? []) this.lost.add(packet.payload);
    this.session = undefined;
    this.losses++;
  }

  /** A message for the client; without a session there is nobody to keep it for. */
  publish(payload: string, qos: 0 | 1 | 2): void {
    const { session } = this;
    if (qos === 0 || !session) {
      this.lost.add(payload);
      if (this.isAccepted && qos === 0) this.send?.({ cmd: "publish", topic: "down", payload, qos: 0 });
      return;
    }
    session.lastId = (session.lastId % 12) + 1;
    while (session.outgoing.some(({ packet }) => packet.messageId === session.lastId)) session.lastId++;
    const packet: Publish = { cmd: "publish", topic: "down", payload, qos, dup: false, messageId: session.lastId };
    session.outgoing.push({ packet, isReceived: false });
    if (this.losses > 0 && !session.isKnown) this.lost.add(payload);
    if (this.isAccepted) this.send?.(packet);
  }

  take(packet: NamedPacket): void {
    if (!this.send) return;
    if (packet.cmd === "connect") this.welcome(packet.clean === false);
    else {
      assert.ok(this.isAccepted, `${packet.cmd} before CONNACK`);
      this.takeMore(packet, this.session as Session);
    }
  }

  /** A packet has reached the client. */
  delivered(packet: NamedPacket): void {
    if (packet.cmd !== "pubrec") return;
    const id = packet.messageId;
    this.asked.add(id);
    if (!this.released.has(id)) this.heard.set(id, ++this.hearings);
  }

  /** The client has worked on it. */
  understood(packet: NamedPacket): void {
    if (packet.cmd === "connack" && !packet.sessionPresent && this.session) this.session.isKnown = true;
  }

  private takeMore(packet: NamedPacket, session: Session): void {
    if (packet.cmd === "publish") this.receive(packet, session);
    else if (packet.cmd === "pubrel") {
      const id = packet.messageId;
      this.checkRelease(id);
      session.unreleased.delete(id);
      this.send?.({ cmd: "pubcomp", messageId: id });
    } else if (packet.cmd === "puback" || packet.cmd === "pubcomp" || packet.cmd === "pubrec") {
      const index = session.outgoing.findIndex((one) => one.packet.messageId === packet.messageId);
      const one = session.outgoing[index];
      if (packet.cmd === "pubrec") {
        if (one) one.isReceived = true;
        this.send?.({ cmd: "pubrel", messageId: packet.messageId });
      } else if (one) {
        assert.equal(one.packet.qos, packet.cmd === "puback" ? 1 : 2);
        session.outgoing.splice(index, 1);
      }
    } else assert.fail(`the client sent ${packet.cmd}`);
  }

  /** PUBRELs are sent again in the order of their PUBRECs [MQTT-4.6.0-4]. */
  private checkRelease(id: number): void {
    this.released.add(id);
    const order = this.heard.get(id);
    if (this.asked.has(id) || order === undefined) return;
    assert.ok(order > this.lastReleased, "PUBRELs in another order than their PUBRECs");
    this.lastReleased = order;
  }

  private welcome(isKept: boolean): void {
    assert.ok(!this.isAccepted, "a second CONNECT");
    assert.ok(isKept);
    const sessionPresent = this.session !== undefined;
    this.session ??= { unreleased: new Set(), outgoing: [], lastId: 0, isKnown: false };
    this.isAccepted = true;
    this.asked = new Set();
    this.lastReleased = 0;
    this.send?.({ cmd: "connack", sessionPresent, returnCode: 0 });
    for (const { packet, isReceived } of this.session.outgoing) {
      if (isReceived) this.send?.({ cmd: "pubrel", messageId: packet.messageId as number });
      else this.send?.({ ...packet, dup: true });
    }
  }

  private receive(packet: Publish, session: Session): void {
    const id = packet.messageId as number;
    const taken = { payload: packet.payload, losses: this.losses };
    if (packet.qos === 2) {
      // A new one under this identifier, so its PUBREC counts anew.
      if (!session.unreleased.has(id)) this.taken.push(taken);
      this.released.delete(id);
      session.unreleased.add(id);
      this.send?.({ cmd: "pubrec", messageId: id });
    } else {
      this.taken.push(taken);
      if (packet.qos === 1) this.send?.({ cmd: "puback", messageId: id });
    }
  }
}
