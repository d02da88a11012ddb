/** A modem that is silent, off, or not the one that it was: what the channel tells of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "../support/channel-rig.ts";

const RECV = { text: "AT+QSSLRECV=0,1500", prefix: "+QSSLRECV:", maxRaw: 1500 };

test("a modem that answers nothing is reported once, and the queue is emptied", async () => {
  const rig = start();
  const outcomes = await Promise.all([
    rig.send({ text: "AT+A", timeoutMs: 100 }),
    rig.send({ text: "AT+B" }),
    rig.send({ text: "AT+C" }),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.error),
    ["AT_TIMEOUT", "AT_DEAF", "AT_DEAF"],
  );
  assert.deepEqual(rig.downs, ["MODEM_DEAF"]);
});

test("a long wait looks at the modem now and then, a short one does not; it lasts as long as it was asked to", async () => {
  for (const [timeoutMs, looks] of [
    [4000, 0],
    [5000, 0],
    [12_000, 2],
  ] as const) {
    const rig = start();
    assert.equal((await rig.send({ text: "AT+A", timeoutMs })).error, "AT_TIMEOUT");
    assert.equal(rig.looks(), looks, String(timeoutMs));
  }
});

test("a modem that lost its power is not waited for", async () => {
  let asked = 0;
  const rig = start({}, undefined, undefined, { isOff: () => ++asked === 3 });
  const open = { text: 'AT+QSSLOPEN=1,1,0,"h",1,0', success: "+QSSLOPEN: 0,", timeoutMs: 150_000 };
  const outcomes = await Promise.all([rig.send(open), rig.send({ text: "AT+B" })]);
  assert.deepEqual(
    outcomes.map(({ error }) => error),
    ["MODEM_DEAF", "MODEM_DEAF"],
  );
  assert.deepEqual([rig.downs, rig.looks()], [["MODEM_DEAF"], 3], "three looks are 15 s");
  assert.deepEqual(rig.written, [`${open.text}\r`], "nothing is said to a modem that is off");
  // The wait is over: nothing of it comes later.
  await rig.send({ text: "AT+C", timeoutMs: 4000 });
  assert.equal(rig.channel.counters.timeouts, 1);
});

test("an echo, which is off since the modem booted, says that it has booted anew", async () => {
  const rig = start({ "AT+CSQ\r": "AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n" }, undefined, undefined, {
    isBooting: false,
  });
  const outcome = await rig.send({ text: "AT+CSQ", prefix: "+CSQ:" });
  assert.deepEqual([outcome.error, outcome.lines], ["MODEM_RESET", []], "an answer of before and after is no answer");
  assert.deepEqual(rig.downs, ["MODEM_RESET"]);
});

test("a boot whose words went by as raw data is noticed all the same", async () => {
  const replies = {
    "AT+QSSLRECV=0,1500\r": "\r\n+QSSLRECV: 200\r\nabc\r\nRDY\r\n\r\nAPP RDY\r\n",
    "AT+CMEE?\r": "AT+CMEE?\r\r\n+CMEE: 1\r\n\r\nOK\r\n",
  };
  const rig = start(replies, undefined, undefined, { isBooting: false });
  const [read, next] = await Promise.all([rig.send(RECV), rig.send({ text: "AT+QSSLSEND=0,4" })]);
  assert.deepEqual([read?.error, next?.error], ["AT_TIMEOUT", "MODEM_RESET"]);
  assert.ok(!rig.written.includes("AT+QSSLSEND=0,4\r"), "settings of the factory never see a byte");
});
