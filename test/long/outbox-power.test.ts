/** The store when the power fails at any step of it, and when the flash does not do what it is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { createRandom } from "../../tools/virtual-board/random.ts";
import { runs, seed } from "../support/mqtt-packets.ts";
import {
  Expected,
  entries,
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
const PAGES = 4;

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Whether the power failed in the middle. */
function isCut(outbox: Outbox, [id, what]: Put): boolean {
  try {
    outbox.put(id, what);
  } catch (error) {
    assert.match((error as Error).message, /no power/);
    return true;
  }
  return !flash.isPowered;
}

/** After the cut: all that was put before is there, what was being put is there whole or not at all, and nothing else. */
function assertWhole(before: Expected, [id, what]: Put, about: string): Expected {
  flash.powerOn();
  const after = before.copy();
  after.put(id, what);
  const found = entries(open(PAGES));
  const isAfter = same(found, after.entries);
  if (!isAfter) assert.deepEqual(found, before.entries, about);
  return isAfter ? after : before;
}

function sweep(
  puts: readonly Put[],
  steps: (total: number) => number[],
  seeds: readonly (number | undefined)[],
): number {
  const before = new FlashMemory();
  const expected = new Expected();
  const later: Put[] = [
    [idText(9000), publishText(2, 40, 7)],
    [idText(9000), "b"],
  ];
  let cuts = 0;
  flash.copyFrom(before);
  for (const [number, put] of puts.entries()) {
    before.copyFrom(flash);
    // A boot before each: what it knows is what the flash says.
    assert.equal(open(PAGES).put(...put), true);
    const total = flash.steps - before.steps;
    const done = new FlashMemory();
    done.copyFrom(flash);
    for (const step of steps(total)) {
      for (const tear of seeds) {
        const about = `put ${number} (${put[1].slice(0, 6)}), step ${step} of ${total}, seed ${tear}`;
        flash.copyFrom(before);
        flash.powerFailsAfter(step, tear);
        const outbox = open(PAGES);
        assert.equal(isCut(outbox, put), true, about);
        assert.throws(() => outbox.put(...put), /no power/);
        const found = assertWhole(expected, put, about).copy();
        // It works on, and once more over a reset.
        const next = open(PAGES);
        for (const [id, what] of later) {
          assert.equal(next.put(id, what), true, about);
          found.put(id, what);
        }
        assert.deepEqual(entries(open(PAGES)), found.entries, about);
        assert.deepEqual(flash.abuses, [], about);
        cuts++;
      }
    }
    flash.copyFrom(done);
    expected.put(...put);
  }
  return cuts;
}

const all = (total: number) => Array.from({ length: total }, (_, i) => i);

test("a cut at every word of every write, the first page and its states", (t) => {
  const puts: Put[] = [
    [idText(1), "2first"],
    [idText(2), "4second, longer than a word or two"],
    [idText(2), "P"],
    [idText(2), "b"],
    [idText(1), ""],
    [idText(2), "p"],
    [idText(1), "3again"],
    [idText(2), ""],
    [idText(1), ""],
  ];
  const cuts = sweep(puts, all, [undefined, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.diagnostic(`${cuts} cuts`);
  // Also without another step: all is done, but nobody was told.
  flash.copyFrom(new FlashMemory());
  flash.powerFailsAfter(flash.steps + 4 + 3 + Math.ceil((12 + 2 + 6) / 4));
  assert.equal(isCut(open(PAGES), puts[0] as Put), true);
  assert.equal(assertWhole(new Expected(), puts[0] as Put, "complete").entries.length, 1);
});

test(`a cut at every step of laps over the ring: erase, copies, header, record (seed ${seed})`, (t) => {
  const random = createRandom(seed);
  const stays: Put[] = [
    [idText(9001), publishText(2, 100)],
    [idText(9002), "P"],
    [idText(9003), publishText(1, 30)],
  ];
  const puts = [...stays, ...randomPuts(random, 170, () => 5 + Math.floor(random() ** 2 * 280), 6)];
  // The ends, and of the rest, where a page is turned much, as many as there is time for: GODWIT_RUNS=20000 has all of them.
  const share = runs / 40_000;
  const some = (total: number): number[] =>
    all(total).filter((i) => i < 1 || i >= total - 1 || random() < (total > 90 ? share : share / 10));
  const cuts = sweep(puts, some, [undefined, seed % 1000, (seed + 1) % 1000]);
  t.diagnostic(`${cuts} cuts`);
  assert.ok(cuts > 250, `${cuts} cuts`);
});

test("an erase cut short anywhere: the page may look whole in part, and nothing that was ended comes back", () => {
  flash.copyFrom(new FlashMemory());
  const expected = new Expected();
  const outbox = open(PAGES);
  const put = (id: number, what: string) => {
    assert.equal(outbox.put(idText(id), what), true);
    expected.put(idText(id), what);
  };
  put(9001, publishText(2, 50));
  // Messages that end on the page on which they began, until the first page is full for the fifth time.
  const tail = rig.base(PAGES) + PAGE - 100;
  const isFull = () => outbox.stats.erased === 4 * PAGES + 1 && flash.read(tail, 100).some((byte) => byte !== 0xff);
  for (let id = 1; !isFull(); id++) {
    put(id, publishText(1, 20, id));
    put(id, "");
  }
  const before = new FlashMemory();
  before.copyFrom(flash);
  const next: Put = [idText(9002), publishText(2, 300)];
  for (let step = 0; step < 4; step++) {
    for (let tear = 1; tear <= 30; tear++) {
      flash.copyFrom(before);
      flash.powerFailsAfter(step, tear);
      assert.equal(isCut(open(PAGES), next), true);
      assert.equal(assertWhole(expected, next, `step ${step}, seed ${tear}`), expected);
      // And cut once more, in the second try of the same page.
      flash.powerFailsAfter(step, tear + 1);
      assert.equal(isCut(open(PAGES), next), true);
      assert.equal(assertWhole(expected, next, `step ${step}, seed ${tear} and another`), expected);
      assert.deepEqual(flash.abuses, []);
    }
  }
});

test(`cut after cut, also in the boots between them (seed ${seed})`, (t) => {
  const random = createRandom(seed);
  flash.copyFrom(new FlashMemory());
  let expected = new Expected();
  let outbox = open(PAGES);
  let cuts = 0;
  const puts = randomPuts(random, 2500, () => 5 + Math.floor(random() * 60), 8);
  for (let i = 0; i < puts.length; ) {
    const put = puts[i] as Put;
    if (random() < 0.5) {
      // Often in an erase or shortly behind, where one put has a thousand steps.
      flash.powerFailsAfter(Math.floor(random() ** 3 * 300), random() < 0.3 ? undefined : Math.floor(random() * 1e9));
    }
    if (isCut(outbox, put)) {
      cuts++;
      const found = assertWhole(expected, put, `cut ${cuts} at put ${i}`);
      if (found !== expected) i++;
      expected = found;
      outbox = open(PAGES);
    } else {
      flash.powerOn();
      expected.put(...put);
      i++;
    }
  }
  assert.deepEqual(entries(open(PAGES)), expected.entries);
  // A word that two cuts left as it was is the only one that is begun three times.
  const kinds = flash.abuses.map(({ kind }) => kind);
  assert.ok(kinds.every((kind) => kind === "rewritten") && kinds.length <= cuts / 50, `${kinds.length} of ${cuts}`);
  t.diagnostic(`${cuts} cuts, ${kinds.length} words written three times`);
});

// ------------------------------------------------------------------------------------------------ silent failures

/** Does not do some of what it is told, and says nothing, as the SoftDevice has it. */
class Faulty extends FlashMemory {
  /** Of a hundred writes and erases. */
  writesLost = 0;
  wordsLost = 0;
  erasesLost = 0;
  erases = 0;
  chance = createRandom(1);

  override write(address: number, data: ArrayLike<number>): number {
    if (this.chance() * 100 < this.writesLost) return 0;
    // The rest of it is not written.
    const isShort = data.length > 4 && this.chance() * 100 < this.wordsLost;
    return super.write(address, isShort ? Array.from(data).slice(0, Math.floor(this.chance() * data.length)) : data);
  }

  override erase(address: number): void {
    this.erases++;
    if (this.chance() * 100 >= this.erasesLost) super.erase(address);
  }
}

const faulty = new Faulty();
const bad = await loadOutbox(faulty);

for (const [name, fault, mayGiveUp] of [
  ["few writes and erases", { writesLost: 1, wordsLost: 1, erasesLost: 2 }],
  ["writes", { writesLost: 10, wordsLost: 0, erasesLost: 0 }, true],
  ["parts of writes", { writesLost: 0, wordsLost: 10, erasesLost: 0 }, true],
  ["erases", { writesLost: 0, wordsLost: 0, erasesLost: 30 }],
  ["all of them", { writesLost: 5, wordsLost: 5, erasesLost: 20 }, true],
] as const) {
  test(`${name} that do not happen: what put promised is there (seed ${seed})`, () => {
    faulty.copyFrom(new FlashMemory());
    Object.assign(faulty, fault);
    faulty.chance = createRandom(seed);
    let expected = new Expected();
    let outbox = bad.open(6);
    for (const [i, put] of randomPuts(createRandom(seed), 1500, () => 60, 6).entries()) {
      if (outbox.put(...put)) expected.put(...put);
      else {
        assert.ok(mayGiveUp, `put ${i} was given up`);
        // What was given up may stand there whole all the same: of one try only the padding was missing.
        outbox = bad.open(6);
        const after = expected.copy();
        after.put(...put);
        if (same(entries(outbox), after.entries)) expected = after;
        else assert.deepEqual(entries(outbox), expected.entries);
      }
      if (i % 50 === 0) {
        assert.deepEqual(entries(outbox), expected.entries);
        outbox = bad.open(6);
        assert.deepEqual(entries(outbox), expected.entries, `after put ${i}`);
      }
    }
    if (!fault.erasesLost) assert.deepEqual(faulty.abuses, []);
  });
}

test("a flash that takes nothing any more: false after a bounded time, and what was there stays", () => {
  for (const [fault, pages] of [
    [{ writesLost: 100, wordsLost: 0, erasesLost: 0 }, 4],
    [{ writesLost: 100, wordsLost: 0, erasesLost: 0 }, 8],
    [{ writesLost: 0, wordsLost: 0, erasesLost: 100 }, 4],
  ] as const) {
    faulty.copyFrom(new FlashMemory());
    Object.assign(faulty, { writesLost: 0, wordsLost: 0, erasesLost: 0 });
    const outbox = bad.open(pages);
    const expected = new Expected();
    for (let id = 1; id <= 3 * 40 * pages; id++) {
      const put: Put = [idText(id), publishText(1, 88, id)];
      assert.equal(outbox.put(...put), true);
      expected.put(...put);
      if (id > 20) {
        assert.equal(outbox.put(idText(id - 20), ""), true);
        expected.put(idText(id - 20), "");
      }
    }
    Object.assign(faulty, fault);
    for (let i = 0; i < 100; i++) {
      const { erases } = faulty;
      const isDone = outbox.put(idText(5000 + i), publishText(1, 88));
      assert.ok(faulty.erases - erases <= 2 * pages, `${faulty.erases - erases} erases`);
      if (isDone) expected.put(idText(5000 + i), publishText(1, 88));
      assert.ok(!isDone || !fault.writesLost);
      assert.deepEqual(entries(outbox), expected.entries);
    }
    Object.assign(faulty, { writesLost: 0, erasesLost: 0 });
    assert.deepEqual(entries(bad.open(pages)), expected.entries);
    for (const one of [outbox, bad.open(pages)]) assert.equal(one.put(idText(1), ""), true, "it recovers");
  }
});
