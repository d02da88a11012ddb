/** The application of docs/application.md does what the page says. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/build/paths.ts";
import { createManualClock } from "../../tools/clock.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";

interface Application {
  startApp(board: object, modem: object, clock: object, client: object, topic: string, intervalS: number): void;
}

test("the example subscribes to two Topic Filters and publishes a reading at QoS 2 each interval", async () => {
  const page = readFileSync(join(root, "docs", "application.md"), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const directory = mkdtempSync(join(tmpdir(), "godwit-application-"));
  const file = join(directory, "app.ts");
  writeFileSync(file, example.replaceAll('from "../', `from "${root}/`));
  const clock = createManualClock();
  const { startApp } = await loadModule<Application>(file, { clock });
  rmSync(directory, { recursive: true });

  const calls: unknown[] = [];
  const client = {
    on: (name: string) => calls.push(["on", name]),
    subscribe: (filters: unknown) => calls.push(["subscribe", toHost(filters)]),
    publish: (topic: string, payload: string, options: unknown) =>
      calls.push([topic, Object.keys(JSON.parse(payload) as object), toHost(options)]),
  };
  startApp({}, {}, {}, client, "godwit/d1/", 10);
  const reading = ["godwit/d1/temperature", ["celsius", "at"], { qos: 2 }];
  assert.deepEqual(calls, [
    ["on", "message"],
    ["subscribe", { "valves/+": { qos: 1 }, "alarms/#": { qos: 2 } }],
    reading,
  ]);
  clock.advance(9_900);
  assert.equal(calls.length, 3);
  clock.advance(10_200);
  assert.deepEqual(calls.slice(3), [reading, reading]);
});
