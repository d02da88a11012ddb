import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { createVirtualModem } from "../../tools/virtual-modem/index.ts";
import { createHost, createReadyHost } from "./host.ts";

/** A modem on a clock that stands still: timing without waiting. */
function bench(latency: number): {
  modem: ReturnType<typeof createVirtualModem>;
  levels: number[];
  text(): string;
  pulse(pin: "pwrkey" | "reset", ms: number): Promise<void>;
  pass(ms: number): Promise<void>;
} {
  const clock = createManualClock();
  const modem = createVirtualModem({ clock, latency });
  const levels: number[] = [];
  let text = "";
  modem.uart.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  modem.onPin("status", (level) => levels.push(level));
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settle();
  };
  return {
    modem,
    levels,
    pass,
    text: () => {
      const taken = text;
      text = "";
      return taken;
    },
    async pulse(pin, ms) {
      modem.setPin(pin, 0);
      await pass(ms);
      modem.setPin(pin, 1);
      await settle();
    },
  };
}

test("PWRKEY: 500 ms switch on, less does not; 650 ms switch off, less does not", async () => {
  const { modem, levels, text, pulse, pass } = bench(1);
  assert.deepEqual(levels, [0], "the level is told at once");
  await pulse("pwrkey", 400);
  assert.equal(modem.powered, false);
  await pulse("pwrkey", 500);
  assert.equal(modem.powered, true);
  modem.uart.write("AT\r");
  await pass(4700);
  assert.equal(text(), "", "deaf and dumb while it boots");
  await pass(200);
  assert.equal(text(), "\r\nRDY\r\n");
  assert.deepEqual(levels, [0, 1]);
  await pass(400);
  assert.equal(text(), "\r\n+CFUN: 1\r\n\r\nAPP RDY\r\n");
  await pass(5000);
  assert.equal(text(), "\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n\r\n+QIND: SMS DONE\r\n");
  await pulse("pwrkey", 600);
  await pass(5000);
  assert.equal(modem.powered, true);
  await pulse("pwrkey", 700);
  await pass(5000);
  assert.equal(text(), "\r\nPOWERED DOWN");
  assert.equal(modem.powered, false);
  assert.deepEqual(levels, [0, 1, 0]);
});

test("a press that lasts switches on once", async () => {
  const { modem, pass } = bench(0);
  modem.setPin("pwrkey", 0);
  await pass(499);
  assert.equal(modem.powered, false);
  await pass(1);
  assert.equal(modem.powered, true);
  await pass(10_000);
  modem.setPin("pwrkey", 1);
  await pass(10_000);
  assert.equal(modem.powered, true);
});

test("RESET_N restarts without goodbye and keeps the clock; a power cut loses it", async () => {
  const { modem, text, pulse, pass } = bench(0);
  modem.powerOn();
  await pass(0);
  text();
  modem.uart.write('AT+CCLK="26/08/07,13:54:02+08"\r');
  await pass(0);
  text();
  await pulse("reset", 100);
  assert.equal(text(), "", "too short");
  await pulse("reset", 200);
  await pass(0);
  assert.match(text(), /^\r\nRDY\r\n/);
  assert.equal(new Date(modem.rtc).getUTCFullYear(), 2026);
  modem.powerCut();
  modem.powerOn();
  await pass(0);
  assert.equal(new Date(modem.rtc).toISOString().slice(0, 10), "1980-01-06");
});

test("AT+CFUN=1,1: OK, goodbye without a line end, stray pdpdeact, RDY", async () => {
  const host = await createReadyHost();
  await host.at("AT+QIACT=1");
  host.write("AT+CFUN=1,1\r");
  assert.equal(
    await host.expect(/SMS DONE\r\n/),
    '\r\nOK\r\n\r\nPOWERED DOWN\r\n+QIURC: "pdpdeact",1\r\n\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\nAPP RDY\r\n' +
      "\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n\r\n+QIND: SMS DONE\r\n",
  );
  await host.at("ATE0");
  assert.equal(await host.at("AT+QIACT?"), "\r\nOK\r\n", "contexts are gone");
  host.end();
});

test("models speak their own way", async () => {
  const host = await createReadyHost({ model: "BG95" });
  assert.match(await host.at("ATI"), /BG95-M3/);
  host.write("AT+CFUN=1,1\r");
  assert.match(await host.expect(/DOWN\r\n/), /\r\nOK\r\n\r\nNORMAL POWER DOWN\r\n$/);
  await host.expect(/SMS DONE\r\n/);
  await host.at("ATE0");
  host.write("AT+QPOWD=1\r");
  assert.match(await host.expect(/DOWN/), /^\r\nOK\r\n\r\nPOWERED DOWN$/);
  assert.throws(() => createHost({ model: "BG1" }), /there are BG96, BG95/);
  host.end();
});

test("SIM: PIN asked, wrong, right; PUK after three; what needs the SIM waits", async () => {
  const host = createHost({ sim: { pin: "4321", puk: "87654321" } });
  host.modem.powerOn();
  await host.expect(/\+CPIN: SIM PIN\r\n/);
  await host.at("ATE0");
  assert.equal(await host.at("AT+CPIN?"), "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+CIMI"), "\r\n+CME ERROR: 11\r\n");
  assert.equal(await host.at("AT+CEREG?"), "\r\n+CEREG: 0,0\r\n\r\nOK\r\n");
  assert.equal(await host.at('AT+CPIN="1111"'), "\r\n+CME ERROR: 16\r\n");
  assert.match(await host.at("AT+QPINC?"), /"SC",2,10/);
  assert.equal(await host.at("AT+CPIN=2222"), "\r\n+CME ERROR: 16\r\n");
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/\+CPIN: SIM PIN\r\n/);
  await host.at("ATE0");
  assert.equal(await host.at('AT+CPIN="3333"'), "\r\n+CME ERROR: 12\r\n", "tries are counted in the card");
  assert.equal(await host.at("AT+CPIN?"), "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n");
  assert.equal(await host.at('AT+CPIN="11111111","0000"'), "\r\n+CME ERROR: 16\r\n");
  host.write('AT+CPIN="87654321","0000"\r');
  await host.expect(/OK\r\n\r\n\+CPIN: READY\r\n/);
  await host.expect(/SMS DONE\r\n/);
  assert.equal(await host.at("AT+CIMI"), "\r\n001010123456789\r\n\r\nOK\r\n");
  const spoken = JSON.stringify(host.events);
  for (const secret of ["4321", "87654321", "3333", "0000"]) assert.ok(!spoken.includes(`"${secret}`), secret);
  host.end();
});

test("no SIM", async () => {
  const host = createHost({ sim: { absent: true } });
  host.modem.powerOn();
  await host.expect(/\+CPIN: NOT INSERTED\r\n/);
  await host.at("ATE0");
  assert.equal(await host.at("AT+CPIN?"), "\r\n+CME ERROR: 10\r\n");
  assert.equal(await host.at("AT+QCCID"), "\r\n+CME ERROR: 10\r\n");
  host.end();
});
