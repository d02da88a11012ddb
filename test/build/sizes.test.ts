import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkBudgets, moduleSizes, parseBudgets, readBudgets } from "../../tools/build/sizes.ts";

const table = `
| row | board | budget | counts | why |
|---|---|---|---|---|
| core | all | 12,500 | \`modules/**\` except \`modules/mqtt/v5/**\` | because |
| image | rak5010 | 18,000 | \`**\` | because |
`;

describe("sizes", () => {
  it("reads its budgets from the table", () => {
    assert.deepEqual(parseBudgets(table), [
      { row: "core", bytes: 12500, counts: ["modules/**"], except: ["modules/mqtt/v5/**"] },
      { row: "image", bytes: 18000, counts: ["**"], except: [], board: "rak5010" },
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
      { row: "image", bytes: 19900, budget: 18000, isOver: true },
    ]);
    assert.deepEqual(
      checkBudgets(sizes, parseBudgets(table), "other").map((b) => b.row),
      ["core"],
    );
  });

  it("has the project's own table", () => {
    assert.deepEqual([...new Set(readBudgets().map((budget) => budget.row))], ["core", "driver", "mqtt", "image"]);
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
