import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { TraceEvent } from "../../tools/trace/event.ts";
import { createTraceParser } from "../../tools/trace/parse.ts";
import { printableBytes } from "../../tools/trace/printable.ts";
import { CUTS, GARBAGE } from "../support/variants.ts";

function decode(...pieces: readonly string[]): TraceEvent[] {
  const events: TraceEvent[] = [];
  const parser = createTraceParser({ onEvent: (event) => void events.push(event) });
  for (const piece of pieces) parser.feed(piece, 1000);
  parser.end(1000);
  return events;
}

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join("");
const decodeLines = (...lines: readonly string[]): TraceEvent[] => decode(linesOf(lines));
const brief = (events: readonly TraceEvent[]): string[] => events.map(({ kind, text }) => `${kind} ${text}`);

interface Fixture {
  readonly name: string;
  readonly lines: readonly string[];
  /** Kind and text of each event, then what its meaning has in it. */
  readonly expected: readonly (readonly [string, string, string?])[];
  readonly code?: string;
}

const FIXTURES: readonly Fixture[] = [
  {
    name: "a URC is no answer, an answer no URC",
    lines: [">AT+CEREG?", '<+CEREG: 2,5,"1A2B","01A2D05",9', "<OK", '<+CEREG: 1,"1A2B","01A2D05",8'],
    expected: [
      ["at-command", "AT+CEREG?", "asks: registration"],
      ["at-response", '+CEREG: 2,5,"1A2B","01A2D05",9', "registered, roaming, area 1A2B, cell 01A2D05, NB-IoT"],
      ["at-response", "OK", "done"],
      ["urc", '+CEREG: 1,"1A2B","01A2D05",8', "registered, home network, area 1A2B, cell 01A2D05, LTE-M"],
    ],
  },
  {
    name: "a TLS open that is refused behind its OK",
    lines: ['>AT+QSSLOPEN=1,1,1,"broker.test",8883,0', "<OK", '<+QIURC: "recv",3', "<+QSSLOPEN: 1,566"],
    expected: [
      [
        "at-command",
        'AT+QSSLOPEN=1,1,1,"broker.test",8883,0',
        "opens a TLS socket: context 1, TLS context 1, socket 1, host broker.test, port 8883",
      ],
      ["at-response", "OK"],
      ["urc", '+QIURC: "recv",3', "socket 3 has data"],
      ["at-response", "+QSSLOPEN: 1,566", "TLS socket 1 is not open. TLS refused"],
    ],
    code: "TLS_REFUSED",
  },
  {
    name: "a TCP open with the same number is another fault",
    lines: ['>AT+QIOPEN=1,0,"TCP","broker.test",8883,0,0', "<OK", "<+QIOPEN: 0,566"],
    expected: [
      ["at-command", 'AT+QIOPEN=1,0,"TCP","broker.test",8883,0,0', "opens a socket without TLS"],
      ["at-response", "OK"],
      ["at-response", "+QIOPEN: 0,566", "the port does not answer"],
    ],
    code: "NET_CONNECT",
  },
  {
    name: "CME errors by number",
    lines: [">AT+CPIN?", "<+CME ERROR: 10", "!AT_ERROR"],
    expected: [
      ["at-command", "AT+CPIN?"],
      ["at-response", "+CME ERROR: 10", "SIM not inserted"],
      ["note", "AT_ERROR"],
    ],
    code: "SIM_ABSENT",
  },
  {
    name: "the answer behind a line whose end the board masked",
    lines: [">AT+QICSGP=***", '<+QIACT: 1,1,1,"10.1.2.3"', '<+QSSLURC: "closed",0', "<OK"],
    expected: [
      ["at-command", "AT+QICSGP=***", "defines the PDP context"],
      ["at-response", '+QIACT: 1,1,1,"10.1.2.3"', "state 1 (active), type 1, address 10.1.2.3"],
      ["urc", '+QSSLURC: "closed",0', "closed by the other side"],
      ["at-response", "OK"],
    ],
    code: "SOCKET_CLOSED",
  },
  {
    name: "what is not secure is a fault",
    lines: ['>AT+QSSLCFG="seclevel",1,0;+QSSLCFG="ignorelocaltime",1,1;+QSSLCFG="sni",1,1', "<OK"],
    expected: [
      [
        "at-command",
        'AT+QSSLCFG="seclevel",1,0;+QSSLCFG="ignorelocaltime",1,1;+QSSLCFG="sni",1,1',
        "what is verified 0 (NOTHING)",
      ],
      ["at-response", "OK"],
    ],
  },
  {
    name: "a prompt in front of a line that was not erased",
    lines: [">>AT+CSQ", "><+CSQ: 20,99", "><OK", ">><4 bytes>", "><<4 bytes>", ">!AT_DEAF"],
    expected: [
      ["at-command", "AT+CSQ"],
      ["at-response", "+CSQ: 20,99", "-73 dBm"],
      ["at-response", "OK"],
      ["prompt", "4 bytes"],
      ["data-in", "4 bytes"],
      ["note", "AT_DEAF"],
    ],
    code: "AT_DEAF",
  },
  {
    name: "the link, and what else a board prints",
    lines: [
      "link registered",
      "link active ! TLS_REFUSED 566 retry 3 s, socket",
      "config ! CONFIG_JSON undefined",
      "=5",
      "hello > world",
    ],
    expected: [
      ["text", "link registered"],
      ["text", "link active ! TLS_REFUSED 566 retry 3 s, socket", "the next attempt in 3 s, rung socket"],
      ["text", "config ! CONFIG_JSON undefined"],
      ["text", "=5"],
      ["text", "hello > world"],
    ],
    code: "TLS_REFUSED",
  },
  {
    name: "a loose answer, and lines of the modem that nobody asked for",
    lines: ["<RDY", ">ATI", "<Quectel", "<APP RDY", "<Revision: BG96MAR02A07M1G", "<OK", "<+QIND: SMS DONE", '<v",1'],
    expected: [
      ["urc", "RDY", "started"],
      ["at-command", "ATI", "asks what the modem is"],
      ["at-response", "Quectel"],
      ["urc", "APP RDY", "booted"],
      ["at-response", "Revision: BG96MAR02A07M1G"],
      ["at-response", "OK"],
      ["urc", "+QIND: SMS DONE"],
      ["urc", 'v",1'],
    ],
  },
  {
    name: "an unknown command, and a known one with an unknown answer, are shown without a word",
    lines: [">AT+XYZ=1", "<+XYZ: a", "<OK", ">AT+CEREG?", "<+CEREG: 77", "<OK"],
    expected: [
      ["at-command", "AT+XYZ=1"],
      ["at-response", "+XYZ: a"],
      ["at-response", "OK"],
      ["at-command", "AT+CEREG?"],
      ["at-response", "+CEREG: 77"],
      ["at-response", "OK"],
    ],
  },
];

describe("fixtures", () => {
  for (const { name, lines, expected, code } of FIXTURES) {
    test(name, () => {
      const text = linesOf(lines);
      const events = decode(text);
      assert.deepEqual(
        events.map(({ kind, text: shown }) => [kind, shown]),
        expected.map(([kind, shown]) => [kind, shown]),
      );
      for (const [index, [, , meaning]] of expected.entries())
        if (meaning !== undefined)
          assert.ok(events[index]?.meaning?.includes(meaning), `${events[index]?.meaning} has not: ${meaning}`);
      assert.equal(events.find((event) => event.code !== undefined)?.code, code);
      for (const [cutName, cut] of CUTS) assert.deepEqual(decode(...cut(text)), events, cutName);
      assert.deepEqual(brief(decode(`${GARBAGE}\r\n`, text)).slice(-events.length), brief(events), "behind garbage");
    });
  }
});

test("insecure TLS settings and refused opens stand out", () => {
  const [insecure] = decodeLines('>AT+QSSLCFG="seclevel",1,0');
  assert.equal(insecure?.severity, "fault");
  const [secure] = decodeLines('>AT+QSSLCFG="seclevel",1,2');
  assert.equal(secure?.severity, "info");
});

const PUBLISH = ["0\\x06\\0\\1aabc", "PUBLISH a QoS 0, 3 bytes abc"] as const;

describe("data of sockets", () => {
  test("packets over several reads; two sockets at once; the library's decoder sees each apart", () => {
    const events = decodeLines('<tls0"0\\x06\\0"', '<tls1"\\xD0\\0"', '<tls0"\\1aab"', '<tls0"c"', '>tls1"\\xC0\\0"');
    assert.deepEqual(
      events
        .filter(({ kind }) => kind === "mqtt")
        .map(({ socket, direction, text }) => `${socket} ${direction} ${text}`),
      ["tls1 in PINGRESP", `tls0 in ${PUBLISH[1]}`, "tls1 out PINGREQ"],
    );
  });

  test("an identifier that is closed or opened again is another stream", () => {
    for (const between of [
      [">AT+QSSLCLOSE=0", "<OK"],
      ['>AT+QSSLOPEN=1,1,0,"h",8883,0', "<OK", "<+QSSLOPEN: 0,0"],
      ["<APP RDY"],
    ]) {
      const events = decodeLines('<tls0"0\\x06\\0"', ...between, `<tls0"${PUBLISH[0]}"`);
      assert.deepEqual(
        events.filter(({ kind }) => kind === "mqtt").map(({ text }) => text),
        [PUBLISH[1]],
      );
    }
  });

  test("a line of data that did not get here is said, and the next packet is read", () => {
    const events = decodeLines(
      ">AT+QSSLRECV=0,768",
      "<+QSSLRECV: 3",
      "<<3 bytes>",
      "<OK",
      '<tls0"0\\x06\\0"',
      ">AT+QSSLRECV=0,768",
      "<+QSSLRECV: 5",
      "<<5 bytes>",
      "<OK",
      // The rest of the packet, lost.
      ">AT+QSSLRECV=0,768",
      "<+QSSLRECV: 8",
      "<<8 bytes>",
      "<OK",
      `<tls0"${PUBLISH[0]}"`,
    );
    assert.ok(events.some(({ kind, text }) => kind === "note" && text === "data of tls0 are missing in this trace"));
    assert.equal(events.at(-1)?.text, PUBLISH[1]);
  });

  test("a damaged line is said, and never decoded", () => {
    const events = decodeLines('<tls0"0\\x06\\0', `<tls0"${PUBLISH[0]}`, `<tls0"${PUBLISH[0]}"`);
    assert.deepEqual(
      events.map(({ kind, severity }) => `${kind} ${severity}`),
      ["note fault", "note fault", "data-in info", "mqtt info"],
    );
  });

  test("SNTP is no MQTT", () => {
    const events = decodeLines(`>udp1"${"a".repeat(48)}"`);
    assert.deepEqual(
      events.map(({ kind, meaning }) => [kind, meaning]),
      [["data-out", "SNTP request"]],
    );
  });

  test("a CONNECT that a board would show whole has neither user nor password", () => {
    const connect = "\\x10\\x1A\\0\\4MQTT\\4\\xC2\\0<\\0\\2d1\\0\\4user\\0\\4s3cr";
    const text = JSON.stringify(decodeLines(`>tls0"${connect}"`));
    assert.match(text, /CONNECT MQTT 3\.1\.1, client d1/);
    for (const secret of ["user\\", "s3cr"]) assert.ok(!text.includes(secret), text);
  });
});

describe("secrets on the console", () => {
  const KEY = [
    "-----BEGIN RSA PRIVATE KEY-----",
    "MIIEowIBAAKCAQEAsecretsecret",
    "moresecret==",
    "-----END RSA PRIVATE KEY-----",
  ];

  test("a key that is read back from the modem, by the answer and by the REPL", () => {
    const events = decodeLines(
      '>AT+QFDWL="client.key"',
      "<CONNECT",
      ...KEY.map((line) => `<${line}`),
      "<+QFDWL: 4,1",
      "<OK",
      ...KEY,
      "behind",
    );
    const text = JSON.stringify(events);
    assert.ok(!text.includes("secret"), text);
    assert.equal(events.at(-1)?.text, "behind");
    assert.ok(events.some(({ text: shown }) => shown === "OK"));
  });

  test("what is typed: settings, commands, keys", () => {
    const events = decodeLines(
      '>godwit.at("AT+CPIN=\\"4711\\"")',
      '>AT+CPIN="4711"',
      '>require("Storage").writeJSON("godwit.json",{password:"s3cret",pin:"4711"})',
      `>godwit.files().put("client.key","${KEY.join("\\n")}",print)`,
    );
    const text = JSON.stringify(events);
    for (const secret of ["4711", "s3cret", "moresecret"]) assert.ok(!text.includes(secret), text);
    assert.equal(events.length, 4);
  });

  test("a payload with a key or a password", () => {
    const text = JSON.stringify(decodeLines('>tls0"0\\x20\\0\\1a{\\"password\\":\\"s3cretPayload\\"}  "'));
    assert.match(text, /PUBLISH a/);
    assert.ok(!text.includes("s3cretPayload"));
  });
});

test("nothing that came from outside can move the reader's cursor, and every event is short", () => {
  const events = decodeLines(
    "<+QIND: \x1b[2J\x07\x9b",
    `<${"x".repeat(5000)}`,
    "text \x1b]0;title\x07",
    `>tls0"0\\x82\\x01\\0\\1a\\x1B[2J${"y".repeat(122)}"`,
  );
  for (const { text, meaning } of events) {
    assert.equal(text, printableBytes(text));
    assert.ok(text.length < 700 && (meaning ?? "").length < 700);
  }
});

test("names that every object has are no values of a table", () => {
  const events = decodeLines(
    "<+CFUN: constructor",
    "<+CEREG: toString",
    ">AT+CEREG=__proto__",
    '>AT+QSSLCFG="constructor",1,"toString"',
    '>AT+QSSLCFG="seclevel",1,valueOf',
    "<constructor",
    ">AT+CONSTRUCTOR=1",
    "<+QCSQ: __proto__",
  );
  assert.equal(events.length, 8);
  assert.doesNotMatch(JSON.stringify(events), /function|native|\[object|undefined/);
});

test("a hostile line of 60,000 characters is done with at once", () => {
  const started = performance.now();
  for (const filler of ["\\", 'password="\\', '"', "a", "AT+CPIN=1;", "-----BEGIN ", ",", "pin:", "\\x41", " "])
    for (const start of ["<", ">", ">AT+CPIN=", '<tls0"', 'password="', "-----BEGIN PRIVATE KEY-----", "link x ! "])
      decodeLines(start + filler.repeat(60_000 / filler.length));
  const perLine = (performance.now() - started) / 70;
  assert.ok(perLine < 200, `${Math.round(perLine)} ms a line`);
});

test("no text makes it throw or lose count", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 20 }),
    fc.constantFrom(
      ...FIXTURES.flatMap(({ lines }) => lines.map((line) => `${line}\r\n`)),
      '<tls0"',
      '>tls1"\\x10\\0"\n',
      "\x1b[J",
      "\r",
      "\n",
      '"',
      "<<9 bytes>\n",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const events = decode(...pieces);
      assert.deepEqual(
        events.map(({ number }) => number),
        events.map((_, index) => index),
      );
      assert.deepEqual(decode(pieces.join("")), events);
    }),
    { numRuns: 300 },
  );
});
