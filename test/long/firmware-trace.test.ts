/** The trace of the real image, through a virtual modem and TLS to a broker, as a computer reads it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceEvent } from "../../tools/trace/event.ts";
import { exportTrace } from "../../tools/trace/export.ts";
import { createTraceParser } from "../../tools/trace/parse.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";
import { CUTS, GARBAGE } from "../support/variants.ts";

const LIMIT = { timeout: 60_000 };
const KEY = `-----BEGIN EC PRIVATE KEY-----\n${"MHcCAQEEIBxSecretSecretSecret0123456789abcdefghijklmnopqrstuvwxyz\n".repeat(3)}-----END EC PRIVATE KEY-----\n`;
const SECRETS = ["4711", "s3cretApn", "apnUser7", "s3cretMqtt", "mqttUser7", "SecretSecret"];

function decode(pieces: readonly string[]): TraceEvent[] {
  const events: TraceEvent[] = [];
  const parser = createTraceParser({ onEvent: (event) => void events.push(event) });
  for (const piece of pieces) parser.feed(piece, 0);
  parser.end(0);
  return events;
}

interface Recording {
  readonly raw: string;
  readonly rig: FirmwareRig;
}

/** From power-on to an answered command, with a key stored in between. */
async function record(trace: string): Promise<Recording> {
  let raw = "";
  const rig = await startFirmware({
    config: {
      pin: "4711",
      apnUser: "apnUser7",
      apnPassword: "s3cretApn",
      username: "mqttUser7",
      password: "s3cretMqtt",
    },
    modem: { sim: { pin: "4711" } },
    prepare(made) {
      made.board.on("console", (text) => {
        raw += text;
      });
      made.board.once("console", () => made.board.evaluate(`godwit.trace=${trace}`));
    },
  });
  await rig.until("connected", () => rig.console.includes("link connected"));
  rig.board.evaluate(
    `global.stored=0;godwit.files().put("spare.key",${JSON.stringify(KEY)},function(e){stored=e?2:1})`,
  );
  await rig.until("stored", () => rig.board.evaluate("stored") === 1);
  assert.equal(rig.modem.files.get("spare.key")?.toString("latin1"), KEY, "the key is in the modem's store");
  await rig.command('{"cmd":"report"}');
  assert.deepEqual(await rig.result(1), { cmd: "report" });
  await rig.until("quiet", () => rig.status().queued === 0);
  assert.equal(rig.status().crashes.count, 0);
  assert.deepEqual(rig.alarms, []);
  await rig.stop();
  return { raw, rig };
}

const mqtt = (events: readonly TraceEvent[]): string[] =>
  events.filter(({ kind }) => kind === "mqtt").map(({ text }) => text);

test(
  "godwit.trace = 2: AT explained, every MQTT packet decoded, no secret, however the console's text arrives",
  LIMIT,
  async () => {
    const { raw } = await record("2");
    const events = decode([raw]);
    const texts = mqtt(events);
    assert.match(
      texts[0] ?? "",
      /^CONNECT MQTT 3\.1\.1, session kept, keep alive 240 s, Will QoS 1 retained, user name \*\*\*, password \*\*\*, \d+ bytes/,
    );
    assert.equal(texts[1], "CONNACK accepted, new session");
    const wanted = [
      /^SUBSCRIBE id \d+: godwit\/unit\/command QoS 1$/,
      /^SUBACK id \d+: QoS 1$/,
      /^PUBLISH godwit\/unit\/status QoS 1 id \d+ retained, 6 bytes online$/,
      /^PUBLISH godwit\/unit\/telemetry QoS 1 id \d+, \d+ bytes \{"battery":/,
      /^PUBLISH godwit\/unit\/command QoS 1 id \d+, 16 bytes \{"cmd":"report"\}$/,
      /^PUBLISH godwit\/unit\/result QoS 1 id \d+, 16 bytes \{"cmd":"report"\}$/,
      /^PUBACK id \d+$/,
    ];
    for (const pattern of wanted)
      assert.ok(
        texts.some((text) => pattern.test(text)),
        `${pattern}\n${texts.join("\n")}`,
      );
    assert.ok(!texts.some((text) => text.includes("undefined")));
    // The file that the key would replace is not there, and that is all that fails.
    const failed = events.filter(({ severity }) => severity === "fault");
    assert.deepEqual(
      failed.map(({ kind, text }) => [kind, text]),
      [
        ["at-response", "+CME ERROR: 405"],
        ["note", "AT_ERROR"],
      ],
    );
    assert.equal(failed[0]?.meaning, "refused: file not found (D)");
    const open = events.find(({ kind, text }) => kind === "at-command" && text.startsWith("AT+QSSLOPEN"));
    assert.match(open?.meaning ?? "", /^opens a TLS socket: .*host broker\.test/);
    const opened = events.find(({ text }) => text === "+QSSLOPEN: 0,0");
    assert.deepEqual([opened?.kind, opened?.severity, opened?.socket], ["at-response", "good", "tls0"]);
    assert.ok(
      events.some(
        ({ kind, text, meaning }) =>
          kind === "urc" && text === '+QSSLURC: "recv",0' && meaning?.includes("wait to be read"),
      ),
    );
    // The upload is seen, and not a byte of it.
    assert.ok(events.some(({ text }) => text.startsWith('AT+QFUPL="spare.key"')));
    const shown = [raw, JSON.stringify(events), exportTrace(events, { atMs: 0 })];
    for (const text of shown) for (const secret of SECRETS) assert.ok(!text.includes(secret), secret);

    for (const [name, cut] of CUTS) assert.deepEqual(decode(cut(raw)), events, name);
    const behind = decode([`${GARBAGE}\r\n`, raw]);
    assert.deepEqual(mqtt(behind), texts, "behind garbage");
    // As the interpreter writes while somebody types: the prompt and the input are erased, and written again.
    const typed = raw.replaceAll("\r\n", "\r\n>1+\x1b[D\r\x1b[J");
    assert.deepEqual(decode([typed]), events, "with an input line under way");
    const talkative = decode([raw.replaceAll("\r\n", "\r\nthe application says: 21.5 > 20 < 30\r\n")]).filter(
      ({ text }) => !text.startsWith("the application"),
    );
    assert.deepEqual(
      talkative.map(({ kind, text, meaning }) => [kind, text, meaning]),
      events.map(({ kind, text, meaning }) => [kind, text, meaning]),
    );
  },
);

test("godwit.trace = true: AT traffic with counts in place of data; nothing of MQTT", LIMIT, async () => {
  const { raw } = await record("true");
  const events = decode([raw]);
  assert.deepEqual(mqtt(events), []);
  assert.ok(events.some(({ kind, meaning }) => kind === "prompt" && meaning !== undefined));
  assert.ok(!raw.includes("godwit/unit/telemetry"));
  for (const secret of SECRETS) assert.ok(!raw.includes(secret), secret);
});

test("godwit.trace = 0, as after every boot: not a line of traffic", LIMIT, async () => {
  const { raw } = await record("godwit.trace");
  assert.deepEqual(
    decode([raw]).filter(({ kind }) => kind !== "text"),
    [],
  );
});
