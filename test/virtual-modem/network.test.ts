import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { createConnectedHost, createHost, createReadyHost } from "./host.ts";

test("registration takes time and tells it as asked", async () => {
  const host = createHost({ latency: 0.02, network: { registrationMs: 25_000 } });
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  await host.at("ATE0+CREG=1;+CEREG=2");
  assert.equal(await host.at("AT+CEREG?"), "\r\n+CEREG: 2,2\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+COPS?"), "\r\n+COPS: 0\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+CSQ"), "\r\n+CSQ: 99,99\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+QIACT=1"), "\r\nERROR\r\n");
  assert.match(await host.expect(/\+CEREG: 1.*\r\n/), /\+CREG: 1\r\n\r\n\+CEREG: 1,"1A2B","01A2D05",8\r\n/);
  assert.equal(await host.at("AT+CEREG?;+CREG?"), '\r\n+CEREG: 2,1,"1A2B","01A2D05",8\r\n\r\n+CREG: 1,1\r\n\r\nOK\r\n');
  assert.equal(await host.at("AT+COPS?"), '\r\n+COPS: 0,0,"Godwit Virtual",8\r\n\r\nOK\r\n');
  assert.equal(await host.at("AT+CEREG=3"), "\r\n+CME ERROR: 50\r\n");
  host.end();
});

test("roaming, denied, radio off", async () => {
  const roaming = await createReadyHost({ network: { roaming: true } });
  assert.equal(await roaming.at("AT+CEREG?"), "\r\n+CEREG: 0,5\r\n\r\nOK\r\n");
  roaming.end();
  const denied = await createReadyHost({ network: { denied: true } });
  assert.equal(await denied.at("AT+CEREG?"), "\r\n+CEREG: 0,3\r\n\r\nOK\r\n");
  assert.equal(await denied.at("AT+CGATT=1"), "\r\n+CME ERROR: 30\r\n");
  denied.end();
  const host = await createConnectedHost();
  await host.at("AT+CEREG=1");
  host.write("AT+CFUN=4\r");
  const said = await host.expect(/pdpdeact[\s\S]*OK\r\n/);
  assert.match(said, /\+CEREG: 0/);
  assert.match(said, /\+QIURC: "pdpdeact",1/);
  assert.equal(await host.at("AT+CFUN?"), "\r\n+CFUN: 4\r\n\r\nOK\r\n");
  host.write("AT+CFUN=1\r");
  await host.expect(/\+CEREG: 1/);
  host.end();
});

test("PDP contexts", async () => {
  const host = await createReadyHost({ network: { apn: "right" } });
  assert.equal(await host.at("AT+QIACT?"), "\r\nOK\r\n");
  await host.at('AT+QICSGP=1,1,"wrong","user","hunter2",1');
  assert.equal(await host.at("AT+QIACT=1"), "\r\nERROR\r\n");
  assert.equal(await host.at("AT+QIGETERROR"), "\r\n+QIGETERROR: 561,open PDP context failed\r\n\r\nOK\r\n");
  await host.at('AT+QICSGP=1,1,"right","user","hunter2",1');
  assert.equal(await host.at("AT+QICSGP=1"), '\r\n+QICSGP: 1,"right","user","hunter2",1\r\n\r\nOK\r\n');
  assert.equal(await host.at("AT+QIACT=1"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+QIACT?"), '\r\n+QIACT: 1,1,1,"10.187.7.8"\r\n\r\nOK\r\n');
  assert.equal(await host.at("AT+QIACT=1"), "\r\nERROR\r\n", "active already");
  assert.equal(await host.at("AT+CGPADDR=1"), "\r\n+CGPADDR: 1,10.187.7.8\r\n\r\nOK\r\n");
  host.modem.fault("pdp-lost");
  assert.match(await host.expect(/pdpdeact",1\r\n/), /\r\n\+QIURC: "pdpdeact",1\r\n/);
  assert.equal(await host.at("AT+QIACT?"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+QIDEACT=1;+QIACT=1;+QIDEACT=1"), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QICSGP=17,1,"x"'), "\r\nERROR\r\n");
  assert.ok(!JSON.stringify(host.events).includes("hunter2"), "passwords stay out of events");
  host.end();
});

test("settings of the chip are remembered, unknown ones refused", async () => {
  const host = await createReadyHost();
  assert.equal(await host.at('AT+QCFG="nwscanmode",3'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QCFG="nwscanmode"'), '\r\n+QCFG: "nwscanmode",3\r\n\r\nOK\r\n');
  assert.equal(await host.at('AT+QCFG="nonsense"'), "\r\nERROR\r\n");
  assert.equal(await host.at('AT+CPSMS=1,,,"00111111","00000000"'), "\r\nOK\r\n");
  assert.equal(await host.at("AT+CPSMS?"), '\r\n+CPSMS: 1,,,"00111111","00000000"\r\n\r\nOK\r\n');
  assert.equal(await host.at("AT+CBC;+QTEMP"), "\r\n+CBC: 0,81,3863\r\n\r\n+QTEMP: 31,30,29\r\n\r\nOK\r\n");
  host.end();
});

test("two modems share nothing", async () => {
  const clock = createClock();
  const [a, b] = [await createReadyHost({ clock }), await createReadyHost({ clock })];
  await a.at("AT+CMEE=2");
  assert.equal(await b.at("AT+CMEE?"), "\r\n+CMEE: 1\r\n\r\nOK\r\n");
  a.end();
  b.end();
});
