import assert from "node:assert/strict";
import { test } from "node:test";
import { createHost, createReadyHost } from "./host.ts";

test("echo, line editing and repetition", async () => {
  const host = createHost();
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  host.write("AT\r");
  assert.equal(await host.expect(/OK\r\n/), "AT\r\r\nOK\r\n");
  host.write("AT+CGMX\bM\r\n");
  assert.equal(await host.expect(/OK\r\n/), "AT+CGMX\bM\r\r\nBG96\r\n\r\nOK\r\n");
  host.write("A/");
  assert.equal(await host.expect(/OK\r\n/), "A/\r\nBG96\r\n\r\nOK\r\n");
  host.write("noise\x1aAT E0\r");
  await host.expect(/OK\r\n/);
  host.write("at+cgmm\r");
  assert.equal(await host.expect(/OK\r\n/), "\r\nBG96\r\n\r\nOK\r\n");
  host.write("\r\n\r\nfoo\rA");
  assert.equal(await host.silence(20), "", "a line without AT is nothing");
  host.write("T\r");
  assert.equal(await host.expect(/OK\r\n/), "\r\nOK\r\n");
  host.end();
});

test("results as numbers, no results, other line ends", async () => {
  const host = await createReadyHost();
  host.write("ATV0\r");
  assert.equal(await host.expect(/0\r$/), "0\r");
  host.write("AT+CGMM\r");
  assert.equal(await host.expect(/0\r$/), "BG96\r\n0\r");
  host.write("AT+NOSUCH\r");
  assert.equal(await host.expect(/4\r$/), "4\r");
  host.write("ATQ1\r");
  assert.equal(await host.silence(20), "");
  host.write("AT+CGMM\r");
  assert.equal(await host.silence(20), "BG96\r\n");
  host.write("ATQ0V1\r");
  await host.expect(/OK\r\n/);
  assert.equal(await host.at("ATS3?"), "\r\n013\r\n\r\nOK\r\n");
  host.write("ATS4=13\r");
  assert.equal(await host.expect(/OK\r\r/), "\r\rOK\r\r");
  host.end();
});

test("concatenation: one result, and the first failure ends the line", async () => {
  const host = await createReadyHost();
  assert.equal(await host.at("AT+CGMM;+CMEE?"), "\r\nBG96\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n");
  assert.equal(await host.at("ATE0+CGMM;+NOSUCH;+CGMI"), "\r\nBG96\r\n\r\nERROR\r\n");
  host.end();
});

test("errors as AT+CMEE asks", async () => {
  const host = await createReadyHost({ files: new Map([["a", Buffer.from("x")]]) });
  assert.equal(await host.at('AT+QFDEL="none"'), "\r\n+CME ERROR: 405\r\n");
  await host.at("AT+CMEE=0");
  assert.equal(await host.at('AT+QFDEL="none"'), "\r\nERROR\r\n");
  await host.at("AT+CMEE=2");
  assert.equal(await host.at('AT+QFUPL="a",5'), "\r\n+CME ERROR: file already exist\r\n", "one has a text");
  assert.equal(await host.at('AT+QFDEL="none"'), "\r\n+CME ERROR: 405\r\n", "another has none");
  assert.equal(await host.at("AT+CMEE=3"), "\r\nERROR\r\n");
  host.end();
});

test("a command line without end does not grow without end", async () => {
  const host = await createReadyHost();
  host.write(`AT+CGMM${"x".repeat(100_000)}\r`);
  assert.equal(await host.expect(/ERROR\r\n/), "\r\nERROR\r\n");
  assert.equal(await host.at("AT"), "\r\nOK\r\n");
  host.end();
});

test("characters during a command are lost, or wait when the firmware is so", async () => {
  const strict = await createReadyHost();
  strict.write("AT+CGMM\rAT+CGMI\r");
  assert.equal(await strict.silence(30), "\r\nBG96\r\n\r\nOK\r\n");
  assert.equal(strict.event("swallowed")?.bytes, 8);
  strict.end();
  const patient = await createReadyHost({ quirks: { typeAhead: "queue" } });
  patient.write("AT+CGMM\rAT+CGMI\r");
  assert.equal(await patient.silence(30), "\r\nBG96\r\n\r\nOK\r\n\r\nQuectel\r\n\r\nOK\r\n");
  patient.end();
});

test("bytes are paced as on the wire, both ways", async () => {
  const host = createHost({ baud: 9600 });
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  const started = performance.now();
  await host.at("ATI");
  // 4 bytes there, 4 back as echo while they come, 46 of answer: 50 bytes at 960 a second.
  const took = performance.now() - started;
  assert.ok(took > 45 && took < 150, `${took} ms`);
  host.end();
});

test("settings survive as AT&W, AT&F, ATZ and a start say", async () => {
  const host = await createReadyHost();
  await host.at("AT+CEREG=2;+CREG=1;+CMEE=2;+IPR=9600");
  await host.at("AT&W");
  host.write("AT&F\r");
  await host.expect(/OK\r\n/);
  host.write("AT\r");
  assert.equal(await host.expect(/OK\r\n/), "AT\r\r\nOK\r\n", "the factory has echo on");
  assert.match(await host.at("AT+CEREG?"), /\+CEREG: 0,1/, "and reports off");
  host.write("ATZ\r");
  await host.expect(/OK\r\n/);
  assert.equal(await host.at("AT+CMEE?"), "\r\n+CMEE: 1\r\n\r\nOK\r\n", "not in the list of what is stored");
  assert.match(await host.at("AT+CEREG?;+CREG?"), /\+CEREG: 2,1,[\s\S]*\+CREG: 1,1/);
  await host.at("AT+IPR=115200;+CREG=2");
  host.modem.powerCut();
  host.modem.powerOn();
  const said = await host.expect(/SMS DONE\r\n/);
  assert.match(said, /\+CREG: 2\r\n\r\n\+CEREG: 2\r\n/, "told from the first moment");
  assert.match(await host.at("AT+IPR?;+CREG?"), /\+IPR: 9600\r\n[\s\S]*\+CREG: 1,1\r\n/);
  assert.equal(await host.at("AT+IPR=0"), "\r\nERROR\r\n");
  host.end();
});

test("without AT&W the speed of the port is the wire's again after a start", async () => {
  const host = createHost({ baud: 921_600 });
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  await host.at("ATE0");
  assert.equal(await host.at("AT+IPR?"), "\r\n+IPR: 921600\r\n\r\nOK\r\n");
  await host.at("AT+IPR=9600");
  const started = performance.now();
  await host.at("ATI");
  assert.ok(performance.now() - started > 40, "46 characters at 960 a second");
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  assert.match(await host.at("AT+IPR?"), /\+IPR: 921600/);
  host.end();
});
