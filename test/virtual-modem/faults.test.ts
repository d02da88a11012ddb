import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { parseFault } from "../../tools/virtual-modem/index.ts";
import { createReadyHost } from "./host.ts";
import { createRig } from "./tls-rig.ts";

test("drop: the connection dies, with and without a word", async () => {
  const rig = await createRig();
  await rig.open();
  rig.host.modem.fault("drop");
  assert.equal(await rig.host.expect(/closed",0\r\n/), '\r\n+QSSLURC: "closed",0\r\n');
  await rig.host.at("AT+QSSLCLOSE=0");
  await rig.open();
  rig.host.modem.fault("drop", { silent: true, on: "AT+QSSLSEND" });
  assert.equal(await rig.host.at("AT+QSSLSEND=0,5"), "\r\nERROR\r\n");
  assert.equal(await rig.host.silence(30), "", "a lost URC");
  rig.close();
});

test("reset: no answer, a new start, everything forgotten", async () => {
  const rig = await createRig();
  await rig.open();
  rig.host.modem.fault("reset", { on: /^\+CSQ/, nth: 2 });
  await rig.host.at("AT+CSQ");
  rig.host.write("AT+CSQ\r");
  const said = await rig.host.expect(/SMS DONE\r\n/);
  assert.match(said, /^\r\nRDY\r\n/);
  assert.ok(!said.includes("OK"));
  await rig.host.at("ATE0");
  assert.equal(await rig.host.at("AT+QIACT?;+QSSLSTATE"), "\r\nOK\r\n");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(rig.clients.size, 0);
  rig.close();
});

test("power-cut: nothing any more", async () => {
  const host = await createReadyHost();
  host.modem.fault("power-cut", { afterMs: 20 });
  assert.equal(await host.at("AT"), "\r\nOK\r\n");
  await host.silence(40);
  host.write("AT\r");
  assert.equal(await host.silence(30), "");
  assert.equal(host.modem.powered, false);
});

test("garbage: as many bytes as asked for, the same for the same seed", async () => {
  const noises: string[] = [];
  for (const seed of [7, 7, 8]) {
    const host = await createReadyHost({ seed });
    await host.silence(10);
    host.modem.fault("garbage", { bytes: 40 });
    noises.push(await host.silence(10));
    host.modem.fault("garbage", { bytes: 4, where: "before" });
    host.write("AT\r");
    const answer = await host.expect(/\r\nOK\r\n/);
    assert.equal(answer.length, 4 + 6);
    assert.equal(await host.at("AT"), "\r\nOK\r\n");
    host.end();
  }
  assert.equal(noises[0]?.length, 40);
  assert.equal(noises[0], noises[1]);
  assert.notEqual(noises[0], noises[2]);
});

test("a URC at every bad place", async () => {
  const rig = await createRig({ onClient: (socket) => socket.write("0123456789") });
  await rig.open();
  await rig.host.expect(/recv",0\r\n/);
  const { host } = rig;
  const urc = '\r\n+QSSLURC: "recv",0\r\n';
  const text = '+QSSLURC: "recv",0';
  const read = (): Promise<string> => host.at("AT+QSSLRECV=0,2");
  host.modem.fault("urc", { text });
  assert.equal(await host.silence(10), urc);
  host.modem.fault("urc", { text, where: "before" });
  assert.equal(await read(), `${urc}\r\n+QSSLRECV: 2\r\n01\r\n\r\nOK\r\n`);
  host.modem.fault("urc", { text, where: "inside" });
  assert.equal(await read(), `\r\n+QSSLRECV: 2\r\n23\r\n${urc}\r\nOK\r\n`);
  host.modem.fault("urc", { text, where: "header" });
  assert.equal(await read(), `\r\n+QSSL${urc}RECV: 2\r\n45\r\n\r\nOK\r\n`);
  host.modem.fault("urc", { text, where: "before", cut: 16 });
  assert.equal(await read(), 'v",0\r\n\r\n+QSSLRECV: 2\r\n67\r\n\r\nOK\r\n');
  host.modem.fault("urc", { text, on: "+QSSLRECV", where: "before", times: 2 });
  assert.equal(await host.at("AT+CGMM"), "\r\nBG96\r\n\r\nOK\r\n");
  assert.match(await read(), /^\r\n\+QSSLURC/);
  assert.match(await read(), /^\r\n\+QSSLURC/);
  assert.match(await read(), /^\r\n\+QSSLRECV: 0/);
  rig.close();
});

test("late-answer: what the host types meanwhile waits, so answers come shifted", async () => {
  const host = await createReadyHost({ clock: createClock(100) });
  host.modem.fault("late-answer", { on: "+CGMM", delayMs: 5000 });
  host.write("AT+CGMM\r");
  assert.equal(await host.silence(20), "");
  host.write("AT+CGMI\r");
  assert.equal(await host.expect(/Quectel\r\n\r\nOK\r\n/), "\r\nBG96\r\n\r\nOK\r\n\r\nQuectel\r\n\r\nOK\r\n");
  host.modem.fault("late-answer", { delayMs: 3000, when: "result" });
  host.write("AT+CGMM\r");
  assert.equal(await host.silence(15), "\r\nBG96\r\n");
  assert.equal(await host.expect(/OK\r\n/), "\r\nOK\r\n");
  host.end();
});

test("partial-answer: the rest is missing, the next is whole", async () => {
  const host = await createReadyHost();
  host.modem.fault("partial-answer", { bytes: 5 });
  host.write("AT+CGMM\r");
  assert.equal(await host.silence(20), "\r\nBG9");
  assert.equal(await host.at("AT+CGMM"), "\r\nBG96\r\n\r\nOK\r\n");
  host.end();
});

test("send-fail, at the send that was meant", async () => {
  const received: string[] = [];
  const rig = await createRig({ onClient: (socket) => socket.on("data", (bytes) => received.push(bytes.toString())) });
  await rig.open();
  rig.host.modem.fault("send-fail", { nth: 2 });
  const results: string[] = [];
  for (const text of ["one", "two", "six"]) {
    await rig.host.at("AT+CSQ");
    rig.host.write("AT+QSSLSEND=0,3\r");
    await rig.host.expect(/> $/);
    rig.host.write(text);
    results.push((await rig.host.expect(/SEND \w+\r\n/)).trim());
  }
  assert.deepEqual(results, ["SEND OK", "SEND FAIL", "SEND OK"]);
  await rig.host.silence(20);
  assert.equal(received.join(""), "onesix");
  rig.close();
});

test("no-prompt: the command is lost, or the modem waits silently", async () => {
  const rig = await createRig({ modem: { network: { nitz: false } } });
  await rig.open();
  rig.host.modem.fault("no-prompt");
  rig.host.write("AT+QSSLSEND=0,5\r");
  assert.equal(await rig.host.silence(20), "");
  assert.equal(await rig.host.at("AT"), "\r\nOK\r\n");
  rig.host.modem.fault("no-prompt", { mode: "hang" });
  rig.host.write("AT+QSSLSEND=0,5\r");
  assert.equal(await rig.host.silence(20), "");
  rig.host.write("AT\r\nA");
  assert.match(await rig.host.expect(/SEND OK\r\n/), /^\r\nSEND OK/);
  rig.close();
});

test("deaf: until a reset by pin", async () => {
  const host = await createReadyHost({ clock: createClock(100) });
  host.modem.fault("deaf", { on: "+CSQ" });
  host.write("AT+CSQ\r");
  assert.equal(await host.silence(20), "");
  host.write("AT\r");
  assert.equal(await host.silence(20), "");
  assert.equal(host.modem.powered, true);
  host.modem.setPin("reset", 0);
  await host.silence(10);
  host.modem.setPin("reset", 1);
  await host.expect(/RDY/);
  await host.expect(/SMS DONE\r\n/);
  await host.at("ATE0");
  host.modem.fault("deaf");
  host.modem.clearFaults();
  assert.equal(await host.at("AT"), "\r\nOK\r\n");
  host.end();
});

test("pdp-lost: connections die without a word of their own", async () => {
  const rig = await createRig();
  await rig.open();
  rig.host.modem.fault("pdp-lost");
  assert.equal(await rig.host.expect(/pdpdeact.*\r\n/), '\r\n+QIURC: "pdpdeact",1\r\n');
  assert.equal(await rig.host.silence(20), "");
  assert.equal(await rig.host.at("AT+QSSLSEND=0,1"), "\r\nERROR\r\n");
  assert.equal(await rig.open(), 563, "the id stays until it is closed");
  await rig.host.at("AT+QSSLCLOSE=0");
  assert.equal(await rig.open(), 561);
  await rig.host.at("AT+QIDEACT=1;+QIACT=1");
  assert.equal(await rig.open(), 0);
  rig.close();
});

test("wear-552: lasts through everything but power", async () => {
  const rig = await createRig();
  rig.host.modem.fault("wear-552");
  assert.equal(await rig.open(), 552);
  rig.host.write("AT+CFUN=1,1\r");
  await rig.host.expect(/SMS DONE/);
  await rig.host.at("ATE0");
  assert.equal(await rig.host.at("AT+QIACT=1"), "\r\nERROR\r\n");
  rig.host.modem.powerOff();
  await rig.host.expect(/POWERED DOWN/);
  await rig.host.silence(10);
  rig.host.modem.powerOn();
  await rig.host.expect(/SMS DONE/);
  await rig.host.at("ATE0;+QIACT=1");
  assert.equal(await rig.open(), 0);
  rig.close();
});

test("faults as words of a command line", () => {
  assert.deepEqual(parseFault("drop"), { name: "drop", options: {} });
  assert.deepEqual(parseFault("drop:on=+QSSLSEND,nth=3,silent"), {
    name: "drop",
    options: { on: "+QSSLSEND", nth: 3, silent: true },
  });
  assert.deepEqual(parseFault("urc:text=+X: a=b").options, { text: "+X: a=b" });
  assert.throws(() => parseFault("dorp"), /there are drop, reset/);
  assert.throws(() => parseFault("toString"), /no fault/);
  assert.throws(() => parseFault("drop:when=1,nope=2"), /nope/);
});
