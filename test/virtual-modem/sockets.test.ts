import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, test } from "node:test";
import { createConnectedHost, createReadyHost, type Host } from "./host.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listen(onClient: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    onClient(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const echo = (socket: Socket): void => void socket.on("data", (bytes) => socket.write(bytes));
const resolve = (host: string): string | undefined => (host === "echo.test" ? "127.0.0.1" : undefined);

async function open(host: Host, port: number, id = 0, access = 0): Promise<string> {
  host.write(`AT+QIOPEN=1,${id},"TCP","echo.test",${port},0,${access}\r`);
  return host.expect(/\+QIOPEN: .*\r\n|ERROR\r\n/);
}

async function send(host: Host, data: Buffer, id = 0): Promise<string> {
  host.write(`AT+QISEND=${id},${data.length}\r`);
  assert.equal(await host.expect(/> $|ERROR\r\n/), "\r\n> ");
  host.write(data);
  return host.expect(/SEND (?:OK|FAIL)\r\n|ERROR\r\n/);
}

test("TCP, pull mode: open, send, URC once, read in pieces, statistics, close", async () => {
  const port = await listen(echo);
  const host = await createConnectedHost({ resolve });
  assert.equal(await open(host, port), "\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n");
  assert.equal(await send(host, Buffer.from("\r\nOK\r\n\x00\x1a\xff", "latin1")), "\r\nSEND OK\r\n");
  assert.equal(await host.expect(/recv",0\r\n/), '\r\n+QIURC: "recv",0\r\n');
  assert.equal(await send(host, Buffer.from("more")), "\r\nSEND OK\r\n");
  assert.equal(await host.silence(30), "", "no second URC before the buffer is empty");
  assert.equal(await host.at("AT+QIRD=0,0"), "\r\n+QIRD: 13,0,13\r\n\r\nOK\r\n");
  host.write("AT+QIRD=0,6\r");
  assert.equal(await host.expect(/\n\r\nOK\r\n$/), "\r\n+QIRD: 6\r\n\r\nOK\r\n\r\n\r\nOK\r\n", "counted, not searched");
  host.write("AT+QIRD=0\r");
  assert.equal(await host.expect(/\n\r\nOK\r\n$/), "\r\n+QIRD: 7\r\n\x00\x1a\xffmore\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+QIRD=0,1500"), "\r\n+QIRD: 0\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+QISEND=0,0"), "\r\n+QISEND: 13,13,0\r\n\r\nOK\r\n");
  assert.match(await host.at("AT+QISTATE=1,0"), /\+QISTATE: 0,"TCP","127\.0\.0\.1",\d+,\d+,2,1,0,0,"uart1"/);
  assert.equal(await host.at("AT+QICLOSE=0"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+QISTATE?"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+QIRD=0,10"), "\r\nERROR\r\n");
  host.end();
});

test("TCP, push mode", async () => {
  const port = await listen((socket) => socket.end("pushed\r\n"));
  const host = await createConnectedHost({ resolve });
  await open(host, port, 3, 1);
  assert.equal(
    await host.expect(/closed",3\r\n/),
    '\r\n+QIURC: "recv",3,8\r\npushed\r\n\r\n\r\n+QIURC: "closed",3\r\n',
  );
  assert.equal(await host.at("AT+QIRD=3,10"), "\r\nERROR\r\n");
  host.end();
});

test("the peer closes: what came before stays readable, the id stays taken", async () => {
  const port = await listen((socket) => socket.end("last words"));
  const host = await createConnectedHost({ resolve });
  await open(host, port);
  assert.equal(await host.expect(/closed",0\r\n/), '\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "closed",0\r\n');
  assert.equal(await host.at("AT+QISEND=0,1"), "\r\nERROR\r\n");
  assert.equal(await host.at("AT+QIRD=0,1500"), "\r\n+QIRD: 10\r\nlast words\r\n\r\nOK\r\n");
  assert.equal(await open(host, port), "\r\nOK\r\n\r\n+QIOPEN: 0,563\r\n");
  await host.at("AT+QICLOSE=0");
  assert.equal(await open(host, port), "\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n");
  host.end();
});

test("opens that fail: name, refusal, context, arguments", async () => {
  const port = await listen(echo);
  const host = await createReadyHost({ resolve });
  assert.equal(await open(host, port), "\r\nOK\r\n\r\n+QIOPEN: 0,561\r\n");
  await host.at("AT+QIACT=1");
  host.write('AT+QIOPEN=1,0,"TCP","no.such.invalid",80,0,0\r');
  assert.match(await host.expect(/QIOPEN: .*\r\n/), /\+QIOPEN: 0,565/);
  assert.equal(await host.at("AT+QIGETERROR"), "\r\n+QIGETERROR: 565,DNS parse failed\r\n\r\nOK\r\n");
  host.write('AT+QIOPEN=1,0,"TCP","127.0.0.1",1,0,0\r');
  assert.match(await host.expect(/QIOPEN: .*\r\n/), /\+QIOPEN: 0,566/);
  for (const args of [
    '1,12,"TCP","x",1',
    '0,0,"TCP","x",1',
    '1,0,"TCP","x",65536',
    '1,0,"TCP","",1',
    '1,0,TCP,"x",1',
    '1,0,"UDP","x",1,0,2',
    '1,0,"TCP LISTENER","x",1',
    '1,0,"TCP INCOMING","x",1',
  ]) {
    assert.equal(await host.at(`AT+QIOPEN=${args}`), "\r\nERROR\r\n", args);
  }
  host.end();
});

test("sends are bounded: 1460 bytes, a full buffer, Ctrl-Z and ESC without a length", async () => {
  const sockets: Socket[] = [];
  const port = await listen((socket) => sockets.push(socket.pause()));
  const host = await createConnectedHost({ resolve });
  await open(host, port);
  assert.equal(await host.at("AT+QISEND=0,1461"), "\r\nERROR\r\n");
  host.write("AT+QISEND=0\r");
  await host.expect(/> $/);
  host.write("text\x1a");
  assert.equal(await host.expect(/SEND OK\r\n/), "\r\nSEND OK\r\n");
  host.write("AT+QISEND=0\r");
  await host.expect(/> $/);
  host.write("never mind\x1b");
  assert.equal(await host.expect(/OK\r\n/), "\r\nOK\r\n");
  let result = "";
  // The kernel takes some megabytes before the peer's stop is felt.
  for (let sent = 0; sent < 20_000 && !result.includes("FAIL"); sent++) result = await send(host, Buffer.alloc(1460));
  assert.equal(result, "\r\nSEND FAIL\r\n");
  host.end();
});

test("back-pressure: a peer that floods is stopped at the modem's buffer", async () => {
  let waiting = 0;
  const port = await listen((socket) => {
    for (let count = 0; count < 400; count++) socket.write(Buffer.alloc(64 * 1024, 120));
    setTimeout(() => {
      waiting = socket.writableLength;
    }, 100);
  });
  const host = await createConnectedHost({ resolve });
  await open(host, port);
  await host.silence(150);
  assert.ok(waiting > 1_000_000, `${waiting} bytes wait at the peer`);
  const [, , held = 0] = (/QIRD: (\d+),(\d+),(\d+)/.exec(await host.at("AT+QIRD=0,0")) ?? []).slice(1).map(Number);
  assert.ok(held < 200_000, `${held} bytes in the modem`);
  host.end();
});

test("UDP: one peer, and a service for all", async () => {
  const peer = createSocket("udp4");
  peer.on("message", (bytes, from) => peer.send(bytes, from.port, from.address));
  await new Promise<void>((done) => peer.bind(0, "127.0.0.1", done));
  const { port } = peer.address();
  const host = await createConnectedHost({ resolve });
  host.write(`AT+QIOPEN=1,1,"UDP","echo.test",${port},0,0\r`);
  assert.match(await host.expect(/QIOPEN: .*\r\n/), /\+QIOPEN: 1,0/);
  assert.match(await host.at("AT+QISTATE=1,1"), /\+QISTATE: 1,"UDP","127\.0\.0\.1",\d+,\d+,2,1,1,0,"uart1"/);
  await send(host, Buffer.from("one"), 1);
  await host.expect(/recv",1\r\n/);
  assert.equal(await host.at("AT+QIRD=1,1500"), "\r\n+QIRD: 3\r\none\r\n\r\nOK\r\n");
  host.write('AT+QIOPEN=1,2,"UDP SERVICE","127.0.0.1",0,0,0\r');
  assert.match(await host.expect(/QIOPEN: .*\r\n/), /\+QIOPEN: 2,0/);
  assert.equal(await host.at("AT+QISEND=2,3"), "\r\nERROR\r\n", "a service needs an address");
  host.write(`AT+QISEND=2,3,"127.0.0.1",${port}\r`);
  await host.expect(/> $/);
  host.write("two");
  await host.expect(/recv",2\r\n/);
  assert.equal(await host.at("AT+QIRD=2"), `\r\n+QIRD: 3,"127.0.0.1",${port}\r\ntwo\r\n\r\nOK\r\n`);
  assert.equal(await host.at("AT+QIRD=2"), "\r\n+QIRD: 0\r\n\r\nOK\r\n");
  await host.at("AT+QICLOSE=1;+QICLOSE=2");
  host.end();
  peer.close();
});

test("names are looked up", async () => {
  const host = await createConnectedHost({ resolve });
  host.write('AT+QIDNSGIP=1,"echo.test"\r');
  assert.equal(
    await host.expect(/127.0.0.1"\r\n/),
    '\r\nOK\r\n\r\n+QIURC: "dnsgip",0,1,600\r\n\r\n+QIURC: "dnsgip","127.0.0.1"\r\n',
  );
  host.write('AT+QIDNSGIP=1,"no.such.invalid"\r');
  assert.match(await host.expect(/dnsgip.*\r\n/), /"dnsgip",565/);
  host.end();
});

test("with echo the data comes back too, unless AT+QISDE says no", async () => {
  const port = await listen(() => undefined);
  const host = await createConnectedHost({ resolve });
  await open(host, port);
  await host.at("ATE1");
  host.write("AT+QISEND=0,2\r");
  await host.expect(/> $/);
  host.write("hi");
  assert.equal(await host.expect(/SEND OK\r\n/), "hi\r\nSEND OK\r\n");
  host.write("AT+QISDE=0\r");
  await host.expect(/OK\r\n/);
  host.write("AT+QISEND=0,2\r");
  await host.expect(/> $/);
  host.write("hi");
  assert.equal(await host.expect(/SEND OK\r\n/), "\r\nSEND OK\r\n");
  host.end();
});
