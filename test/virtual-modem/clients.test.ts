/**
 * Command sequences of other people's drivers, each with what its parser looks for. TinyGSM and Espruino's module were
 * also run as they are against the virtual modem; what they need is kept here so that it stays.
 */
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { createHost, createReadyHost, type Host } from "./host.ts";
import { createRig } from "./tls-rig.ts";

type Step = readonly [write: string, expect: RegExp];

async function play(host: Host, steps: readonly Step[]): Promise<void> {
  for (const [write, pattern] of steps) {
    if (write !== "") host.write(write);
    await host.expect(pattern);
  }
}

async function echoServer(): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test("TinyGSM (BG96): echo off by itself, CR LF line ends, byte counts before reads", async () => {
  const echo = await echoServer();
  const host = createHost();
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  await play(host, [
    ["AT\r\n", /OK\r\n/],
    ["ATE0\r\n", /OK\r\n/],
    ["AT+CMEE=0\r\n", /OK\r\n/],
    ["AT+CTZR=0\r\n", /OK\r\n/],
    ["AT+CTZU=1\r\n", /OK\r\n/],
    ["AT+CPIN?\r\n", /\+CPIN: READY\r\n\r\nOK\r\n/],
    ["AT+CEREG?\r\n", /\+CEREG: 0,1\r\n\r\nOK\r\n/],
    ["AT+QIDEACT=1\r\n", /OK\r\n/],
    ['AT+QICSGP=1,1,"apn","",""\r\n', /OK\r\n/],
    ["AT+QIACT=1\r\n", /OK\r\n/],
    ["AT+CGATT=1\r\n", /OK\r\n/],
    ["AT+QSPN?\r\n", /\+QSPN: "[^"]+"[\s\S]*OK\r\n/],
    ["AT+QCCID\r\n", /\r\n\+QCCID: \S+\r\n\r\nOK\r\n/],
    ["AT+QTEMP\r\n", /\r\n\+QTEMP: -?\d+,-?\d+,-?\d+\r\n\r\nOK\r\n/],
    ["AT+QICLOSE=0\r\n", /OK\r\n/],
    [`AT+QIOPEN=1,0,"TCP","127.0.0.1",${echo.port},0,0\r\n`, /OK\r\n\r\n\+QIOPEN: 0,0\r\n/],
    ["AT+QISEND=0,3\r\n", />/],
    ["abc", /\r\nSEND OK\r\n/],
    ["", /\r\n\+QIURC: "recv",0\r\n/],
    ["AT+QIRD=0,0\r\n", /\+QIRD: 3,0,3\r\n\r\nOK\r\n/],
    ["AT+QIRD=0,3\r\n", /\+QIRD: 3\r\nabc\r\n\r\nOK\r\n/],
    ["AT+QISTATE=1,0\r\n", /\+QISTATE: 0,"TCP","127.0.0.1",\d+,\d+,2,1,0,0,"uart1"\r\n\r\nOK\r\n/],
    ["AT+QPOWD=1\r\n", /OK\r\n\r\nPOWERED DOWN/],
  ]);
  host.end();
  echo.close();
});

test("Espruino QuectelBG96: push mode, a prompt with a blank, CGREG like CEREG", async () => {
  const echo = await echoServer();
  const host = await createReadyHost();
  await play(host, [
    ["AT+CEREG=2\r\n", /^\r\nOK\r\n$/],
    ["AT+CEREG?\r", /^\r\n\+CEREG: 2,1,"\w+","\w+",\d\r\n\r\nOK\r\n$/],
    ["AT+CGATT=1\r\n", /^\r\nOK\r\n$/],
    ["AT+CGREG?\r\n", /^\r\n\+CGREG: 0,1\r\n\r\nOK\r\n$/],
    ["AT+COPS?\r\n", /^\r\n\+COPS: 0,0,"[^"]+",\d\r\n\r\nOK\r\n$/],
    ['AT+QICSGP=1,1,"","",""\r\n', /^\r\nOK\r\n$/],
    ["AT+QIACT?\r\n", /^\r\nOK\r\n$/],
    ["AT+QIACT=1\r\n", /^\r\nOK\r\n$/],
    [`AT+QIOPEN=1,0,"TCP","127.0.0.1",${echo.port},0,1\r\n`, /^\r\nOK\r\n\r\n\+QIOPEN: 0,0\r\n$/],
    ["AT+QISEND=0,4\r\n", /^\r\n> $/],
    ["ping", /\r\nSEND OK\r\n/],
    ["", /^\r\n\+QIURC: "recv",0,4\r\nping\r\n$/],
    ["AT+QISTATE=0,1\r\n", /^\r\n\+QISTATE: 0,"TCP","127.0.0.1"/],
    ["AT+QICLOSE=0\r\n", /OK\r\n/],
    ["AT+QGPSLOC=2\r\n", /\+CME ERROR: 516\r\n/],
  ]);
  host.end();
  echo.close();
});

test("Zephyr quectel-bg9x: a blank in the arguments, Ctrl-Z behind counted data", async () => {
  const echo = await echoServer();
  const host = createHost();
  host.modem.powerOn();
  await host.expect(/RDY\r\n[\s\S]*SMS DONE\r\n/);
  await play(host, [
    ["ATE0\r", /OK\r\n/],
    ["ATH\r", /OK\r\n/],
    ["AT+CMEE=1\r", /OK\r\n/],
    ["AT+CGMI\r", /^\r\nQuectel\r\n\r\nOK\r\n$/],
    ["AT+CGSN\r", /^\r\n\d{15}\r\n\r\nOK\r\n$/],
    ['AT+QICSGP=1,1,"apn","", "",1\r', /OK\r\n/],
    ["AT+CSQ\r", /\+CSQ: \d+,\d+\r\n\r\nOK\r\n/],
    ["AT+QIACT=1\r", /OK\r\n/],
    [`AT+QIOPEN=1,1,"TCP","127.0.0.1",${echo.port},0,0\r`, /\+QIOPEN: 1,0\r\n/],
    ["AT+QISEND=1,4\r", />/],
    ["data\x1a", /SEND OK\r\n/],
    ["", /\+QIURC: "recv",1\r\n/],
    ["AT+QIRD=1,1000\r", /^\r\n\+QIRD: 4\r\ndata\r\n\r\nOK\r\n$/],
    ["AT+QICLOSE=1\r", /OK\r\n/],
  ]);
  host.end();
  echo.close();
});

test("Zephyr bg9x TLS: CME error for a file that is not there, hex in lower case, close with 0", async () => {
  const rig = await createRig();
  await play(rig.host, [
    ['AT+QFDEL="ca_file"\r', /\+CME ERROR: 405\r\n/],
    [`AT+QFUPL="ca_file",${rig.pki.ca.length}\r`, /CONNECT\r\n/],
    [rig.pki.ca, /\+QFUPL: \d+,[0-9a-f]+\r\n\r\nOK\r\n/],
    ['AT+QSSLCFG="ciphersuite",1,0xFFFF\r', /OK\r\n/],
    ['AT+QSSLCFG="negotiatetime",1,300\r', /OK\r\n/],
    ['AT+QSSLCFG="seclevel",1,1\r', /OK\r\n/],
    ['AT+QSSLCFG="cacert",1,"ca_file"\r', /OK\r\n/],
    ['AT+QICSGP=1,1,"","","",3\r', /OK\r\n/],
    [`AT+QSSLOPEN=1,1,1,"127.0.0.1",${rig.port},0\r`, /OK\r\n\r\n\+QSSLOPEN: 1,0\r\n/],
    ["AT+QIGETERROR\r", /\+QIGETERROR: 0,operate successfully\r\n\r\nOK\r\n/],
    ["AT+QSSLCLOSE=1,0\r", /OK\r\n/],
  ]);
  rig.close();
});

test("toit cellular: UDP service, settings of scan and URC port, reads without a length", async () => {
  const host = await createReadyHost();
  await play(host, [
    ['AT+QCFG="nwscanmode",3\r', /OK\r\n/],
    ['AT+QCFG="nwscanseq",02\r', /OK\r\n/],
    ['AT+QCFG="servicedomain",1\r', /OK\r\n/],
    ['AT+QCFG="psm/urc",1\r', /OK\r\n/],
    ['AT+QCFG="band",0,8000000,8000000\r', /OK\r\n/],
    ['AT+QURCCFG="urcport","uart1"\r', /OK\r\n/],
    ["AT+CPSMS?\r", /\+CPSMS: 0,.*\r\n\r\nOK\r\n/],
    ["AT+IPR=921600;&W\r", /OK\r\n/],
    ["AT+QICSGP=1\r", /\+QICSGP: 1,.*\r\n\r\nOK\r\n/],
    ["AT+QIACT=1\r", /OK\r\n/],
    ['AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,0,0\r', /\+QIOPEN: 0,0\r\n/],
    ["AT+QIRD=0\r", /\+QIRD: 0\r\n\r\nOK\r\n/],
    ['AT+QICFG="tcp/keepalive",1,1,30,3\r', /OK\r\n/],
    ["AT+QICLOSE=0,0\r", /OK\r\n/],
    ["AT+QGPS?\r", /\+QGPS: 0\r\n\r\nOK\r\n/],
    ["AT+QPOWD=0\r", /OK\r\n/],
  ]);
  host.end();
});
