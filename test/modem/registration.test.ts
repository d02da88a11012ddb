/** Registration lines of 27.007: the pure state machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as RegistrationModule from "../../modules/modem/registration.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";

const { nextRegistration, registrationOf, UNREGISTERED } = await loadModule<typeof RegistrationModule>(
  "modules/modem/registration.ts",
);

/** After these lines; undefined: the line was none of its business. */
function after(...lines: string[]): string | undefined {
  let state = UNREGISTERED;
  for (const line of lines) {
    const next = nextRegistration(state, line);
    if (next === undefined) return undefined;
    state = next;
  }
  return registrationOf(state);
}

const MEANING: Record<number, string> = {
  0: "off",
  1: "registered",
  2: "searching",
  3: "denied",
  4: "off",
  5: "roaming",
};

for (const [stat, meaning] of Object.entries(MEANING)) {
  for (const name of ["CEREG", "CGREG"]) {
    // 27.007 10.1.20 and 10.1.22: the answer has <n> in front, the URC has not.
    const forms = [
      `+${name}: ${stat}`,
      `+${name}: 0,${stat}`,
      `+${name}: 1,${stat}`,
      `+${name}: 2,${stat}`,
      `+${name}: 4,${stat}`,
      `+${name}:${stat}`,
      `+${name}:2,${stat}`,
      `+${name}: ${stat},"1A2B","01A2D05",8`,
      `+${name}: 2,${stat},"1A2B","01A2D05",8`,
      `+${name}: ${stat},"0001","00000001",9`,
      `+${name}: ${stat},1A2B,01A2D05,8`,
      `+${name}: ${stat},1234,1A2D05`,
      `+${name}: 2,${stat},1A2B,01A2D05,8`,
      `+${name}: ${stat},"1A2B","01A2D05",8,,,"00000010","00000110"`,
      `+${name}: 4,${stat},"1A2B","01A2D05",8,,,"00000010","00000110"`,
    ];
    for (const line of forms) test(`${line} is ${meaning}`, () => assert.equal(after(line), meaning));
  }
}

test("the better of both domains counts, home before roaming before searching before denied", () => {
  assert.equal(after("+CEREG: 2", "+CGREG: 1"), "registered");
  assert.equal(after("+CEREG: 1", "+CGREG: 3"), "registered");
  assert.equal(after("+CEREG: 5", "+CGREG: 1"), "registered");
  assert.equal(after("+CEREG: 3", "+CGREG: 5"), "roaming");
  assert.equal(after("+CEREG: 3", "+CGREG: 2"), "searching");
  assert.equal(after("+CEREG: 3", "+CGREG: 0"), "denied");
  assert.equal(after("+CEREG: 1", "+CEREG: 0"), "off", "lost");
  assert.equal(after("+CEREG: 1", "+CEREG: 2", "+CEREG: 5"), "roaming", "lost and found abroad");
});

test("values that carry no data are none: unknown, SMS only, emergency only, CSFB not preferred", () => {
  for (const stat of [4, 6, 7, 8, 9, 10, 11, 99]) assert.equal(after(`+CEREG: 2,${stat}`), "off", String(stat));
});

test("other lines are not taken", () => {
  const others = ["", "OK", "+CREG: 1", "+CREG: 2,1", "CEREG: 1", " +CEREG: 1", "+CEREG", "+CEREGX: 1", "+CGREG=2"];
  for (const line of others) assert.equal(after(line), undefined, JSON.stringify(line));
});

test("garbage behind the name changes nothing", () => {
  for (const line of [
    "+CEREG:",
    "+CEREG: ",
    "+CEREG: x",
    '+CEREG: "1A2B"',
    "+CEREG: ,",
    "+CEREG: -1",
    '+CEREG: ,"1A2B"',
  ]) {
    assert.equal(after("+CEREG: 1", line), "registered", line);
  }
});

test("no line makes it throw, and a state is left as it was", () => {
  const seed = Date.now();
  const line = fc.oneof(
    fc.string({ unit: "binary-ascii" }),
    fc.string().map((text) => `+CEREG:${text}`),
    fc
      .array(fc.oneof(fc.integer({ min: -3, max: 300 }).map(String), fc.string({ maxLength: 5 })))
      .map((words) => `+CGREG: ${words}`),
  );
  fc.assert(
    fc.property(line, (text) => {
      const before = { eps: 1, gprs: 3 };
      const next = nextRegistration(before, text);
      assert.deepEqual({ ...before }, { eps: 1, gprs: 3 });
      if (next !== undefined)
        assert.ok(Object.values({ ...next }).every((stat) => Number.isInteger(stat) && stat >= 0));
    }),
    { seed },
  );
  console.log(`registration: seed ${seed}`);
});
