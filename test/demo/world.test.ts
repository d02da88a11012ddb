import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import type { Entry } from "../../tools/demo/entry.ts";
import { damage, noisyWire } from "../../tools/demo/noisy-wire.ts";
import { createStory } from "../../tools/demo/story.ts";
import { isLasting, LASTING_FAULTS, refusesAnew, worldWith } from "../../tools/demo/world.ts";
import type { Level } from "../../tools/virtual-board/pins.ts";
import { createVirtualModem } from "../../tools/virtual-modem/index.ts";

test("each fault is a departure from the world where all is well, and is healed without a trace", () => {
  const well = worldWith([]);
  for (const name of LASTING_FAULTS) assert.notDeepEqual(worldWith([name]), well, name);
  assert.deepEqual(worldWith(["no-sim", "expired"]), { ...well, hasSim: false, certificate: "expired" });
  assert.equal(worldWith(["expired", "wrong-host"]).certificate, "wrong-host");
  assert.deepEqual(worldWith([]), well);
});

test("a connection has to be ended for what only a new one meets, and not for its cure", () => {
  const well = worldWith([]);
  for (const name of ["expired", "unknown-ca", "wrong-host", "no-client-cert"] as const) {
    assert.equal(refusesAnew(well, worldWith([name])), true, name);
    assert.equal(refusesAnew(worldWith([name]), well), false, name);
    assert.equal(refusesAnew(worldWith([name]), worldWith([name, "no-sim"])), false, name);
  }
  for (const name of ["broker-down", "no-sim", "no-coverage", "wrong-clock"] as const) {
    assert.equal(refusesAnew(well, worldWith([name])), false, name);
  }
});

test("names that every object has are no faults", () => {
  for (const name of ["constructor", "__proto__", "toString"]) assert.equal(isLasting(name), false);
});

test("noise damages some bytes and loses none", () => {
  const bytes = Buffer.alloc(12_000, 0x41);
  let seed = 1;
  const damaged = damage(bytes, () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  });
  const changed = damaged.filter((byte) => byte !== 0x41).length;
  assert.equal(damaged.length, bytes.length);
  assert.ok(changed > 800 && changed < 1200, `${changed} of 12,000`);
  assert.ok(bytes.every((byte) => byte === 0x41));
});

test("what is damaged on the wire is damaged both ways, and only while it is noisy", async () => {
  const clock = createManualClock();
  const modem = createVirtualModem({ clock });
  const cable = noisyWire(modem, () => 0);
  const levels: Level[] = [];
  let heard = "";
  cable.onPin("status", (level) => levels.push(level));
  cable.uart.on("data", (bytes: Buffer) => {
    heard += bytes.toString("latin1");
  });
  const pass = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) {
      clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  cable.setPin("pwrkey", 0);
  await pass();
  cable.setPin("pwrkey", 1);
  assert.match(heard, /RDY/);
  assert.deepEqual(levels, [0, 1]);

  heard = "";
  cable.uart.write("AT\r");
  await pass();
  assert.match(heard, /OK/);

  heard = "";
  cable.isNoisy = true;
  cable.uart.write("AT\r");
  modem.uart.write("AT\r");
  await pass();
  assert.match(heard, /^\0+$/, "the answer to the one, damaged; the other was no command any more");

  heard = "";
  cable.isNoisy = false;
  cable.uart.write("\rAT\r");
  await pass();
  assert.match(heard, /OK/);
});

test("the newest entries are kept, AT traffic is passed on only", () => {
  const entry = (text: string, mark: Entry["mark"] = "info"): Entry => ({ atMs: 0, topic: "demo", mark, text });
  const story = createStory(3);
  const followed: string[] = [];
  const unfollow = story.follow(({ text }) => followed.push(text));
  for (const text of ["1", "2", "3", "4"]) story.add(entry(text));
  story.add(entry("AT", "trace"));
  unfollow();
  story.add(entry("5"));
  assert.deepEqual(
    story.entries.map(({ text }) => text),
    ["3", "4", "5"],
  );
  assert.deepEqual(followed, ["1", "2", "3", "4", "AT"]);
});
