/** The board starts anew at the worst moment: in the middle of a send, and when there is no memory left. */
import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import type { ModemEvent } from "../../tools/virtual-modem/index.ts";
import { type Field, startField } from "./field.ts";
import { interpreterPath } from "./harness.ts";

const LIMIT_MS = 60_000;
/** Bytes that the modem waits for: more than one question at power-on and the first one of a resynchronisation. */
const MISSING = 20;

/** A wire to the modem that lets only so much through; what comes behind is lost, as in a reset of the board. */
class CutWire extends Duplex {
  private readonly uart: Duplex;
  private left = Number.POSITIVE_INFINITY;
  private onCut: () => void = () => {};

  constructor(uart: Duplex) {
    super({ read() {} });
    this.uart = uart;
    uart.on("data", (bytes: Buffer) => this.push(bytes));
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    const part = bytes.subarray(0, this.left);
    this.left -= part.length;
    this.uart.write(part);
    if (this.left === 0) this.onCut();
    done();
  }

  /** Resolves when `bytes` more have gone through. */
  cutBehind(bytes: number): Promise<void> {
    this.left = bytes;
    return new Promise((resolve) => {
      this.onCut = resolve;
    });
  }

  mend(): void {
    this.left = Number.POSITIVE_INFINITY;
  }
}

function suite(): void {
  let field: Field;
  let wire: CutWire;
  let reboots = 0;
  before(async () => {
    const { code } = await bundleFirmware({ board: "rak5010", features: { OUTBOX: true, MQTT5: false } });
    field = await startField({
      board: "rak5010",
      image: code,
      intervalS: 3600,
      latency: 0.02,
      config: { backoffMaxS: 2 },
      onReboot: () => void reboots++,
      wire: (uart) => {
        wire = new CutWire(uart);
        return wire;
      },
    });
    await until("the first connection", () => field.packets("out").some(({ cmd }) => cmd === "suback"));
  });
  after(() => field?.stop());

  async function until(what: string, condition: () => boolean): Promise<void> {
    for (const start = Date.now(); !condition(); await sleep(20))
      assert.ok(
        Date.now() - start < LIMIT_MS,
        `waited a minute for ${what}: ${field.interpreter.console().slice(-1500)}`,
      );
  }

  const payloads = (topic: string): string[] =>
    field
      .packets("in")
      .flatMap((packet) => (packet.cmd === "publish" && packet.topic === topic ? [String(packet.payload)] : []));

  it("in the middle of a send: what the modem still waits for is not made up of commands", async () => {
    while ((await field.interpreter.evaluate("godwit.client.queued()")) !== "0") await sleep(50);
    const whole = "x".repeat(100);
    const sent = new Promise<void>((resolve) => {
      const onEvent = (event: ModemEvent): void => {
        const [, length] = (event.type === "command" && /^AT\+QSSLSEND=0,(\d+)$/.exec(event.line)) || [];
        if (length === undefined) return;
        field.modem.off("event", onEvent);
        wire.cutBehind(Number(length) - MISSING).then(resolve);
      };
      field.modem.on("event", onEvent);
    });
    await field.interpreter.evaluate(`godwit.client.publish("reset/send","${whole}",{qos:1})`);
    await sent;
    await field.interpreter.powerCycle();
    wire.mend();
    await until("the message", () => payloads("reset/send").includes(whole));
    assert.deepEqual([...new Set(payloads("reset/send"))], [whole]);
  });

  it("out of memory: it starts again at once, and has what it had accepted", async () => {
    await field.interpreter.evaluate('godwit.client.publish("reset/memory","kept",{qos:1})');
    await field.interpreter.evaluate('setTimeout(function(){for(var all=[];;)all.push("19 chars of anything")},1)');
    await until("the restart", () => reboots > 0);
    await until("the message", () => payloads("reset/memory").includes("kept"));
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("a reset at the worst moment", { timeout: 150_000 }, suite);
