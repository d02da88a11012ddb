/** The Quectel record: what it builds and what it reads. Pure: no modem, no board. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as CommandModule from "../../modules/at/command.ts";
import type { TlsProfile } from "../../modules/modem/driver.ts";
import type * as DriverModule from "../../modules/modem/drivers/quectel-bg9x.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { checksum } from "../../tools/virtual-modem/quectel-bg9x/files.ts";

const board = new VirtualBoard({ board: "rak5010" });
board.start();
const { driver } = await loadModule<typeof DriverModule>("modules/modem/drivers/quectel-bg9x.ts", { board });
const { quoted } = await loadModule<typeof CommandModule>("modules/at/command.ts", { board });

/** Texts that would end a string, a command or a line, or hide in one. */
const EVIL = [
  'a"b',
  '"',
  '";+CFUN=0;"',
  '",1;+QFDEL="*',
  "a\rAT+CFUN=0",
  "a\nAT+CFUN=0",
  "a\r\n",
  "a\\",
  'a\\"b',
  "a\0b",
  "a\x1a",
  "a\x1b",
  "a\x7f",
  "a\xffb",
  "a\x80",
  "\t",
  "\u0122",
];

const PROFILE: TlsProfile = {
  host: "broker.example.com",
  port: 8883,
  ca: "ca.pem",
  cert: "client.pem",
  key: "client.key",
  verify: true,
  sni: true,
};

/** Every line that the record builds around a text from outside. */
function linesWith(text: string): string[] {
  return [
    ...driver.activate(1, text, "user", "password"),
    ...driver.activate(1, "apn", text, "password"),
    ...driver.activate(1, "apn", "user", text),
    driver.ntp(1, text, 123).text,
    driver.openSocket("tls", 1, 0, text, 8883).text,
    driver.openSocket("tcp", 1, 0, text, 80).text,
    driver.openSocket("udp", 1, 0, text, 123).text,
    driver.store(text, "x").text,
    driver.removeFile(text).text,
    ...driver.tlsSettings({ ...PROFILE, ca: text }),
    ...driver.tlsSettings({ ...PROFILE, cert: text }),
    ...driver.tlsSettings({ ...PROFILE, key: text }),
  ];
}

test("a text from outside is quoted or makes the line one that is never sent", () => {
  for (const evil of EVIL) {
    assert.equal(quoted(evil), "\0", JSON.stringify(evil));
    const touched = linesWith(evil).filter((line) => line.includes("\0"));
    assert.equal(touched.length, 12, `${JSON.stringify(evil)} is refused wherever it may stand`);
    for (const line of linesWith(evil)) {
      assert.ok(!/[\r\n;]/.test(line), JSON.stringify(line));
      assert.ok(!line.includes(evil) || evil === '"', JSON.stringify(line));
    }
  }
});

test("no text at all can put a second command, or a line end, into what is sent", () => {
  const seed = Date.now();
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "binary" })), (text) => {
      for (const line of linesWith(text)) {
        if (line.includes("\0")) continue;
        const outside = line.replace(/"[^"]*"/g, '""');
        assert.ok(/^[ -~]*$/.test(line), JSON.stringify(line));
        assert.ok(!/[;"\\]/.test(outside.replaceAll('""', "")), JSON.stringify(line));
      }
    }),
    { seed, numRuns: 300 },
  );
  console.log(`driver: seed ${seed}`);
});

test("harmless texts pass as they are", () => {
  for (const text of ["", "iot.1nce.net", "a b", "semi;colon", "comma,comma", "~!@#$%^&*()_+{}|:<>?`-=[]'/."]) {
    assert.equal(quoted(text), `"${text}"`);
  }
});

test("a login is sent where the operator wants one, and not where not", () => {
  assert.deepEqual(toHost(driver.activate(1, "iot.example", "", "")), [
    '+QICSGP=1,1,"iot.example"',
    "+QIACT=1",
    "+QIACT?",
  ]);
  assert.equal(driver.activate(1, "apn", "u", "p")[0], '+QICSGP=1,1,"apn","u","p",3');
});

test("the address is that of the context asked for, and only when it is active", () => {
  const found = (...lines: string[]): string | undefined => driver.address(1, lines);
  assert.equal(found('+QIACT: 1,1,1,"10.187.7.8"'), "10.187.7.8");
  assert.equal(found('+QIACT: 2,1,1,"10.0.0.2"', '+QIACT: 1,1,1,"10.0.0.1"'), "10.0.0.1");
  assert.equal(found('+QIACT: 11,1,1,"10.0.0.11"') || "", "");
  assert.equal(found("+QIACT: 1,0,1") || "", "");
  assert.equal(found() || "", "");
});

interface SumCase {
  readonly bytes: string;
  readonly sum: string;
}

const ROW = "\x12\x34\x56\x78\x9a\xbc\xde\xf0";
const SUMS: readonly SumCase[] = [
  { bytes: "\x01", sum: "100" },
  { bytes: "\x00\x01", sum: "1" },
  { bytes: "\x01\x02", sum: "102" },
  { bytes: "\x12\x34\x56", sum: "4434" },
  { bytes: "\x12\x34\x12\x34", sum: "0" },
  { bytes: "\x00\x00\x00", sum: "0" },
  { bytes: "\xff\xff", sum: "ffff" },
  { bytes: "\x80\x00\x00\x80", sum: "8080" },
  { bytes: ROW, sum: "0" },
  { bytes: `${ROW}\xab`, sum: "ab00" },
  { bytes: `${ROW}\xab\xcd`, sum: "abcd" },
  { bytes: `${ROW}\xab\xcd\xef`, sum: "44cd" },
];

for (const { bytes, sum } of SUMS) {
  test(`checksum of ${Buffer.from(bytes, "latin1").toString("hex")}`, () =>
    assert.equal(driver.storedAs(bytes), `+qfupl: ${bytes.length},${sum}`));
}

test("no leading zeros, as a real answer shows (430,846)", () => {
  // Four hexadecimal digits would read 0846.
  const bytes = `${"\0".repeat(428)}\x08\x46`;
  assert.equal(driver.storedAs(bytes), "+qfupl: 430,846");
});

test("the checksum is that of another implementation, for every length", () => {
  const seed = Date.now();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const buffer = Buffer.from(bytes);
      assert.equal(driver.storedAs(buffer.toString("latin1")), `+qfupl: ${bytes.length},${checksum(buffer)}`);
    }),
    { seed, numRuns: 200 },
  );
  console.log(`checksum: seed ${seed}`);
});

interface UrcCase {
  readonly line: string;
  readonly event: string;
  readonly id?: number;
}

const URCS: readonly UrcCase[] = [
  { line: '+QSSLURC: "recv",0', event: "recv", id: 0 },
  { line: '+QSSLURC: "recv",11', event: "recv", id: 11 },
  { line: '+QSSLURC: "recv",4,103', event: "recv", id: 4 },
  { line: '+QSSLURC:"recv",4', event: "recv", id: 4 },
  { line: '+QSSLURC: "closed",3', event: "closed", id: 3 },
  { line: '+QIURC: "recv",2', event: "recv", id: 2 },
  { line: '+QIURC: "recv",2,1500', event: "recv", id: 2 },
  { line: '+QIURC: "closed",2', event: "closed", id: 2 },
  { line: '+QIURC: "pdpdeact",1', event: "pdpdeact" },
  { line: "APP RDY", event: "ready" },
];

for (const { line, event, id } of URCS) {
  test(`URC ${line}`, () => {
    const urc = driver.readUrc(line);
    assert.equal(urc?.event, event);
    if (id !== undefined) assert.equal(urc?.id, id);
  });
}

test("lines that are no URC of a socket or of the boot say nothing", () => {
  for (const line of [
    "",
    "OK",
    "RDY",
    "POWERED DOWN",
    'v",1',
    "+QSSLRECV: 5",
    "+CEREG: 1",
    "+QIND: SMS DONE",
    "APP RDYX",
  ]) {
    assert.equal(driver.readUrc(line), undefined, line);
  }
});

test("a URC with its quotes, its id or its end missing is read as none that exists, and never throws", () => {
  const broken = [
    "+QSSLURC:",
    '+QSSLURC: "',
    '+QSSLURC: "recv',
    "+QSSLURC: recv,1",
    '+QSSLURC: "recv",',
    '+QIURC: "rec',
  ];
  for (const line of broken) {
    const urc = driver.readUrc(line);
    assert.ok(urc === undefined || !["closed", "pdpdeact", "ready"].includes(urc.event), line);
    assert.ok(urc === undefined || !(urc.id >= 0), line);
  }
});

test("signal: what is measured, and nothing where there is no service", () => {
  assert.deepEqual(toHost(driver.readSignal(['+QCSQ: "CAT-M1",-61,-88,152,-10'])), {
    rat: "CAT-M1",
    rssiDbm: -61,
    rsrpDbm: -88,
  });
  assert.equal(driver.readSignal(['+QCSQ: "NOSERVICE"']).rat, "NOSERVICE");
  assert.equal(driver.readSignal([]).rat, "NOSERVICE");
  assert.equal(driver.readSignal(['+QCSQ: "GSM",-70']).rssiDbm, -70);
  const beside = driver.readSignal(['+QIND: "csq",24,99', '+QCSQ: "CAT-M1",-61,-88,152,-10']);
  assert.deepEqual([beside.rat, beside.rssiDbm], ["CAT-M1", -61], "a URC beside the answer");
});

test("TLS: every setting is written, and what is unsafe by factory is made safe", () => {
  const settings = toHost(driver.tlsSettings(PROFILE));
  const value = (key: string): string | undefined =>
    settings.find((setting) => setting.startsWith(`+QSSLCFG="${key}",1,`))?.split(",")[2];
  assert.equal(value("sslversion"), "3", "TLS 1.2, not `all`");
  assert.equal(value("seclevel"), "2");
  assert.equal(value("ignorelocaltime"), "0");
  assert.equal(value("sni"), "1");
  assert.equal(value("cacert"), '"ca.pem"');
  assert.equal(value("clientcert"), '"client.pem"');
  assert.equal(value("clientkey"), '"client.key"');
  const oneWay = toHost(driver.tlsSettings({ ...PROFILE, cert: "", key: "" })).join("\n");
  assert.match(oneWay, /"seclevel",1,1/);
  assert.ok(!oneWay.includes("clientkey"));
  const open = toHost(driver.tlsSettings({ ...PROFILE, verify: false })).join("\n");
  assert.match(open, /"seclevel",1,0/);
});

test("numbers that a reader can check: pulses, limits, capability table", () => {
  const tls = driver.tls();
  assert.ok(driver.powerOnMs >= 500 && driver.powerOffMs >= 650, "BG96 hardware design");
  assert.ok(driver.resetMs >= 150 && driver.resetMs <= 460, "BG96 hardware design");
  assert.ok(driver.activateMs >= 150_000, "TCP/IP manual");
  assert.equal(driver.sendBytes, 1460);
  assert.equal(tls.host, "unproved", "no source says that BG96 compares the host name");
  assert.deepEqual([tls.ca, tls.dates, tls.sni, tls.readBack], ["yes", "yes", "yes", "yes"]);
});

test("sockets: pull mode, one send of at most 1,460 bytes, counted reads", () => {
  assert.equal(driver.openSocket("tls", 1, 3, "h", 8883).text, 'AT+QSSLOPEN=1,1,3,"h",8883,0');
  assert.equal(driver.openSocket("tcp", 1, 3, "h", 80).text, 'AT+QIOPEN=1,3,"TCP","h",80,0,0');
  assert.equal(driver.openSocket("udp", 1, 3, "h", 123).text, 'AT+QIOPEN=1,3,"UDP","h",123,0,0');
  const send = driver.sendTo("tls", 3, "abc");
  assert.deepEqual([send.text, send.prompt, send.payload], ["AT+QSSLSEND=3,3", ">", "abc"]);
  assert.equal(driver.receiveFrom("tls", 3, 768).text, "AT+QSSLRECV=3,768");
  assert.equal(driver.receiveFrom("udp", 3, 768).text, "AT+QIRD=3,768");
  assert.equal(driver.closeSocket("tcp", 3).text, "AT+QICLOSE=3");
});

test("causes of an open that have a code of their own", () => {
  const codes = [566, 565, 552, 563, 550].map((cause) => driver.openCode("tls", cause));
  assert.deepEqual(codes.slice(0, 3), ["TLS_REFUSED", "NET_DNS", "SOCKET_WORN"]);
  assert.equal(driver.openCode("tcp", 566), "NET_CONNECT", "without TLS it is the port");
});
