import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Command } from "../../modules/at/command.ts";
import type { Failure } from "../../modules/failure.ts";
import { load, type Outcome, start } from "../support/channel-rig.ts";
import { CUTS } from "../support/variants.ts";

const OK = { error: undefined, cause: undefined, data: "" };

interface Fixture {
  readonly name: string;
  readonly command: Command;
  /** What the modem answers to the command line. */
  readonly answer: string;
  /** What it answers to the data behind the prompt. */
  readonly behindData?: string;
  readonly expected: Partial<Outcome>;
  /** URCs that must have come out beside it. */
  readonly urcs?: readonly string[];
}

const RECV = { text: "AT+QSSLRECV=0,1500", prefix: "+QSSLRECV:", maxRaw: 1500 };
const SEND = { text: "AT+QSSLSEND=0,4", prompt: ">", payload: "\xc0\x00\x00\x1a", success: "SEND OK" };

const FIXTURES: readonly Fixture[] = [
  { name: "OK", command: { text: "AT" }, answer: "\r\nOK\r\n", expected: { ...OK, lines: [] } },
  {
    name: "echo on",
    command: { text: "AT+CSQ", prefix: "+CSQ:" },
    answer: "AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
    expected: { ...OK, lines: ["+CSQ: 20,99"] },
  },
  {
    name: "no blank behind the colon",
    command: { text: "AT+CSQ", prefix: "+CSQ:" },
    answer: "\r\n+CSQ:20,99\r\n\r\nOK\r\n",
    expected: { ...OK, lines: ["+CSQ:20,99"] },
  },
  {
    name: "loose answer",
    command: { text: "ATI", prefix: "" },
    answer: "ATI\r\r\nQuectel\r\nBG96\r\n\r\nOK\r\n",
    expected: { ...OK, lines: ["Quectel", "BG96"] },
  },
  {
    name: "ERROR",
    command: { text: "AT+X" },
    answer: "\r\nERROR\r\n",
    expected: { error: "AT_ERROR", cause: "ERROR" },
  },
  {
    name: "numeric CME error",
    command: { text: "AT+X" },
    answer: "\r\n+CME ERROR: 10\r\n",
    expected: { error: "AT_ERROR", cause: "10" },
  },
  {
    name: "text CME error",
    command: { text: "AT+X" },
    answer: "\r\n+CME ERROR: file already exist\r\n",
    expected: { error: "AT_ERROR", cause: "file already exist" },
  },
  {
    name: "NO CARRIER",
    command: { text: "AT+X" },
    answer: "\r\nNO CARRIER\r\n",
    expected: { error: "AT_ERROR", cause: "NO CARRIER" },
  },
  // Quirk 1.
  {
    name: "URC between command and answer",
    command: RECV,
    answer: '\r\n+QSSLURC: "recv",0\r\n\r\n+QSSLRECV: 4\r\nabcd\r\n\r\nOK\r\n',
    expected: { ...OK, data: "abcd" },
    urcs: ['+QSSLURC: "recv",0'],
  },
  {
    name: "URC with its front cut off",
    command: RECV,
    answer: 'v",1\r\n\r\n+QSSLRECV: 4\r\nabcd\r\n\r\nOK\r\n',
    expected: { ...OK, data: "abcd" },
  },
  {
    name: "URC behind the data",
    command: RECV,
    answer: '\r\n+QSSLRECV: 4\r\nabcd\r\n\r\n+QSSLURC: "recv",0\r\n\r\nOK\r\n',
    expected: { ...OK, data: "abcd" },
    urcs: ['+QSSLURC: "recv",0'],
  },
  // Quirk 5.
  { name: "prompt with blank", command: SEND, answer: "\r\n> ", behindData: "\r\nSEND OK\r\n", expected: { ...OK } },
  {
    name: "prompt glued to the echo",
    command: SEND,
    answer: "AT+QSSLSEND=0,4\r>",
    behindData: "\r\nSEND OK\r\n",
    expected: { ...OK },
  },
  { name: "ERROR in place of the prompt", command: SEND, answer: "\r\nERROR\r\n", expected: { error: "AT_ERROR" } },
  {
    name: "OK in place of the prompt",
    command: { ...SEND, success: "OK" },
    answer: "\r\nOK\r\n",
    expected: { error: "AT_PROMPT" },
  },
  {
    name: "SEND FAIL",
    command: SEND,
    answer: "\r\n> ",
    behindData: "\r\nSEND FAIL\r\n",
    expected: { error: "AT_ERROR", cause: "SEND FAIL" },
  },
  {
    name: "CONNECT as prompt",
    command: { text: 'AT+QFUPL="a",4,5', prompt: "CONNECT", payload: "\xc0\x00\x00\x1a", prefix: "+QFUPL:" },
    answer: "\r\nCONNECT\r\n",
    behindData: "\r\n+QFUPL: 4,c01a\r\n\r\nOK\r\n",
    expected: { ...OK, lines: ["+QFUPL: 4,c01a"] },
  },
  // Quirk 6.
  {
    name: "data that look like an answer",
    command: RECV,
    answer: '\r\n+QSSLRECV: 13\r\n"\0\r\nOK\r\n> \xff,\r\r\n\r\nOK\r\n',
    expected: { ...OK, data: '"\0\r\nOK\r\n> \xff,\r' },
  },
  { name: "no data", command: RECV, answer: "\r\n+QSSLRECV: 0\r\n\r\nOK\r\n", expected: { ...OK, data: "" } },
  {
    name: "the header of the data is lost",
    command: RECV,
    answer: "\r\nabcd\r\n\r\nOK\r\n",
    expected: { error: "AT_INCOMPLETE" },
  },
  {
    name: "more data than was asked for",
    command: RECV,
    answer: "\r\n+QSSLRECV: 9999\r\nabcd\r\n\r\nOK\r\n",
    expected: { error: "AT_INCOMPLETE" },
  },
  {
    name: "a count that is no number",
    command: RECV,
    answer: "\r\n+QSSLRECV: x\r\nabcd\r\n\r\nOK\r\n",
    expected: { error: "AT_INCOMPLETE" },
  },
  {
    name: "a negative count",
    command: RECV,
    answer: "\r\n+QSSLRECV: -4\r\nabcd\r\n\r\nOK\r\n",
    expected: { error: "AT_INCOMPLETE" },
  },
];

for (const { name, command, answer, behindData, expected, urcs } of FIXTURES) {
  for (const [how, cut] of CUTS) {
    test(`${name}, ${how}`, async () => {
      const replies: Record<string, string> = { [`${command.text}\r`]: answer };
      if (behindData) replies[command.payload as string] = behindData;
      const rig = start(replies, cut);
      const outcome = await rig.send(command);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(outcome[key as keyof Outcome], value, key);
      if (urcs) assert.deepEqual(rig.urcs, urcs);
      assert.equal(rig.written.length, behindData ? 2 : 1, "the data are sent behind the prompt and only there");
      // The next command gets its own answer.
      assert.equal((await rig.send({ text: "AT+NEXT", timeoutMs: 20 })).error, "AT_TIMEOUT");
    });
    test(`${name}, ${how}, with a URC in front and behind`, async () => {
      const urc = '+CEREG: 5,"00A1","01"';
      const replies: Record<string, string> = { [`${command.text}\r`]: `\r\n${urc}\r\n${answer}` };
      if (behindData) replies[command.payload as string] = `\r\n${urc}\r\n${behindData}`;
      const rig = start(replies, cut);
      const outcome = await rig.send(command);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(outcome[key as keyof Outcome], value, key);
      assert.equal(rig.urcs.filter((line) => line === urc).length, behindData ? 2 : 1);
    });
  }
}

test("commands run one at a time, in order", async () => {
  const rig = start({ "AT+A\r": "\r\n+A: 1\r\n\r\nOK\r\n", "AT+B\r": "\r\n+B: 2\r\n\r\nOK\r\n" });
  const [a, b] = await Promise.all([
    rig.send({ text: "AT+A", prefix: "+A:" }),
    rig.send({ text: "AT+B", prefix: "+B:" }),
  ]);
  assert.deepEqual([a?.lines, b?.lines], [["+A: 1"], ["+B: 2"]]);
  assert.deepEqual(rig.written, ["AT+A\r", "AT+B\r"]);
});

test("a late result never reaches the next command", async () => {
  const rig = start({ "AT+B\r": "\r\n+B: 2\r\n\r\nOK\r\n" });
  const first = rig.send({ text: "AT+A", timeoutMs: 1000 });
  const second = rig.send({ text: "AT+B", prefix: "+B:" });
  assert.equal((await first).error, "AT_TIMEOUT");
  assert.equal(rig.written.at(-1), "AT+CMEE?\r", "resynchronises before the next command");
  // The late answer first, then the probe's.
  rig.feed("\r\nERROR\r\n");
  await turn();
  assert.ok(!rig.written.includes("AT+B\r"));
  rig.feed("\r\n+CMEE: 1\r\n\r\nOK\r\n");
  const outcome = await second;
  assert.deepEqual([outcome.error, outcome.lines], [undefined, ["+B: 2"]]);
  assert.equal(rig.channel.counters.orphans, 1);
});

test("late answers of earlier probes do not reach the next command either", async () => {
  const rig = start({ "AT+B\r": "\r\nERROR\r\n" });
  const first = rig.send({ text: "AT+A", timeoutMs: 500 });
  const second = rig.send({ text: "AT+B" });
  await first;
  // Two probes go out before the modem wakes up and answers the command and both of them.
  while (!rig.written.includes("AT+CFUN?\r")) await turn();
  rig.feed("\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n");
  await turn();
  assert.ok(!rig.written.includes("AT+B\r"), "the first probe's answer comes too late to count");
  rig.feed("\r\n+CFUN: 1\r\n\r\nOK\r\n");
  const outcome = await second;
  assert.deepEqual([outcome.error, rig.written.at(-1)], ["AT_ERROR", "AT+B\r"]);
});

test("a result that follows OK after a while, with other URCs between", async () => {
  const open = { text: 'AT+QSSLOPEN=1,1,0,"h",1,0', success: "+QSSLOPEN: 0," };
  const rig = start({
    [`${open.text}\r`]: '\r\nOK\r\n\r\n+QSSLURC: "closed",1\r\n\r\n+QSSLOPEN: 1,0\r\n\r\n+QSSLOPEN: 0,566\r\n',
  });
  const outcome = await rig.send(open);
  assert.deepEqual(outcome, { ...OK, lines: ["+QSSLOPEN: 0,566"] });
});

test("data that were promised but never sent cannot swallow the probe", async () => {
  const rig = start();
  const outcome = await rig.send({ ...SEND, timeoutMs: 500 });
  assert.equal(outcome.error, "AT_TIMEOUT");
  assert.deepEqual(rig.written, ["AT+QSSLSEND=0,4\r", "\r\r\r\r", "AT+CMEE?\r"]);
});

test("a result with no command in flight is counted and nothing else", async () => {
  const rig = start({ "AT\r": "\r\nOK\r\n" });
  rig.feed("\r\nNO CARRIER\r\n\r\nOK\r\n");
  assert.equal((await rig.send({ text: "AT" })).error, undefined);
  assert.equal(rig.channel.counters.orphans, 2);
});

test("a command that holds a NUL is refused before a byte is sent, and its text is not repeated", async () => {
  const rig = start();
  const outcome = await rig.send({ text: "AT+QSSLOPEN=1,1,0,\0,8883" });
  assert.equal(outcome.error, "AT_TEXT");
  assert.deepEqual(rig.written, []);
});

test("secrets and data stay out of the trace, with echo on too", async () => {
  const rig = start({
    'AT+CPIN="1234"\r': 'AT+CPIN="1234"\r\r\nOK\r\n',
    "AT+QSSLSEND=0,4\r": "\r\n> ",
    [SEND.payload]: "\r\nSEND OK\r\n",
  });
  await rig.send({ text: 'AT+CPIN="1234"', secret: true });
  await rig.send(SEND);
  assert.ok(!rig.trace.join("").includes("1234"), rig.trace.join("\n"));
  assert.deepEqual(rig.trace, [">AT+CPIN=***", "<OK", ">AT+QSSLSEND=0,4", "><4 bytes>", "<SEND OK"]);
});

test("a failure names the command with its secret masked", async () => {
  const rig = start({ 'AT+CPIN="1234"\r': "\r\n+CME ERROR: 16\r\n" });
  const failure = await new Promise<Failure | undefined>((resolve) => {
    rig.channel.send({ text: 'AT+CPIN="1234"', secret: true }, (error) => resolve(error));
  });
  assert.deepEqual({ ...failure }, { code: "AT_ERROR", cause: "16", command: "AT+CPIN=***" });
});

test("an exception in a callback stops neither the channel nor the rest of the chunk", async () => {
  // Its report goes to a console of its own.
  const rig = start(
    { "AT+A\r": '\r\nOK\r\n\r\n+QSSLURC: "recv",0\r\n', "AT+B\r": "\r\nOK\r\n" },
    undefined,
    await load(),
  );
  rig.channel.send({ text: "AT+A" }, () => {
    throw new Error("boom");
  });
  assert.equal((await rig.send({ text: "AT+B" })).error, undefined);
  assert.deepEqual(rig.urcs, ['+QSSLURC: "recv",0']);
});

test("abort fails what is in flight and what waits", async () => {
  const rig = start();
  const outcomes = [rig.send({ text: "AT+A" }), rig.send({ text: "AT+B" })];
  rig.channel.abort("MODEM_RESET");
  assert.deepEqual(
    (await Promise.all(outcomes)).map((outcome) => outcome.error),
    ["MODEM_RESET", "MODEM_RESET"],
  );
});
