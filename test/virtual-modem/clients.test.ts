/**
 * Command sequences of other people's drivers, each with what its parser looks for. Most were also run as they are
 * against the virtual modem; what they need is kept here so that it stays.
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
    ["AT+QPOWD=1\r\n", /OK\r\n\r\nPOWERED DOWN\r\n/],
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
    ["AT+QGPS=1\r\n", /\r\nOK\r\n/],
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

test("FreeRTOS cellular (BG96): the home network from the card, three RATs in the sequence, eDRX by line", async () => {
  const host = await createReadyHost();
  await play(host, [
    ["AT&D0\r", /OK\r\n/],
    ["AT+IFC=2,2\r", /OK\r\n/],
    ['AT+QCFG="band",f,400a0e189f,a0e189f\r', /OK\r\n/],
    ['AT+QCFG="nwscanmode",0,1\r', /OK\r\n/],
    ['AT+QCFG="iotopmode",2,1\r', /OK\r\n/],
    ['AT+QCFG="nwscanseq",02,1\r', /OK\r\n/],
    ['AT+QCFG="nwscanseq"\r', /^\r\n\+QCFG: "nwscanseq",02\d{4}\r\n\r\nOK\r\n$/],
    ["AT+CRSM=176,28514,0,0,0\r", /^\r\n\+CRSM: 144,0,"00F110[0-9A-F]+"\r\n\r\nOK\r\n$/],
    ["AT+COPS=3,2\r", /OK\r\n/],
    ["AT+COPS?\r", /^\r\n\+COPS: 0,2,"00101",8\r\n\r\nOK\r\n$/],
    ["AT+QPSMS?\r", /^\r\n\+QPSMS: 0,,,,\r\n\r\nOK\r\n$/],
    ['AT+CEDRXS=1,4,"0101"\r', /OK\r\n/],
    ["AT+CEDRXS?\r", /^\r\n\+CEDRXS: 4,"0101"\r\n\r\nOK\r\n$/],
    ["AT+CGPADDR=1\r", /^\r\n\+CGPADDR: 1,[\d.]+\r\n\r\nOK\r\n$/],
    ['AT+QIDNSCFG=1,"8.8.8.8"\r', /OK\r\n/],
  ]);
  host.end();
});

test("bg95_python_hal: four temperatures, eMTC, an address without quotes, GNSS priority", async () => {
  const host = await createReadyHost({ model: "BG95" });
  await play(host, [
    ["ATE1\r", /OK\r\n/],
    ["AT+QTEMP\r", /\r\n\+QTEMP: \d+,\d+,\d+,\d+\r\n\r\nOK\r\n/],
    ["AT+CFUN=0\r", /OK\r\n/],
    ["AT+CFUN=1\r", /OK\r\n[\s\S]*SMS DONE\r\n/],
    ["AT+QCSQ\r", /\r\n\+QCSQ: "eMTC",-\d+,-\d+,\d+,-\d+\r\n\r\nOK\r\n/],
    ["AT+QNWINFO\r", /\r\n\+QNWINFO: "eMTC","\d+","LTE BAND \d+",\d+\r\n\r\nOK\r\n/],
    ["AT+CGPADDR=1\r", /\r\n\+CGPADDR: 1,[\w.]+\r\n\r\nOK\r\n/],
    ['AT+QGPSCFG="priority",0,0\r', /OK\r\n/],
    ["AT+QGPS=1,1\r", /OK\r\n/],
    ["AT+QGPS?\r", /\r\n\+QGPS: 1\r\n\r\nOK\r\n/],
    ["AT+QGPSLOC?\r", /\r\n\+CME ERROR: 516\r\n/],
    ["AT+QGPSEND\r", /OK\r\n/],
  ]);
  host.end();
});

test("chat of pppd: a data call is refused as a call is", async () => {
  const host = await createReadyHost();
  await play(host, [
    ['AT+CGDCONT=1,"IP","iot",,0,0\r', /OK\r\n/],
    ["ATD*99#\r", /^\r\nNO CARRIER\r\n$/],
    ["ATH\r", /OK\r\n/],
  ]);
  host.end();
});

test("Sixfab (Arduino): a UDP service with a port of its own, commands chained with &W", async () => {
  const host = await createReadyHost();
  await play(host, [
    ['AT+QCFG="band",0,400A0E189F,0\r', /OK\r\n/],
    ["AT+QIDEACT=1\r", /OK\r\n/],
    ["AT+QIACT=1\r", /OK\r\n/],
    ['AT+QIOPEN=1,1,"UDP SERVICE","127.0.0.1",0,0,0\r', /\+QIOPEN: 1,0\r\n/],
    ["AT+QISTATE=0,1\r", /\r\n\+QISTATE: 1,"UDP SERVICE","[\d.]+",0,\d+,2,1,1,0,"uart1"\r\n\r\nOK\r\n/],
    ['AT+QISEND=1,3,"127.0.0.1",9\r', /> $/],
    ["udp\r", /SEND OK\r\n/],
    ["AT+QICLOSE=1\r", /OK\r\n/],
    ["AT+IPR=115200;&W\r", /OK\r\n/],
  ]);
  host.end();
});

test("Particle (BG96, BG95): +CCID, numeric operator by AT+COPS=0,2, minimum functionality and back", async () => {
  const host = await createReadyHost({ model: "BG95" });
  await play(host, [
    ["AT+CFUN=0,0\r\n", /OK\r\n/],
    ["AT+CFUN=1,0\r\n", /OK\r\n[\s\S]*\+QUSIM: 1\r\n[\s\S]*SMS DONE\r\n/],
    ["AT+CPIN?\r\n", /^\r\n\+CPIN: READY\r\n\r\nOK\r\n$/],
    ["AT+CCID\r\n", /^\r\n\+CCID: \d{19,20}F?\r\n\r\nOK\r\n$/],
    ["AT+COPS=0,2\r\n", /OK\r\n/],
    ["AT+COPS?\r\n", /^\r\n\+COPS: 0,2,"00101",8\r\n\r\nOK\r\n$/],
    ['AT+QCFG="nwscanseq",020103,1\r\n', /OK\r\n/],
    ['AT+QCFG="nwscanseq"\r\n', /^\r\n\+QCFG: "nwscanseq",020103\r\n\r\nOK\r\n$/],
    ["AT+CGEREP=1,0\r\n", /OK\r\n/],
    ["AT+QPOWD\r\n", /OK\r\n\r\nPOWERED DOWN\r\n/],
  ]);
  host.end();
});
