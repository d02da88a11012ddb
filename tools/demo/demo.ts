/** The demo: joins the parts, and lets each of them tell what happens to it. */
import type { Clock } from "../clock.ts";
import type { ErrorTable } from "../errors/error-table.ts";
import type { Image } from "../flash/image.ts";
import type { VirtualBoard } from "../virtual-board/board.ts";
import type { ModemEvent } from "../virtual-modem/index.ts";
import { createDeviceStory, type DeviceStory, explain } from "./device-story.ts";
import { createDirector, type Director } from "./director.ts";
import { count, type Entry, type Extras, type Topic } from "./entry.ts";
import { type DemoFault, FAULT_PLANS } from "./faults.ts";
import { createModemStory } from "./modem-story.ts";
import { type Acknowledged, createMqttStory, type MqttStory } from "./mqtt-story.ts";
import { embeddedPeer, foreignPeer, type OwnBroker, type Peer, storeDetails } from "./peer.ts";
import { createPlayground, type Playground } from "./playground.ts";
import { createReferee, type Referee, type Verdict } from "./referee.ts";
import { type Certificates, createStage, FILE_NAMES, MODEL, type Stage, type StageListeners, TOPICS } from "./stage.ts";
import { isLasting, type LastingFault, worldWith } from "./world.ts";

export interface DemoOptions {
  readonly board: string;
  readonly image: Image;
  readonly errors: ErrorTable;
  readonly clock: Clock;
  readonly once: number | undefined;
  readonly fault: DemoFault | undefined;
  readonly ownBroker: OwnBroker | undefined;
  readonly trace: boolean;
  /** Real seconds after which a run that should end is given up. */
  readonly limitS: number;
  /** Settings of src/config.ts beyond those that lead to the broker. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly onEntry: (entry: Entry) => void;
  /** AT traffic, also while `trace` keeps it out of the timeline. */
  readonly onTrace?: (entry: Entry) => void;
  /** After every change of what the playground has active. */
  readonly onFaults?: () => void;
  readonly onBoard?: (state: BoardState) => void;
}

export type BoardState = "on" | "off" | "rebooting";

/** A publish in so many is followed by a line of gauges. */
const GAUGE_EVERY = 4;

/** From the reset to the first line of the image, and a little. */
const REBOOT_MS = 100;

const grouped = (n: number): string => n.toLocaleString("en-US");

export class Demo {
  /** Resolves when the run is over: never by itself when it is to go on until it is stopped. */
  readonly verdict: Promise<Verdict>;
  trace: boolean;
  private readonly options: DemoOptions;
  private readonly referee: Referee;
  private readonly mqttStory: MqttStory;
  private readonly modemStory: (event: ModemEvent) => void;
  private readonly deviceStory: DeviceStory;
  private decide: (verdict: Verdict) => void = () => undefined;
  private peer: Peer | undefined;
  private stage: Stage | undefined;
  private director: Director | undefined;
  private ground: Playground | undefined;
  private limit: ReturnType<typeof setTimeout> | undefined;
  /** Why the first handshake failed, as only the virtual modem knows. */
  private truth: string | undefined;
  private isOver = false;

  constructor(options: DemoOptions) {
    const { fault, once, errors, image } = options;
    this.options = options;
    this.trace = options.trace;
    this.verdict = new Promise((resolve) => {
      this.decide = resolve;
    });
    this.referee = createReferee({ once, fault, onVerdict: (verdict) => this.conclude(verdict) });
    this.mqttStory = createMqttStory({
      tell: this.tell,
      now: () => this.now(),
      onConnected: () => this.referee.connected(),
      onAcknowledged: (publish) => this.acknowledged(publish),
    });
    this.modemStory = createModemStory({
      tell: this.tell,
      trace: () => this.trace || options.onTrace !== undefined,
      ntpServer: "the demo's time server",
      model: MODEL,
      caName: FILE_NAMES.ca,
    });
    this.deviceStory = createDeviceStory({
      tell: this.tell,
      errors,
      buildTime: image.buildTime,
      image,
      // A run that must not connect ends with the explanation: once is enough.
      explains: fault === undefined || FAULT_PLANS[fault].ends === "overcome",
      status: () => this.stage?.status(),
      onFailure: (failure) => this.referee.failed(failure),
      onState: (state) => this.reached(state),
    });
  }

  async start(): Promise<void> {
    const { fault, once, board, limitS, ownBroker } = this.options;
    const initial: LastingFault[] = fault !== undefined && isLasting(fault) ? [fault] : [];
    const world = worldWith(initial);
    const peer = await (ownBroker === undefined
      ? embeddedPeer(world, (event) => this.mqttStory.broker(event))
      : foreignPeer(ownBroker, {
          tell: this.tell,
          unacknowledged: () => this.stage?.queued() ?? 0,
          onAcknowledged: (publish) => this.acknowledged(publish),
        }));
    this.peer = peer;
    const stage = await createStage({ ...this.options, ...peer, world, broker: peer }, this.listeners());
    this.stage = stage;
    const { onFaults = () => undefined } = this.options;
    this.ground = createPlayground({ stage, peer, tell: this.tell, initial, onChange: onFaults });
    this.director = createDirector({
      clock: stage.clock,
      fault,
      tell: this.tell,
      publish: (payload) => peer.publish(TOPICS.command, payload),
      strike: (name) => {
        this.strike(name, true);
        this.referee.struck();
      },
    });
    this.tell("demo", `${board} with ${MODEL}, both virtual, to ${peer.what} at ${peer.host}:${peer.port}`);
    if (fault !== undefined) this.tell("fault", `${fault}: ${FAULT_PLANS[fault].says}`);
    this.tell("files", "in the modem's store", { details: storeDetails(peer.certificates, world) });
    stage.start();
    const mustEnd = once !== undefined || (fault !== undefined && FAULT_PLANS[fault].ends === "refused");
    if (mustEnd) this.limit = setTimeout(() => this.referee.timedOut(limitS), limitS * 1000);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    clearTimeout(this.limit);
    this.director?.stop();
    await this.stage?.stop();
    await this.peer?.close();
  }

  /** For whoever sits at the keyboard. */
  act(what: "report" | "drop" | "reset"): void {
    if (what === "report") this.send({ cmd: "report" });
    else this.strike(what, true);
  }

  /** Publishes a command to the device. */
  send(command: Readonly<Record<string, unknown>>): void {
    this.director?.send(command);
  }

  /** Switches a fault of the playground. */
  strike(name: string, on: boolean): void {
    if (on) this.deviceStory.explainAgain();
    void this.ground?.set(name, on);
  }

  power(on: boolean): void {
    this.ground?.power(on);
  }

  /** Those that can be switched now. */
  get faults(): Playground["faults"] {
    return this.ground?.faults ?? [];
  }

  get board(): VirtualBoard {
    return this.running().board;
  }

  /** What the modem's store was filled with, and a CA that fits nothing; undefined where these are the user's. */
  get ownFiles(): (Certificates & { readonly otherCa: string }) | undefined {
    const { peer } = this;
    return peer?.change === undefined ? undefined : { ...peer.certificates, otherCa: peer.otherCa };
  }

  private readonly tell = (topic: Topic, text: string, extras: Extras = {}): void => {
    // What the parts say while they are taken apart is no part of the story.
    if (this.isOver) return;
    const entry: Entry = { atMs: this.now(), topic, mark: "info", text, ...extras };
    if (entry.mark === "trace") this.options.onTrace?.(entry);
    if (entry.mark !== "trace" || this.trace) this.options.onEntry(entry);
  };

  /** Since board and modem were switched on, on their clock. */
  get elapsedMs(): number {
    return this.now();
  }

  private now(): number {
    return this.stage?.clock.now() ?? 0;
  }

  private running(): Stage {
    if (this.stage === undefined) throw new Error("the demo has not started");
    return this.stage;
  }

  private listeners(): StageListeners {
    const { tell } = this;
    return {
      modem: (event) => {
        if (event.type === "socket" && event.action === "failed") this.truth ??= `${event.cause}: ${event.detail}`;
        this.modemStory(event);
        this.mqttStory.modem(event);
      },
      console: (text) => this.deviceStory.console(text),
      uncaught: (message, stack) => this.deviceStory.uncaught(message, stack),
      rebooted: (why) => {
        this.deviceStory.rebooted();
        tell("device", why === "watchdog" ? "the watchdog resets the board" : "the board reboots", { mark: "fault" });
        this.rebooting();
      },
      powered: (isOn) => {
        this.deviceStory.rebooted();
        this.options.onBoard?.(isOn ? "on" : "off");
      },
      sntp: ({ from }) => tell("clock", `the demo's time server answers a request from ${from}`),
      alarm: (text) => tell("device", text, { mark: "fault" }),
    };
  }

  /** The board says when it goes down; that it is up again shows a moment later. */
  private rebooting(): void {
    const { onBoard } = this.options;
    if (onBoard === undefined) return;
    onBoard("rebooting");
    const { clock, board } = this.running();
    clock.setTimeout(() => {
      if (board.running) onBoard("on");
    }, REBOOT_MS);
  }

  private reached(state: string): void {
    const { fault } = this.options;
    if (state === "timed" && fault === "wrong-clock" && this.stage?.status()?.clock.refused.includes("nitz")) {
      this.referee.struck();
    }
    // Of a broker whose packets cannot be seen nobody but the device can say so.
    if (state === "connected" && this.peer?.isOpen === false) this.referee.connected();
  }

  private acknowledged({ topic, payload }: Acknowledged): void {
    if (topic === TOPICS.result) this.answered(payload);
    if (topic !== TOPICS.telemetry) return;
    this.referee.acknowledged();
    if (this.isOver) return;
    this.director?.begin();
    if (this.referee.publishes % GAUGE_EVERY === 1) this.gauge();
  }

  private answered(payload: string): void {
    const { cmd, error } = JSON.parse(payload) as { cmd: string; error?: string };
    if (error === undefined) {
      this.tell("command", `executed: ${cmd}`, { mark: "good", data: { executed: cmd } });
      this.referee.executed();
    } else {
      const details = explain(this.options.errors, error);
      this.tell("command", `the device refuses "${cmd}": ${error}`, { mark: "fault", details, data: { code: error } });
    }
  }

  private gauge(): void {
    const data = this.stage?.gauge();
    if (data === undefined) return;
    const { variables, variablesTotal, uartIn, uartOut, exchanges } = data;
    const memory = `${grouped(variables)} of ${grouped(variablesTotal)} variables in use`;
    const bytes = `UART ${grouped(uartIn)} bytes in, ${grouped(uartOut)} out`;
    this.tell("device", `${memory}; ${bytes}; ${count(exchanges, "AT exchange")} so far`, { data: { ...data } });
  }

  private conclude(verdict: Verdict): void {
    const { failure, exitCode, text } = verdict;
    const { referee } = this;
    if (referee.connects > 0) this.gauge();
    const details = failure === undefined ? [] : explain(this.options.errors, failure.code);
    if (failure !== undefined && this.truth !== undefined) {
      details.unshift({ label: "in truth", text: `${this.truth} (only a virtual modem can tell)` });
    }
    const number = failure?.cause === undefined ? "" : ` (${failure.cause})`;
    this.tell("demo", failure === undefined ? text : `${text} with ${failure.code}${number}`, {
      mark: exitCode === 0 ? "good" : "fault",
      details,
      data: { exitCode, publishes: referee.publishes, commands: referee.commands, connects: referee.connects },
    });
    this.isOver = true;
    this.decide(verdict);
  }
}
