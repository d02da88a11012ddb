/** The files of `npm run build:modules` on the real interpreter: each loads by require() from Storage, and says what it has. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildModule, moduleNames } from "../../tools/build/espruino-modules.ts";
import { interpreterPath, startInterpreter } from "./harness.ts";

describe("modules for require() on the real interpreter", { skip: interpreterPath() === undefined }, () => {
  for (const name of moduleNames()) {
    it(`${name} loads, and its functions stay in flash`, async () => {
      const { code } = await buildModule(name);
      const interpreter = await startInterpreter({ storage: { [name]: code } });
      try {
        const before = (await interpreter.memory()).usage;
        const exported = await interpreter.evaluate(`Object.keys(require("${name}")).join()`);
        assert.match(exported, /^\w+(,\w+)*$/);
        const used = (await interpreter.memory()).usage - before;
        // In RAM the code alone would take a variable for each ten characters.
        assert.ok(used < code.length / 20, `${used} variables for ${code.length} bytes`);
      } finally {
        await interpreter.stop();
      }
    });
  }
});
