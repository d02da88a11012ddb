/**
 * A device and its broker without a clock, in one realm: everything happens when a command says so, also what goes wrong.
 * The device's flash, and nothing else of it, outlives a boot.
 */
import type * as ClientModule from "../../modules/mqtt/client.ts";
import type * as OutboxModule from "../../modules/mqtt/outbox.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";
import type { QoS } from "../../modules/mqtt/types.ts";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import type { Codec, NamedPacket } from "./mqtt.ts";
import { loadCodec } from "./mqtt.ts";
import { SessionBroker } from "./mqtt-model-broker.ts";
import { idText, publishText } from "./outbox-model.ts";

export type Client = ClientModule.Client;

export interface Modules {
  board: VirtualBoard;
  codec: Codec;
  flash: FlashMemory;
  createClient: typeof ClientModule.createClient;
  createOutbox: typeof OutboxModule.createOutbox;
  /** Flashes that were worked on for a while, about to turn a page. */
  used: FlashMemory[];
}

const PAGES = 4;

export async function loadModules(isDurable: boolean): Promise<Modules> {
  const flash = new FlashMemory();
  const board = new VirtualBoard({ board: "rak5010", serial: { paced: false }, clock: createManualClock(), flash });
  board.start();
  flash.onPowerCut = () => {};
  const features = { MQTT5: false, OUTBOX: isDurable };
  const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", { board, features });
  const { createOutbox } = await loadModule<typeof OutboxModule>("modules/mqtt/outbox.ts", { board, features });
  const used: FlashMemory[] = [];
  for (const bytes of [0, 3900, 4000, 4040, 8000, 15_700, 24_200]) {
    const outbox = createOutbox(PAGES, 0) as OutboxModule.Outbox;
    for (let i = 0; i * 66 < bytes; i++) {
      outbox.put(idText(1 + i), publishText(1, 36, i));
      outbox.put(idText(1 + i), "");
    }
    const copy = new FlashMemory();
    copy.copyFrom(flash);
    used.push(copy);
    flash.copyFrom(new FlashMemory());
  }
  return { board, codec: await loadCodec(), flash, createClient, createOutbox, used };
}

export interface Message {
  readonly number: number;
  readonly qos: QoS;
  /** What `publish` promised: undefined when the power failed in it. */
  isAccepted: boolean | undefined;
}

interface Connection {
  isOpen: boolean;
  up: NamedPacket[];
  down: NamedPacket[];
  written: (() => void) | undefined;
  transport: Transport;
}

interface Boot {
  isDead: boolean;
  client: Client;
  /** Messages whose callback has not come. */
  waiting: Set<number>;
}

export class World {
  readonly broker = new SessionBroker();
  readonly messages: Message[] = [];
  /** What the application was handed. */
  readonly heard: { payload: string; qos: QoS; dup: boolean }[] = [];
  readonly downs: { payload: string; qos: QoS }[] = [];
  /** Handed over in the moment in which the device ended. */
  readonly twice = new Set<string>();
  /** What was not as it should be. */
  readonly problems: string[] = [];
  boots = 0;
  /** Boots because the power failed at the flash. */
  cuts = 0;
  faults = 0;
  private inHand = "";
  boot: Boot;
  private connection: Connection | undefined;
  private writesLeft = Number.POSITIVE_INFINITY;
  private isHanded = false;
  private readonly modules: Modules;
  private readonly isDurable: boolean;
  private readonly maxInflight: number;

  constructor(modules: Modules, isDurable: boolean, maxInflight: number, usedFlash = 0) {
    this.modules = modules;
    this.isDurable = isDurable;
    this.maxInflight = maxInflight;
    modules.flash.copyFrom(modules.used[usedFlash] ?? new FlashMemory());
    this.boot = this.start();
  }

  get isConnected(): boolean {
    return this.boot.client.connected;
  }

  get isQuiet(): boolean {
    const { connection } = this;
    const isMoving = !connection || connection.up.length + connection.down.length > 0 || connection.written;
    return !isMoving && this.isConnected && this.boot.client.queued() === 0 && this.broker.isIdle;
  }

  // ---------------------------------------------------------------------------------------------- the device

  private start(): Boot {
    const { createClient, createOutbox } = this.modules;
    this.boots++;
    this.writesLeft = Number.POSITIVE_INFINITY;
    const options = { clientId: "dev", clean: false, keepalive: 0, maxQueue: 12, maxInflight: this.maxInflight };
    const client = createClient(options, this.isDurable ? createOutbox(PAGES, 0) : undefined);
    const boot: Boot = { isDead: false, client, waiting: new Set() };
    client.on("message", (_topic, payload, { qos, dup }) => {
      if (!this.lives(boot)) return;
      this.inHand = payload;
      this.heard.push({ payload, qos, dup });
      if (payload.endsWith("echo")) this.publishNow(boot, (1 + (this.heard.length % 2)) as QoS, 10);
    });
    client.on("error", (error) => {
      if (this.lives(boot)) this.check(false, `error ${error?.code}`);
    });
    return boot;
  }

  /** Not thrown: the client guards itself against what listeners throw. */
  private check(isTrue: boolean, problem: string): void {
    if (!isTrue) this.problems.push(problem);
  }

  private lives(boot: Boot): boolean {
    return boot === this.boot && !boot.isDead && this.modules.flash.isPowered;
  }

  /** Runs something on the device, which may end in the middle of it. */
  private act(run: () => void): void {
    const { boot } = this;
    this.inHand = "";
    try {
      run();
    } catch (error) {
      if (this.lives(boot)) throw error;
    }
    if (!this.lives(boot)) this.reboot();
  }

  private reboot(): void {
    const { boot, connection } = this;
    this.faults++;
    if (!boot.isDead) this.cuts++;
    this.twice.add(this.inHand);
    boot.isDead = true;
    this.modules.flash.powerOn();
    if (connection) this.disconnect(connection);
    boot.client.end(true);
    this.boot = this.start();
  }

  publish(qos: QoS, size: number): void {
    this.act(() => this.publishNow(this.boot, qos, size));
  }

  private publishNow(boot: Boot, qos: QoS, size: number): void {
    const message: Message = { number: this.messages.length, qos, isAccepted: undefined };
    this.messages.push(message);
    let calls = 0;
    let isRefused = false;
    let isReturned = false;
    boot.waiting.add(message.number);
    const isMore = boot.client.publish("up", `${message.number}|`.padEnd(size, "."), { qos }, (error) => {
      if (!this.lives(boot)) return;
      this.check(++calls === 1, "a callback came twice");
      boot.waiting.delete(message.number);
      if (error) this.check(error.code === "MQTT_FULL" && !isReturned, `failed: ${error.code}`);
      isRefused = error !== undefined;
    });
    isReturned = true;
    if (!this.lives(boot)) return;
    message.isAccepted = !isRefused;
    this.check(!(isRefused && isMore), "refused, and more may come");
  }

  attach(): void {
    if (this.connection) return;
    const { codec } = this.modules;
    const { boot } = this;
    const parse = codec.createParser("client", (packet) => connection.up.push({ ...packet }), 2 ** 20);
    const connection: Connection = {
      isOpen: true,
      up: [],
      down: [],
      written: undefined,
      transport: {
        write: (bytes, done) => {
          if (!this.lives(boot)) return;
          this.check(connection.isOpen, "a write to a closed transport");
          this.check(connection.written === undefined, "two writes at a time");
          const isEnd = --this.writesLeft < 0;
          if (!isEnd || this.isHanded) this.check(parse(bytes) === undefined, "bytes that are no packet");
          if (isEnd) this.kill();
          connection.written = done;
        },
        close: () => {
          connection.isOpen = false;
          if (this.connection === connection && this.lives(boot)) this.disconnect(connection);
        },
        poll() {},
      },
    };
    this.connection = connection;
    this.broker.disconnect();
    this.broker.send = (packet) => connection.down.push(packet);
    this.act(() => boot.client.attach(connection.transport));
  }

  /** The write under way is done. */
  written(): void {
    const { connection } = this;
    const done = connection?.written;
    if (!connection || !done) return;
    connection.written = undefined;
    this.act(done);
  }

  /** The next packets in one chunk, or in two that are cut anywhere. */
  giveDown(count: number, cut: number): void {
    const { connection } = this;
    const packets = connection?.down.splice(0, count) ?? [];
    if (!connection || packets.length === 0) return;
    const parts = packets.map((packet) => this.modules.codec.encode(packet));
    const bytes = parts.join("");
    const at = cut < 0 ? bytes.length : cut % bytes.length;
    const { boots } = this;
    for (const packet of packets) this.broker.delivered(packet);
    for (const chunk of [bytes.slice(0, at), bytes.slice(at)]) {
      if (chunk && connection.isOpen) this.act(() => connection.transport.onData?.(chunk));
    }
    if (this.boots === boots) for (const packet of packets) this.broker.understood(packet);
  }

  giveUp(count: number): void {
    for (const packet of this.connection?.up.splice(0, count) ?? []) this.broker.take(packet);
  }

  // ---------------------------------------------------------------------------------------------- faults

  /** The connection breaks: so many packets of each side still arrive. */
  drop(up: number, down: number): void {
    if (!this.connection) return;
    this.faults++;
    this.giveUp(up);
    this.giveDown(down, -1);
    const { connection } = this;
    if (!connection) return;
    this.disconnect(connection);
    this.act(() => connection.transport.onClose?.({ code: "SOCKET_CLOSED" }));
  }

  private disconnect(connection: Connection): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.broker.disconnect();
    connection.isOpen = false;
    connection.written = undefined;
  }

  restart(isKept: boolean): void {
    this.faults++;
    if (!isKept) this.broker.loseSession();
    this.drop(0, 0);
  }

  /** The device starts anew; so many packets of its are on their way already. */
  reset(up: number): void {
    this.giveUp(up);
    this.act(() => this.kill());
  }

  /** At the write behind so many others, before it is handed over or after. */
  resetAtWrite(writes: number, isHanded: boolean): void {
    this.writesLeft = writes;
    this.isHanded = isHanded;
  }

  powerFailsAfter(steps: number, seed: number | undefined): void {
    this.modules.flash.powerFailsAfter(steps, seed);
  }

  private kill(): void {
    this.boot.isDead = true;
    // What the code would still do after its end must not reach the flash.
    this.modules.flash.powerFailsAfter(0);
  }

  // ---------------------------------------------------------------------------------------------- the end

  publishDown(qos: QoS, isEcho: boolean): void {
    const payload = `${this.downs.length}${isEcho ? "echo" : ""}`;
    this.downs.push({ payload, qos });
    this.broker.publish(payload, qos);
  }

  /** A bit of everything that moves by itself. */
  run(): void {
    this.attach();
    this.written();
    this.giveUp(100);
    this.giveDown(100, -1);
  }

  /** Nothing goes wrong any more. */
  settle(): void {
    this.modules.flash.powerOn();
    this.writesLeft = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 500 && !this.isQuiet; i++) this.run();
    this.check(this.isQuiet, `it does not come to rest: ${this.boot.client.queued()} queued`);
    this.check(this.boot.waiting.size === 0, `callbacks that did not come: ${[...this.boot.waiting].join()}`);
  }

  /** What became of all messages; the problems are empty when all is as it should be. */
  verdict(): { problems: string[]; lost: number; doubled: number; messages: number } {
    const problems = [...this.problems];
    const result = { problems, lost: 0, doubled: 0, messages: 0 };
    const { taken } = this.broker;
    for (const { number, qos, isAccepted } of this.messages) {
      const times = taken.filter(({ payload }) => Number.parseInt(payload, 10) === number);
      // A broker that lost the session takes a QoS 2 message for a new one.
      const counted = new Set(times.map(({ losses }) => losses)).size;
      if (isAccepted && qos > 0 && times.length === 0) {
        result.lost++;
        problems.push(`message ${number} of QoS ${qos} was lost`);
      }
      if (qos === 2 && times.length > counted) {
        result.doubled++;
        problems.push(`message ${number} of QoS 2 came ${times.length} times`);
      }
      if (isAccepted === false && times.length > 0) problems.push(`message ${number} was refused, and came`);
      if (qos === 0 && times.length > 1) problems.push(`message ${number} of QoS 0 came ${times.length} times`);
      if (isAccepted) result.messages++;
    }
    for (const { payload, qos } of this.downs) {
      const times = this.heard.filter((one) => one.payload === payload);
      if (qos > 0 && times.length === 0 && !this.broker.lost.has(payload)) {
        result.lost++;
        problems.push(`incoming ${payload} of QoS ${qos} was lost`);
      }
      const most = this.twice.has(payload) ? this.boots : 1;
      if (qos === 2 && times.length > most) {
        result.doubled++;
        problems.push(`incoming ${payload} of QoS 2 came ${times.length} times`);
      }
      if (qos === 2 && times.slice(1).some(({ dup }) => !dup)) problems.push(`${payload} came again without DUP`);
      if (qos === 0 && times.length > 1) problems.push(`incoming ${payload} of QoS 0 came ${times.length} times`);
      if (qos > 0) result.messages++;
    }
    const firsts = (list: { payload: string }[]) => [
      ...new Set(list.map(({ payload }) => Number.parseInt(payload, 10))),
    ];
    for (const [name, list] of [
      ["messages", firsts(taken)],
      ["incoming messages", firsts(this.heard)],
    ] as const) {
      if (list.some((number, i) => number < (list[i - 1] ?? 0))) problems.push(`order of ${name}: ${list.join()}`);
    }
    return result;
  }
}
