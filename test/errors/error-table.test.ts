import assert from "node:assert/strict";
import { test } from "node:test";
import { parseErrorTable } from "../../tools/errors/error-table.ts";

const TEXT = `# Errors

| code | meaning | likely causes | what to do |
|---|---|---|---|
| \`TLS_REFUSED\` | The handshake **failed** | 1. expired<br>2. unknown CA<br>3. wrong \\| other host | See [security](security.md); then<br>try again |
| SOCKET_WORN | worn | - | power cycle |

Text between.

| number | name |
|---|---|
| 566 | connect failed |
`;

test("codes, meaning, ranked causes and remedies are read", () => {
  const table = parseErrorTable(TEXT);
  assert.deepEqual([...table.keys()], ["TLS_REFUSED", "SOCKET_WORN"]);
  assert.deepEqual(table.get("TLS_REFUSED"), {
    code: "TLS_REFUSED",
    meaning: "The handshake failed",
    causes: ["expired", "unknown CA", "wrong | other host"],
    remedies: ["See security; then", "try again"],
  });
  assert.deepEqual(table.get("SOCKET_WORN")?.causes, []);
});

test("a document without such a table has no codes", () => {
  assert.equal(parseErrorTable("# nothing\n| a | b |\n|---|---|\n| X | y |\n").size, 0);
});
