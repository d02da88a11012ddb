/** What surrounds the modem goes and comes back while it runs: cells, the SIM card. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { FAULTS, parseFault } from "../../tools/virtual-modem/index.ts";
import { createConnectedHost, createHost, createReadyHost, type Host } from "./host.ts";

async function restart(host: Host, last: RegExp): Promise<string> {
  host.modem.powerCut();
  host.modem.powerOn();
  const said = await host.expect(last);
  await host.at("ATE0");
  return said;
}

test("no-signal: registration and the context end, signal commands say so, and healing brings it back", async () => {
  const host = await createConnectedHost();
  await host.at("AT+CEREG=1;+CREG=1");
  host.modem.fault("no-signal");
  assert.equal(
    await host.expect(/pdpdeact",1\r\n/),
    '\r\n+CREG: 2\r\n\r\n+CEREG: 2\r\n\r\n+QIURC: "pdpdeact",1\r\n',
    "searching, and the context is gone",
  );
  assert.equal(
    await host.at("AT+CSQ;+QCSQ;+QNWINFO;+COPS?;+CGATT?"),
    '\r\n+CSQ: 99,99\r\n\r\n+QCSQ: "NOSERVICE"\r\n\r\n+QNWINFO: No Service\r\n\r\n+COPS: 0\r\n\r\n+CGATT: 0\r\n\r\nOK\r\n',
  );
  assert.equal(await host.at("AT+COPS=?"), "\r\n+COPS: ,,(0,1,2,3,4),(0,1,2)\r\n\r\nOK\r\n", "no cell is found");
  assert.equal(await host.at("AT+QSPN"), "\r\n+CME ERROR: 30\r\n");
  assert.equal(await host.at("AT+QIACT=1"), "\r\nERROR\r\n");
  assert.equal(await host.at("AT+CGATT=1"), "\r\n+CME ERROR: 30\r\n");
  assert.match(await host.at("AT+CPIN?"), /READY/, "the card is there");
  host.modem.clearFaults();
  assert.match(await host.expect(/\+CEREG: 1\r\n/), /\+CREG: 1/);
  assert.equal(await host.at("AT+QIACT=1"), "\r\nOK\r\n");
  host.end();
});

test("no-signal lasts through radio, restart and power, and ends the search as asked", async () => {
  const host = await createReadyHost({ clock: createClock(100) });
  for (const [stat, wanted] of [
    [0, "0,0"],
    [2, "0,2"],
    [3, "0,3"],
  ] as const) {
    host.modem.fault("no-signal", { stat });
    assert.equal(await host.at("AT+CEREG?"), `\r\n+CEREG: ${wanted}\r\n\r\nOK\r\n`);
    await restart(host, /SMS DONE\r\n/);
    await host.silence(30);
    assert.equal(await host.at("AT+CEREG?"), `\r\n+CEREG: ${wanted}\r\n\r\nOK\r\n`, "after a power cycle");
    host.write("AT+CFUN=0;+CFUN=1\r");
    await host.expect(/SMS DONE\r\n/);
    await host.silence(30);
    assert.equal(await host.at("AT+CEREG?"), `\r\n+CEREG: ${wanted}\r\n\r\nOK\r\n`, "after the radio was off");
    host.modem.clearFaults("no-signal");
    await host.silence(5);
    assert.match(await host.at("AT+CEREG?"), /0,1/);
  }
  host.end();
});

test("sim-out without a watched switch: nothing is said, commands fail, a restart finds the card again", async () => {
  const host = await createConnectedHost();
  await host.at("AT+CEREG=1");
  host.modem.fault("sim-out");
  assert.equal(await host.expect(/pdpdeact",1\r\n/), '\r\n+CEREG: 0\r\n\r\n+QIURC: "pdpdeact",1\r\n');
  for (const command of [
    "+CPIN?",
    "+CIMI",
    "+QCCID",
    "+CRSM=176,28589,0,0,0",
    '+CLCK="SC",2',
    '+CPIN="1234"',
    "+QPINC?",
  ]) {
    assert.equal(await host.at(`AT${command}`), "\r\n+CME ERROR: 10\r\n", command);
  }
  assert.equal(await host.at("AT+QSIMSTAT?;+QINISTAT"), "\r\n+QSIMSTAT: 0,0\r\n\r\n+QINISTAT: 0\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+CEREG?"), "\r\n+CEREG: 1,0\r\n\r\nOK\r\n");
  assert.match(await restart(host, /NOT INSERTED\r\n/), /\+CPIN: NOT INSERTED/);
  host.modem.clearFaults("sim-out");
  assert.equal(await host.silence(20), "", "nobody watches the slot");
  assert.equal(await host.at("AT+CPIN?"), "\r\n+CME ERROR: 10\r\n");
  host.write("AT+CFUN=0;+CFUN=1\r");
  await host.expect(/\+CPIN: READY\r\n/);
  await host.expect(/SMS DONE\r\n/);
  assert.match(await host.at("AT+CEREG?"), /0,1/);
  host.end();
});

test("sim-out with a watched switch: told as it goes and comes, and the PIN is asked for anew", async () => {
  const host = createHost({ sim: { pin: "1234" } });
  host.modem.powerOn();
  await host.expect(/\+CPIN: SIM PIN\r\n/);
  await host.at("ATE0");
  await host.at("AT+QSIMDET=1,0;+QSIMSTAT=1");
  await restart(host, /\+CPIN: SIM PIN\r\n/);
  host.write('AT+CPIN="1234"\r');
  await host.expect(/SMS DONE\r\n/);
  host.modem.fault("sim-out");
  assert.equal(await host.expect(/NOT READY\r\n/), "\r\n+QSIMSTAT: 1,0\r\n\r\n+CPIN: NOT READY\r\n");
  host.modem.clearFaults();
  assert.equal(await host.expect(/PIN\r\n/), "\r\n+QSIMSTAT: 1,1\r\n\r\n+CPIN: SIM PIN\r\n");
  assert.equal(await host.at("AT+CIMI"), "\r\n+CME ERROR: 11\r\n");
  host.end();
});

test("faults that wait are taken back by name, also those that wait for their time", async () => {
  const host = await createReadyHost({ clock: createClock(100) });
  host.modem.fault("no-signal", { afterMs: 3000 });
  host.modem.fault("deaf", { on: "+CSQ" });
  host.modem.fault("deaf", { afterMs: 3000 });
  host.modem.clearFaults("deaf");
  await host.silence(60);
  assert.equal(await host.at("AT+CSQ"), "\r\n+CSQ: 99,99\r\n\r\nOK\r\n", "the other one struck");
  host.modem.fault("sim-out", { afterMs: 3000 });
  host.modem.clearFaults();
  await host.silence(60);
  assert.equal(await host.at("AT+CSQ;+CPIN?"), "\r\n+CSQ: 24,99\r\n\r\n+CPIN: READY\r\n\r\nOK\r\n");
  host.end();
});

test("lasting faults end by themselves when told to, and the last strike counts", async () => {
  const host = await createReadyHost({ clock: createClock(100) });
  host.modem.fault("no-signal", { forMs: 4000 });
  assert.match(await host.at("AT+CSQ"), /99,99/);
  await host.silence(60);
  assert.match(await host.at("AT+CSQ"), /24,99/);
  host.modem.fault("no-signal", { forMs: 4000 });
  host.modem.fault("no-signal");
  await host.silence(60);
  assert.match(await host.at("AT+CSQ"), /99,99/, "until it is healed");
  host.end();
});

test("a modem that never had a card does not get one by healing", async () => {
  const host = createHost({ sim: { absent: true } });
  host.modem.powerOn();
  await host.expect(/NOT INSERTED\r\n/);
  await host.at("ATE0");
  host.modem.fault("sim-out");
  host.modem.clearFaults();
  assert.equal(await host.at("AT+CPIN?"), "\r\n+CME ERROR: 10\r\n");
  host.end();
});

test("both are words of a command line", () => {
  assert.deepEqual(parseFault("no-signal:stat=3,forMs=5"), { name: "no-signal", options: { stat: 3, forMs: 5 } });
  assert.deepEqual(parseFault("sim-out:on=+QSSLOPEN"), { name: "sim-out", options: { on: "+QSSLOPEN" } });
  assert.ok("no-signal" in FAULTS && "sim-out" in FAULTS, "and stand in the help");
});
