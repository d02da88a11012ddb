import assert from "node:assert/strict";
import { test } from "node:test";
import type * as DigestModule from "../../modules/at/digest.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import { CUTS, GARBAGE } from "../support/variants.ts";

const { createDigest } = await loadModule<typeof DigestModule>("modules/at/digest.ts");

interface Fixture {
  readonly name: string;
  readonly bytes: string;
  readonly prompt?: string;
  /** `line`, `>` for the prompt, `#data` for raw data, `-n` for n bytes lost. */
  readonly events: readonly string[];
  /** Bytes that stay behind without a line end. */
  readonly unfinished?: boolean;
}

const LONG = "x".repeat(600);

const FIXTURES: readonly Fixture[] = [
  { name: "a final result code", bytes: "\r\nOK\r\n", events: ["OK"] },
  { name: "an echo in front of the result", bytes: "AT\r\r\nOK\r\n", events: ["AT", "OK"] },
  { name: "lines that end with LF only", bytes: "+CSQ: 20,99\nOK\n", events: ["+CSQ: 20,99", "OK"] },
  { name: "blanks around a line", bytes: "\r\n +CSQ:20,99 \r\n", events: ["+CSQ:20,99"] },
  {
    name: "a line without an end, then the next boot",
    bytes: "POWERED DOWN\r\nRDY\r\n",
    events: ["POWERED DOWN", "RDY"],
  },
  { name: "prompt with a blank", bytes: "\r\n> ", prompt: ">", events: [">"] },
  { name: "prompt without a blank", bytes: "\r\n>", prompt: ">", events: [">"] },
  { name: "prompt glued to the echo", bytes: "AT+CASEND=0,5\r>", prompt: ">", events: [">"] },
  { name: "prompt that is no >", bytes: "\r\n@", prompt: "@", events: [">"] },
  { name: "a word as prompt", bytes: "\r\nCONNECT\r\n", prompt: "CONNECT", events: [">"] },
  {
    name: "a word that only begins like the prompt",
    bytes: "\r\nCONNECT FAIL\r\n",
    prompt: "CONNECT",
    events: ["CONNECT FAIL"],
  },
  { name: "ERROR in place of the prompt", bytes: "\r\nERROR\r\n", prompt: ">", events: ["ERROR"] },
  {
    name: "a URC behind the prompt",
    bytes: '\r\n> \r\n+QIURC: "recv",1\r\n',
    prompt: ">",
    events: [">", '+QIURC: "recv",1'],
  },
  {
    name: "a URC in front of the prompt",
    bytes: '\r\n+QIURC: "recv",1\r\n\r\n> ',
    prompt: ">",
    events: ['+QIURC: "recv",1', ">"],
  },
  { name: "no prompt expected: > is text", bytes: "> text\r\n", events: ["> text"] },
  {
    name: "raw data",
    bytes: "+RAW: 4\r\n\x20\x02\x00\x00\r\n\r\nOK\r\n",
    events: ["+RAW: 4", "#\x20\x02\x00\x00", "OK"],
  },
  {
    name: "raw data that look like an answer",
    bytes: '+RAW: 13\r\n"a"\0\r\nOK\r\n> \xff\r\n\r\nOK\r\n',
    events: ["+RAW: 13", '#"a"\0\r\nOK\r\n> \xff', "OK"],
  },
  {
    name: "raw data twice",
    bytes: "+RAW: 1\r\n\n\r\n+RAW: 2\r\n\r\n\r\nOK\r\n",
    events: ["+RAW: 1", "#\n", "+RAW: 2", "#\r\n", "OK"],
  },
  { name: "no raw data", bytes: "+RAW: 0\r\n\r\nOK\r\n", events: ["+RAW: 0", "OK"] },
  { name: "raw data that are cut off", bytes: "+RAW: 9\r\n1234", events: ["+RAW: 9"], unfinished: true },
  { name: "a line over the limit", bytes: `${LONG}\r\nOK\r\n`, events: ["-600+", "OK"] },
];

function run(chunks: readonly string[], prompt?: string): string[] {
  const events: string[] = [];
  let lost = 0;
  const digest = createDigest(
    (line) => {
      if (digest.lost > lost) events.push("-600+");
      lost = digest.lost;
      events.push(line);
      const count = /^\+RAW: (\d+)$/.exec(line);
      if (count) digest.need = Number(count[1]);
    },
    () => void events.push(">"),
    (data) => void events.push(`#${data}`),
  );
  digest.prompt = prompt;
  for (const chunk of chunks) digest.feed(chunk);
  return events;
}

for (const fixture of FIXTURES) {
  for (const [how, cut] of CUTS) {
    test(`${fixture.name}, ${how}`, () => {
      assert.deepEqual(run(cut(fixture.bytes), fixture.prompt), fixture.events);
    });
    test(`${fixture.name}, ${how}, behind garbage`, () => {
      const events = run(cut(GARBAGE + fixture.bytes), fixture.prompt);
      assert.deepEqual(events.slice(-fixture.events.length), fixture.events);
    });
    test(`${fixture.name}, ${how}, behind and in front of a URC`, () => {
      const urc = '+QSSLURC: "recv",0';
      const behind = fixture.unfinished || fixture.bytes.endsWith("\n") ? "" : "\r\n";
      const bytes = `\r\n${urc}\r\n${fixture.bytes}`;
      const events = run(cut(fixture.unfinished ? bytes : `${bytes}${behind}\r\n${urc}\r\n`), fixture.prompt);
      assert.deepEqual(events, fixture.unfinished ? [urc, ...fixture.events] : [urc, ...fixture.events, urc]);
    });
  }
}

test("memory stays bounded however long a line is", () => {
  const lines: string[] = [];
  const digest = createDigest(
    (line) => void lines.push(line),
    () => {},
    () => {},
  );
  for (let i = 0; i < 1000; i++) digest.feed("y".repeat(64));
  digest.feed("\r\nOK\r\n");
  assert.deepEqual(lines, ["OK"]);
  assert.ok(digest.lost >= 64000 && digest.lost <= 64001, `${digest.lost} bytes lost`);
});
