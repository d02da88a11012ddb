import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { formatTime, parseTime } from "../../tools/virtual-modem/quectel-bg9x/rtc.ts";
import { createConnectedHost, createReadyHost, type Host } from "./host.ts";

const NOW = Date.UTC(2026, 7, 7, 13, 54, 2);
const wallClock = (): number => NOW;

test("digits of the clock", () => {
  assert.equal(formatTime(Date.UTC(1980, 0, 6), 0, 2), "80/01/06,00:00:00+00");
  assert.equal(formatTime(NOW, -16, 4), "2026/08/07,13:54:02-16");
  assert.deepEqual(parseTime("26/08/07,13:54:02+32"), { utcMs: NOW - 8 * 3_600_000, zone: 32 });
  assert.deepEqual(parseTime("80/01/06,00:00:00+00"), { utcMs: Date.UTC(1980, 0, 6), zone: 0 });
  for (const wrong of [
    "26/02/29,00:00:00+00",
    "26/13/01,00:00:00+00",
    "26/01/01,24:00:00+00",
    "26/01/01,00:00:00+99",
    "x",
  ]) {
    assert.equal(parseTime(wrong), undefined, wrong);
  }
});

test("the clock starts in 1980 and runs; the host sets it", async () => {
  const host = await createReadyHost({ clock: createClock(100), network: { nitz: false } });
  assert.match(await host.at("AT+CCLK?"), /\+CCLK: "80\/01\/06,00:00:\d\d\+00"/);
  assert.equal(await host.at("AT+QLTS=2"), '\r\n+QLTS: ""\r\n\r\nOK\r\n');
  assert.equal(await host.at('AT+CCLK="26/08/07,13:54:00+32"'), "\r\nOK\r\n");
  await host.silence(60);
  const seconds = Number(/:(\d\d)\+32"/.exec(await host.at("AT+CCLK?"))?.[1]);
  assert.ok(seconds >= 5, `${seconds} s after 60 ms at a hundredfold speed`);
  assert.equal(await host.at('AT+CCLK="26/02/30,00:00:00+00"'), "\r\n+CME ERROR: 50\r\n");
  host.end();
});

test("NITZ: CTZU=0 leaves the clock alone, 1 gives GMT, 3 local time", async () => {
  const host = await createReadyHost({ wallClock, network: { zone: 8 } });
  await host.silence(5);
  assert.match(await host.at("AT+CCLK?"), /80\/01\/06/);
  assert.match(await host.at("AT+QLTS=1"), /\+QLTS: "2026\/08\/07,13:54:0\d\+08,0"/);
  assert.match(await host.at("AT+QLTS=2"), /\+QLTS: "2026\/08\/07,15:54:0\d\+08,0"/);
  assert.match(await host.at("AT+CTZU=1;+CCLK?"), /\+CCLK: "26\/08\/07,13:54:0\d\+08"/);
  assert.match(await host.at("AT+CTZU=3;+CCLK?"), /\+CCLK: "26\/08\/07,15:54:0\d\+08"/);
  assert.ok(Math.abs(host.modem.rtc - NOW) < 2000, "the same instant in both");
  const nitz = host.event("rtc", (event) => event.source === "nitz");
  assert.ok(nitz !== undefined && Math.abs(nitz.utcMs - NOW) < 2000);
  host.end();
});

test("the network can stay silent, and be asked to speak", async () => {
  const silent = await createReadyHost({ wallClock, network: { nitz: false } });
  assert.match(await silent.at("AT+CTZU=1;+CCLK?"), /80\/01\/06/);
  silent.end();
  const host = await createReadyHost({ wallClock, latency: 0.01, network: { nitzMs: 20_000, zone: -16 } });
  await host.at("AT+CTZR=2");
  assert.match(await host.expect(/CTZE.*\r\n/), /\r\n\+CTZE: "-16",0,"2026\/08\/07,09:54:0\d"\r\n/);
  host.end();
});

/** An SNTP server with a clock of its own; `answer` changes the packet or drops it. */
async function sntp(answer: (packet: Buffer) => Buffer | undefined): Promise<{ port: number; close(): void }> {
  const socket = createSocket("udp4");
  socket.on("message", (request, from) => {
    const packet = Buffer.alloc(48);
    packet[0] = 0x24;
    packet[1] = 2;
    request.copy(packet, 24, 40, 48);
    packet.writeUInt32BE(Math.floor(NOW / 1000) + 2_208_988_800, 40);
    packet.writeUInt32BE(0x8000_0000, 44);
    const out = answer(packet);
    if (out !== undefined) socket.send(out, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => socket.close() };
}

async function ntp(host: Host, port: number, rest = ""): Promise<string> {
  host.write(`AT+QNTP=1,"ntp.test",${port}${rest}\r`);
  return host.expect(/\+QNTP: .*\r\n|ERROR\r\n/);
}

test("QNTP asks a real server and sets the clock", async () => {
  const server = await sntp((packet) => packet);
  const resolve = (): string => "127.0.0.1";
  const host = await createConnectedHost({ resolve, network: { nitz: false } });
  assert.equal(await ntp(host, server.port, ",0"), '\r\nOK\r\n\r\n+QNTP: 0,"2026/08/07,13:54:02+00"\r\n');
  assert.match(await host.at("AT+CCLK?"), /80\/01\/06/, "told not to set");
  assert.equal(await ntp(host, server.port), '\r\nOK\r\n\r\n+QNTP: 0,"2026/08/07,13:54:02+00"\r\n');
  assert.ok(Math.abs(host.modem.rtc - NOW - 500) < 1000);
  assert.equal(host.event("rtc")?.source, "ntp");
  host.end();
  const short = await createConnectedHost({ resolve, network: { nitz: false }, quirks: { ntpYearDigits: 2 } });
  assert.match(await ntp(short, server.port), /\+QNTP: 0,"26\/08\/07,13:54:02\+00"/);
  short.end();
  server.close();
});

test("QNTP fails with a code and nothing behind it", async () => {
  const kiss = await sntp((packet) => {
    packet[1] = 0;
    return packet;
  });
  const host = await createConnectedHost({
    clock: createClock(200),
    resolve: (name) => (name === "ntp.test" ? "127.0.0.1" : undefined),
    network: { nitz: false },
  });
  assert.equal(await ntp(host, kiss.port), "\r\nOK\r\n\r\n+QNTP: 569\r\n");
  host.write('AT+QNTP=1,"no.such.invalid"\r');
  assert.match(await host.expect(/\+QNTP: .*\r\n/), /\+QNTP: 565\r\n/);
  await host.at("AT+QIDEACT=1");
  assert.equal(await ntp(host, kiss.port), "\r\nERROR\r\n", "no context");
  assert.match(await host.at("AT+CCLK?"), /80\/01\/06/);
  host.end();
  kiss.close();
});

test("the fault rtc-wrong moves the clock", async () => {
  const host = await createReadyHost({ wallClock });
  await host.at("AT+CTZU=1");
  host.modem.fault("rtc-wrong");
  assert.match(await host.at("AT+CCLK?"), /80\/01\/06/);
  host.modem.fault("rtc-wrong", { utcMs: Date.UTC(2040, 0, 1) });
  assert.match(await host.at("AT+CCLK?"), /40\/01\/01/);
  host.end();
});
