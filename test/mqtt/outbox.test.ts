/** The store by itself: what it gives back, for how long, and what it does to the flash. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { createRandom } from "../../tools/virtual-board/random.ts";
import { seed } from "../support/mqtt-packets.ts";
import {
  Expected,
  entries,
  erases,
  idText,
  loadOutbox,
  type Outbox,
  PAGE,
  type Put,
  publishText,
  randomPuts,
} from "../support/outbox-model.ts";

const rig = await loadOutbox();
const { flash, open } = rig;
const blank = () => flash.copyFrom(new FlashMemory());
const at = (id: number, what: string): Put => [idText(id), what];

function putAll(outbox: Outbox, puts: readonly Put[], expected = new Expected()): Expected {
  for (const [id, what] of puts) {
    assert.equal(outbox.put(id, what), true, `put ${what.slice(0, 8)}`);
    expected.put(id, what);
  }
  return expected;
}

test("a fresh flash holds nothing, and looking changes nothing", () => {
  blank();
  assert.deepEqual(entries(open(4)), []);
  assert.equal(flash.steps, 0);
  assert.equal(open(4).stats.bytes, 0);
});

const STATES: [string, Put[], [number, string][]][] = [
  ["QoS 1 accepted", [at(1, "2one")], [[1, "2"]]],
  ["QoS 1 done", [at(1, "2one"), at(1, "")], []],
  ["QoS 2 accepted", [at(1, "4two")], [[1, "4"]]],
  ["QoS 2 received", [at(1, "4two"), at(1, "b")], [[1, "b"]]],
  ["QoS 2 complete", [at(1, "4two"), at(1, "b"), at(1, "")], []],
  ["incoming delivered", [at(1, "P")], [[1, "P"]]],
  ["incoming released", [at(1, "P"), at(1, "p")], []],
  [
    "the same identifier both ways",
    [at(1, "4out"), at(1, "P")],
    [
      [1, "4"],
      [1, "P"],
    ],
  ],
  ["the incoming one of them released", [at(1, "P"), at(1, "4out"), at(1, "p")], [[1, "4"]]],
  ["the outgoing one of them done", [at(1, "4out"), at(1, "P"), at(1, "b"), at(1, "")], [[1, "P"]]],
  [
    "an identifier again",
    [at(1, "2old"), at(1, ""), at(2, "2x"), at(1, "3new")],
    [
      [2, "2"],
      [1, "3"],
    ],
  ],
  [
    "PUBRELs first, in the order of their PUBRECs",
    [at(1, "4a"), at(2, "4b"), at(3, "2c"), at(2, "b"), at(1, "b")],
    [
      [2, "b"],
      [1, "b"],
      [3, "2"],
    ],
  ],
  ["an end of nothing", [at(7, ""), at(7, "p"), at(8, "2x")], [[8, "2"]]],
  [
    "identifiers of any bytes",
    [at(0x6f6e, "P"), at(0x5f5f, "P"), at(0x3132, "P"), at(0xffff, "P"), at(0x50, "2x")],
    [
      [0x6f6e, "P"],
      [0x5f5f, "P"],
      [0x3132, "P"],
      [0xffff, "P"],
      [0x50, "2"],
    ],
  ],
];
for (const [name, puts, left] of STATES) {
  test(`states over a reset: ${name}`, () => {
    blank();
    const outbox = open(4);
    const expected = putAll(outbox, puts);
    const brief = (list: string[][]) => list.map(([id, kind]) => [id, kind]);
    assert.deepEqual(
      brief(expected.entries),
      left.map(([id, kind]) => [idText(id), kind]),
    );
    for (const one of [outbox, open(4), open(4)]) assert.deepEqual(entries(one), expected.entries);
    assert.deepEqual(flash.abuses, []);
  });
}

test("all bytes and lengths of a PUBLISH come back", () => {
  blank();
  const outbox = open(16);
  const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
  const expected = putAll(
    outbox,
    [2, 3, 4, 5, 6, 7, 100, 1000, 2500].map((length, i) => at(i + 1, `2${all.repeat(10)}`.slice(0, length))),
  );
  putAll(outbox, [at(20, "2\xff\xff\xff\xff\xff\xff"), at(21, "2\0\0\0\0\0")], expected);
  assert.deepEqual(entries(open(16)), expected.entries);
});

for (const pages of [4, 5, 8]) {
  test(`random work over many laps of ${pages} pages, with resets: level wear, nothing lost, nothing back (seed ${seed})`, () => {
    blank();
    const random = createRandom(seed);
    const puts = randomPuts(random, 6000, () => 5 + Math.floor(random() * 150), 8);
    const expected = new Expected();
    let outbox = open(pages);
    // These stay all the time.
    putAll(outbox, [at(10_000, publishText(2, 300)), at(10_001, "P"), at(10_002, publishText(2, 9))], expected);
    putAll(outbox, [at(10_002, "b")], expected);
    let most = 0;
    for (const [i, [id, what]] of puts.entries()) {
      const before = flash.steps;
      assert.equal(outbox.put(id, what), true);
      most = Math.max(most, flash.steps - before);
      expected.put(id, what);
      if (i % 250 === 0) {
        assert.deepEqual(entries(outbox), expected.entries);
        outbox = open(pages);
        assert.deepEqual(entries(outbox), expected.entries);
      }
    }
    const worn = erases(rig, pages);
    assert.ok(Math.min(...worn) > 5, `only ${worn.join()} erases`);
    assert.ok(Math.max(...worn) - Math.min(...worn) <= 1, `erases ${worn.join()}`);
    // One page turned at most: its erase, all that a page can hold, and the record.
    assert.ok(most < 4 + PAGE / 4 + 60, `${most} steps in one put`);
    assert.deepEqual(flash.abuses, []);
  });
}

test("serial numbers come round: the order stays", () => {
  blank();
  const outbox = open(4);
  for (let i = 0; i < 65_500; i++) outbox.put("\x01\x01", "p");
  const expected = new Expected();
  for (let id = 1; id < 80; id++) putAll(outbox, [at(id, `2${id}`)], expected);
  assert.deepEqual(entries(outbox), expected.entries);
  assert.deepEqual(entries(open(4)), expected.entries);
  assert.deepEqual(flash.abuses, []);
});

for (const [pages, size] of [
  [4, 12],
  [4, 200],
  [5, 700],
  [8, 60],
  [8, 1500],
  [16, 3000],
] as const) {
  test(`full with messages of ${size} bytes on ${pages} pages: refused, and what QoS 2 needs still fits`, () => {
    blank();
    let outbox = open(pages);
    const expected = new Expected();
    let count = 0;
    while (outbox.put(idText(count + 1), publishText(2, size, count))) {
      expected.put(idText(count + 1), publishText(2, size, count));
      count++;
    }
    assert.ok(count > 0 || size > 500, `${count} fit`);
    for (let lap = 0; lap < 3; lap++) {
      // A refusal writes nothing, and stays one after a reset.
      const { steps } = flash;
      assert.equal(outbox.put(idText(9999), publishText(1, size)), count > 0 ? false : undefined);
      assert.equal(flash.steps, steps);
      const incoming = Array.from({ length: 250 }, (_, i) => idText(20_000 + i));
      putAll(
        outbox,
        incoming.map((id) => [id, "P"] as const),
        expected,
      );
      assert.equal(outbox.put(idText(9999), publishText(1, size)), count > 0 ? false : undefined);
      outbox = open(pages);
      assert.deepEqual(entries(outbox), expected.entries);
      putAll(
        outbox,
        incoming.map((id) => [id, "p"] as const),
        expected,
      );
    }
    for (let id = 1; id <= count; id++) putAll(outbox, [at(id, "b")], expected);
    assert.deepEqual(entries(open(pages)), expected.entries);
    for (let id = 1; id <= count; id++) putAll(outbox, [at(id, "")], expected);
    assert.deepEqual(entries(open(pages)), []);
    assert.equal(outbox.stats.bytes, 0);
    assert.equal(outbox.put(idText(1), publishText(2, size)), count > 0 || undefined, "room again");
    assert.deepEqual(flash.abuses, []);
  });
}

test(`always full, messages of all sizes: what has to fit fits (seed ${seed})`, () => {
  for (const pages of [4, 6]) {
    blank();
    const random = createRandom(seed + pages);
    const outbox = open(pages);
    const expected = new Expected();
    const ids: string[] = [];
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const id = idText(1 + i);
      const what = publishText(2, 5 + Math.floor(random() ** 4 * 900), i);
      if (outbox.put(id, what)) {
        ids.push(id);
        expected.put(id, what);
      } else {
        refused++;
        const gone = ids.splice(Math.floor(random() * ids.length), 1)[0] as string;
        putAll(
          outbox,
          random() < 0.5
            ? [[gone, ""]]
            : [
                [gone, "b"],
                [gone, ""],
              ],
          expected,
        );
      }
    }
    assert.ok(refused > 300);
    assert.deepEqual(entries(open(pages)), expected.entries);
    const worn = erases(rig, pages);
    assert.ok(Math.max(...worn) - Math.min(...worn) <= 1, `erases ${worn.join()}`);
    assert.deepEqual(flash.abuses, []);
  }
});

// ------------------------------------------------------------------------------------------------ what was there before

/** Fills the ring with what is none of ours, as another firmware may have left it. */
const GARBAGE: [string, (address: number, random: () => number) => void][] = [
  [
    "random bytes",
    (address, random) =>
      flash.write(
        address,
        Array.from({ length: PAGE }, () => random() * 256),
      ),
  ],
  ["zeros", (address) => flash.write(address, new Uint8Array(PAGE))],
  ["one bit", (address) => flash.write(address + 400, [0x7f])],
  ["another magic", (address) => flash.write(address, [...Buffer.from("\x01\x02\x03\x04\0\0\0\x01GWO0 and more")])],
  [
    "half erased",
    (address) => {
      flash.write(address, new Uint8Array(PAGE));
      flash.powerFailsAfter(2, seed);
      assert.throws(() => flash.erase(address));
      flash.powerOn();
    },
  ],
];
for (const [name, spoil] of GARBAGE) {
  test(`pages with ${name} hold nothing and are taken into use (seed ${seed})`, () => {
    const pages = 4;
    const random = createRandom(seed);
    for (const which of [[0, 1, 2, 3], [0], [3], [1, 2]]) {
      blank();
      for (const page of which) spoil(rig.base(pages) + page * PAGE, random);
      const outbox = open(pages);
      assert.deepEqual(entries(outbox), []);
      const expected = putAll(
        outbox,
        randomPuts(random, 700, () => 80, 5),
      );
      assert.deepEqual(entries(open(pages)), expected.entries);
      assert.deepEqual(flash.abuses, []);
    }
  });
}

test("a ring of another length: nothing of it comes back, and the new one works", () => {
  for (const [before, now] of [
    [8, 4],
    [4, 8],
    [6, 5],
    [5, 6],
  ] as const) {
    for (let turns = 1; turns < 14; turns++) {
      blank();
      const random = createRandom(turns);
      putAll(
        open(before),
        randomPuts(random, turns * 35, () => 150, 5),
      );
      const outbox = open(now);
      assert.deepEqual(entries(outbox), [], `${before} to ${now} pages`);
      const expected = putAll(
        outbox,
        randomPuts(random, 600, () => 100, 5),
      );
      assert.deepEqual(entries(open(now)), expected.entries);
      assert.deepEqual(flash.abuses, []);
    }
  }
});

test("fewer than four pages, or more than there are: no store", async () => {
  for (const pages of [0, 3, 1000]) assert.throws(() => open(pages), /no outbox/);
});
