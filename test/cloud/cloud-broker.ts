/**
 * A broker that is as strict as a cloud: over TCP, one session a connection, no MQTT but 3.1.1. What it does with a
 * packet is its rules' to say; they are written from the clouds' documentation, never from `modules/cloud`.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import mqttPacket, { type IConnectPacket, type IPublishPacket, type ISubscribePacket } from "mqtt-packet";

/** "close" without a word, "silent" (no acknowledgement), a CONNACK return code, or taken. */
export type Verdict = "close" | "silent" | "take";

export interface Rules {
  connect(packet: IConnectPacket): "close" | number;
  /** Seconds of silence after which the connection is closed. */
  patienceS(keepalive: number): number;
  publish(packet: IPublishPacket): Verdict;
  /** What is granted for each filter, or what happens instead. */
  subscribe(packet: ISubscribePacket, known: ReadonlySet<string>): "close" | "silent" | (0 | 1 | 128)[];
  /** A message that was taken. */
  onPublish(packet: IPublishPacket, broker: CloudBroker): void;
}

export interface CloudBroker {
  readonly port: number;
  /** Why connections were ended by this side. */
  readonly closed: string[];
  /** Messages that were taken, Wills among them. */
  readonly taken: IPublishPacket[];
  /** To whoever has subscribed; QoS as granted. */
  send(topic: string, payload: string | Buffer): void;
  /** Cuts every connection. */
  drop(): void;
  close(): void;
}

const matches = (filter: string, topic: string): boolean =>
  filter.endsWith("/#") ? topic.startsWith(filter.slice(0, -1)) : filter === topic;

class Connection {
  readonly granted = new Map<string, 0 | 1>();
  private readonly socket: Socket;
  private readonly rules: Rules;
  private readonly broker: CloudBroker;
  private readonly secondMs: number;
  private patience: NodeJS.Timeout | undefined;
  private patienceS = 60;
  private will: IConnectPacket["will"];
  private isUp = false;
  private lastId = 0;

  constructor(socket: Socket, rules: Rules, broker: CloudBroker, secondMs: number) {
    this.socket = socket;
    this.rules = rules;
    this.broker = broker;
    this.secondMs = secondMs;
    const parser = mqttPacket.parser({ protocolVersion: 4 } as never);
    parser.on("packet", (packet) => {
      if (socket.destroyed) return;
      this.wait();
      this.take(packet);
    });
    parser.on("error", (error) => this.end(error.message));
    socket.on("data", (data) => parser.parse(data));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(this.patience);
      const will = this.will;
      this.will = undefined;
      if (will) this.broker.taken.push({ ...will, cmd: "publish", dup: false } as IPublishPacket);
    });
  }

  deliver(topic: string, payload: string | Buffer): void {
    const grant = [...this.granted].find(([filter]) => matches(filter, topic));
    if (!grant) return;
    const qos = grant[1];
    if (qos) this.lastId = (this.lastId % 1000) + 1;
    this.write({ cmd: "publish", topic, payload, qos, dup: false, retain: false, messageId: this.lastId });
  }

  end(why: string): void {
    this.broker.closed.push(why);
    this.socket.destroy();
  }

  private write(packet: mqttPacket.Packet): void {
    if (!this.socket.destroyed) this.socket.write(mqttPacket.generate(packet));
  }

  private wait(): void {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.end("silence"), this.patienceS * this.secondMs);
  }

  private take(packet: mqttPacket.Packet): void {
    if (packet.cmd === "connect") this.connect(packet);
    else if (!this.isUp) this.end("no CONNECT");
    else if (packet.cmd === "publish") this.publish(packet);
    else if (packet.cmd === "subscribe") this.subscribe(packet);
    else if (packet.cmd === "pingreq") this.write({ cmd: "pingresp" });
    else if (packet.cmd === "disconnect") {
      this.will = undefined;
      this.socket.end();
    } else if (packet.cmd !== "puback") this.end(packet.cmd);
  }

  private connect(packet: IConnectPacket): void {
    const verdict = this.rules.connect(packet);
    if (verdict === "close") {
      this.end("connect");
      return;
    }
    this.write({ cmd: "connack", returnCode: verdict, sessionPresent: false });
    if (verdict !== 0) {
      this.end(`connack ${verdict}`);
      return;
    }
    this.isUp = true;
    this.will = packet.will;
    this.patienceS = this.rules.patienceS(packet.keepalive ?? 0);
    this.wait();
  }

  private publish(packet: IPublishPacket): void {
    const verdict = this.rules.publish(packet);
    if (verdict === "close") this.end("publish");
    if (verdict !== "take") return;
    if (packet.qos === 1) this.write({ cmd: "puback", messageId: packet.messageId as number });
    this.broker.taken.push(packet);
    this.rules.onPublish(packet, this.broker);
  }

  private subscribe(packet: ISubscribePacket): void {
    const granted = this.rules.subscribe(packet, new Set(this.granted.keys()));
    if (granted === "close") this.end("subscribe");
    if (typeof granted === "string") return;
    packet.subscriptions.forEach(({ topic }, index) => {
      const qos = granted[index];
      if (qos === 0 || qos === 1) this.granted.set(topic, qos);
    });
    this.write({ cmd: "suback", messageId: packet.messageId as number, granted });
  }
}

/** `secondMs`: how long a second of a keep alive lasts. */
export async function startCloudBroker(rules: Rules, secondMs = 1000): Promise<CloudBroker> {
  const connections = new Map<Socket, Connection>();
  const server = createServer((socket) => {
    connections.set(socket, new Connection(socket, rules, broker, secondMs));
    socket.on("close", () => connections.delete(socket));
  });
  const broker: CloudBroker = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    closed: [],
    taken: [],
    send(topic, payload) {
      for (const connection of connections.values()) connection.deliver(topic, payload);
    },
    drop() {
      for (const socket of connections.keys()) socket.destroy();
    },
    close() {
      broker.drop();
      server.close();
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return broker;
}
