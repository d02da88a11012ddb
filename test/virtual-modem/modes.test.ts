/** Data access modes of sockets, servers, and settings of both: BG96 TCP/IP manual. */
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, test } from "node:test";
import { createClock, createManualClock } from "../../tools/clock.ts";
import { EscapeGuard, GUARD_MS } from "../../tools/virtual-modem/escape.ts";
import type { ModemOptions } from "../../tools/virtual-modem/index.ts";
import { createConnectedHost, createReadyHost, type Host } from "./host.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

interface Peer {
  readonly port: number;
  readonly sockets: Socket[];
  readonly received: () => string;
}

/** Keeps what it got, and answers what `reply` makes of it. */
async function peer(reply: (text: string) => string = (text) => text): Promise<Peer> {
  const sockets: Socket[] = [];
  let received = "";
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      socket.write(Buffer.from(reply(bytes.toString("latin1")), "latin1"));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { port: address.port, sockets, received: () => received };
}

/** Seconds of the modem's clock pass in milliseconds, so that the guard time is short. */
const FAST = 100;
const guardMs = (GUARD_MS / FAST) * 1.5;

function quick(options: Partial<ModemOptions> = {}): Promise<Host> {
  return createConnectedHost({ clock: createClock(FAST), ...options });
}

async function leave(host: Host): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, guardMs));
  host.write("+++");
  return host.expect(/\r\nOK\r\n/);
}

test("three pluses between two silences end data mode, and nothing else does", () => {
  const cases: readonly (readonly [says: string, script: readonly (string | number)[], data: string, ends: number])[] =
    [
      ["as the manual asks", [1000, "+++", 1000], "", 1],
      ["one by one", [1000, "+", 300, "+", 300, "+", 1000], "", 1],
      ["no silence before", ["x", 900, "+++", 1000], "x+++", 0],
      ["no silence behind", [1000, "+++", 900, "x", 1000], "+++x", 0],
      ["too slow", [1000, "+", 600, "+", 600, "+", 1000], "+++", 0],
      ["four", [1000, "++++", 1000], "++++", 0],
      ["two", [1000, "++", 1000], "++", 0],
      ["the fourth later", [1000, "+++", 10, "+", 1000], "++++", 0],
      ["with something else", [1000, "+++\r", 1000], "+++\r", 0],
    ];
  for (const [says, script, wanted, ends] of cases) {
    const clock = createManualClock();
    let data = "";
    let ended = 0;
    const guard = new EscapeGuard({
      clock,
      data: (bytes) => {
        data += bytes.toString("latin1");
      },
      escaped: () => ended++,
    });
    for (const step of script) {
      if (typeof step === "number") clock.advance(step);
      else guard.take(Buffer.from(step, "latin1"));
    }
    assert.deepEqual([data, ended], [wanted, ends], says);
  }
});

test("transparent: CONNECT, bytes both ways as they are, +++ to buffer mode, ATO and QISWTMD back", async () => {
  const far = await peer();
  const host = await quick();
  host.write("ATO\r");
  assert.equal(await host.expect(/CARRIER\r\n/), "\r\nNO CARRIER\r\n", "nothing to go back to");
  host.write(`AT+QIOPEN=1,0,"TCP","127.0.0.1",${far.port},0,2\r`);
  assert.equal(await host.expect(/CONNECT\r\n/), "\r\nCONNECT\r\n");
  host.write("AT+CSQ\r\n\x1a\x1b\0\xff");
  assert.equal(await host.expect(/\xff/), "AT+CSQ\r\n\x1a\x1b\0\xff", "the echo of the peer, no answer of the modem");
  assert.equal(await leave(host), "\r\nOK\r\n");
  assert.equal(far.received(), "AT+CSQ\r\n\x1a\x1b\0\xff", "the escape itself does not reach the peer");
  assert.match(await host.at("AT+QISTATE=1,0"), /\+QISTATE: 0,"TCP","127\.0\.0\.1",\d+,\d+,2,1,0,0,"uart1"/);
  far.sockets[0]?.write("while away");
  assert.match(await host.expect(/recv",0\r\n/), /\+QIURC: "recv",0/);
  host.write("ATO\r");
  assert.equal(await host.expect(/away$/), "\r\nCONNECT\r\nwhile away", "what was buffered comes first");
  await leave(host);
  host.write("AT+QISWTMD=0,2\r");
  await host.expect(/CONNECT\r\n/);
  host.write("again");
  await host.expect(/again$/);
  await leave(host);
  assert.equal(await host.at("AT+QICLOSE=0"), "\r\nOK\r\n");
  host.write("ATO\r");
  assert.equal(await host.expect(/CARRIER\r\n/), "\r\nNO CARRIER\r\n");
  host.end();
});

test("transparent: the peer goes, the context goes, the open fails", async () => {
  const far = await peer((text) => text);
  const host = await quick();
  const open = async (port: number): Promise<string> => {
    host.write(`AT+QIOPEN=1,0,"TCP","127.0.0.1",${port},0,2\r`);
    return host.expect(/(?:CONNECT|ERROR)\r\n/);
  };
  await open(far.port);
  far.sockets[0]?.end("bye");
  assert.equal(await host.expect(/CARRIER\r\n/), "bye\r\nNO CARRIER\r\n");
  assert.match(await host.at("AT+QISTATE=1,0"), /,4,1,0,0,"uart1"/, "it still has to be closed");
  await host.at("AT+QICLOSE=0");
  await open(far.port);
  host.modem.fault("pdp-lost");
  assert.equal(await host.expect(/pdpdeact",1\r\n/), '\r\nNO CARRIER\r\n\r\n+QIURC: "pdpdeact",1\r\n');
  await host.at("AT+QICLOSE=0");
  assert.equal(await open(far.port), "\r\nERROR\r\n");
  assert.match(await host.at("AT+QIGETERROR"), /561/);
  await host.at("AT+QIACT=1");
  assert.equal(await open(1), "\r\nERROR\r\n", "nobody listens there");
  assert.match(await host.at("AT+QIGETERROR"), /566/);
  for (const args of ['1,0,"UDP","127.0.0.1",9,0,2', '1,0,"UDP SERVICE","127.0.0.1",0,0,2']) {
    assert.equal(await host.at(`AT+QIOPEN=${args}`), "\r\nERROR\r\n", args);
  }
  host.end();
});

test("buffer and push can be exchanged while a socket is open", async () => {
  const far = await peer();
  const host = await quick();
  host.write(`AT+QIOPEN=1,2,"TCP","127.0.0.1",${far.port},0,0\r`);
  await host.expect(/QIOPEN: 2,0\r\n/);
  await host.at('AT+QISENDEX=2,"6f6e65"');
  await host.expect(/recv",2\r\n/);
  host.write("AT+QISWTMD=2,1\r");
  assert.equal(await host.expect(/one\r\n/), '\r\nOK\r\n\r\n+QIURC: "recv",2,3\r\none\r\n', "nothing is lost");
  assert.equal(await host.at("AT+QIRD=2,10"), "\r\nERROR\r\n");
  await host.at('AT+QISENDEX=2,"74776f"');
  assert.equal(await host.expect(/two\r\n/), '\r\n+QIURC: "recv",2,3\r\ntwo\r\n');
  assert.equal(await host.at("AT+QISWTMD=2,0"), "\r\nOK\r\n");
  for (const args of ["2,3", "3,0", "2", '"2",0']) assert.equal(await host.at(`AT+QISWTMD=${args}`), "\r\nERROR\r\n");
  host.end();
});

test("a TCP server: connections get ids from 11 down, tell their server, and are read like others", async () => {
  const host = await quick();
  const local = 40_000 + Math.floor(Math.random() * 20_000);
  const listen = `AT+QIOPEN=1,1,"TCP LISTENER","127.0.0.1",0,${local},0\r`;
  host.write(listen);
  assert.equal(await host.expect(/QIOPEN: .*\r\n/), "\r\nOK\r\n\r\n+QIOPEN: 1,0\r\n");
  assert.match(await host.at("AT+QISTATE=0,1"), new RegExp(`1,"TCP LISTENER","10\\.187\\.7\\.8",0,${local},3,1,1,0`));
  const client = connect(local, "127.0.0.1");
  client.on("error", () => undefined);
  const answered = new Promise<string>((resolve) => client.once("data", (bytes) => resolve(bytes.toString())));
  assert.match(await host.expect(/incoming.*\r\n/), /\+QIURC: "incoming",11,1,"127\.0\.0\.1",\d+\r\n/);
  client.write("knock");
  await host.expect(/recv",11\r\n/);
  host.write("AT+QIRD=11,1500\r");
  assert.equal(await host.expect(/\n\r\nOK\r\n$/), "\r\n+QIRD: 5\r\nknock\r\n\r\nOK\r\n");
  await host.at('AT+QISENDEX=11,"796573"');
  assert.equal(await answered, "yes");
  assert.match(await host.at("AT+QISTATE=1,11"), /11,"TCP INCOMING","127\.0\.0\.1",\d+,\d+,2,1,1,0/);
  host.write(`AT+QIOPEN=1,2,"TCP LISTENER","127.0.0.1",0,${local},0\r`);
  assert.match(await host.expect(/QIOPEN: .*\r\n/), /QIOPEN: 2,556/, "the port is taken");
  assert.equal(await host.at('AT+QIOPEN=1,3,"TCP LISTENER","127.0.0.1",0,0,0'), "\r\nERROR\r\n", "no port");
  await host.at("AT+QICLOSE=11;+QICLOSE=1");
  assert.equal(await host.at("AT+QISTATE"), "\r\nOK\r\n");
  client.destroy();
  host.end();
});

test("ping: replies one by one, then the sum; time-outs, unknown names, no context", async () => {
  const times = [30, undefined, 50];
  const ping = async (): Promise<{ ms: number; hops: number } | undefined> => {
    const ms = times.shift();
    return ms === undefined ? undefined : { ms, hops: 55 };
  };
  const resolve = (name: string): string | undefined => (name === "far.test" ? "192.0.2.7" : undefined);
  const host = await createReadyHost({ ping, resolve });
  assert.equal(await host.at('AT+QPING=1,"far.test"'), "\r\nERROR\r\n");
  await host.at("AT+QIACT=1");
  host.write('AT+QPING=1,"far.test",1,3\r');
  assert.equal(
    await host.expect(/QPING: 0,3.*\r\n/),
    '\r\nOK\r\n\r\n+QPING: 0,"192.0.2.7",32,30,55\r\n\r\n+QPING: 569\r\n' +
      '\r\n+QPING: 0,"192.0.2.7",32,50,55\r\n\r\n+QPING: 0,3,2,1,30,50,40\r\n',
  );
  host.write('AT+QPING=1,"no.such.invalid"\r');
  assert.match(await host.expect(/QPING: .*\r\n/), /QPING: 565\r\n/);
  assert.equal(await host.at('AT+QPING=1,"far.test",0'), "\r\nERROR\r\n");
  host.end();
});

test("QICFG: what is played is set and read back, what is not is refused", async () => {
  const far = await peer();
  const host = await quick();
  assert.equal(await host.at('AT+QICFG="transpktsize"'), '\r\n+QICFG: "transpktsize",1024\r\n\r\nOK\r\n');
  assert.equal(await host.at('AT+QICFG="tcp/retranscfg",5,100'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QICFG="tcp/retranscfg"'), '\r\n+QICFG: "tcp/retranscfg",5,100\r\n\r\nOK\r\n');
  for (const set of ['"viewmode",1', '"dataformat",1,0', '"transwaittm",21', '"nonsense",1', '"nonsense"', "1"]) {
    assert.equal(await host.at(`AT+QICFG=${set}`), "\r\nERROR\r\n", set);
  }
  assert.equal(await host.at('AT+QICFG="recvind",1'), "\r\nOK\r\n");
  host.write(`AT+QIOPEN=1,0,"TCP","127.0.0.1",${far.port}\r`);
  await host.expect(/QIOPEN: 0,0\r\n/);
  await host.at('AT+QISENDEX=0,"31323334"');
  assert.equal(await host.expect(/recv.*\r\n/), '\r\n+QIURC: "recv",0,4\r\n');
  host.end();
});
