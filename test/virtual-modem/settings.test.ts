/** What clients write at boot, and read back: BG96 AT manual. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createReadyHost } from "./host.ts";

test("QCFG: when a setting takes effect is not part of what is read", async () => {
  const host = await createReadyHost();
  const cases: readonly (readonly [set: string, read: string])[] = [
    ['"nwscanseq",03,1', '"nwscanseq",030201'],
    ['"nwscanseq",00', '"nwscanseq",020301'],
    ['"nwscanmode",3,1', '"nwscanmode",3'],
    ['"iotopmode",2,1', '"iotopmode",2'],
    ['"band",f,400A0E189F,0x80000,1', '"band",0xf,0x400a0e189f,0x80000'],
    ['"band",0,8,0', '"band",0xf,0x8,0x80000'],
    ['"band",1,40000000,0', '"band",0x1,0x8,0x80000'],
    ['"servicedomain",1', '"servicedomain",1'],
    ['"urc/ri/other","pulse",120,1', '"urc/ri/other","pulse",120,1'],
    ['"psm/urc",1', '"psm/urc",1'],
  ];
  for (const [set, read] of cases) {
    assert.equal(await host.at(`AT+QCFG=${set}`), "\r\nOK\r\n", set);
    const key = set.slice(0, set.indexOf(","));
    assert.equal(await host.at(`AT+QCFG=${key}`), `\r\n+QCFG: ${read}\r\n\r\nOK\r\n`);
  }
  for (const wrong of ['"psm/urc",1,1,1', '"band",0,8', '"band",g,0,0', '"nwscanseq",04', '"nwscanseq",020']) {
    assert.equal(await host.at(`AT+QCFG=${wrong}`), "\r\nERROR\r\n", wrong);
  }
  assert.match(await host.at("AT+QCFG=?"), /\+QCFG: "nwscanmode",\(0,1,3\),\(0,1\)\r\n/);
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  assert.match(await host.at('AT+QCFG="iotopmode"'), /"iotopmode",2/, "kept in the chip's flash");
  host.end();
});

test("keys of one command are none of another's, and the savetonvram of QINDCFG is not read back", async () => {
  const host = await createReadyHost();
  await host.at('AT+QINDCFG="csq",1,1');
  assert.equal(await host.at('AT+QINDCFG="csq"'), '\r\n+QINDCFG: "csq",1\r\n\r\nOK\r\n');
  assert.equal(await host.at('AT+QCFG="csq"'), "\r\nERROR\r\n");
  await host.at('AT+QINDCFG="ring",0');
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  await host.at("ATE0");
  assert.equal(
    await host.at('AT+QINDCFG="csq";+QINDCFG="ring"'),
    '\r\n+QINDCFG: "csq",1\r\n\r\n+QINDCFG: "ring",1\r\n\r\nOK\r\n',
    "only what was to be saved is",
  );
  assert.equal(await host.at('AT+QURCCFG="urcport","uart1"'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QURCCFG="urcport"'), '\r\n+QURCCFG: "urcport","uart1"\r\n\r\nOK\r\n');
  assert.equal(await host.at("AT+IFC=2,2"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+IFC?"), "\r\n+IFC: 2,2\r\n\r\nOK\r\n");
  host.end();
});

test("eDRX is read back by access technology", async () => {
  const host = await createReadyHost();
  assert.equal(await host.at("AT+CEDRXS?"), "\r\nOK\r\n", "nothing is asked for");
  await host.at('AT+CEDRXS=1,4,"0101"');
  assert.equal(await host.at("AT+CEDRXS?"), '\r\n+CEDRXS: 4,"0101"\r\n\r\nOK\r\n');
  await host.at("AT+CEDRXS=2");
  assert.equal(await host.at("AT+CEDRXS?"), '\r\n+CEDRXS: 4,"0010"\r\n+CEDRXS: 5,"0010"\r\n\r\nOK\r\n');
  await host.at("AT+CEDRXS=0,5");
  assert.equal(await host.at("AT+CEDRXS?"), '\r\n+CEDRXS: 4,"0010"\r\n\r\nOK\r\n');
  for (const set of ['4,4,"0101"', '1,2,"0101"', '1,4,"01012"', "x"]) {
    assert.equal(await host.at(`AT+CEDRXS=${set}`), "\r\nERROR\r\n", set);
  }
  host.end();
});

test("the receiver: on once, off once, no fix", async () => {
  const host = await createReadyHost();
  const cases: readonly (readonly [command: string, answer: string])[] = [
    ["+QGPSLOC=2", "+CME ERROR: 505"],
    ["+QGPSEND", "+CME ERROR: 505"],
    ["+QGPS=1", "OK"],
    ["+QGPS=1,30,50,0,1", "+CME ERROR: 504"],
    ["+QGPSLOC=2", "+CME ERROR: 516"],
    ["+QGPSLOC?", "+CME ERROR: 516"],
    ['+QGPSCFG="priority",0,0', "OK"],
    ['+QGPSCFG="nonsense"', "+CME ERROR: 501"],
    ["+QGPSEND", "OK"],
    ["+QGPS=0", "+CME ERROR: 501"],
  ];
  for (const [command, answer] of cases) assert.equal(await host.at(`AT${command}`), `\r\n${answer}\r\n`, command);
  assert.equal(
    await host.at('AT+QGPSCFG="outport","none";+QGPSCFG="outport"'),
    '\r\n+QGPSCFG: "outport","none"\r\n\r\nOK\r\n',
  );
  host.end();
});

test("CFUN=0 switches the card off, CFUN=1 starts it again", async () => {
  const host = await createReadyHost();
  assert.equal(await host.at("AT+CFUN=0"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+COPS?"), "\r\n+COPS: 2\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+CPIN?"), "\r\n+CME ERROR: 13\r\n");
  host.write("AT+CFUN=1\r");
  const said = await host.expect(/SMS DONE\r\n/);
  assert.equal(said, "\r\nOK\r\n\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n\r\n+QIND: SMS DONE\r\n");
  assert.match(await host.at("AT+CEREG?"), /0,1/);
  await host.at("AT+CFUN=4");
  assert.match(await host.at("AT+CPIN?"), /READY/, "flight mode leaves the card alone");
  host.end();
});

test("files of the card: AT+CRSM", async () => {
  const host = await createReadyHost();
  const cases: readonly (readonly [args: string, answer: string])[] = [
    ["176,28423,0,0,9", '+CRSM: 144,0,"080910101032547698"'],
    ["176,28514,0,0,5", '+CRSM: 144,0,"00F1104080"'],
    ["176,28589,0,3,1", '+CRSM: 144,0,"02"'],
    ["176,28589,0,0,9", "+CRSM: 103,0"],
    ["176,1,0,0,1", "+CRSM: 148,4"],
    ['214,28589,0,0,1,"00"', "+CRSM: 109,0"],
    ["242", "+CRSM: 144,0"],
  ];
  for (const [args, answer] of cases) {
    assert.equal(await host.at(`AT+CRSM=${args}`), `\r\n${answer}\r\n\r\nOK\r\n`, args);
  }
  const iccid = /"([0-9A-F]+)"/.exec(await host.at("AT+CRSM=176,12258,0,0,0"))?.[1] ?? "";
  const shown = /QCCID: (\w+)/.exec(await host.at("AT+QCCID"))?.[1] ?? "";
  assert.equal(iccid.replace(/(.)(.)/g, "$2$1"), shown, "digits in pairs, the lower one first");
  assert.equal(await host.at("AT+CRSM=999"), "\r\n+CME ERROR: 50\r\n");
  host.end();
});

test("contexts keep their type; addresses of all or of some", async () => {
  const host = await createReadyHost();
  const none = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";
  await host.at('AT+CGDCONT=1,"IPV4V6","iot";+CGDCONT=2,"IPV6","two"');
  assert.equal(
    await host.at("AT+CGDCONT?"),
    `\r\n+CGDCONT: 1,"IPV4V6","iot","${none}",0,0\r\n+CGDCONT: 2,"IPV6","two","${none}",0,0\r\n\r\nOK\r\n`,
  );
  await host.at('AT+QICSGP=2,1,"three"');
  assert.match(await host.at("AT+CGDCONT?"), /2,"IP","three"/, "the two commands set one thing");
  assert.equal(await host.at('AT+CGDCONT=1,"X25","iot"'), "\r\n+CME ERROR: 50\r\n");
  assert.equal(await host.at("AT+CGPADDR"), "\r\n+CGPADDR: 1,10.187.7.8\r\n+CGPADDR: 2,0.0.0.0\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+CGPADDR=2,1"), "\r\n+CGPADDR: 2,0.0.0.0\r\n+CGPADDR: 1,10.187.7.8\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+CGPADDR=17"), "\r\n+CME ERROR: 50\r\n");
  host.end();
});

test("each model names its access technology as its logs do", async () => {
  for (const [model, network, signal, temperatures] of [
    ["BG96", "CAT-M1", "CAT-M1", 3],
    ["BG95", "eMTC", "eMTC", 4],
    ["BG77", "eMTC", "eMTC", 4],
    ["EC25", "FDD LTE", "LTE", 3],
  ] as const) {
    const host = await createReadyHost({ model });
    assert.ok((await host.at("AT+QNWINFO")).includes(`+QNWINFO: "${network}","00101"`), model);
    assert.ok((await host.at("AT+QCSQ")).includes(`+QCSQ: "${signal}",-`), model);
    assert.equal(/QTEMP: (.*)\r\n/.exec(await host.at("AT+QTEMP"))?.[1]?.split(",").length, temperatures);
    host.end();
  }
});

test("AT&V shows what is set; registers of calls are kept and do nothing", async () => {
  const host = await createReadyHost();
  await host.at("ATS0=2;S10=9");
  assert.equal(await host.at("ATS0?"), "\r\n002\r\n\r\nOK\r\n");
  assert.match(
    await host.at("AT&V"),
    /^\r\n&C: 1\r\n[\s\S]*\r\nE: 0\r\nQ: 0\r\nV: 1\r\n[\s\S]*\r\nS3: 13\r\nS4: 10\r\n/,
  );
  assert.equal(await host.at("ATS0=256"), "\r\nERROR\r\n");
  host.end();
});
