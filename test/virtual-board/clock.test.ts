import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createClock, createManualClock } from "../../tools/clock.ts";

describe("clock", () => {
  it("starts at 0 and runs as many times faster as it is told", async () => {
    const clock = createClock(50);
    assert.ok(clock.now() < 50);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 500));
    // 500 ms of the clock are 10 ms here; a busy host may be late, the clock is never early.
    assert.ok(clock.now() >= 500, String(clock.now()));
  });

  it("calls in the order of due times, and of making where these are the same", async () => {
    const clock = createClock(20);
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      // 20 ms of the host apart: a busy one may lose some between two of these lines.
      clock.setTimeout(() => order.push(3), 1200);
      clock.setTimeout(() => order.push(1), 400);
      clock.setTimeout(() => order.push(2), 800);
      clock.setTimeout(resolve, 1600);
    });
    assert.deepEqual(order, [1, 2, 3]);
  });

  it("lets one call cancel another that is due in the same turn", async () => {
    const clock = createClock(1000);
    let ran = false;
    await new Promise<void>((resolve) => {
      clock.setTimeout(() => clock.clearTimeout(second), 5);
      const second = clock.setTimeout(() => {
        ran = true;
      }, 6);
      clock.setTimeout(resolve, 50);
    });
    assert.equal(ran, false);
  });

  it("goes on after a call that throws", () => {
    const clock = createManualClock();
    const order: string[] = [];
    clock.setTimeout(() => {
      throw new Error("boo");
    }, 1);
    clock.setTimeout(() => order.push("next"), 1);
    assert.throws(() => clock.advance(1), /boo/);
    clock.advance(1);
    assert.deepEqual(order, ["next"]);
  });

  it("rejects a speed that is none", () => {
    for (const speed of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => createClock(speed), /clock speed must be a positive number/);
    }
  });

  it("stands still by hand, and runs each call at its own instant", () => {
    const clock = createManualClock();
    const at: number[] = [];
    clock.setTimeout(() => {
      at.push(clock.now());
      clock.setTimeout(() => at.push(clock.now()), 5);
    }, 10);
    assert.equal(clock.nextDue(), 10);
    clock.advance(14);
    assert.deepEqual(at, [10]);
    clock.advance(1);
    assert.deepEqual(at, [10, 15]);
    assert.equal(clock.now(), 15);
  });
});
