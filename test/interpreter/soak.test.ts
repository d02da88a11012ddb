/**
 * Traffic both ways through the image on the real interpreter, with the plug pulled, links lost and a broker that goes away: what was
 * accepted arrives, whole, and as often as its QoS says; and when it is quiet again nothing of it is left in memory.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { pretokenise } from "../../tools/build/pretokenise.ts";
import { crc32 } from "../../tools/flash/crc32.ts";
import { createRandom } from "../../tools/virtual-modem/random.ts";
import { type Field, startField } from "./field.ts";
import { interpreterPath } from "./harness.ts";

const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);
const LIMIT_MS = 60_000;
/** Each way, of each QoS, in each of the three parts. */
const MESSAGES = 8;
const QOS = [0, 1, 2] as const;
type QoS = (typeof QOS)[number];

/** What could be taken for the modem's words, the console's, or the end of a text. */
const TRAPS = [
  "\r\nOK\r\n",
  "\r\nERROR\r\n",
  '\r\n+QSSLURC: "closed",0\r\n',
  "\0",
  "\x03\x10",
  "\"'\\",
  "> ",
  "\xff\xfe",
];

/**
 * On the device: tells of every message, and sends on request. Each message has its sum in its topic, so that one that is damaged is told
 * from one that is not known.
 */
const APPLICATION = `(function(){
var client=godwit.client,traps=${JSON.stringify(TRAPS).replace(/\\u00/g, "\\x").replace("\xff\xfe", "\\xff\\xfe")},queue=[];
client.on("message",function(topic,payload){
if(topic.startsWith("down/"))print("#"+topic+" "+(E.CRC32(payload)>>>0));
});
client.subscribe("down/#",{qos:2});
function more(){
while(queue.length&&client.queued()<20){
var one=queue.shift(),text="";
while(text.length<one[2])text+=traps[Math.randInt(traps.length)]+Math.randInt(99999);
client.publish("up/"+one[0]+"/"+one[1]+"/"+(E.CRC32(text)>>>0),text,{qos:one[0]});
print("#sent/"+one[0]+"/"+one[1]);
}
if(queue.length)setTimeout(more,50);
}
send=function(qos,from,count,bytes){
for(var i=0;i<count;i++)queue.push([qos,from+i,i%4?bytes:0]);
more();
};
})()`;

class Soak {
  readonly field: Field;
  readonly console: () => string;
  private readonly random = createRandom(SEED);
  private number = 0;
  readonly down = new Map<string, QoS>();
  private sent = 0;
  private asked = 0;

  constructor(field: Field, shown: () => string) {
    this.field = field;
    this.console = shown;
  }

  payload(): string {
    const { random } = this;
    let text = "";
    const length = random.integer(5) === 0 ? 0 : random.integer(random.integer(6) === 0 ? 3000 : 400);
    while (text.length < length)
      text += (TRAPS[random.integer(TRAPS.length)] ?? "") + String.fromCharCode(random.integer(256)).repeat(9);
    return text.slice(0, length);
  }

  /** Messages of every QoS, both ways at once. */
  async traffic(): Promise<void> {
    for (let n = 0; n < MESSAGES; n++)
      for (const qos of QOS) {
        const payload = this.payload();
        // The broker makes UTF-8 of it.
        const topic = `down/${qos}/${this.number++}/${crc32(Buffer.from(payload).toString("latin1"))}`;
        this.down.set(topic, qos);
        await this.field.broker.publish(topic, payload, { qos });
      }
    for (const qos of QOS) await this.field.interpreter.evaluate(`send(${qos},${this.sent},${MESSAGES},200)`);
    this.sent += MESSAGES;
    this.asked += QOS.length * MESSAGES;
  }

  /** The device was reset: what it had not sent yet it has forgotten, and nobody was told that it would be. */
  forget(): void {
    this.asked = this.acceptedNumbers().size;
  }

  /** Topics of what the device has sent so far, whole; what goes again has to say so. */
  upwards(): Set<string> {
    const topics = new Set<string>();
    for (const packet of this.field.packets("in")) {
      if (packet.cmd !== "publish" || !packet.topic.startsWith("up/")) continue;
      const { topic, payload, dup } = packet;
      assert.equal(Number(topic.split("/")[3]), crc32(Buffer.from(payload).toString("latin1")), `${topic} is damaged`);
      assert.ok(dup || !topics.has(topic), `${topic} went twice and says nothing of it`);
      topics.add(topic);
    }
    return topics;
  }

  received(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [, topic = "", sum] of this.console().matchAll(/#(down\/\d\/\d+\/\d+) (\d+)/g)) {
      assert.equal(topic.split("/")[3], sum, `${topic} is damaged`);
      counts.set(topic, (counts.get(topic) ?? 0) + 1);
    }
    return counts;
  }

  /** `qos/number` of what the device was told to send and has accepted. */
  acceptedNumbers(): Set<string> {
    return new Set([...this.console().matchAll(/#sent\/(\d\/\d+)/g)].map(([, number = ""]) => number));
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const start = Date.now();
    while (!(await condition())) {
      assert.ok(Date.now() - start < LIMIT_MS, `waited a minute for ${what}: ${this.console().slice(-1500)}`);
      await sleep(50);
    }
  }

  async settled(): Promise<void> {
    const isOver = async (): Promise<boolean> => {
      const received = this.received();
      const isHere = [...this.down].every(([topic, qos]) => qos === 0 || received.has(topic));
      return isHere && this.acceptedNumbers().size === this.asked && (await this.isIdle());
    };
    await this.until("all messages", isOver);
  }

  private async isIdle(): Promise<boolean> {
    const isIdle = "godwit.client.connected&&!godwit.client.queued()";
    return (await this.field.interpreter.evaluate(isIdle)) === "true";
  }

  /** Variables when nothing is under way: the least of some looks. */
  async idleUsage(): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 8; look++) {
      least = Math.min(least, (await this.field.interpreter.memory()).usage);
      await sleep(50);
    }
    return least;
  }
}

function suite(): void {
  let field: Field;
  let soak: Soak;
  let shown = "";
  let usage = 0;
  before(async () => {
    console.log(`seed ${SEED}: GODWIT_SEED repeats it`);
    const { code } = await bundleFirmware({ board: "rak5010", features: { OUTBOX: true, MQTT5: false } });
    field = await startField({
      board: "rak5010",
      image: pretokenise(code),
      intervalS: 3600,
      latency: 0.02,
      config: { backoffMaxS: 2, resyncS: 5, whenFull: "reject" },
      onConsole: (text) => {
        shown += text;
      },
    });
    soak = new Soak(field, () => shown);
    await field.interpreter.evaluate(APPLICATION);
    await soak.until("the first connection", () => field.packets("out").some(({ cmd }) => cmd === "suback"));
    await soak.until("silence", async () => (await field.interpreter.evaluate("godwit.client.queued()")) === "0");
    usage = await soak.idleUsage();
  });
  after(() => field?.stop());

  function assertWhole(mostOfQos2: number): void {
    const topics = [...soak.upwards()].map((topic) => topic.split("/").slice(1, 3).join("/"));
    const lost = [...soak.acceptedNumbers()].filter((number) => number[0] !== "0" && !topics.includes(number));
    assert.deepEqual(lost, [], "accepted from the device, and never came");
    const received = soak.received();
    for (const [topic, qos] of soak.down) {
      const count = received.get(topic) ?? 0;
      if (qos === 2) assert.ok(count >= 1 && count <= mostOfQos2, `${topic} was handed over ${count} times`);
    }
  }

  it("loses nothing while links break and the broker goes away", async () => {
    await soak.traffic();
    field.modem.fault("drop");
    await soak.traffic();
    field.modem.fault("garbage", { bytes: 60, where: "before", on: "+QSSLRECV" });
    await field.broker.pause();
    await sleep(300);
    await field.broker.resume();
    await soak.settled();
    assertWhole(1);
  });

  it("loses nothing when the plug is pulled", async () => {
    await soak.traffic();
    // Between two sends: what a reset in the middle of one does, is a matter of its own.
    await new Promise<void>((resolve) => {
      field.modem.on("event", (event) => {
        if (event.type === "answer" && event.line === "SEND OK") resolve();
      });
    });
    await field.interpreter.powerCycle();
    await field.interpreter.evaluate(APPLICATION);
    soak.forget();
    await soak.settled();
    assertWhole(2);
  });

  it("leaves nothing behind in memory, no flag and no exception", async () => {
    const status = await field.status();
    assert.equal(status.crashes.count, 0, status.crashes.last);
    assert.deepEqual(status.flags, []);
    assert.doesNotMatch(shown, /Uncaught|interpreter error/);
    const more = (await soak.idleUsage()) - usage;
    console.log(`${soak.down.size} messages down, ${soak.upwards().size} up, ${more} variables more than before`);
    assert.ok(more < 60, `${more} variables more than before`);
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("a soak on the real interpreter", { timeout: 150_000 }, suite);
