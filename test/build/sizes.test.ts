import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkBudgets, moduleSizes, parseBudgets, readBudgets } from "../../tools/build/sizes.ts";

const table = `
| row | board | budget | goal | counts | why |
|---|---|---|---|---|---|
| core | all | 12,500 | | \`modules/**\` except \`modules/mqtt/v5/**\` | because |
| image | rak5010 | 18,000 | 17,000 | \`**\` | because |
`;

describe("sizes", () => {
  it("reads its budgets from the table", () => {
    assert.deepEqual(parseBudgets(table), [
      { row: "core", bytes: 12500, counts: ["modules/**"], except: ["modules/mqtt/v5/**"] },
      { row: "image", bytes: 18000, goal: 17000, counts: ["**"], except: [], board: "rak5010" },
    ]);
  });

  it("says what is wrong with a table", () => {
    assert.throws(() => parseBudgets("nothing"), /no table/);
    assert.throws(() => parseBudgets(table.replace("12,500", "twelve")), /row core: "twelve" is no number/);
  });

  it("counts what the row says, for the boards that it says", () => {
    const sizes = [
      { path: "modules/at/digest.ts", bytes: 12000 },
      { path: "modules/mqtt/v5/x.ts", bytes: 900 },
      { path: "src/app.ts", bytes: 7000 },
    ];
    assert.deepEqual(checkBudgets(sizes, parseBudgets(table), "rak5010"), [
      { row: "core", bytes: 12000, budget: 12500, isOver: false },
      { row: "image", bytes: 19900, budget: 18000, goal: 17000, isOver: true },
    ]);
    assert.deepEqual(
      checkBudgets(sizes, parseBudgets(table), "other").map((b) => b.row),
      ["core"],
    );
  });

  it("has the project's own table", () => {
    const budgets = readBudgets();
    assert.deepEqual(
      [...new Set(budgets.map((budget) => budget.row))],
      ["core", "driver", "mqtt", "image", "mqtt5", "outbox"],
    );
    // What was asked for stands in the table until it is reached, and cannot be moved quietly.
    const asked = new Map(budgets.map(({ row, bytes, goal }) => [row, goal ?? bytes]));
    assert.deepEqual(
      [...asked],
      [
        ["core", 12500],
        ["driver", 2000],
        ["mqtt", 4600],
        ["image", 18000],
        ["mqtt5", 3000],
        ["outbox", 1500],
      ],
    );
  });

  it("lets a feature add to the rows that it names, where it is on", () => {
    const budgets = parseBudgets(`${table}| outbox | all | 2,000 | 1,500 | adds to \`core\` \`image\` | because |`);
    const sizes = [{ path: "modules/at/digest.ts", bytes: 13000 }];
    assert.deepEqual(checkBudgets(sizes, budgets, "rak5010", { OUTBOX: true }), [
      { row: "core", bytes: 13000, budget: 14500, goal: 14000, isOver: false },
      { row: "image", bytes: 13000, budget: 20000, goal: 18500, isOver: false },
    ]);
    assert.equal(checkBudgets(sizes, budgets, "rak5010", { OUTBOX: false })[0]?.budget, 12500);
  });

  it("gives every byte to one file", () => {
    const map = { version: 3, sources: ["a.ts", "b.ts"], names: [], mappings: "AAAA,ICAA,KAAA" };
    const sizes = moduleSizes("aaaabbbbb;\n", JSON.stringify(map));
    assert.deepEqual(sizes, [
      { path: "b.ts", bytes: 7 },
      { path: "a.ts", bytes: 4 },
    ]);
  });
});
